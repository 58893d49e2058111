import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";
import type { Driver, Stage } from "./gateway-simulator.ts";

const IN_SESSION = SECOND;
const OFF_SESSION = 60 * SECOND;
/** What a client asked for is answered in a step of its own, this much later. */
const ANSWER_LATENCY = MILLISECOND;

type Member = {
  readonly clientId: number;
  connection: Connection | undefined;
  isAwaited: boolean;
  asked: (readonly string[])[];
};

/**
 * Virtual time that waits for its clients. A step writes everything of one instant on every listed connection and ends
 * each share with the step marker; when all answers are in, what was asked is applied in the order of client ids, and the
 * next instant is played.
 */
export class LockStepDriver implements Driver {
  private readonly stage: Stage;
  private readonly members: readonly Member[];
  private time: Micros;
  private hasStarted = false;
  private hasEnded = false;
  private isStopped = false;
  private isScheduled = false;

  constructor(stage: Stage, clientIds: readonly number[]) {
    this.stage = stage;
    this.time = stage.source.start - SECOND;
    this.members = [...clientIds]
      .sort((a, b) => a - b)
      .map((clientId) => ({ clientId, connection: undefined, isAwaited: false, asked: [] }));
  }

  start(): void {
    // The clock starts when every listed client is there.
  }

  stop(): void {
    this.isStopped = true;
  }

  clock() {
    return { time: this.time, factor: 0 };
  }

  setSpeed(): void {
    // As fast as the answers come; there is nothing to set.
  }

  onReady(connection: Connection): void {
    const member = this.memberOf(connection);
    if (member === undefined) return;
    member.connection = connection;
    member.asked = [];
    connection.hold();
    if (!this.hasStarted) {
      // The greeting must go out before the first step, or nobody would ever be ready.
      connection.flush();
      if (this.members.every((each) => each.connection?.isReady === true || each.connection === connection)) {
        this.hasStarted = true;
        setImmediate(() => this.mark());
      }
      return;
    }
    // Back after a loss: it joins with its own opening marker.
    this.markOne(member);
  }

  onMessage(connection: Connection, fields: readonly string[]): boolean {
    const member = this.memberOf(connection);
    if (member === undefined) {
      this.stage.dispatch(connection, fields);
      return false;
    }
    if (member.isAwaited && fields[0] === "49") {
      member.isAwaited = false;
      this.continue();
      return true;
    }
    // Before the first marker there is no step to wait for: it is answered at once.
    if (this.hasStarted) member.asked.push(fields);
    else {
      this.stage.dispatch(connection, fields);
      connection.flush();
    }
    return false;
  }

  onClose(connection: Connection): void {
    const member = this.memberOf(connection);
    if (member === undefined || member.connection !== connection) return;
    member.connection = undefined;
    member.isAwaited = false;
    member.asked = [];
    this.continue();
  }

  private memberOf(connection: Connection): Member | undefined {
    return this.members.find((member) => member.clientId === connection.clientId);
  }

  private present(): readonly Member[] {
    return this.members.filter((member) => member.connection !== undefined);
  }

  /** All answers are in: apply what was asked, then play the next instant. Deep recursion is avoided by the event loop. */
  private continue(): void {
    if (!this.hasStarted || this.isStopped || this.isScheduled) return;
    const present = this.present();
    if (present.length === 0 || present.some((member) => member.isAwaited)) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (!this.isStopped && !this.present().some((member) => member.isAwaited)) this.step();
    });
  }

  private step(): void {
    let hasAsked = false;
    for (const member of this.members) {
      const { connection, asked } = member;
      member.asked = [];
      if (connection === undefined) continue;
      for (const fields of asked) {
        hasAsked = true;
        this.stage.dispatch(connection, fields);
      }
    }
    if (this.hasEnded && !hasAsked) return;
    const hasAnswers = this.present().some((member) => member.connection?.hasHeld === true);
    const next = this.next(hasAnswers);
    if (next === undefined) {
      this.hasEnded = true;
      this.mark();
      this.stage.onEnd();
      return;
    }
    this.time = next;
    this.stage.play(next);
    this.mark();
  }

  private next(hasAnswers: boolean): Micros | undefined {
    const market = this.stage.source.peek();
    const due = this.stage.exchange.nextDue();
    if (market === undefined && due === undefined && !hasAnswers) return undefined;
    const pause = this.stage.isSessionOpen(this.time) ? IN_SESSION : OFF_SESSION;
    const candidates = [this.time + pause, market, due, hasAnswers ? this.time + ANSWER_LATENCY : undefined];
    return candidates.reduce<number>(
      (least, time) => (time === undefined ? least : Math.min(least, time)),
      Number.MAX_SAFE_INTEGER,
    );
  }

  private mark(): void {
    for (const member of this.present()) this.markOne(member);
  }

  private markOne(member: Member): void {
    const { connection } = member;
    if (connection === undefined) return;
    member.isAwaited = true;
    this.stage.audit.markers += 1;
    connection.send([49, 1, this.time], true);
    connection.flush();
  }
}
