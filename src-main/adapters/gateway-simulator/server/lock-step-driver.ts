import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";
import { currentTime } from "../codec/session-messages.ts";
import type { Connection } from "./connection.ts";
import type { Driver, DriverHost } from "./driver.ts";
import type { Stage } from "./stage.ts";

const LONGEST_STEP_IN_SESSION = SECOND;
const LONGEST_STEP = 60 * SECOND;
/** From the answer of a step to the application of what was asked before it. */
const REQUEST_LATENCY = MILLISECOND;
/** After the last instant of the market, what is still on its way is played for this long. */
const TAIL = SECOND;
/** A client that has answered while another one has not gets the same marker again after this long, where it may join. */
const JOIN_PATIENCE_MS = 20;
const STEP_ANSWER = "49";

type Member = {
  readonly clientId: number;
  connection: Connection | undefined;
  /** Has a marker that it has not answered. */
  isOwing: boolean;
  /**
   * Came back while the others went on. Steps do not wait for it until it starts one together with them: whether its
   * client answers the opening marker alone or with the next step, nobody waits for the other.
   */
  isJoining: boolean;
  asked: (readonly string[])[];
};

type Pending = { readonly due: Micros; readonly connection: Connection; readonly fields: readonly string[] };

/**
 * Virtual time that waits for its clients. A step is everything of one virtual instant, written on every listed connection
 * in the order of the list and ended by the step marker. When all have answered, what they asked before their answers is
 * applied in the same order, and the next instant is taken.
 */
export class LockStepDriver implements Driver {
  private readonly stage: Stage;
  private readonly host: DriverHost;
  private readonly members: readonly Member[];
  private pending: Pending[] = [];
  private state: "waiting" | "running" | "paused" | "ended" = "waiting";
  private endsAt: Micros | undefined;
  private isDeferred = false;
  /** An instant is being played; a fault of it may close connections. */
  private isPlaying = false;
  private joinTimer: NodeJS.Timeout | undefined;

  constructor(stage: Stage, host: DriverHost, clientIds: readonly number[]) {
    this.stage = stage;
    this.host = host;
    this.members = clientIds.map((clientId) => ({
      clientId,
      connection: undefined,
      isOwing: false,
      isJoining: false,
      asked: [],
    }));
  }

  isMember(connection: Connection): boolean {
    return this.memberOf(connection) !== undefined;
  }

  onReady(connection: Connection): void {
    const member = this.members.find(({ clientId }) => clientId === connection.clientId);
    if (member === undefined) return connection.flush();
    member.connection = connection;
    member.asked = [];
    member.isJoining = this.state !== "waiting" && this.present().length > 1;
    // The greeting and the opening marker leave in one piece: a client that is ready has its marker.
    this.mark(member);
    this.joinLater();
  }

  isStepAnswer(connection: Connection, fields: readonly string[]): boolean {
    return fields[0] === STEP_ANSWER && this.memberOf(connection)?.isOwing === true;
  }

  onFrame(connection: Connection, fields: readonly string[]): void {
    const member = this.memberOf(connection);
    if (member === undefined || this.state === "ended") {
      this.host.dispatch(connection, fields);
      connection.flush();
      return this.host.flushPlain();
    }
    if (fields[0] !== STEP_ANSWER) member.asked.push(fields);
    else if (member.isOwing) this.onAnswer(member);
    else this.host.log(`client ${connection.name}: a step answer without a marker is ignored`);
  }

  onClose(connection: Connection): void {
    const member = this.memberOf(connection);
    if (member === undefined) return;
    this.take(member);
    member.connection = undefined;
    member.isOwing = false;
    member.isJoining = false;
    if (this.isPlaying) return;
    if (this.state === "running" && this.present().length === 0) this.playOutage();
    else this.stepWhenAnswered();
  }

  /** The clients of the steps are counted on virtual time, which they share; all others on wall time. */
  quotaTime(connection: Connection): Micros {
    return this.isMember(connection) ? this.stage.now() : Math.round(performance.now() * MILLISECOND);
  }

  quotaFactor(): number {
    return 1;
  }

  clock() {
    return { time: this.stage.now(), factor: 0 };
  }

  setSpeed(): void {
    // The answers of the clients set the speed.
  }

  pause(isPaused: boolean): void {
    if (this.state !== "running" && this.state !== "paused") return;
    this.state = isPaused ? "paused" : "running";
    if (!isPaused) this.stepWhenAnswered();
  }

  stop(): void {
    this.state = "ended";
    clearTimeout(this.joinTimer);
  }

  /** The scripted outage ends at `time`: it is played without answers as soon as the last client is gone. */
  outageUntil: Micros = 0;

  private memberOf(connection: Connection): Member | undefined {
    return this.members.find((member) => member.connection === connection);
  }

  private present(): readonly Member[] {
    return this.members.filter((member) => member.connection !== undefined);
  }

  private onAnswer(member: Member): void {
    member.isOwing = false;
    this.take(member);
    if (member.isJoining || this.state === "waiting") this.joinLater();
    this.stepWhenAnswered();
  }

  /** What a client asked is applied a moment after its answer, in the order of the list. */
  private take(member: Member): void {
    const { connection, asked } = member;
    if (connection === undefined || asked.length === 0) return;
    const due = this.stage.now() + REQUEST_LATENCY + Math.round(this.host.latencyMs() * MILLISECOND);
    for (const fields of asked) this.pending.push({ due, connection, fields });
    member.asked = [];
  }

  private stepWhenAnswered(): void {
    const present = this.present();
    if (this.state === "waiting") {
      if (present.length < this.members.length || present.some((member) => member.isOwing)) return;
      this.state = "running";
    }
    if (this.state !== "running" || this.isDeferred || present.length === 0) return;
    if (present.every((member) => member.isJoining)) for (const member of present) member.isJoining = false;
    if (present.some((member) => member.isOwing && !member.isJoining)) return;
    if (!present.some((member) => member.isOwing)) return this.step();
    // A joining client answers together with the others: its answer is on its way when theirs are in.
    this.isDeferred = true;
    setImmediate(() => {
      this.isDeferred = false;
      if (this.state !== "running") return;
      const left = this.present();
      if (left.length > 0 && !left.some((member) => member.isOwing && !member.isJoining)) this.step();
    });
  }

  private step(): void {
    clearTimeout(this.joinTimer);
    this.joinTimer = undefined;
    const next = this.nextInstant();
    if (next === undefined) return this.end();
    this.playTo(next);
    if (this.present().length === 0) return this.playOutage();
    for (const member of this.present()) {
      if (member.isOwing) continue;
      member.isJoining = false;
      this.mark(member);
    }
    this.host.flushPlain();
  }

  private playTo(time: Micros): void {
    const due = this.pending.filter((item) => item.due <= time);
    this.pending = this.pending.filter((item) => item.due > time);
    const rank = (connection: Connection): number =>
      this.members.findIndex((member) => member.clientId === connection.clientId);
    due.sort((a, b) => a.due - b.due || rank(a.connection) - rank(b.connection));
    this.isPlaying = true;
    this.stage.moveTo(time);
    for (const { connection, fields } of due) this.host.dispatch(connection, fields);
    this.stage.play(time);
    this.isPlaying = false;
  }

  /** The next instant at which something happens; undefined when the run is over. */
  private nextInstant(): Micros | undefined {
    const { stage } = this;
    const now = stage.now();
    const request = this.pending.reduce((least, { due }) => Math.min(least, due), Number.MAX_SAFE_INTEGER);
    const due = Math.min(stage.nextDue() ?? Number.MAX_SAFE_INTEGER, request);
    if (stage.isExhausted()) {
      this.endsAt ??= now + TAIL;
      return due > this.endsAt ? undefined : Math.max(now, due);
    }
    const longest = stage.calendar.sessionOf(now) === undefined ? LONGEST_STEP : LONGEST_STEP_IN_SESSION;
    return Math.max(now, Math.min(due, now + longest));
  }

  private mark(member: Member): void {
    const { connection } = member;
    if (connection === undefined) return;
    member.isOwing = true;
    connection.send(currentTime(this.stage.now()), true);
    connection.flush();
  }

  /**
   * An adapter may answer an opening marker alone, or only when every connection of its own has one. In the second case
   * those that have answered need the marker once more; which it is, time tells. Members of a running step are exempt.
   */
  private joinLater(): void {
    this.joinTimer ??= setTimeout(() => {
      this.joinTimer = undefined;
      const present = this.present();
      const isWaiting = this.state === "waiting" && present.some((member) => member.isOwing);
      for (const member of present) if (!member.isOwing && (isWaiting || member.isJoining)) this.mark(member);
    }, JOIN_PATIENCE_MS);
  }

  private playOutage(): void {
    while (this.stage.now() < this.outageUntil) {
      const next = this.nextInstant();
      if (next === undefined) return this.end();
      this.playTo(Math.min(next, this.outageUntil));
    }
    this.host.flushPlain();
  }

  private end(): void {
    this.state = "ended";
    for (const { connection } of this.members) connection?.flush();
    this.host.flushPlain();
    this.host.onEnd();
  }
}
