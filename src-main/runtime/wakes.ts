import type { Micros } from "#shared/lib/time.ts";
import type { Disposer, Timers } from "./ports.ts";

/** The engine's wishes to be woken, as one timer at a time: many deadlines of one instant are one `timer` event. */
export class Wakes {
  private readonly timers: Timers;
  private readonly fire: () => void;
  private readonly times = new Set<Micros>();
  private scheduled: Micros | undefined;
  private dispose: Disposer | undefined;

  constructor(timers: Timers, fire: () => void) {
    this.timers = timers;
    this.fire = fire;
  }

  at(time: Micros): void {
    this.times.add(time);
    if (this.scheduled === undefined || time < this.scheduled) this.schedule();
  }

  stop(): void {
    this.dispose?.();
    this.times.clear();
    this.scheduled = undefined;
  }

  private schedule(): void {
    this.dispose?.();
    const next = this.times.size === 0 ? undefined : Math.min(...this.times);
    this.scheduled = next;
    if (next === undefined) return;
    this.dispose = this.timers.at(next, () => {
      for (const time of this.times) if (time <= next) this.times.delete(time);
      this.scheduled = undefined;
      this.fire();
      if (this.scheduled === undefined) this.schedule();
    });
  }
}
