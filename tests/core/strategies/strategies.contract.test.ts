import { describe, expect, test } from "vitest";
import { MINUTE_DAYS } from "#core/engine/options.ts";
import { createFeatureSet } from "#core/features/feature-set.ts";
import { FEATURES } from "#core/features/registry.ts";
import { STRATEGIES, strategyOf } from "#core/strategies/registry.ts";
import type { Strategy, StrategyDefinition, StrategyWish } from "#core/strategies/strategy.ts";
import { createRng } from "#shared/lib/rng.ts";
import type { Bar } from "#shared/model/market.ts";
import { FIVE_MINUTES, randomBars } from "#tests/core/features/series.ts";

type Wishes = readonly (StrategyWish | undefined)[];

/** Asks a strategy on history. It holds what it wished for at the bar before, as a perfect broker would give it. */
function play(
  definition: StrategyDefinition,
  bars: readonly Bar[],
  start?: (index: number) => Strategy | undefined,
): Wishes {
  const set = createFeatureSet(definition.features, FIVE_MINUTES);
  const parameters = { allowShort: 1 };
  let strategy = definition.create(parameters);
  let position = 0;
  return bars.map((bar, index) => {
    strategy = start?.(index) ?? strategy;
    const vector = set.push(bar);
    const known = vector.names.map((name, i) => [name, vector.values[i] ?? Number.NaN] as const);
    const features = Object.fromEntries(known.filter(([, value]) => !Number.isNaN(value)));
    const wish = strategy.onBar({
      time: vector.asOf,
      symbol: "SPY",
      timeframe: "5m",
      bar,
      features,
      position,
      parameters,
    });
    position = Math.sign(wish?.direction ?? 0) * 100;
    return wish;
  });
}

const BARS = randomBars("strategies", 500);

describe.each(STRATEGIES.map((definition) => [definition.id, definition] as const))("%s", (_, definition) => {
  test("has its first wish on the bar that its warm-up promises", () => {
    expect(play(definition, BARS).findIndex((wish) => wish !== undefined)).toBe(definition.warmupBars - 1);
  });

  test("goes both ways on a random market, and every wish is a direction from -1 to 1 with a reason", () => {
    const wishes = play(definition, BARS).filter((wish) => wish !== undefined);
    expect(wishes.some(({ direction }) => direction > 0)).toBe(true);
    expect(wishes.some(({ direction }) => direction < 0)).toBe(true);
    for (const { direction, reason } of wishes) {
      expect(Math.abs(direction)).toBeLessThanOrEqual(1);
      expect(reason.length).toBeGreaterThan(10);
    }
  });

  test("is long-only unless told otherwise", () => {
    const strategy = definition.create({});
    const wishes = BARS.map((bar, index) => {
      const rng = createRng(index);
      const features = Object.fromEntries(definition.features.map((name) => [name, 100 * rng.next() - 30]));
      return strategy.onBar({
        time: bar.start,
        symbol: "SPY",
        timeframe: "5m",
        bar,
        features,
        position: 0,
        parameters: {},
      });
    });
    expect(wishes.every((wish) => wish === undefined || wish.direction >= 0)).toBe(true);
  });

  test("does not see the future", () => {
    const truth = play(definition, BARS);
    for (const after of [40, 150, 333]) {
      const past = BARS.slice(0, after + 1);
      expect(play(definition, past)).toEqual(truth.slice(0, after + 1));
      for (const price of [Number.NaN, 1e300, 1]) {
        const future = BARS.slice(after + 1).map(({ start }) => {
          return { start, open: price, high: price, low: price, close: price, volume: price };
        });
        expect(play(definition, [...past, ...future]).slice(0, after + 1)).toEqual(truth.slice(0, after + 1));
      }
    }
  });

  test("says nothing when a feature is undefined or not a number, and forgets nothing by it", () => {
    const bar = BARS[0] as Bar;
    const about = { time: bar.start, symbol: "SPY", timeframe: "5m" as const, bar, position: 0, parameters: {} };
    const strategy = definition.create({});
    const all = Object.fromEntries(definition.features.map((name) => [name, 50]));
    strategy.onBar({ ...about, features: all });
    const before = JSON.stringify(strategy.state());
    for (const name of definition.features) {
      const { [name]: _left, ...others } = all;
      expect(strategy.onBar({ ...about, features: others })).toBeUndefined();
      expect(strategy.onBar({ ...about, features: { ...all, [name]: Number.NaN } })).toBeUndefined();
      expect(strategy.onBar({ ...about, features: { ...all, [name]: Number.POSITIVE_INFINITY } })).toBeUndefined();
    }
    expect(JSON.stringify(strategy.state())).toBe(before);
  });

  test("saved as text and restored at any bar it goes on as if nothing had been", () => {
    const truth = play(definition, BARS);
    for (const cut of [0, 25, 60, 200, 201, 450]) {
      const running: Strategy[] = [];
      const wishes = play(definition, BARS, (index) => {
        const next = definition.create({ allowShort: 1 });
        if (index === 0) running.push(next);
        if (index === cut) {
          next.restore(JSON.parse(JSON.stringify(running[0]?.state())));
          return next;
        }
        return index === 0 ? running[0] : undefined;
      });
      expect(wishes).toEqual(truth);
    }
    expect(() => definition.create({}).restore({ trend: "sideways" })).toThrow();
  });

  test("asks for features that exist and refuses parameters that do not", () => {
    for (const name of definition.features) expect(FEATURES.has(name)).toBe(true);
    expect(() => definition.create({ nonsense: 1 })).toThrow();
    expect(() => definition.create({ allowShort: 2 })).toThrow();
  });
});

test.each(["1m", "5m", "15m", "1h"] as const)(
  "the days read before a session warm up every strategy on bars of %s, one of them a half day",
  (interval) => {
    const minutes = { "1m": 1, "5m": 5, "15m": 15, "1h": 60 }[interval];
    const before = MINUTE_DAYS[interval] - 1;
    const bars = (before - 1) * Math.ceil(390 / minutes) + Math.ceil(210 / minutes);
    expect(bars).toBeGreaterThanOrEqual(Math.max(...STRATEGIES.map(({ warmupBars }) => warmupBars)));
  },
);

test("a strategy that does not exist is refused by name, with those that do", () => {
  expect(() => strategyOf("magic")).toThrow('no strategy is called "magic"; there are baseline, momentum');
});
