import type { Clock, Disposer, Timers } from "#runtime/ports.ts";
import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";

/** 0 cancels; 1 exits and protection; 2 entries; 3 synchronisation; 4 subscriptions; 5 history and reference. */
export type Lane = 0 | 1 | 2 | 3 | 4 | 5;

const WINDOW = SECOND;
/** TWS takes 50 messages a second; five of them belong to the guardian. */
const ALL = 45;
/** What opens, reads and subscribes leaves room for cancels and exits at any moment. */
const LOWER_LANES = 40;
const LANES = 6;
const QUEUE_BOUND = 2_000;
/** Of all lanes together. */
export const GOVERNOR_BOUND = LANES * QUEUE_BOUND;
/** After the server complained of our rate: silence of the lower lanes, then half their rate. */
const PAUSE = 2 * SECOND;
const SLOW = 60 * SECOND;

type Waiting = {
  readonly count: number;
  readonly until: Micros;
  readonly send: () => void;
  readonly deny: (reason: string) => void;
};

/**
 * The only queue before the wire: a sliding window over all connections with strict priority. Work of lanes 1 and 2 is
 * denied when it cannot leave in time; cancels and reads wait.
 */
export class Governor {
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly sent: Micros[] = [];
  private readonly lower: Micros[] = [];
  private readonly queues: Waiting[][] = Array.from({ length: LANES }, () => []);
  private pausedUntil: Micros = 0;
  private slowUntil: Micros = 0;
  /** When the queues are looked at again. */
  private next: { readonly time: Micros; readonly cancel: Disposer } | undefined;

  constructor(clock: Clock, timers: Timers) {
    this.clock = clock;
    this.timers = timers;
  }

  /** Sends now if the window has room and nobody waits before it, else waits `patience` at most. */
  run(
    lane: Lane,
    work: { count?: number; patience?: Micros; send: () => void; deny?: (reason: string) => void },
  ): void {
    const now = this.clock.now();
    const waiting: Waiting = {
      count: work.count ?? 1,
      until: work.patience === undefined ? Number.POSITIVE_INFINITY : now + work.patience,
      send: work.send,
      deny: work.deny ?? (() => undefined),
    };
    const queue = this.queues[lane] ?? [];
    if (queue.length >= QUEUE_BOUND) {
      waiting.deny(`the queue of lane ${lane} is full`);
      return;
    }
    queue.push(waiting);
    this.pump(now);
  }

  /** The connection is gone: nothing that waits may ever leave on the next one. */
  failAll(reason: string): void {
    for (const queue of this.queues) for (const waiting of queue.splice(0)) waiting.deny(reason);
  }

  /** The server says that we send too fast. Cancels and exits go on. */
  slowDown(): void {
    const now = this.clock.now();
    this.pausedUntil = now + PAUSE;
    this.slowUntil = now + SLOW;
  }

  /** Messages of the last second. */
  rate(): number {
    this.forget(this.clock.now());
    return this.sent.length;
  }

  depth(): number {
    return this.queues.reduce((sum, queue) => sum + queue.length, 0);
  }

  private pump(now: Micros): void {
    this.forget(now);
    for (const [lane, queue] of this.queues.entries()) {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        if (next.until < now) {
          queue.shift();
          next.deny("it waited too long for the message window");
          continue;
        }
        // What waits here keeps the lanes below from using up each place that comes free.
        if (!this.hasRoom(lane, next.count, now)) return this.schedule(now);
        queue.shift();
        for (let i = 0; i < next.count; i += 1) {
          this.sent.push(now);
          if (lane >= 2) this.lower.push(now);
        }
        next.send();
      }
    }
    this.schedule(now);
  }

  private hasRoom(lane: number, count: number, now: Micros): boolean {
    if (this.sent.length + count > ALL) return false;
    if (lane < 2) return true;
    return (
      now >= this.pausedUntil && this.lower.length + count <= (now < this.slowUntil ? LOWER_LANES / 2 : LOWER_LANES)
    );
  }

  private forget(now: Micros): void {
    while ((this.sent[0] ?? now) <= now - WINDOW) this.sent.shift();
    while ((this.lower[0] ?? now) <= now - WINDOW) this.lower.shift();
  }

  private schedule(now: Micros): void {
    if (this.depth() === 0) return;
    const oldest = this.sent[0] ?? now;
    // Also when the first patience is over: an order learns in time that it does not leave.
    const patience = Math.min(...this.queues.flat().map(({ until }) => until)) + MILLISECOND;
    const time = Math.max(now + MILLISECOND, Math.min(oldest + WINDOW + MILLISECOND, patience));
    if (this.next !== undefined && this.next.time <= time) return;
    this.next?.cancel();
    const cancel = this.timers.at(time, () => {
      this.next = undefined;
      this.pump(this.clock.now());
    });
    this.next = { time, cancel };
  }
}
