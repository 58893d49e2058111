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
  /** Asked at each completed bar, of history too. Undefined while it cannot say, e.g. before its features are warm. */
  onBar(context: StrategyContext): StrategyWish | undefined;
  /** What it must remember, as plain data; given back to `restore` it goes on as if nothing had been. */
  state(): unknown;
  /** @throws ZodError for data that is not a state of this strategy */
  restore(state: unknown): void;
};

export type StrategyDefinition = {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** Defaults and ranges of the parameters. */
  readonly parameters: z.ZodType<Readonly<Record<string, number>>>;
  readonly features: readonly string[];
  /** Bars before the first wish on ordinary data. */
  readonly warmupBars: number;
  /** @throws ZodError for parameters out of their ranges */
  readonly create: (parameters: Readonly<Record<string, number>>) => Strategy;
};

/** The values of the features in the order of `names`; undefined unless every one is a number. */
export function valuesOf(
  features: Readonly<Record<string, number>>,
  names: readonly string[],
): readonly number[] | undefined {
  const values: number[] = [];
  for (const name of names) {
    const value = features[name];
    if (value === undefined || !Number.isFinite(value)) return undefined;
    values.push(value);
  }
  return values;
}
