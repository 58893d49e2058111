import type { TopicRow } from "#shared/contract/topics.ts";

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
