import type { TopicRow } from "#shared/contract/topics.ts";
import type { Bar } from "#shared/model/market.ts";

type BarRow = TopicRow<"bars">;

/** Bars pass by the store: charts listen to their own symbol and timeframe. */
export class BarFeed {
  private readonly listeners = new Map<string, Set<(row: BarRow) => void>>();

  publish(rows: readonly BarRow[]): void {
    for (const row of rows) {
      for (const listener of this.listeners.get(`${row.symbol}:${row.timeframe}`) ?? []) listener(row);
    }
  }

  subscribe(symbol: string, timeframe: string, listener: (row: BarRow) => void): () => void {
    const key = `${symbol}:${timeframe}`;
    const set = this.listeners.get(key) ?? new Set();
    set.add(listener);
    this.listeners.set(key, set);
    return () => set.delete(listener);
  }
}

export const barFeed = new BarFeed();

/**
 * What a chart of one symbol and timeframe shows of the stream: the history, then completed bars as the engine closed them,
 * and the forming one after them.
 */
export class CandleTrack {
  private readonly bound: number;
  private completed: readonly Bar[] = [];
  private forming: Bar | undefined;

  constructor(bound: number) {
    this.bound = bound;
  }

  bars(): readonly Bar[] {
    return this.completed;
  }

  formingStart(): number | undefined {
    return this.forming?.start;
  }

  load(history: readonly Bar[]): void {
    this.completed = history.slice(-this.bound);
  }

  /** The bar to draw now; undefined for one that a completed bar has overtaken, and before the history is there. */
  take({ bar, complete }: Pick<BarRow, "bar" | "complete">): Bar | undefined {
    const newest = this.completed.at(-1)?.start;
    if (newest === undefined) return undefined;
    if (complete) {
      // Last words of a bar come conflated and a little old: what the engine closed stands, even under a newer one.
      if (bar.start < newest) return undefined;
      this.completed = [...this.completed.filter(({ start }) => start < bar.start), bar].slice(-this.bound);
      if (this.forming !== undefined && this.forming.start <= bar.start) this.forming = undefined;
      return bar;
    }
    if (bar.start <= newest) return undefined;
    this.forming = bar;
    return bar;
  }
}

/** The bar that an instant lies in, among ascending starts; undefined before the first. */
export function barOf(starts: readonly number[], time: number): number | undefined {
  return starts.findLast((start) => start <= time);
}
