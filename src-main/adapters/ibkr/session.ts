import { EventName, IBApi } from "@stoqey/ib";
import type { Clock } from "#runtime/ports.ts";
import type { Rng } from "#shared/lib/rng.ts";
import { MINUTE, type Micros } from "#shared/lib/time.ts";
import { type FrameGuard, guardFrames } from "./frame-guard.ts";

export type SessionState = "idle" | "connecting" | "hello" | "starting" | "ready" | "closed" | "refused";

export type SessionOptions = {
  readonly role: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: number;
  readonly rng: Rng;
  /** A problem with an account that the server reported, in words; the session is then refused for good. */
  readonly guardAccount: (accountId: string) => string | undefined;
  readonly clock: Clock;
  /** Wall milliseconds, monotonic. */
  readonly wallMs: () => number;
  /** Lock-step: virtual time stands still without us, so a lost session comes back at once and has no heartbeat. */
  readonly isLockStep: boolean;
  readonly log: (line: string) => void;
  /** Attach the listeners of this generation; called once for each fresh library object. */
  readonly listen: (api: IBApi, listener: SafeListen) => void;
  readonly onReady: () => void;
  /** The server has fallen silent, or is heard again. */
  readonly onLate: (isLate: boolean) => void;
  readonly onLost: (reason: string) => void;
  readonly afterFrames: () => void;
};

/** Attaches a listener that can never throw into the socket's callback. */
export type SafeListen = (event: EventName, handle: (...args: never[]) => void) => void;

const TCP_MS = 5_000;
const HELLO_MS = 10_000;
const STARTING_MS = 10_000;
/** How often a beat is sent on a busy line, and after what silence on a quiet one: its answer has time to break it. */
const BEAT_MS = 5_000;
const QUIET_BEAT_MS = 2_500;
const LOOK_MS = 250;
/** From the last thing heard; with the time between two looks they are five and ten seconds. */
const LATE_MS = 4_750;
const DEAD_MS = 9_750;
const LONGEST_BACKOFF_MS = 60_000;
const FIRST_BACKOFF_MS = 1_000;
/** A connection that held for this long was a good one; before that, a server that drops us at once is left in peace. */
const GOOD_AFTER = MINUTE;
const ID_IN_USE = 326;
const TOO_OLD = 503;
const TOO_NEW = 506;
const ID_WAIT_MS = [30_000, 30_000, 60_000] as const;

/**
 * One connection of one client id: a fresh library object for each attempt, deadlines on every step, a heartbeat, and a
 * back-off that never gives up. What an older object still says is dropped.
 */
export class Session {
  state: SessionState = "idle";
  detail = "not connected";
  since = 0;
  attempt = 0;
  nextValidId = 0;
  accounts: readonly string[] = [];
  serverVersion: number | undefined;
  nextAttemptAt: number | undefined;
  private readonly options: SessionOptions;
  private current: IBApi | undefined;
  private guard: FrameGuard | undefined;
  private deadline: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private failures = 0;
  private idInUse = 0;
  private isStopped = false;
  private beatSent: number | undefined;
  private lastBeat = 0;
  private heardAt = 0;
  private isLate = false;
  private readySince: Micros | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
  }

  /** The library object, only while requests may be made. */
  get api(): IBApi | undefined {
    return this.state === "ready" ? this.current : undefined;
  }

  get counters(): FrameGuard["counters"] | undefined {
    return this.guard?.counters;
  }

  start(): void {
    this.isStopped = false;
    this.connect();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.retry);
    this.drop();
    this.move("closed", "stopped");
  }

  /** Ends this attempt; the next one follows by the back-off. */
  lose(reason: string): void {
    if (this.state === "closed" || this.state === "refused" || this.state === "idle") return;
    this.drop();
    this.move("closed", reason);
    this.options.log(`${this.options.role}: ${reason}`);
    this.options.onLost(reason);
    this.scheduleRetry();
  }

  /** The answer of a heartbeat; in lock-step the broker handles time itself. */
  beatAnswered(): void {
    this.beatSent = undefined;
  }

  private connect(): void {
    const { host, port, clientId } = this.options;
    this.attempt += 1;
    this.nextAttemptAt = undefined;
    const api = new IBApi({ host, port, clientId, maxReqPerSec: 100_000 });
    this.current = api;
    this.accounts = [];
    this.nextValidId = 0;
    const isCurrent = (): boolean => this.current === api;
    const listen: SafeListen = (event, handle) => {
      api.on(
        event as EventName.connected,
        ((...args: never[]) => {
          if (!isCurrent()) return;
          try {
            handle(...args);
          } catch (error) {
            this.lose(`a listener of ${event} failed: ${error instanceof Error ? error.message : String(error)}`);
          }
        }) as () => void,
      );
    };
    this.listenToHandshake(listen);
    this.options.listen(api, listen);
    this.move("connecting", `connecting to ${host}:${port} as client ${clientId}`);
    api.connect(clientId);
    this.guard = guardFrames(api, {
      onViolation: (reason) => isCurrent() && this.lose(reason),
      afterFrames: () => isCurrent() && this.heard(),
      now: this.options.wallMs,
    });
    this.guard.socket.on(
      "connect",
      () => isCurrent() && this.expect("hello", HELLO_MS, "TCP is up, waiting for the hello"),
    );
    this.guard.socket.on("close", () => isCurrent() && this.lose("the server closed the connection"));
    this.guard.socket.on("error", (error) => isCurrent() && this.lose(error.message));
    this.expect("connecting", TCP_MS, this.detail);
  }

  private listenToHandshake(listen: SafeListen): void {
    listen(EventName.server, (version: number) => {
      this.serverVersion = version;
      this.expect("starting", STARTING_MS, `server version ${version}, waiting for accounts`);
    });
    listen(EventName.nextValidId, (id: number) => {
      this.nextValidId = Math.max(this.nextValidId, id);
      this.becomeReady();
    });
    listen(EventName.managedAccounts, (list: string) => {
      this.accounts = String(list)
        .split(",")
        .map((account) => account.trim())
        .filter((account) => account !== "");
      this.becomeReady();
    });
    listen(EventName.info, (_message: string, code: number) => this.noteCode(code));
    listen(EventName.error, (_error: Error, code: number) => this.noteCode(code));
  }

  private noteCode(code: number): void {
    if (code === TOO_OLD) return this.refuse("the server speaks a protocol that is too old: update TWS");
    if (code === TOO_NEW) return this.refuse("the server speaks a protocol that is not known here: update RoboTrader");
    if (code !== ID_IN_USE) return;
    this.idInUse += 1;
    this.lose(`client id ${this.options.clientId} is in use by another program; it is tried again, never changed`);
  }

  private becomeReady(): void {
    // Also for accounts that are told later: no other account is ever traded on by this connection.
    const problem = this.accounts.map(this.options.guardAccount).find((text) => text !== undefined);
    if (problem !== undefined) return this.refuse(problem);
    if (this.nextValidId === 0 || this.accounts.length === 0 || this.state === "ready") return;
    clearTimeout(this.deadline);
    this.idInUse = 0;
    this.readySince = this.options.clock.now();
    this.move("ready", `account ${this.accounts.join(", ")}`);
    if (!this.options.isLockStep) this.startHeartbeat();
    this.options.onReady();
  }

  /** For good: nothing is tried again before the configuration, or the server, is another one. */
  private refuse(problem: string): void {
    this.drop();
    this.move("refused", problem);
    this.options.log(`${this.options.role}: refused: ${problem}`);
    this.options.onLost(problem);
  }

  private startHeartbeat(): void {
    const now = this.options.wallMs();
    this.beatSent = undefined;
    this.isLate = false;
    this.heardAt = now;
    this.lastBeat = now;
    this.heartbeat = setInterval(() => this.look(), LOOK_MS);
  }

  private look(): void {
    const now = this.options.wallMs();
    const quiet = Math.max(now - this.heardAt, now - (this.beatSent ?? now));
    if (this.beatSent === undefined && (now - this.lastBeat >= BEAT_MS || quiet >= QUIET_BEAT_MS)) {
      this.beatSent = now;
      this.lastBeat = now;
      this.api?.reqCurrentTime();
    }
    // Late first, even where the process itself stood still: what waits in the socket is heard before it is given up.
    if (this.isLate && quiet >= DEAD_MS) this.lose("no answer to the heartbeat: half-open link");
    else if (this.isLate !== quiet >= LATE_MS) {
      this.isLate = !this.isLate;
      this.options.onLate(this.isLate);
    }
  }

  private heard(): void {
    this.heardAt = this.options.wallMs();
    this.options.afterFrames();
  }

  private expect(state: SessionState, milliseconds: number, detail: string): void {
    this.move(state, detail);
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.lose(`no progress in ${milliseconds / 1000} s: ${detail}`), milliseconds);
  }

  private move(state: SessionState, detail: string): void {
    if (state !== this.state) this.since = this.options.wallMs();
    this.state = state;
    this.detail = detail;
  }

  private drop(): void {
    clearTimeout(this.deadline);
    clearInterval(this.heartbeat);
    const api = this.current;
    this.current = undefined;
    this.guard?.close();
    api?.removeAllListeners();
  }

  private scheduleRetry(): void {
    if (this.isStopped) return;
    if (this.readySince !== undefined && this.options.clock.now() - this.readySince >= GOOD_AFTER) this.failures = 0;
    this.readySince = undefined;
    const ceiling = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.failures, 10));
    this.failures += 1;
    // Full jitter, with a floor so that a refusing server is never hammered.
    const backoff = Math.max(50, this.options.rng.next() * ceiling);
    const wait = this.idInUse > 0 ? (ID_WAIT_MS[this.idInUse - 1] ?? 60_000) : this.options.isLockStep ? 10 : backoff;
    this.nextAttemptAt = this.options.wallMs() + wait;
    this.retry = setTimeout(() => this.connect(), wait);
  }
}
