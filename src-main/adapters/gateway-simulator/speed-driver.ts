import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";
import type { Driver, Stage } from "./gateway-simulator.ts";

const TICK_MS = 10;
/** A gap longer than this, a night or a weekend, is skipped: the clock is set to shortly before its end. */
const LONGEST_WAIT = 120 * SECOND;
const BEFORE_NEXT = 5 * SECOND;

const wallMs = (): number => performance.timeOrigin + performance.now();

/** Virtual time at a factor of wall time, with real timers. It starts with the first client, so that nothing is missed. */
export class SpeedDriver implements Driver {
  private readonly stage: Stage;
  private factor: number;
  private base: Micros;
  private baseWall = wallMs();
  private isRunning = false;
  private hasEnded = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(stage: Stage, factor: number) {
    this.stage = stage;
    this.factor = factor;
    this.base = stage.source.start - SECOND;
  }

  start(): void {
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  clock() {
    return { time: this.time(), factor: this.isRunning && !this.hasEnded ? this.factor : 0 };
  }

  setSpeed(factor: number): void {
    this.rebase(this.time());
    this.factor = factor;
  }

  onReady(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    this.rebase(this.base);
  }

  onMessage(connection: Connection, fields: readonly string[]): boolean {
    this.stage.dispatch(connection, fields);
    return false;
  }

  onClose(): void {
    // The market goes on without its clients.
  }

  private time(): Micros {
    if (!this.isRunning || this.hasEnded) return this.base;
    return Math.round(this.base + (wallMs() - this.baseWall) * MILLISECOND * this.factor);
  }

  private rebase(time: Micros): void {
    this.base = time;
    this.baseWall = wallMs();
  }

  private tick(): void {
    if (!this.isRunning || this.hasEnded) return;
    const now = this.time();
    for (;;) {
      const next = this.next();
      if (next === undefined) return this.end(now);
      if (next - now > LONGEST_WAIT) {
        this.stage.play(now);
        return this.rebase(next - BEFORE_NEXT);
      }
      if (next > now) return;
      this.stage.play(next);
    }
  }

  private next(): Micros | undefined {
    const market = this.stage.source.peek();
    const due = this.stage.exchange.nextDue();
    if (market === undefined) return due;
    return due === undefined ? market : Math.min(market, due);
  }

  private end(now: Micros): void {
    this.base = now;
    this.hasEnded = true;
    this.stage.onEnd();
  }
}
