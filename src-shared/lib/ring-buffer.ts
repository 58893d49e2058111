import { assert } from "#shared/lib/assert.ts";

/** The newest `capacity` values; index 0 is the oldest held. */
export class RingBuffer<T> {
  readonly capacity: number;
  private readonly slots: T[] = [];
  private start = 0;

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, "a ring buffer holds at least one value");
    this.capacity = capacity;
  }

  get length(): number {
    return this.slots.length;
  }

  /** Adds a value and returns the one it displaced, if the buffer was full. */
  push(value: T): T | undefined {
    if (this.slots.length < this.capacity) {
      this.slots.push(value);
      return undefined;
    }
    const displaced = this.slots[this.start];
    this.slots[this.start] = value;
    this.start = (this.start + 1) % this.capacity;
    return displaced;
  }

  /** Puts `value` in the place of the newest one, which must exist. */
  replaceLast(value: T): void {
    assert(this.slots.length > 0, "there is a newest value to replace");
    this.slots[(this.start + this.slots.length - 1) % this.slots.length] = value;
  }

  /** Value at `index` counted from the oldest; undefined outside. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.slots.length) return undefined;
    return this.slots[(this.start + index) % this.slots.length];
  }

  /** The newest value; `back` steps further into the past. */
  last(back = 0): T | undefined {
    return this.at(this.slots.length - 1 - back);
  }

  toArray(): T[] {
    return [...this.slots.slice(this.start), ...this.slots.slice(0, this.start)];
  }

  clear(): void {
    this.slots.length = 0;
    this.start = 0;
  }
}
