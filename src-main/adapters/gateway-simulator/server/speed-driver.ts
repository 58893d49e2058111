import { assert } from "#shared/lib/assert.ts";
import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";
import type { Driver, DriverHost } from "./driver.ts";
import type { Stage } from "./stage.ts";

const SHORTEST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;
/** While no session is open, the clock jumps to this long before the next instant. */
const BEFORE_NEXT = SECOND;
/** Instants played in one turn, so that sockets are read in between at high factors. */
const BATCH = 500;

/**
 * Virtual time at a factor of wall time, with real timers. It starts with the first client, so that nothing is missed, and
 * jumps over nights and weekends.
 */
export class SpeedDriver implements Driver {
  private readonly stage: Stage;
  private readonly host: DriverHost;
  private factor: number;
  private base: Micros;
  private baseMs = performance.now();
  private state: "waiting" | "running" | "paused" | "stopped" = "waiting";
  private hasEnded = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(stage: Stage, host: DriverHost, factor: number) {
    assert(factor > 0 && Number.isFinite(factor), "a speed is a factor above zero");
    this.stage = stage;
    this.host = host;
    this.factor = factor;
    this.base = stage.now();
  }

  isMember(): boolean {
    return false;
  }

  isStepAnswer(): boolean {
    return false;
  }

  onReady(connection: Connection): void {
    connection.flush();
    if (this.state !== "waiting") return;
    this.state = "running";
    this.rebase(this.stage.now());
    this.wait(SHORTEST_WAIT_MS);
  }

  onFrame(connection: Connection, fields: readonly string[]): void {
    const answer = (): void => {
      this.catchUp();
      this.host.dispatch(connection, fields);
      this.host.flushPlain();
    };
    const latencyMs = this.host.latencyMs();
    if (latencyMs <= 0) answer();
    // Timers of one length fire in the order in which they were set: answers keep their order.
    else setTimeout(answer, latencyMs);
  }

  onClose(): void {
    // The market goes on without its clients.
  }

  /**
   * A second of wall time, in which the clients send what their virtual seconds allow: at a high factor a virtual second is
   * shorter than the hiccups of a machine.
   */
  quotaTime(): Micros {
    return Math.round(performance.now() * MILLISECOND);
  }

  quotaFactor(): number {
    return Math.max(1, this.factor);
  }

  clock() {
    return { time: this.time(), factor: this.state === "running" ? this.factor : 0 };
  }

  setSpeed(factor: number): void {
    assert(factor > 0 && Number.isFinite(factor), "a speed is a factor above zero");
    this.rebase(this.time());
    this.factor = factor;
  }

  pause(isPaused: boolean): void {
    if (this.state !== "running" && this.state !== "paused") return;
    this.rebase(this.time());
    this.state = isPaused ? "paused" : "running";
    this.wait(SHORTEST_WAIT_MS);
  }

  stop(): void {
    this.state = "stopped";
    clearTimeout(this.timer);
  }

  private time(): Micros {
    if (this.state !== "running") return this.base;
    return Math.round(this.base + (performance.now() - this.baseMs) * MILLISECOND * this.factor);
  }

  private rebase(time: Micros): void {
    this.base = time;
    this.baseMs = performance.now();
  }

  private wait(milliseconds: number): void {
    clearTimeout(this.timer);
    if (this.state !== "running") return;
    this.timer = setTimeout(() => this.tick(), Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, milliseconds)));
  }

  private tick(): void {
    if (this.state !== "running") return;
    this.catchUp();
    this.host.flushPlain();
    if (!this.hasEnded && this.stage.isExhausted()) {
      this.hasEnded = true;
      this.host.onEnd();
    }
    if (this.state !== "running") return;
    const next = this.stage.nextDue();
    this.wait(next === undefined ? LONGEST_WAIT_MS : (next - this.time()) / MILLISECOND / this.factor);
  }

  /** Plays what has become due by now. */
  private catchUp(): void {
    if (this.state !== "running") return;
    for (let played = 0; played < BATCH; played += 1) {
      const now = this.time();
      const next = this.stage.nextDue();
      if (next === undefined || next > now) {
        this.stage.play(now);
        this.skipNight(now, next);
        return;
      }
      this.stage.play(next);
    }
    // The machine does not keep up: time goes on from where the market is.
    this.rebase(this.stage.now());
  }

  private skipNight(now: Micros, next: Micros | undefined): void {
    if (next === undefined || next - now <= BEFORE_NEXT) return;
    if (this.stage.calendar.sessionOf(now) === undefined) this.rebase(next - BEFORE_NEXT);
  }
}
