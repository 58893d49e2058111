import { describe, expect, test } from "vitest";
import { fractionalWeights } from "#core/features/distribution.ts";
import { FEATURES, featureOf } from "#core/features/registry.ts";
import { Window } from "#core/features/window.ts";
import type { Bar } from "#shared/model/market.ts";
import { barsOf, DAILY, FIVE_MINUTES, randomBars, valuesOf } from "./series.ts";

/** Plain arithmetic on whole arrays: the definitions of the catalogue, written once more and slowly. */
const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);
const mean = (xs: readonly number[]): number => sum(xs) / xs.length;
const variance = (xs: readonly number[], ddof: number): number =>
  sum(xs.map((x) => (x - mean(xs)) ** 2)) / (xs.length - ddof);
const sd = (xs: readonly number[], ddof: number): number => Math.sqrt(variance(xs, ddof));
const correlation = (xs: readonly number[], ys: readonly number[]): number =>
  mean(xs.map((x, i) => (x - mean(xs)) * ((ys[i] ?? 0) - mean(ys)))) / (sd(xs, 0) * sd(ys, 0));
const slope = (ys: readonly number[]): number => {
  const xs = ys.map((_, i) => i);
  return (correlation(xs, ys) * sd(ys, 0)) / sd(xs, 0);
};
const tail = <T>(xs: readonly T[], n: number): readonly T[] => xs.slice(xs.length - n);
const pairs = (xs: readonly number[]): readonly (readonly [number, number])[] =>
  xs.slice(1).map((x, i) => [xs[i] ?? Number.NaN, x] as const);

/** What a definition may use: the bars up to and with t. */
type History = {
  readonly bars: readonly Bar[];
  readonly o: readonly number[];
  readonly h: readonly number[];
  readonly l: readonly number[];
  readonly c: readonly number[];
  readonly v: readonly number[];
  /** Simple and log returns. */
  readonly r: readonly number[];
  readonly g: readonly number[];
  readonly bar: Bar;
};

const location = ({ high, low, close }: Bar): number => (close - low - (high - close)) / (high - low);
const obv = ({ c, v }: History): readonly number[] => {
  let total = v[0] ?? 0;
  return [total, ...pairs(c).map(([before, now], i) => (total += Math.sign(now - before) * (v[i + 1] ?? 0)))];
};
const ad = ({ bars }: History): readonly number[] => {
  let total = 0;
  return bars.map((bar) => (total += location(bar) * bar.volume));
};
const volatilities = (r: readonly number[], count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => sd(r.slice(r.length - count + i - 19, r.length - count + i + 1), 1));
const rs = ({ open, high, low, close }: Bar): number =>
  Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open);
const changes = (xs: readonly number[]): readonly number[] => pairs(xs).map(([before, now]) => now / before - 1);
const last = (xs: readonly number[], back = 0): number => xs.at(-1 - back) ?? Number.NaN;
const dollars = ({ bars }: History): readonly number[] => bars.map((bar) => bar.close * bar.volume);

const REFERENCE: Readonly<Record<string, (x: History) => number>> = {
  log_price: ({ c }) => Math.log(last(c)),
  ret_1: ({ c }) => last(c) / last(c, 1) - 1,
  ret_60: ({ c }) => last(c) / last(c, 60) - 1,
  log_ret_1: ({ c }) => Math.log(last(c)) - Math.log(last(c, 1)),
  ret_sq: ({ r }) => last(r) ** 2,
  mom_12_1: ({ c }) => last(c, 21) / last(c, 252) - 1,
  gap_open: ({ o, c }) => last(o) / last(c, 1) - 1,
  high_low_ratio: ({ bar }) => bar.high / bar.low,
  range_pct: ({ bar }) => (bar.high - bar.low) / bar.close,
  close_location: ({ bar }) => location(bar),
  body_pct: ({ bar }) => (bar.close - bar.open) / bar.open,
  upper_wick: ({ bar }) => (bar.high - Math.max(bar.open, bar.close)) / bar.close,
  lower_wick: ({ bar }) => (Math.min(bar.open, bar.close) - bar.low) / bar.close,
  sma_200: ({ c }) => mean(tail(c, 200)),
  px_to_sma_50: ({ c }) => last(c) / mean(tail(c, 50)) - 1,
  sma_10_20: ({ c }) => mean(tail(c, 10)) / mean(tail(c, 20)) - 1,
  sma_20_50: ({ c }) => mean(tail(c, 20)) / mean(tail(c, 50)) - 1,
  efficiency_ratio_10: ({ c }) =>
    Math.abs(last(c) - last(c, 10)) / sum(pairs(tail(c, 11)).map(([before, now]) => Math.abs(now - before))),
  linreg_slope_20: ({ c }) => slope(tail(c, 20).map(Math.log)),
  linreg_r2_20: ({ c }) =>
    correlation(
      Array.from({ length: 20 }, (_, i) => i),
      tail(c, 20).map(Math.log),
    ) ** 2,
  tenkan_9: ({ h, l }) => (Math.max(...tail(h, 9)) + Math.min(...tail(l, 9))) / 2,
  kijun_26: ({ h, l }) => (Math.max(...tail(h, 26)) + Math.min(...tail(l, 26))) / 2,
  donchian_pos: ({ h, l, c }) => {
    const [top, bottom] = [Math.max(...tail(h, 20)), Math.min(...tail(l, 20))];
    return (last(c) - bottom) / (top - bottom);
  },
  px_to_resistance: ({ h, c }) => last(c) / Math.max(...tail(h, 20)) - 1,
  px_to_support: ({ l, c }) => last(c) / Math.min(...tail(l, 20)) - 1,
  vol_20: ({ r }) => sd(tail(r, 20), 1),
  vol_60: ({ r }) => sd(tail(r, 60), 1),
  down_vol_20: ({ r }) => Math.sqrt(mean(tail(r, 20).map((x) => Math.min(x, 0) ** 2))),
  hv_ann_20: ({ g }) => sd(tail(g, 20), 1) * Math.sqrt(252 * 78),
  parkinson_20: ({ bars }) =>
    Math.sqrt(mean(tail(bars, 20).map((bar) => Math.log(bar.high / bar.low) ** 2)) / (4 * Math.log(2))),
  garman_klass_20: ({ bars }) =>
    Math.sqrt(
      mean(
        tail(bars, 20).map(
          (bar) =>
            0.5 * Math.log(bar.high / bar.low) ** 2 - (2 * Math.log(2) - 1) * Math.log(bar.close / bar.open) ** 2,
        ),
      ),
    ),
  rogers_satchell_20: ({ bars }) => Math.sqrt(mean(tail(bars, 20).map(rs))),
  yang_zhang_20: ({ bars, o, c }) => {
    const night = tail(bars, 20).map((_, i) => Math.log(last(o, 19 - i) / last(c, 20 - i)));
    const day = tail(bars, 20).map((bar) => Math.log(bar.close / bar.open));
    const k = 0.34 / (1.34 + 21 / 19);
    return Math.sqrt(variance(night, 1) + k * variance(day, 1) + (1 - k) * mean(tail(bars, 20).map(rs)));
  },
  vol_ratio_10_60: ({ r }) => sd(tail(r, 10), 1) / sd(tail(r, 60), 1),
  vol_of_vol_20: ({ r }) => sd(volatilities(r, 20), 1) / mean(volatilities(r, 20)),
  vol_pct_252: ({ r }) => {
    const known = volatilities(r, Math.min(252, r.length - 19));
    return known.filter((x) => x <= last(known)).length / known.length;
  },
  bb_width: ({ c }) => (4 * sd(tail(c, 20), 0)) / mean(tail(c, 20)),
  bb_pctb: ({ c }) => {
    const reach = 2 * sd(tail(c, 20), 0);
    return (last(c) - (mean(tail(c, 20)) - reach)) / (2 * reach);
  },
  zscore_20: ({ c }) => (last(c) - mean(tail(c, 20))) / sd(tail(c, 20), 1),
  pctrank_252: ({ c }) => tail(c, 252).filter((x) => x <= last(c)).length / 252,
  skew_60: ({ r }) => {
    const xs = tail(r, 60);
    const m = (k: number): number => mean(xs.map((x) => (x - mean(xs)) ** k));
    return ((m(3) / m(2) ** 1.5) * Math.sqrt(60 * 59)) / 58;
  },
  kurt_60: ({ r }) => {
    const xs = tail(r, 60);
    const m = (k: number): number => mean(xs.map((x) => (x - mean(xs)) ** k));
    return (59 / (58 * 57)) * (61 * (m(4) / m(2) ** 2 - 3) + 6);
  },
  autocorr1_60: ({ g }) => correlation(tail(g, 60), tail(g, 61).slice(0, 60)),
  var_ratio_5_60: ({ c, g }) => {
    const p = tail(c, 61).map(Math.log);
    const drift = mean(tail(g, 60));
    const moves = p.slice(5).map((x, i) => (x - (p[i] ?? 0) - 5 * drift) ** 2);
    return sum(moves) / (5 * 56 * (1 - 5 / 60)) / variance(tail(g, 60), 1);
  },
  half_life_120: ({ c }) => {
    const x = tail(c, 120).map(Math.log);
    const levels = x.slice(0, 119);
    const moves = pairs(x).map(([before, now]) => now - before);
    const lambda = (correlation(levels, moves) * sd(moves, 0)) / sd(levels, 0);
    return lambda < 0 ? Math.min(120, -Math.log(2) / lambda) : Number.NaN;
  },
  hurst_500: ({ c }) => {
    const p = tail(c, 500).map(Math.log);
    const spans = Array.from({ length: 19 }, (_, i) => i + 2);
    const x = spans.map(Math.log);
    const y = spans.map((span) =>
      Math.log(
        sd(
          p.slice(span).map((value, i) => value - (p[i] ?? 0)),
          0,
        ),
      ),
    );
    return (correlation(x, y) * sd(y, 0)) / sd(x, 0);
  },
  volume_ratio: ({ v }) => last(v) / mean(tail(v, 20)),
  volume_change: ({ v }) => last(v) / last(v, 1) - 1,
  volume_z_20: ({ v }) => {
    const logs = tail(v, 20).map((x) => Math.log(1 + x));
    return (last(logs) - mean(logs)) / sd(logs, 1);
  },
  log_dollar_vol_20: (x) => Math.log(mean(tail(dollars(x), 20))),
  obv_sma_20: (x) => mean(tail(obv(x), 20)),
  obv_slope_20: (x) => slope(tail(obv(x), 20)) / mean(tail(x.v, 20)),
  ad_slope_20: (x) => slope(tail(ad(x), 20)) / mean(tail(x.v, 20)),
  cmf_20: ({ bars, v }) => sum(tail(bars, 20).map((bar) => location(bar) * bar.volume)) / sum(tail(v, 20)),
  up_volume_ratio_20: ({ c, v }) =>
    sum(tail(pairs(c), 20).map(([before, now], i) => (now > before ? last(v, 19 - i) : 0))) / sum(tail(v, 20)),
  vwma_20: (x) => sum(tail(dollars(x), 20)) / sum(tail(x.v, 20)),
  amihud_20: (x) => 1e6 * mean(tail(x.r, 20).map((value, i) => Math.abs(value) / last(dollars(x), 19 - i))),
  vol_ret_corr_20: ({ r, v }) => correlation(tail(r, 20), tail(changes(v), 20)),
};

const BARS = randomBars("reference", 760);

function historyAt(index: number): History {
  const bars = BARS.slice(0, index + 1);
  const of = (read: (bar: Bar) => number): readonly number[] => bars.map(read);
  const c = of((bar) => bar.close);
  const bar = bars.at(-1);
  if (bar === undefined) throw new Error("a history has a bar");
  return {
    bars,
    bar,
    c,
    o: of(({ open }) => open),
    h: of(({ high }) => high),
    l: of(({ low }) => low),
    v: of(({ volume }) => volume),
    r: changes(c),
    g: pairs(c).map(([before, now]) => Math.log(now / before)),
  };
}

test.each(Object.entries(REFERENCE))("%s is its definition, written plainly, to 1e-9", (name, reference) => {
  const definition = featureOf(name);
  const values = valuesOf(definition, BARS);
  for (const index of [definition.warmup, definition.warmup + 1, 577, 700, 759]) {
    const expected = reference(historyAt(index));
    const value = values[index] ?? Number.NaN;
    if (Number.isNaN(expected)) expect(value, `at ${index}`).toBeNaN();
    else expect(Math.abs(value - expected) / Math.max(1, Math.abs(expected)), `at ${index}`).toBeLessThan(1e-9);
  }
});

describe("windows", () => {
  test("a deviation of one around a billion keeps nine digits", () => {
    const window = new Window(100);
    for (let i = 0; i < 100; i += 1) window.see(1e9 + (i % 2), true);
    expect(window.deviation(0)).toBeCloseTo(0.5, 9);
  });

  test("equal values deviate by exactly nothing", () => {
    const window = new Window(20);
    for (let i = 0; i < 200; i += 1) window.see(0.1, true);
    expect(window.deviation(1)).toBe(0);
    expect(window.mean()).not.toBe(0.1);
  });

  test("a look changes nothing, also where the store is moved down", () => {
    const window = new Window(3);
    for (let i = 0; i < 1000; i += 1) {
      window.see(-1, false);
      window.see(i, true);
      expect(window.sum()).toBe(i < 2 ? (i * (i + 1)) / 2 : 3 * i - 3);
    }
  });
});

describe("values that a trader can check by hand", () => {
  const only = (name: string, bars: readonly Bar[]): number | undefined => valuesOf(featureOf(name), bars).at(-1);
  const rising = barsOf(Array.from({ length: 80 }, (_, i) => 100 + i));
  const falling = barsOf(Array.from({ length: 80 }, (_, i) => 200 - i));

  test("a series that only rises has a relative strength of 100, one that only falls of 0", () => {
    expect(only("rsi_14", rising)).toBe(100);
    expect(only("rsi_14", falling)).toBe(0);
    expect(only("cmo_14", rising)).toBe(100);
    expect(only("adx_14", rising)).toBe(100);
    expect(only("efficiency_ratio_10", falling)).toBe(1);
  });

  test("the mean of 1 to 5 is 3, and its exponential average starts there", () => {
    const bars = barsOf([1, 2, 3, 4, 5, 6]);
    expect(valuesOf(featureOf("sma_5"), bars)).toEqual([undefined, undefined, undefined, undefined, 3, 4]);
    expect(valuesOf(featureOf("ema_5"), bars)).toEqual([undefined, undefined, undefined, undefined, 3, 4]);
    expect(only("ema_5", barsOf([1, 2, 3, 4, 5, 9]))).toBe(5);
  });

  test("the weights of the fractional difference are the published ones", () => {
    const weights = fractionalWeights();
    const published = [1, -0.4, -0.12, -0.064, -0.0416, -0.029952];
    for (const [k, weight] of published.entries()) expect(weights[k]).toBeCloseTo(weight, 12);
    expect(Math.abs(weights.at(-1) ?? 0)).toBeGreaterThanOrEqual(1e-4);
  });

  test("the session's average price starts afresh at every open", () => {
    const bars = randomBars("vwap", 80);
    const values = valuesOf(featureOf("vwap_session"), bars);
    const typical = (bar: Bar | undefined): number => ((bar?.high ?? 0) + (bar?.low ?? 0) + (bar?.close ?? 0)) / 3;
    // The 79th bar is the first of the second day.
    expect(values[0]).toBe(typical(bars[0]));
    expect(values[78]).toBeCloseTo(typical(bars[78]), 12);
    const [a, b] = [bars[0], bars[1]];
    const shares = (a?.volume ?? 0) + (b?.volume ?? 0);
    const traded = typical(a) * (a?.volume ?? 0) + typical(b) * (b?.volume ?? 0);
    expect(values[1]).toBeCloseTo(traded / shares, 10);
  });

  test("the return over night is the first open against the last close, all day", () => {
    const bars = randomBars("night", 160);
    const values = valuesOf(featureOf("overnight_ret"), bars);
    const expected = (bars[78]?.open ?? 0) / (bars[77]?.close ?? 1) - 1;
    expect(values.slice(0, 78).every((value) => value === undefined)).toBe(true);
    expect(new Set(values.slice(78, 156))).toEqual(new Set([expected]));
    expect(values[156]).toBe((bars[156]?.open ?? 0) / (bars[155]?.close ?? 1) - 1);
  });

  test("the first hour is known at 10:30 and the opening range at 09:45", () => {
    const bars = randomBars("hour", 78);
    const hour = valuesOf(featureOf("first_hour_ret"), bars);
    expect(hour[10]).toBeUndefined();
    expect(hour[11]).toBeCloseTo((bars[11]?.close ?? 0) / (bars[0]?.open ?? 1) - 1, 15);
    expect(hour[77]).toBe(hour[11]);
    const range = valuesOf(featureOf("opening_range_pos"), bars);
    const high = Math.max(...bars.slice(0, 3).map((bar) => bar.high));
    const low = Math.min(...bars.slice(0, 3).map((bar) => bar.low));
    expect(range[1]).toBeUndefined();
    expect(range[40]).toBeCloseTo(((bars[40]?.close ?? 0) - low) / (high - low), 12);
  });

  test("the volume of a time of day is compared with that of the last twenty sessions", () => {
    const bars = randomBars("tod", 78 * 21).map((bar, index) => ({ ...bar, volume: index < 78 * 20 ? 500 : 1000 }));
    expect(valuesOf(featureOf("rel_volume_tod"), bars).slice(78 * 20)).toEqual(Array.from({ length: 78 }, () => 2));
  });

  test("the clock of the session knows minutes, half days and weekdays", () => {
    const [first, second] = randomBars("clock", 80);
    const at = (name: string, bar: Bar | undefined, context = FIVE_MINUTES) =>
      bar === undefined ? undefined : valuesOf(featureOf(name), [bar], context)[0];
    expect([at("minutes_from_open", second), at("minutes_to_close", second), at("bars_since_open", second)]).toEqual([
      5, 380, 1,
    ]);
    // 2013-10-07 was a Monday.
    expect([at("dow_sin", first), at("dow_cos", first), at("tod_sin", first), at("is_half_day", first)]).toEqual([
      0, 1, 0, 0,
    ]);
    const halfDay = DAILY.calendar.sessionOn("2015-12-24");
    expect(at("is_half_day", first && { ...first, start: halfDay?.open ?? 0 }, DAILY)).toBe(1);
  });

  test("a bar of extended hours has no value that belongs to the session, and changes none", () => {
    const bars = randomBars("extended", 100);
    const early = { ...(bars[78] ?? bars[0]), start: (bars[78]?.start ?? 0) - 600_000_000 } as Bar;
    const withEarly = [...bars.slice(0, 78), early, ...bars.slice(78)];
    for (const name of ["vwap_session", "overnight_ret", "opening_range_pos", "rel_volume_tod", "tod_sin"]) {
      const values = valuesOf(featureOf(name), withEarly);
      expect(values[78]).toBeUndefined();
      expect(values.toSpliced(78, 1)).toEqual(valuesOf(featureOf(name), bars));
    }
  });
});

test("on a market that stands still, what divides by nothing is undefined and the rest is what it must be", () => {
  const flat = barsOf(
    Array.from({ length: 700 }, () => 50),
    0,
  );
  const undefinedThere = [...FEATURES.values()]
    .filter((definition) => valuesOf(definition, flat).at(-1) === undefined)
    .map(({ name }) => name);
  expect(undefinedThere.join(" ")).toBe(
    "close_location macd_hist_atr plus_di_14 minus_di_14 adx_14 efficiency_ratio_10 kama_10 linreg_r2_20 " +
      "trend_strength psar_dist rsi_7 rsi_14 rsi_21 cmo_14 stoch_k stoch_d willr_14 stochrsi_k stochrsi_d cci_20 " +
      "mfi_14 ultosc rsi_divergence_20 vol_ratio_10_60 vol_of_vol_20 bb_pctb donchian_pos volume_ratio " +
      "volume_change log_dollar_vol_20 volume_z_20 obv_slope_20 ad_slope_20 cmf_20 up_volume_ratio_20 vwma_20 " +
      "force_13 amihud_20 vol_ret_corr_20 zscore_20 skew_60 kurt_60 autocorr1_60 var_ratio_5_60 hurst_500 " +
      "half_life_120 vwap_session px_to_vwap vwap_z rel_volume_tod opening_range_pos",
  );
  expect(valuesOf(featureOf("bop"), flat).at(-1)).toBe(0);
  expect(valuesOf(featureOf("vol_20"), flat).at(-1)).toBe(0);
  expect(valuesOf(featureOf("sma_200"), flat).at(-1)).toBe(50);
});
