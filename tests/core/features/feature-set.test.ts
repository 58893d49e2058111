import { describe, expect, test } from "vitest";
import { createFeatureSet, featureSetOf, HISTORY_BARS } from "#core/features/feature-set.ts";
import { define } from "#core/features/primitives.ts";
import { FEATURES } from "#core/features/registry.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { MINUTE } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { DAILY, FIVE_MINUTES, randomBars } from "./series.ts";

const BARS = randomBars("set", 400);
const bits = (values: Float64Array): readonly bigint[] => [...new BigUint64Array(values.buffer)];

describe("a set of features", () => {
  test("computes what was asked, each once, in the order asked", () => {
    let calls = 0;
    const counted = define("counted", 0, "level", () => ({ close }) => {
      calls += 1;
      return close;
    });
    const set = featureSetOf([counted], FIVE_MINUTES);
    for (const bar of BARS) set.push(bar);
    expect(calls).toBe(BARS.length);
    const named = createFeatureSet(["rsi_14", "sma_10", "rsi_14", "sma_10"], FIVE_MINUTES);
    expect(named.ids()).toEqual(["rsi_14", "sma_10"]);
    expect(named.push(BARS[0] as Bar).values).toHaveLength(2);
  });

  test("a name that is not in the catalogue is refused by name", () => {
    expect(() => createFeatureSet(["sma_10", "sma_11"], FIVE_MINUTES)).toThrow('no feature is called "sma_11"');
    expect(() => createFeatureSet(["__proto__"], FIVE_MINUTES)).toThrow("no feature");
  });

  test("a vector may be known from the end of its bar, and on the last bar from the close", () => {
    const set = createFeatureSet(["price"], FIVE_MINUTES);
    const first = set.push(BARS[0] as Bar);
    expect(first.asOf - first.start).toBe(5 * MINUTE);
    const session = FIVE_MINUTES.calendar.sessionOn("2013-10-07");
    const daily = createFeatureSet(["price"], DAILY).push({ ...(BARS[0] as Bar), start: session?.open ?? 0 });
    expect(daily.asOf).toBe(session?.close);
    const hourly = createFeatureSet(["price"], { ...FIVE_MINUTES, timeframe: "1h" });
    expect(hourly.push({ ...(BARS[0] as Bar), start: (session?.close ?? 0) - 30 * MINUTE }).asOf).toBe(session?.close);
  });

  test.each([
    ["a NaN close", { close: Number.NaN }],
    ["a NaN volume", { volume: Number.NaN }],
    ["an infinite high", { high: Number.POSITIVE_INFINITY }],
    ["a low above the open", { low: 1e9 }],
    ["a negative volume", { volume: -1 }],
    ["a price of zero", { low: 0 }],
    ["the time of the bar before", { start: BARS[199]?.start ?? 0 }],
    ["a broken time", { start: Number.NaN }],
  ])("a bar with %s is undefined everywhere and leaves no trace", (_, wrong) => {
    const names = [...FEATURES.keys()];
    const one = createFeatureSet(names, FIVE_MINUTES);
    const two = createFeatureSet(names, FIVE_MINUTES);
    BARS.forEach((bar, index) => {
      if (index === 200) expect(one.push({ ...bar, ...wrong }).values.every(Number.isNaN)).toBe(true);
      expect(bits(one.push(bar).values)).toEqual(bits(two.push(bar).values));
    });
    expect([one.refused(), two.refused()]).toEqual([1, 0]);
  });

  test("rebuilding from kept bars gives the same bits as having run all along", () => {
    const names = [...FEATURES.keys()];
    const running = createFeatureSet(names, FIVE_MINUTES);
    const before = BARS.slice(0, 300)
      .map((bar) => running.push(bar))
      .at(-1);
    const rebuilt = createFeatureSet(names, FIVE_MINUTES);
    for (const bar of randomBars("another", 50)) rebuilt.push(bar);
    expect(bits(rebuilt.rebuild(BARS.slice(0, 300))?.values ?? new Float64Array())).toEqual(
      bits(before?.values ?? new Float64Array(1)),
    );
    for (const bar of BARS.slice(300)) expect(bits(rebuilt.push(bar).values)).toEqual(bits(running.push(bar).values));
    expect(rebuilt.rebuild([])).toBeUndefined();
  });

  test("a look at the forming bar is what a push of it would give, and commits nothing", () => {
    const names = [...FEATURES.keys()];
    const set = createFeatureSet(names, FIVE_MINUTES);
    for (const bar of BARS.slice(0, 350)) set.push(bar);
    const forming = BARS[350] as Bar;
    const looked = bits(set.revise(forming).values);
    set.revise({ ...forming, high: forming.high * 2, volume: 1 });
    expect(bits(set.push(forming).values)).toEqual(looked);
  });

  test("its warm-up is that of its slowest feature", () => {
    expect(createFeatureSet(["sma_10", "adx_14", "rsi_14"], FIVE_MINUTES).warmup()).toBe(27);
    expect(createFeatureSet([], FIVE_MINUTES).warmup()).toBe(0);
  });

  test("its identity tells apart what gives other values", () => {
    const identity = (names: readonly string[], context = FIVE_MINUTES): string =>
      canonical(createFeatureSet(names, context).identity());
    const own = identity(["sma_10", "rsi_14"]);
    expect(identity(["sma_10", "rsi_14"])).toBe(own);
    expect(identity(["rsi_14", "sma_10"])).not.toBe(own);
    expect(identity(["sma_10", "rsi_14"], DAILY)).not.toBe(own);
    expect(identity(["sma_10", "rsi_14"], { ...FIVE_MINUTES, adjustment: "splits" })).not.toBe(own);
    expect(own).toContain(`"historyBars":${HISTORY_BARS}`);
  });
});
