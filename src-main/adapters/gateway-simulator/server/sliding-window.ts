import type { Micros } from "#shared/lib/time.ts";

/** Counts what happened in the last `length` of a clock that never goes back. */
export class SlidingWindow {
  private readonly length: Micros;
  private times: Micros[] = [];
  private first = 0;

  constructor(length: Micros) {
    this.length = length;
  }

  /** Adds one; returns how many lie in the window that ends now, this one included. */
  add(time: Micros): number {
    while (this.first < this.times.length && (this.times[this.first] ?? time) <= time - this.length) this.first += 1;
    if (this.first > 1_024) {
      this.times = this.times.slice(this.first);
      this.first = 0;
    }
    this.times.push(time);
    return this.times.length - this.first;
  }
}
