import type { FeatureDefinition } from "./feature.ts";
import { chain, deviation, exponential, lag, mean, movingAverage, ratio, slope, window } from "./primitives.ts";

const define = (
  name: string,
  warmup: number,
  scale: FeatureDefinition["scale"],
  create: FeatureDefinition["create"],
): FeatureDefinition => ({ name, warmup, scale, version: 1, create });

const change = (n: number) =>
  define(`ret_${n}`, n, "scaleFree", () => {
    const before = lag(n);
    return ({ close }, commit) => {
      const earlier = before(close, commit);
      return earlier === undefined ? undefined : close / earlier - 1;
    };
  });

const logReturn = define("log_ret_1", 1, "scaleFree", () => {
  const before = lag(1);
  return ({ close }, commit) => {
    const earlier = before(close, commit);
    return earlier === undefined ? undefined : Math.log(close / earlier);
  };
});

const momentum = (n: number) =>
  define(`mom_${n}`, n, "level", () => {
    const before = lag(n);
    return ({ close }, commit) => {
      const earlier = before(close, commit);
      return earlier === undefined ? undefined : close - earlier;
    };
  });

const rateOfChange = (n: number) =>
  define(`roc_${n}`, n, "scaleFree", () => {
    const before = lag(n);
    return ({ close }, commit) => {
      const earlier = before(close, commit);
      return earlier === undefined ? undefined : 100 * (close / earlier - 1);
    };
  });

const simple = (n: number) =>
  define(`sma_${n}`, n - 1, "level", () => {
    const average = movingAverage(n);
    return ({ close }, commit) => average(close, commit);
  });

const exponentialAverage = (n: number) =>
  define(`ema_${n}`, n - 1, "level", () => {
    const average = exponential(n);
    return ({ close }, commit) => average(close, commit);
  });

const priceToSimple = (n: number) =>
  define(`px_to_sma_${n}`, n - 1, "scaleFree", () => {
    const average = movingAverage(n);
    return ({ close }, commit) => {
      const level = average(close, commit);
      return level === undefined ? undefined : close / level - 1;
    };
  });

const priceToExponential = define("px_to_ema_20", 19, "scaleFree", () => {
  const average = exponential(20);
  return ({ close }, commit) => {
    const level = average(close, commit);
    return level === undefined ? undefined : close / level - 1;
  };
});

const averages = (fast: number, slow: number) =>
  define(`sma_${fast}_${slow}`, slow - 1, "scaleFree", () => {
    const quick = movingAverage(fast);
    const lazy = movingAverage(slow);
    return ({ close }, commit) => {
      const quotient = ratio(quick(close, commit), lazy(close, commit));
      return quotient === undefined ? undefined : quotient - 1;
    };
  });

const weighted = define("wma_20", 19, "level", () => {
  const recent = window(20);
  return ({ close }, commit) => {
    const values = recent(close, commit);
    if (values === undefined) return undefined;
    let top = 0;
    values.forEach((value, index) => {
      top += value * (index + 1);
    });
    return top / 210;
  };
});

const linearSlope = define("linreg_slope_20", 19, "scaleFree", () => {
  const recent = window(20);
  return ({ close }, commit) => {
    const values = recent(Math.log(close), commit);
    return values === undefined ? undefined : slope(values);
  };
});

const efficiency = define("efficiency_ratio_10", 10, "scaleFree", () => {
  const recent = window(11);
  return ({ close }, commit) => {
    const values = recent(close, commit);
    if (values === undefined) return undefined;
    let path = 0;
    for (let i = 1; i < values.length; i += 1) path += Math.abs((values[i] ?? 0) - (values[i - 1] ?? 0));
    return ratio(Math.abs(close - (values[0] ?? close)), path);
  };
});

const zScore = define("zscore_20", 19, "scaleFree", () => {
  const recent = window(20);
  return ({ close }, commit) => {
    const values = recent(close, commit);
    return values === undefined ? undefined : ratio(close - mean(values), deviation(values, 1));
  };
});

const shape: readonly FeatureDefinition[] = [
  define(
    "price",
    0,
    "level",
    () =>
      ({ close }) =>
        close,
  ),
  define(
    "range_pct",
    0,
    "scaleFree",
    () =>
      ({ high, low, close }) =>
        (high - low) / close,
  ),
  define(
    "body_pct",
    0,
    "scaleFree",
    () =>
      ({ open, close }) =>
        (close - open) / open,
  ),
  define(
    "upper_wick",
    0,
    "scaleFree",
    () =>
      ({ open, high, close }) =>
        (high - Math.max(open, close)) / close,
  ),
  define(
    "lower_wick",
    0,
    "scaleFree",
    () =>
      ({ open, low, close }) =>
        (Math.min(open, close) - low) / close,
  ),
  define(
    "close_location",
    0,
    "scaleFree",
    () =>
      ({ high, low, close }) =>
        ratio(2 * close - low - high, high - low),
  ),
  define(
    "bop",
    0,
    "scaleFree",
    () =>
      ({ open, high, low, close }) =>
        high === low ? 0 : (close - open) / (high - low),
  ),
];

/** MACD 12/26/9, each average seeded with its own first values (`seed: own`). */
function macd(part: "line" | "signal" | "histogram"): FeatureDefinition["create"] {
  return () => {
    const fast = exponential(12);
    const slow = exponential(26);
    const smooth = exponential(9);
    return ({ close }, commit) => {
      const quick = fast(close, commit);
      const lazy = slow(close, commit);
      const line = quick === undefined || lazy === undefined ? undefined : quick - lazy;
      const signal = chain(line, smooth, commit);
      if (part === "line") return line;
      if (part === "signal") return signal;
      return line === undefined || signal === undefined ? undefined : line - signal;
    };
  };
}

/** Prices, returns and trends (catalogue 4.1 and 4.2). */
export const PRICE_FEATURES: readonly FeatureDefinition[] = [
  ...shape,
  ...[1, 5, 10, 20, 60].map(change),
  logReturn,
  ...[5, 10, 20].map(momentum),
  ...[5, 10, 20].map(rateOfChange),
  ...[5, 10, 20, 50, 100, 200].map(simple),
  ...[5, 10, 20, 50, 100, 200].map(exponentialAverage),
  ...[20, 50, 200].map(priceToSimple),
  priceToExponential,
  averages(10, 20),
  averages(20, 50),
  weighted,
  linearSlope,
  efficiency,
  zScore,
  define("macd", 25, "level", macd("line")),
  define("macd_signal", 33, "level", macd("signal")),
  define("macd_hist", 33, "level", macd("histogram")),
];
