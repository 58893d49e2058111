import { describe, expect, test } from "vitest";
import { createFeatureSet } from "#core/features/feature-set.ts";
import { baseline } from "#core/strategies/baseline.ts";
import { barsOf, FIVE_MINUTES } from "#tests/core/features/series.ts";

/** Directions on a series of averages, as [fast, slow, position]. */
function directions(steps: readonly (readonly [number, number, number])[], parameters = {}): readonly number[] {
  const strategy = baseline.create(parameters);
  const [bar] = barsOf([100]);
  if (bar === undefined) throw new Error("there is a bar");
  return steps.map(([fast, slow, position]) => {
    const features = { sma_10: fast, sma_20: slow };
    const context = { time: bar.start, symbol: "SPY", timeframe: "5m" as const, bar, features, position, parameters };
    return strategy.onBar(context)?.direction ?? Number.NaN;
  });
}

describe("the crossover", () => {
  test("is long after the golden cross and flat after the death cross", () => {
    expect(
      directions([
        [99, 100, 0],
        [101, 100, 0],
        [101, 100, 50],
        [99, 100, 50],
        [99, 100, 0],
      ]),
    ).toEqual([0, 1, 1, 0, 0]);
  });

  test("takes part in a trend that it meets on its first warm bar", () => {
    expect(directions([[101, 100, 0]])).toEqual([1]);
    expect(directions([[99, 100, 0]])).toEqual([0]);
    expect(directions([[99, 100, 0]], { allowShort: 1 })).toEqual([-1]);
  });

  test("has no opinion while the averages stand within the margin of its start, and leaves what is held", () => {
    expect(
      directions([
        [100.01, 100, 0],
        [100.01, 100, 70],
        [100, 100, -70],
      ]),
    ).toEqual([0, 1, -1]);
  });

  test("a cross counts beyond the margin, not at it, and the last one counts on between", () => {
    const margin = { marginPercent: 3.125 };
    expect(
      directions(
        [
          [103.125, 100, 0],
          [103.2, 100, 0],
          [98, 100, 9],
          [96.875, 100, 9],
          [96.8, 100, 9],
        ],
        margin,
      ),
    ).toEqual([0, 1, 1, 1, 0]);
  });

  test("a position lost to its stop is not taken again before the next cross", () => {
    expect(
      directions([
        [101, 100, 0],
        [101, 100, 50],
        [102, 100, 0],
        [103, 100, 0],
        [99, 100, 0],
        [101, 100, 0],
      ]),
    ).toEqual([1, 1, 0, 0, 0, 1]);
  });

  test("an entry that was refused is wished for again", () => {
    expect(
      directions([
        [101, 100, 0],
        [101, 100, 0],
        [101, 100, 0],
      ]),
    ).toEqual([1, 1, 1]);
  });

  test("turns from long to short where shorts are allowed", () => {
    expect(
      directions(
        [
          [101, 100, 0],
          [99, 100, 50],
          [99, 100, 0],
          [99, 100, -50],
        ],
        { allowShort: 1 },
      ),
    ).toEqual([1, -1, -1, -1]);
  });
});

test("after 30 closes that fall by one it goes long on the eleventh that rises by one", () => {
  // The closes mirror each other around the turn, so with ten rising ones the last ten and the ten before them have the
  // same sum, and the averages meet. The next one crosses.
  const closes = Array.from({ length: 60 }, (_, i) => (i < 30 ? 200 - i : 141 + i));
  const set = createFeatureSet(baseline.features, FIVE_MINUTES);
  const strategy = baseline.create({ marginPercent: 0 });
  const mean = (to: number, n: number): number => closes.slice(to - n + 1, to + 1).reduce((sum, x) => sum + x, 0) / n;
  const bars = barsOf(closes);
  const firstLong = bars.findIndex((bar) => {
    const { values } = set.push(bar);
    const [fast, slow] = values;
    const features =
      fast === undefined || slow === undefined || Number.isNaN(slow) ? {} : { sma_10: fast, sma_20: slow };
    const wish = strategy.onBar({
      time: bar.start,
      symbol: "S",
      timeframe: "5m",
      bar,
      features,
      position: 0,
      parameters: {},
    });
    return wish?.direction === 1;
  });
  const crossed = closes.findIndex((_, i) => i >= 19 && mean(i, 10) > mean(i, 20));
  expect(firstLong).toBe(crossed);
  expect(firstLong).toBe(30 + 10);
});
