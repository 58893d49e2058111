import type { Bar } from "#shared/model/market.ts";
import type { FeatureDefinition } from "./feature.ts";
import { chain, deviation, lag, mean, movingAverage, ratio, sum, wilder, window } from "./primitives.ts";

const define = (
  name: string,
  warmup: number,
  scale: FeatureDefinition["scale"],
  create: FeatureDefinition["create"],
): FeatureDefinition => ({ name, warmup, scale, version: 1, create });

const typical = (bar: Bar): number => (bar.high + bar.low + bar.close) / 3;

/** max(H - L, |H - C-1|, |L - C-1|); undefined on the first bar. */
function trueRange() {
  const before = lag(1);
  return (bar: Bar, commit: boolean): number | undefined => {
    const close = before(bar.close, commit);
    if (close === undefined) return undefined;
    return Math.max(bar.high - bar.low, Math.abs(bar.high - close), Math.abs(bar.low - close));
  };
}

const relativeStrength = (n: number) =>
  define(`rsi_${n}`, n, "scaleFree", () => {
    const before = lag(1);
    const gains = wilder(n);
    const losses = wilder(n);
    return ({ close }, commit) => {
      const earlier = before(close, commit);
      if (earlier === undefined) return undefined;
      const gain = gains(Math.max(close - earlier, 0), commit);
      const loss = losses(Math.max(earlier - close, 0), commit);
      return gain === undefined || loss === undefined ? undefined : ratio(100 * gain, gain + loss);
    };
  });

const averageTrueRange = (n: number) =>
  define(`atr_${n}`, n, "level", () => {
    const range = trueRange();
    const smooth = wilder(n);
    return (bar, commit) => chain(range(bar, commit), smooth, commit);
  });

const normalisedRange = define("natr_14", 14, "scaleFree", () => {
  const range = trueRange();
  const smooth = wilder(14);
  return (bar, commit) => {
    const average = chain(range(bar, commit), smooth, commit);
    return average === undefined ? undefined : (100 * average) / bar.close;
  };
});

/** Wilder's directional movement, seeded with the mean of the first n values (`seed: own`). */
function directional(part: "plus" | "minus" | "adx"): FeatureDefinition["create"] {
  return () => {
    const n = 14;
    const range = trueRange();
    const highBefore = lag(1);
    const lowBefore = lag(1);
    const [ranges, ups, downs, index] = [wilder(n), wilder(n), wilder(n), wilder(n)];
    return (bar, commit) => {
      const width = range(bar, commit);
      const high = highBefore(bar.high, commit);
      const low = lowBefore(bar.low, commit);
      if (width === undefined || high === undefined || low === undefined) return undefined;
      const up = bar.high - high;
      const down = low - bar.low;
      const tr = ranges(width, commit);
      const plus = ratio(ups(up > down && up > 0 ? up : 0, commit), tr);
      const minus = ratio(downs(down > up && down > 0 ? down : 0, commit), tr);
      if (plus === undefined || minus === undefined) return undefined;
      if (part === "plus") return 100 * plus;
      if (part === "minus") return 100 * minus;
      return chain(ratio(100 * Math.abs(plus - minus), plus + minus), index, commit);
    };
  };
}

/** Position of the close in the range of the last 14 bars, smoothed over 3. */
function stochastic(part: "k" | "d"): FeatureDefinition["create"] {
  return () => {
    const highs = window(14);
    const lows = window(14);
    const slowK = movingAverage(3);
    const slowD = movingAverage(3);
    return ({ high, low, close }, commit) => {
      const tops = highs(high, commit);
      const bottoms = lows(low, commit);
      if (tops === undefined || bottoms === undefined) return undefined;
      const bottom = Math.min(...bottoms);
      const raw = ratio(100 * (close - bottom), Math.max(...tops) - bottom);
      const k = chain(raw, slowK, commit);
      const d = chain(k, slowD, commit);
      return part === "k" ? k : d;
    };
  };
}

const williams = define("willr_14", 13, "scaleFree", () => {
  const highs = window(14);
  const lows = window(14);
  return ({ high, low, close }, commit) => {
    const tops = highs(high, commit);
    const bottoms = lows(low, commit);
    if (tops === undefined || bottoms === undefined) return undefined;
    const top = Math.max(...tops);
    return ratio(-100 * (top - close), top - Math.min(...bottoms));
  };
});

const commodityChannel = define("cci_20", 19, "scaleFree", () => {
  const recent = window(20);
  return (bar, commit) => {
    const values = recent(typical(bar), commit);
    if (values === undefined) return undefined;
    const centre = mean(values);
    const spread = mean(values.map((value) => Math.abs(value - centre)));
    return ratio(typical(bar) - centre, 0.015 * spread);
  };
});

/** Band of two population deviations around the 20-bar mean. */
function bollinger(part: "upper" | "middle" | "lower" | "width" | "position"): FeatureDefinition["create"] {
  return () => {
    const recent = window(20);
    return ({ close }, commit) => {
      const values = recent(close, commit);
      if (values === undefined) return undefined;
      const middle = mean(values);
      const reach = 2 * deviation(values, 0);
      switch (part) {
        case "upper":
          return middle + reach;
        case "middle":
          return middle;
        case "lower":
          return middle - reach;
        case "width":
          return ratio(2 * reach, middle);
        case "position":
          return ratio(close - middle + reach, 2 * reach);
      }
    };
  };
}

const volatility = (n: number) =>
  define(`vol_${n}`, n, "scaleFree", () => {
    const before = lag(1);
    const recent = window(n);
    return ({ close }, commit) => {
      const earlier = before(close, commit);
      if (earlier === undefined) return undefined;
      const values = recent(close / earlier - 1, commit);
      return values === undefined ? undefined : deviation(values, 1);
    };
  });

const donchian = define("donchian_pos", 19, "scaleFree", () => {
  const highs = window(20);
  const lows = window(20);
  return ({ high, low, close }, commit) => {
    const tops = highs(high, commit);
    const bottoms = lows(low, commit);
    if (tops === undefined || bottoms === undefined) return undefined;
    const bottom = Math.min(...bottoms);
    return ratio(close - bottom, Math.max(...tops) - bottom);
  };
});

const moneyFlow = define("mfi_14", 14, "scaleFree", () => {
  const before = lag(1);
  const positive = window(14);
  const negative = window(14);
  return (bar, commit) => {
    const price = typical(bar);
    const earlier = before(price, commit);
    if (earlier === undefined) return undefined;
    const flow = price * bar.volume;
    const up = positive(price > earlier ? flow : 0, commit);
    const down = negative(price < earlier ? flow : 0, commit);
    return up === undefined || down === undefined ? undefined : ratio(100 * sum(up), sum(up) + sum(down));
  };
});

/** Oscillators, volatility and bands (catalogue 4.3 and 4.4). */
export const OSCILLATOR_FEATURES: readonly FeatureDefinition[] = [
  ...[7, 14, 21].map(relativeStrength),
  define("tr", 1, "level", trueRange),
  ...[7, 14].map(averageTrueRange),
  normalisedRange,
  define("plus_di_14", 14, "scaleFree", directional("plus")),
  define("minus_di_14", 14, "scaleFree", directional("minus")),
  define("adx_14", 27, "scaleFree", directional("adx")),
  define("stoch_k", 15, "scaleFree", stochastic("k")),
  define("stoch_d", 17, "scaleFree", stochastic("d")),
  williams,
  commodityChannel,
  moneyFlow,
  ...[20, 60].map(volatility),
  define("bb_upper", 19, "level", bollinger("upper")),
  define("bb_middle", 19, "level", bollinger("middle")),
  define("bb_lower", 19, "level", bollinger("lower")),
  define("bb_width", 19, "scaleFree", bollinger("width")),
  define("bb_pctb", 19, "scaleFree", bollinger("position")),
  donchian,
];
