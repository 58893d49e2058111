import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"quotes">;

/**
 * Quotes live outside React: the newest row a symbol, and one flush an animation frame. A cell that shows a symbol is told
 * only when that symbol changed.
 */
export class QuoteBoard {
  private readonly rows = new Map<string, Row>();
  private readonly dirty = new Set<string>();
  private readonly listeners = new Map<string, Set<() => void>>();
  private symbols: readonly string[] = [];
  private readonly listListeners = new Set<() => void>();
  private readonly schedule: (flush: () => void) => void;
  private isScheduled = false;

  constructor(schedule: (flush: () => void) => void) {
    this.schedule = schedule;
  }

  /** What is watched now: symbols of a host before are gone with their quotes. */
  replace(rows: readonly Row[]): void {
    const kept = new Set(rows.map((row) => row.symbol));
    for (const symbol of this.symbols) if (!kept.has(symbol)) this.rows.delete(symbol);
    this.symbols = rows.map((row) => row.symbol);
    for (const row of rows) this.rows.set(row.symbol, row);
    this.update(rows);
  }

  update(rows: readonly Row[]): void {
    for (const row of rows) {
      if (!this.rows.has(row.symbol)) this.symbols = [...this.symbols, row.symbol];
      this.rows.set(row.symbol, row);
      this.dirty.add(row.symbol);
    }
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.schedule(() => this.flush());
  }

  row(symbol: string): Row | undefined {
    return this.rows.get(symbol);
  }

  list(): readonly string[] {
    return this.symbols;
  }

  subscribe(symbol: string, listener: () => void): () => void {
    const set = this.listeners.get(symbol) ?? new Set();
    set.add(listener);
    this.listeners.set(symbol, set);
    return () => set.delete(listener);
  }

  subscribeList(listener: () => void): () => void {
    this.listListeners.add(listener);
    return () => this.listListeners.delete(listener);
  }

  private flush(): void {
    this.isScheduled = false;
    for (const symbol of this.dirty) for (const listener of this.listeners.get(symbol) ?? []) listener();
    this.dirty.clear();
    for (const listener of this.listListeners) listener();
  }
}

export const quotes = new QuoteBoard((flush) => {
  // A hidden page draws nothing: without its credit the engine keeps merging and sends nothing.
  requestAnimationFrame(flush);
});
