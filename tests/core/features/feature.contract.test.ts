import { describe, expect, test } from "vitest";
import { endOf, Feature, type FeatureDefinition } from "#core/features/feature.ts";
import { HISTORY_BARS } from "#core/features/feature-set.ts";
import { FEATURES } from "#core/features/registry.ts";
import { createRng } from "#shared/lib/rng.ts";
import { MINUTE } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { barsOf, FIVE_MINUTES, firstDifference, randomBars, type Values, valuesOf } from "./series.ts";

type Compute = (bars: readonly Bar[]) => Values;

const BARS = randomBars("contract", 1800);
const ALL = [...FEATURES.values()];

/** What the definition promises: bars, sessions that went before, and minutes of the session that have passed. */
function promisedIndex({ warmup, sessions = 0, minutes = 0 }: FeatureDefinition): number {
  const opens: number[] = [];
  return BARS.findIndex((bar, index) => {
    const open = FIVE_MINUTES.calendar.sessionOf(bar.start)?.open ?? Number.NaN;
    if (open !== opens.at(-1)) opens.push(open);
    return index >= warmup && opens.length > sessions && endOf(bar, FIVE_MINUTES) - open >= minutes * MINUTE;
  });
}

const nothing = (bar: Bar, price: number): Bar => ({
  start: bar.start,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: price,
});

/** Three futures that never happened: none, absurd, and the true one in another order. */
function poisons(bars: readonly Bar[], after: number): readonly (readonly Bar[])[] {
  const past = bars.slice(0, after + 1);
  const future = bars.slice(after + 1);
  const rng = createRng(after);
  const values = future.map((bar) => ({ bar, key: rng.next() })).sort((a, b) => a.key - b.key);
  return [
    [...past, ...future.map((bar) => nothing(bar, Number.NaN))],
    [...past, ...future.map((bar, index) => nothing(bar, index % 2 === 0 ? 1e300 : -1e300))],
    [
      ...past,
      ...future.map(({ start }, index) => ({
        ...(values[index]?.bar ?? nothing(bars[0] ?? BARS[0] ?? never(), 1)),
        start,
      })),
    ],
  ];
}

function never(): never {
  throw new Error("the series has bars");
}

const CUTS = [0, 1, 30, 400, 700] as const;
const SHORT = BARS.slice(0, 760);

/** Places where the output up to t changes with what comes after t. */
function poisoned(compute: Compute): readonly number[] {
  const truth = compute(SHORT);
  return CUTS.filter((after) =>
    poisons(SHORT, after).some((bars) => {
      const index = firstDifference(truth.slice(0, after + 1), compute(bars).slice(0, after + 1));
      return index !== undefined;
    }),
  );
}

/** Places where the output on the bars up to t differs from the first outputs on all bars. */
function prefixVariant(compute: Compute): readonly number[] {
  const truth = compute(SHORT);
  return CUTS.filter((last) => {
    const prefix = compute(SHORT.slice(0, last + 1));
    return prefix.length !== last + 1 || firstDifference(prefix, truth.slice(0, last + 1)) !== undefined;
  });
}

describe.each(ALL.map((definition) => [definition.name, definition] as const))("%s", (_, definition) => {
  const truth = valuesOf(definition, BARS);

  test("has its first value exactly where its definition says", () => {
    expect(truth.findIndex((value) => value !== undefined)).toBe(promisedIndex(definition));
  });

  test("does not see the future", () => {
    const compute: Compute = (bars) => valuesOf(definition, bars);
    expect(poisoned(compute)).toEqual([]);
    expect(prefixVariant(compute)).toEqual([]);
  });

  test("keeps its committed state however often the forming bar is looked at", () => {
    const feature = new Feature(definition, FIVE_MINUTES);
    const rng = createRng(definition.name);
    const revised: (number | undefined)[] = [];
    BARS.forEach((bar, index) => {
      const looks = rng.integer(0, 2);
      for (let look = 0; look < looks; look += 1) {
        const other = BARS[rng.integer(0, BARS.length - 1)] ?? bar;
        const before = feature.value;
        feature.revise({ ...other, start: bar.start });
        expect(Object.is(feature.value, before)).toBe(true);
      }
      const seen = feature.revise(bar);
      revised.push(feature.push(bar));
      // What was shown of a bar that did not change any more is what is committed.
      if (!Object.is(seen, revised[index])) expect(seen).toBe(revised[index]);
    });
    expect(firstDifference(revised, truth)).toBeUndefined();
  });

  test("never has a value that is no number, also on flat and empty bars", () => {
    const flat = valuesOf(
      definition,
      barsOf(
        Array.from({ length: 600 }, () => 50),
        0,
      ),
    );
    for (const value of [...truth, ...flat]) expect(value === undefined || Number.isFinite(value)).toBe(true);
  });
});

describe("a feature that uses the next close", () => {
  const leaky: Compute = (bars) => bars.map((bar, index) => bars[index + 1]?.close ?? bar.close);

  test("is caught by future poisoning", () => {
    expect(poisoned(leaky)).toEqual([...CUTS]);
  });

  test("is caught by prefix invariance", () => {
    expect(prefixVariant(leaky)).toEqual([...CUTS]);
  });

  test("and so is one that scales by the mean of all closes", () => {
    const scaled: Compute = (bars) => {
      const mean = bars.reduce((sum, bar) => sum + bar.close, 0) / bars.length;
      return bars.map((bar) => bar.close / mean);
    };
    expect(poisoned(scaled)).toEqual([...CUTS]);
    expect(prefixVariant(scaled)).toEqual([...CUTS]);
  });
});

/** Their value depends on every bar since the start, with a weight that dies out (`fading`) or never does (`cumulative`). */
const FADING =
  /^(ema_|px_to_ema|macd|plus_di|minus_di|adx|trix|kama|psar|dema|tema|rsi_|cmo|stochrsi|atr_|natr|ewma_vol|squeeze|adosc|force)/;
const CUMULATIVE = new Set(["obv", "obv_sma_20", "ad"]);
/** The slope of a running total depends on its level only by rounding. */
const OF_TOTALS = new Set(["obv_slope_20", "ad_slope_20", "adosc_3_10"]);

describe("a kernel that is started late", () => {
  const long = randomBars("late", 1800);
  const skip = 78 * 2;
  const late = long.slice(skip);

  test.each(ALL.filter(({ name }) => !FADING.test(name) && !CUMULATIVE.has(name)).map((d) => [d.name, d] as const))(
    "%s agrees with one started early",
    (name, definition) => {
      const early = valuesOf(definition, long).slice(skip);
      let compared = 0;
      valuesOf(definition, late).forEach((value, index) => {
        const expected = early[index];
        if (value === undefined || expected === undefined) return;
        // The share of the last 252 volatilities takes fewer while it knows fewer.
        if (name === "vol_pct_252" && index < 271) return;
        compared += 1;
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(
          (OF_TOTALS.has(name) ? 1e-9 : 0) + 1e-12 * Math.abs(expected),
        );
      });
      expect(compared).toBeGreaterThan(50);
    },
  );

  test("every average that fades has forgotten its seed after the history that a host keeps", () => {
    const history = randomBars("fading", HISTORY_BARS + 400);
    for (const definition of ALL.filter(({ name }) => FADING.test(name) && name !== "adosc_3_10")) {
      const early = valuesOf(definition, history).at(-1) ?? Number.NaN;
      const afresh = valuesOf(definition, history.slice(400)).at(-1) ?? Number.NaN;
      expect(Math.abs(afresh - early), definition.name).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(early)));
    }
  });
});

test("names are unique and say nothing but lower case, digits and underscores", () => {
  expect(ALL.length).toBeGreaterThanOrEqual(150);
  for (const { name } of ALL) expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
});
