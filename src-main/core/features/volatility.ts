import type { Bar, Timeframe } from "#shared/model/market.ts";
import type { FeatureDefinition, Kernel } from "./feature.ts";
import {
  averageRange,
  define,
  exponential,
  lag,
  logChange,
  movingAverage,
  range,
  ratio,
  relativeChange,
  rolling,
  smoothed,
  trueRange,
  wilder,
} from "./primitives.ts";
import { Window } from "./window.ts";

/** Bars of a year of 252 sessions, the last bar of a session counted whole. */
const BARS_A_YEAR: Readonly<Record<Timeframe, number>> = {
  "1m": 98_280,
  "5m": 19_656,
  "15m": 6_552,
  "1h": 1_764,
  "1d": 252,
};

/** Sample deviation of the last `length` returns. */
function returnDeviation(length: number): Kernel {
  const change = relativeChange(1);
  const deviation = rolling(length, (window) => window.deviation(1));
  return ({ close }, commit) => deviation(change(close, commit), commit);
}

/** Root of the mean of a measure of the bar's range over 20 bars. */
const fromRange = (name: string, measure: (bar: Bar) => number): FeatureDefinition =>
  define(name, 19, "scaleFree", () => {
    const average = movingAverage(20);
    return (bar, commit) => Math.sqrt(average(measure(bar), commit));
  });

/** Rogers and Satchell (1991), "Estimating variance from high, low and closing prices". */
const rogersSatchell = ({ open, high, low, close }: Bar): number =>
  Math.log(high / close) * Math.log(high / open) + Math.log(low / close) * Math.log(low / open);

/** Garman and Klass (1980), "On the estimation of security price volatilities from historical data". */
const garmanKlass = ({ open, high, low, close }: Bar): number =>
  0.5 * Math.log(high / low) ** 2 - (2 * Math.LN2 - 1) * Math.log(close / open) ** 2;

/** Yang and Zhang (2000), "Drift-independent volatility estimation": over night, over day and in between. */
const yangZhang = define("yang_zhang_20", 20, "scaleFree", () => {
  const before = lag(1);
  const night = rolling(20, (window) => window.squares() / 19);
  const day = rolling(20, (window) => window.squares() / 19);
  const between = movingAverage(20);
  const share = 0.34 / (1.34 + 21 / 19);
  return (bar, commit) => {
    const overnight = night(Math.log(bar.open / before(bar.close, commit)), commit);
    const daily = day(Math.log(bar.close / bar.open), commit);
    return Math.sqrt(overnight + share * daily + (1 - share) * between(rogersSatchell(bar), commit));
  };
});

const downside = define("down_vol_20", 20, "scaleFree", () => {
  const change = relativeChange(1);
  const average = movingAverage(20);
  return ({ close }, commit) => Math.sqrt(average(Math.min(change(close, commit), 0) ** 2, commit));
});

const annualised = define("hv_ann_20", 20, "scaleFree", ({ timeframe }) => {
  const change = logChange();
  const deviation = rolling(20, (window) => window.deviation(1));
  const scale = Math.sqrt(BARS_A_YEAR[timeframe]);
  return ({ close }, commit) => scale * deviation(change(close, commit), commit);
});

const weighted = define("ewma_vol_100", 20, "scaleFree", () => {
  const change = logChange();
  const variance = smoothed(20, 2 / 101);
  return ({ close }, commit) => Math.sqrt(variance(change(close, commit) ** 2, commit));
});

const shortToLong = define("vol_ratio_10_60", 60, "scaleFree", () => {
  const short = returnDeviation(10);
  const long = returnDeviation(60);
  return (bar, commit) => ratio(short(bar, commit), long(bar, commit));
});

const ofVolatility = define("vol_of_vol_20", 39, "scaleFree", () => {
  const deviation = returnDeviation(20);
  const spread = rolling(20, (window) => ratio(window.deviation(1), window.mean()));
  return (bar, commit) => spread(deviation(bar, commit), commit);
});

/** Share of the last 252 volatilities at or below the present one; at least 126 must be known. */
const percentile = define("vol_pct_252", 145, "scaleFree", () => {
  const deviation = returnDeviation(20);
  const window = new Window(252);
  return (bar, commit) => {
    const value = deviation(bar, commit);
    if (Number.isNaN(value)) return Number.NaN;
    const known = window.see(value, commit);
    return known < 126 ? Number.NaN : window.countUpTo(value) / known;
  };
});

/** Band of two population deviations around the mean of 20 closes. */
function band(part: "upper" | "middle" | "lower" | "width" | "position"): Kernel {
  const value = rolling(20, (window, close) => {
    const middle = window.mean();
    const reach = 2 * window.deviation(0);
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
  });
  return ({ close }, commit) => value(close, commit);
}

/** 1 while the band lies inside the Keltner channel, else 0. */
const squeeze = define("squeeze_on", 20, "scaleFree", () => {
  const upper = band("upper");
  const lower = band("lower");
  const centre = exponential(20);
  const width = trueRange();
  const smooth = wilder(20);
  return (bar, commit) => {
    const top = upper(bar, commit);
    const bottom = lower(bar, commit);
    const middle = centre(bar.close, commit);
    const reach = 1.5 * smooth(width(bar, commit), commit);
    if (Number.isNaN(middle + reach)) return Number.NaN;
    return top < middle + reach && bottom > middle - reach ? 1 : 0;
  };
});

/** Volatility and bands (catalogue 4.4). */
export const VOLATILITY_FEATURES: readonly FeatureDefinition[] = [
  define("tr", 1, "level", trueRange),
  ...[7, 14].map((n) => define(`atr_${n}`, n, "level", () => averageRange(n))),
  define("natr_14", 14, "scaleFree", () => {
    const average = averageRange(14);
    return (bar, commit) => (100 * average(bar, commit)) / bar.close;
  }),
  ...[20, 60].map((n) => define(`vol_${n}`, n, "scaleFree", () => returnDeviation(n))),
  downside,
  annualised,
  weighted,
  fromRange("parkinson_20", ({ high, low }) => Math.log(high / low) ** 2 / (4 * Math.LN2)),
  fromRange("garman_klass_20", garmanKlass),
  fromRange("rogers_satchell_20", rogersSatchell),
  yangZhang,
  shortToLong,
  ofVolatility,
  percentile,
  define("bb_upper", 19, "level", () => band("upper")),
  define("bb_middle", 19, "level", () => band("middle")),
  define("bb_lower", 19, "level", () => band("lower")),
  define("bb_width", 19, "scaleFree", () => band("width")),
  define("bb_pctb", 19, "scaleFree", () => band("position")),
  define("resistance_20", 19, "level", () => range(20, (top) => top)),
  define("support_20", 19, "level", () => range(20, (_, bottom) => bottom)),
  define("px_to_resistance", 19, "scaleFree", () => range(20, (top, _, { close }) => close / top - 1)),
  define("px_to_support", 19, "scaleFree", () => range(20, (_, bottom, { close }) => close / bottom - 1)),
  define("donchian_pos", 19, "scaleFree", () =>
    range(20, (top, bottom, { close }) => ratio(close - bottom, top - bottom)),
  ),
  squeeze,
];
