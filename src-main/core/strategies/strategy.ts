import type { z } from "zod";
import type { Micros } from "#shared/lib/time.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";

/** What a strategy sees at the end of a bar. An undefined feature is absent from `features`. */
export type StrategyContext = {
  readonly time: Micros;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly bar: Bar;
  readonly features: Readonly<Record<string, number>>;
  /** Signed shares that this strategy holds of the symbol. */
  readonly position: number;
  readonly parameters: Readonly<Record<string, number>>;
};

/** What it wants to hold from now on: -1 fully short, 0 flat, 1 fully long. Its size is not the strategy's business. */
export type StrategyWish = { readonly direction: number; readonly reason: string };

/** One strategy on one symbol. Pure and deterministic: no clock, no chance, no I/O. */
export type Strategy = {
  /** Undefined while it cannot say, e.g. before its features are warm. */
  onBar(context: StrategyContext): StrategyWish | undefined;
};

export type StrategyDefinition = {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** Defaults and ranges of the parameters. */
  readonly parameters: z.ZodType<Readonly<Record<string, number>>>;
  readonly features: readonly string[];
  readonly create: (parameters: Readonly<Record<string, number>>) => Strategy;
};
