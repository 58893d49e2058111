import { TOPICS, type TopicName } from "#shared/contract/topics.ts";

/** Rows kept per lossless topic for snapshots, the newest ones. */
const ROWS_KEPT: Partial<Record<TopicName, number>> = {
  orders: 2_000,
  fills: 5_000,
  decisions: 1_000,
  alerts: 1_000,
  bars: 0,
};
const DEFAULT_ROWS_KEPT = 500;

export type TopicHub = {
  /** A lossless change: numbered, kept for snapshots, told at once. */
  publish(topic: string, key: string, body: unknown): void;
  /** A lossy mark: the newest row is pulled at the next flush. */
  touch(topic: string, key: string): void;
  /** Tells what was touched since the last flush, one delta a topic. Called at most ten times a second. */
  flush(): void;
  snapshot(topic: TopicName): { readonly seq: number; readonly rows: readonly unknown[] };
  onDelta(listener: (topic: TopicName, seq: number, rows: readonly unknown[]) => void): () => void;
};

/** What the hub asks for when it needs the present value of a lossy topic. */
export type TopicSource = {
  readonly pull: (topic: TopicName, key: string) => readonly unknown[];
  readonly all: (topic: TopicName) => readonly unknown[];
};

const isTopic = (name: string): name is TopicName => Object.hasOwn(TOPICS, name);

/** Between the engine and its views: lossless topics are numbered and kept, lossy ones are merged to their newest value. */
export function createTopicHub(source: TopicSource): TopicHub {
  const seqs = new Map<TopicName, number>();
  const rows = new Map<TopicName, Map<string, unknown>>();
  const dirty = new Map<TopicName, Set<string>>();
  const listeners = new Set<(topic: TopicName, seq: number, rows: readonly unknown[]) => void>();
  const tell = (topic: TopicName, changed: readonly unknown[]): void => {
    const seq = (seqs.get(topic) ?? 0) + 1;
    seqs.set(topic, seq);
    for (const listener of listeners) listener(topic, seq, changed);
  };
  return {
    publish(topic, key, body) {
      if (!isTopic(topic)) return;
      const kept = rows.get(topic) ?? new Map<string, unknown>();
      rows.set(topic, kept);
      // A changed row moves to the end: the newest are what is kept.
      kept.delete(key);
      kept.set(key, body);
      const oldest = kept.keys().next().value;
      if (kept.size > (ROWS_KEPT[topic] ?? DEFAULT_ROWS_KEPT) && oldest !== undefined) kept.delete(oldest);
      tell(topic, [body]);
    },
    touch(topic, key) {
      if (!isTopic(topic) || listeners.size === 0) return;
      const keys = dirty.get(topic) ?? new Set<string>();
      keys.add(key);
      dirty.set(topic, keys);
    },
    flush() {
      for (const [topic, keys] of dirty) {
        const changed = [...keys].flatMap((key) => source.pull(topic, key));
        if (changed.length > 0) tell(topic, changed);
      }
      dirty.clear();
    },
    snapshot(topic) {
      const seq = seqs.get(topic) ?? 0;
      const kept = TOPICS[topic].lossless ? rows.get(topic)?.values() : undefined;
      return { seq, rows: kept === undefined ? source.all(topic) : [...kept] };
    },
    onDelta(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
