import type { FeatureDefinition, Kernel } from "./feature.ts";
import { parabolic } from "./parabolic.ts";
import {
  averageRange,
  define,
  exponential,
  lag,
  movingAverage,
  range,
  ratio,
  rolling,
  type Step,
  trueRange,
  wilder,
} from "./primitives.ts";

/** A feature of the close alone. */
const ofClose = (
  name: string,
  warmup: number,
  scale: FeatureDefinition["scale"],
  create: () => Step,
): FeatureDefinition =>
  define(name, warmup, scale, () => {
    const step = create();
    return ({ close }, commit) => step(close, commit);
  });

/** The value over a step of it, less one. */
const above = (step: Step): Step => {
  return (value, commit) => ratio(value, step(value, commit)) - 1;
};

const oneAbove = (fast: Step, slow: Step): Step => {
  return (value, commit) => ratio(fast(value, commit), slow(value, commit)) - 1;
};

/** Moving average convergence/divergence 12/26/9, each average seeded with its own first values. */
function convergence(part: "line" | "signal" | "histogram"): Step {
  const fast = exponential(12);
  const slow = exponential(26);
  const smooth = exponential(9);
  return (value, commit) => {
    const line = fast(value, commit) - slow(value, commit);
    const signal = smooth(line, commit);
    if (part === "line") return line;
    return part === "signal" ? signal : line - signal;
  };
}

const convergencePerRange = define("macd_hist_atr", 33, "scaleFree", () => {
  const histogram = convergence("histogram");
  const average = averageRange(14);
  return (bar, commit) => ratio(histogram(bar.close, commit), average(bar, commit));
});

/** Wilder's directional movement over 14 bars, smoothed from the mean of the first 14 values. */
function directional(part: "plus" | "minus" | "index"): Kernel {
  const width = trueRange();
  const highBefore = lag(1);
  const lowBefore = lag(1);
  const [ranges, ups, downs, index] = [wilder(14), wilder(14), wilder(14), wilder(14)];
  return (bar, commit) => {
    const up = bar.high - highBefore(bar.high, commit);
    const down = lowBefore(bar.low, commit) - bar.low;
    const span = ranges(width(bar, commit), commit);
    const isFirst = Number.isNaN(up);
    const plus = ratio(100 * ups(isFirst ? up : up > down && up > 0 ? up : 0, commit), span);
    const minus = ratio(100 * downs(isFirst ? down : down > up && down > 0 ? down : 0, commit), span);
    if (part === "plus") return plus;
    if (part === "minus") return minus;
    return index(ratio(100 * Math.abs(plus - minus), plus + minus), commit);
  };
}

/** 100 for an extreme at this bar, 0 for one 14 bars ago; of equal extremes the latest counts. */
function sinceExtreme(sign: 1 | -1): Step {
  return rolling(15, (window) => {
    let newest = 14;
    for (let i = 13; i >= 0; i -= 1) if (sign * window.at(i) > sign * window.at(newest)) newest = i;
    return (100 * newest) / 14;
  });
}

const aroonOscillator = define("aroon_osc_14", 14, "scaleFree", () => {
  const ups = sinceExtreme(1);
  const downs = sinceExtreme(-1);
  return ({ high, low }, commit) => ups(high, commit) - downs(low, commit);
});

const tripleChange = (): Step => {
  const [first, second, third, before] = [exponential(15), exponential(15), exponential(15), lag(1)];
  return (value, commit) => {
    const smooth = third(second(first(value, commit), commit), commit);
    return 100 * (ratio(smooth, before(smooth, commit)) - 1);
  };
};

/** Kaufman's efficiency: net change over ten bars by the path walked. */
const efficiency = (): Step =>
  rolling(11, (window, value) => {
    let path = 0;
    for (let i = 1; i < 11; i += 1) path += Math.abs(window.at(i) - window.at(i - 1));
    return ratio(Math.abs(value - window.at(0)), path);
  });

/** Kaufman's adaptive average, started at the tenth close. */
function adaptive(): Step {
  const efficient = efficiency();
  const before = lag(1);
  let average = Number.NaN;
  return (value, commit) => {
    const earlier = before(value, commit);
    const factor = (efficient(value, commit) * (2 / 3 - 2 / 31) + 2 / 31) ** 2;
    const start = Number.isNaN(average) ? earlier : average;
    const next = start + factor * (value - start);
    if (commit && !Number.isNaN(next)) average = next;
    return next;
  };
}

/** Straight line through the last 20 log closes: slope a bar, share of variance explained, and that with its sign. */
function line(part: "slope" | "fit" | "strength"): Step {
  const regression = rolling(20, (window) => {
    const slope = window.slope();
    if (part === "slope") return slope;
    const explained = ratio(slope * slope * ((20 * 399) / 12), window.squares());
    return part === "fit" ? explained : Math.sign(slope) * explained;
  });
  return (value, commit) => regression(Math.log(value), commit);
}

const ichimoku = define("ichimoku_tk", 25, "scaleFree", () => {
  const short = range(9, (top, bottom) => (top + bottom) / 2);
  const long = range(26, (top, bottom) => (top + bottom) / 2);
  return (bar, commit) => (short(bar, commit) - long(bar, commit)) / bar.close;
});

const parabolicDistance = define("psar_dist", 14, "scaleFree", () => {
  const stop = parabolic();
  const average = averageRange(14);
  return (bar, commit) => ratio(bar.close - stop(bar, commit), average(bar, commit));
});

const weighted = (): Step =>
  rolling(20, (window) => {
    let top = 0;
    for (let i = 0; i < 20; i += 1) top += (i + 1) * window.at(i);
    return top / 210;
  });

/** Double and triple exponential average of 20: the lag of the simple one taken out. */
function sharpened(order: 2 | 3): Step {
  const [first, second, third] = [exponential(20), exponential(20), exponential(20)];
  return (value, commit) => {
    const once = first(value, commit);
    const twice = second(once, commit);
    return order === 2 ? 2 * once - twice : 3 * once - 3 * twice + third(twice, commit);
  };
}

/** Trends (catalogue 4.2). */
export const TREND_FEATURES: readonly FeatureDefinition[] = [
  ...[5, 10, 20, 50, 100, 200].map((n) => ofClose(`sma_${n}`, n - 1, "level", () => movingAverage(n))),
  ...[5, 10, 20, 50, 100, 200].map((n) => ofClose(`ema_${n}`, n - 1, "level", () => exponential(n))),
  ...[20, 50, 200].map((n) => ofClose(`px_to_sma_${n}`, n - 1, "scaleFree", () => above(movingAverage(n)))),
  ofClose("px_to_ema_20", 19, "scaleFree", () => above(exponential(20))),
  ofClose("sma_10_20", 19, "scaleFree", () => oneAbove(movingAverage(10), movingAverage(20))),
  ofClose("sma_20_50", 49, "scaleFree", () => oneAbove(movingAverage(20), movingAverage(50))),
  ofClose("macd", 25, "level", () => convergence("line")),
  ofClose("macd_signal", 33, "level", () => convergence("signal")),
  ofClose("macd_hist", 33, "level", () => convergence("histogram")),
  convergencePerRange,
  define("plus_di_14", 14, "scaleFree", () => directional("plus")),
  define("minus_di_14", 14, "scaleFree", () => directional("minus")),
  define("adx_14", 27, "scaleFree", () => directional("index")),
  define("aroon_up_14", 14, "scaleFree", () => {
    const since = sinceExtreme(1);
    return ({ high }, commit) => since(high, commit);
  }),
  define("aroon_down_14", 14, "scaleFree", () => {
    const since = sinceExtreme(-1);
    return ({ low }, commit) => since(low, commit);
  }),
  aroonOscillator,
  ofClose("trix_15", 43, "scaleFree", tripleChange),
  ofClose("efficiency_ratio_10", 10, "scaleFree", efficiency),
  ofClose("kama_10", 10, "level", adaptive),
  ofClose("linreg_slope_20", 19, "scaleFree", () => line("slope")),
  ofClose("linreg_r2_20", 19, "scaleFree", () => line("fit")),
  ofClose("trend_strength", 19, "scaleFree", () => line("strength")),
  define("psar", 1, "level", parabolic),
  parabolicDistance,
  define("tenkan_9", 8, "level", () => range(9, (top, bottom) => (top + bottom) / 2)),
  define("kijun_26", 25, "level", () => range(26, (top, bottom) => (top + bottom) / 2)),
  ichimoku,
  ofClose("wma_20", 19, "level", weighted),
  ofClose("dema_20", 38, "level", () => sharpened(2)),
  ofClose("tema_20", 57, "level", () => sharpened(3)),
];
