import type { Micros } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Bar, Quote, Timeframe, Trade } from "#shared/model/market.ts";

/** A one-minute bar of one symbol that has just ended. */
export type EndedBar = { readonly symbol: string; readonly bar: Bar };

/** Everything of the market that happens at one virtual instant, in the order in which it is sent. */
export type MarketInstant = {
  readonly time: Micros;
  readonly bars: readonly EndedBar[];
  readonly quotes: readonly Quote[];
  readonly trades: readonly Trade[];
};

/** A market that plays itself: a seeded generator, or a recorded day. */
export type MarketSource = {
  readonly instruments: readonly Instrument[];
  /** Time of the first instant. */
  readonly start: Micros;
  /** The next instant without taking it; undefined when the source is exhausted. */
  peek(): Micros | undefined;
  /** Instants in ascending time; undefined when exhausted. */
  next(): MarketInstant | undefined;
  /** Bars that are complete before `to` and start at or after `from`, oldest first. Nothing is known early. */
  history(symbol: string, timeframe: Timeframe, from: Micros, to: Micros): readonly Bar[];
};
