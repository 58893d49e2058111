import { createStore } from "zustand/vanilla";
import type { TopicName, TopicRow } from "#shared/contract/topics.ts";
import type { Timeframe } from "#shared/model/market.ts";

/** Rows of the lossless topics by key, newest last; bounded like the engine's own. */
type Rows<T extends TopicName> = ReadonlyMap<string, TopicRow<T>>;

export type Link = {
  readonly kind: "connecting" | "open" | "lost" | "refused" | "login";
  readonly reason: string;
  /** Wall milliseconds of the next attempt. */
  readonly retryAt?: number;
};

export type State = {
  readonly link: Link;
  readonly status: TopicRow<"status"> | undefined;
  readonly account: TopicRow<"account"> | undefined;
  readonly monitor: TopicRow<"monitor"> | undefined;
  readonly orders: Rows<"orders">;
  readonly fills: Rows<"fills">;
  readonly positions: Rows<"positions">;
  readonly decisions: Rows<"decisions">;
  readonly risk: Rows<"risk">;
  readonly alerts: Rows<"alerts">;
  readonly strategies: Rows<"strategies">;
  readonly instruments: Rows<"instruments">;
  /** What the person looks at. */
  readonly symbol: string | undefined;
  readonly timeframe: Timeframe;
};

type MapTopic = "orders" | "fills" | "positions" | "decisions" | "risk" | "alerts" | "strategies" | "instruments";

const KEY: { readonly [T in MapTopic]: (row: TopicRow<T>) => string } = {
  orders: (row) => row.orderRef,
  fills: (row) => row.execId,
  positions: (row) => row.symbol,
  decisions: (row) => row.intentId,
  risk: (row) => row.code,
  alerts: (row) => row.id,
  strategies: (row) => row.id,
  instruments: (row) => row.symbol,
};

const BOUND: Readonly<Record<MapTopic, number>> = {
  orders: 2_000,
  fills: 5_000,
  positions: 200,
  decisions: 5_000,
  risk: 100,
  alerts: 1_000,
  strategies: 100,
  instruments: 500,
};

export const INITIAL: State = {
  link: { kind: "connecting", reason: "" },
  status: undefined,
  account: undefined,
  monitor: undefined,
  orders: new Map(),
  fills: new Map(),
  positions: new Map(),
  decisions: new Map(),
  risk: new Map(),
  alerts: new Map(),
  strategies: new Map(),
  instruments: new Map(),
  symbol: undefined,
  timeframe: "5m",
};

/** Topic messages in, state out: no DOM, no clock. A snapshot replaces, a delta adds or changes. */
export function reduceRows<T extends MapTopic>(
  state: State,
  topic: T,
  rows: readonly TopicRow<T>[],
  kind: "snapshot" | "delta",
): State {
  const next = new Map(kind === "snapshot" ? [] : (state[topic] as ReadonlyMap<string, TopicRow<T>>));
  const changed = new Set(rows.map((row) => KEY[topic](row)));
  for (const row of rows) next.set(KEY[topic](row), row);
  // The oldest go first, but none that has just changed while there are others. Rows keep their places: nothing jumps.
  for (const isKept of [(key: string) => changed.has(key), () => false]) {
    for (const key of next.keys()) {
      if (next.size <= BOUND[topic]) break;
      if (!isKept(key)) next.delete(key);
    }
  }
  return { ...state, [topic]: next };
}

/** The one of a topic that has one row. */
export function reduceSingle<T extends "status" | "account" | "monitor">(
  state: State,
  topic: T,
  rows: readonly TopicRow<T>[],
): State {
  const row = rows.at(-1);
  return row === undefined ? state : { ...state, [topic]: row };
}

export const store = createStore<State>(() => INITIAL);
