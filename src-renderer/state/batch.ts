/** How long news wait for each other: a burst of orders and decisions is drawn once, not once a row. */
const GATHER_MS = 50;

/** Gathers changes of a state, in order, and applies those of a burst at once. */
export class Batch<S> {
  private readonly apply: (change: (state: S) => S) => void;
  private readonly after: (milliseconds: number, action: () => void) => void;
  private changes: ((state: S) => S)[] = [];

  constructor(apply: (change: (state: S) => S) => void, after: (milliseconds: number, action: () => void) => void) {
    this.apply = apply;
    this.after = after;
  }

  add(change: (state: S) => S): void {
    this.changes.push(change);
    if (this.changes.length > 1) return;
    this.after(GATHER_MS, () => {
      const gathered = this.changes;
      this.changes = [];
      this.apply((state) => gathered.reduce((so, next) => next(so), state));
    });
  }
}
