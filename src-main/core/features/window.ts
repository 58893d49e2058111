import { assert } from "#shared/lib/assert.ts";

/**
 * The newest `length` values, summed afresh at every question so that no error accumulates and a window started late
 * equals one started early. NaN stands for an undefined value and makes every statistic NaN.
 */
export class Window {
  readonly length: number;
  /** Committed values lie in [0, end); the value that is looked at stands at `end`, so looking changes nothing. */
  private readonly slots: Float64Array;
  private end = 0;
  private from = 0;
  private to = 0;

  constructor(length: number) {
    assert(Number.isInteger(length) && length > 0, "a window holds at least one value");
    this.length = length;
    this.slots = new Float64Array(Math.max(64, 4 * length));
  }

  /** Looks at the window that ends with `value`, and keeps the value if `commit`. Returns how many values it holds. */
  see(value: number, commit: boolean): number {
    if (this.end === this.slots.length) {
      this.slots.copyWithin(0, this.end - this.length + 1, this.end);
      this.end = this.length - 1;
    }
    this.slots[this.end] = value;
    this.to = this.end + 1;
    this.from = Math.max(0, this.to - this.length);
    if (commit) this.end = this.to;
    return this.to - this.from;
  }

  /** Value at `index`, 0 is the oldest; NaN outside. */
  at(index: number): number {
    return this.slots[this.from + index] ?? Number.NaN;
  }

  get size(): number {
    return this.to - this.from;
  }

  sum(): number {
    let total = 0;
    for (let i = this.from; i < this.to; i += 1) total += this.slots[i] ?? 0;
    return total;
  }

  mean(): number {
    return this.sum() / this.size;
  }

  min(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = this.from; i < this.to; i += 1) least = Math.min(least, this.slots[i] ?? 0);
    return least;
  }

  max(): number {
    let greatest = Number.NEGATIVE_INFINITY;
    for (let i = this.from; i < this.to; i += 1) greatest = Math.max(greatest, this.slots[i] ?? 0);
    return greatest;
  }

  /** Sum of the squared distances from the mean, in a second pass: never E[x^2] - E[x]^2. Exactly 0 for equal values. */
  squares(): number {
    const first = this.slots[this.from];
    const centre = this.mean();
    let total = 0;
    let areEqual = true;
    for (let i = this.from; i < this.to; i += 1) {
      const value = this.slots[i] ?? 0;
      if (value !== first) areEqual = false;
      total += (value - centre) * (value - centre);
    }
    // The mean of equal values may be off by a binary tail; a deviation made of it would be noise.
    return areEqual ? 0 : total;
  }

  /** Population deviation with `ddof` 0, sample deviation with 1. */
  deviation(ddof: 0 | 1): number {
    return Math.sqrt(this.squares() / (this.size - ddof));
  }

  /** Ordinary least squares slope of the values on 0, 1, ..., n - 1. */
  slope(): number {
    const n = this.size;
    const centre = (n - 1) / 2;
    const level = this.mean();
    let top = 0;
    for (let i = 0; i < n; i += 1) top += (i - centre) * (this.at(i) - level);
    return top / ((n * (n * n - 1)) / 12);
  }

  /** How many values lie at or below `limit`. */
  countUpTo(limit: number): number {
    let count = 0;
    for (let i = this.from; i < this.to; i += 1) if ((this.slots[i] ?? 0) <= limit) count += 1;
    return count;
  }

  /** Pearson correlation with the window of the same size; NaN where one of them does not vary. */
  correlation(other: Window): number {
    const level = this.mean();
    const otherLevel = other.mean();
    let product = 0;
    for (let i = 0; i < this.size; i += 1) product += (this.at(i) - level) * (other.at(i) - otherLevel);
    const scale = Math.sqrt(this.squares() * other.squares());
    return scale > 0 ? product / scale : Number.NaN;
  }
}
