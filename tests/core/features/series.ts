import { Feature, type FeatureContext, type FeatureDefinition } from "#core/features/feature.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { present } from "#shared/lib/assert.ts";
import { createRng } from "#shared/lib/rng.ts";
import { MINUTE } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";

const calendar = present(createCalendar("XNYS"), "the New York calendar exists");
export const FIVE_MINUTES: FeatureContext = { calendar, timeframe: "5m" };
export const DAILY: FeatureContext = { calendar, timeframe: "1d" };

/** Five-minute bars of whole sessions from 2013-10-07 on: a random walk whose every bar has a range and a volume. */
export function randomBars(seed: number | string, count: number): readonly Bar[] {
  const rng = createRng(seed);
  const bars: Bar[] = [];
  let close = 100;
  for (let session = calendar.sessionOn("2013-10-07"); session !== undefined && bars.length < count; ) {
    for (let start = session.open; start < session.close && bars.length < count; start += 5 * MINUTE) {
      const open = close * Math.exp(0.001 * rng.normal());
      close = open * Math.exp(0.003 * rng.normal());
      const high = Math.max(open, close) * (1 + 0.002 * rng.next() + 1e-6);
      const low = Math.min(open, close) * (1 - 0.002 * rng.next() - 1e-6);
      bars.push({ start, open, high, low, close, volume: rng.integer(100, 100_000) });
    }
    session = calendar.nextSession(session.open);
  }
  return bars;
}

/** Bars with these closes and nothing else in them, five minutes apart from the open of 2013-10-07. */
export function barsOf(closes: readonly number[], volume = 1000): readonly Bar[] {
  return randomBars("times", closes.length).map(({ start }, index) => {
    const close = closes[index] ?? 0;
    return { start, open: close, high: close, low: close, close, volume };
  });
}

export type Values = readonly (number | undefined)[];

/** The feature over history: its kernel folded over the bars. */
export function valuesOf(definition: FeatureDefinition, bars: readonly Bar[], context = FIVE_MINUTES): Values {
  const feature = new Feature(definition, context);
  return bars.map((bar) => feature.push(bar));
}

/** Index of the first difference in any bit; undefined when there is none. */
export function firstDifference(one: Values, other: Values): number | undefined {
  const index = one.findIndex((value, i) => !Object.is(value, other[i]));
  return index < 0 ? undefined : index;
}
