import type { Bar } from "#shared/model/market.ts";
import type { FeatureDefinition, Kernel } from "./feature.ts";
import {
  define,
  dollarVolume,
  exponential,
  lag,
  movingAverage,
  movingSum,
  ofBar,
  ratio,
  relativeChange,
  rolling,
  total,
} from "./primitives.ts";
import { Window } from "./window.ts";

const averageVolume = define("volume_sma_20", 19, "level", () => {
  const average = movingAverage(20);
  return ({ volume }, commit) => average(volume, commit);
});

const relativeVolume = define("volume_ratio", 19, "scaleFree", () => {
  const average = movingAverage(20);
  return ({ volume }, commit) => ratio(volume, average(volume, commit));
});

const volumeChange = define("volume_change", 1, "scaleFree", () => {
  const change = relativeChange(1);
  return ({ volume }, commit) => change(volume, commit);
});

const logDollars = define("log_dollar_vol_20", 19, "scaleFree", () => {
  const average = movingAverage(20);
  return (bar, commit) => Math.log(average(dollarVolume(bar), commit));
});

const volumeScore = define("volume_z_20", 19, "scaleFree", () => {
  const score = rolling(20, (window, value) => ratio(value - window.mean(), window.deviation(1)));
  return ({ volume }, commit) => score(Math.log1p(volume), commit);
});

/** Starts with the first bar's volume, then adds it on rises and takes it off on falls. */
function onBalance(): Kernel {
  const before = lag(1);
  const sum = total();
  return ({ close, volume }, commit) => {
    const earlier = before(close, commit);
    return sum(Number.isNaN(earlier) ? volume : Math.sign(close - earlier) * volume, commit);
  };
}

/** Volume weighted by where the close lies in the bar's range; nothing is added when there is no range. */
const moneyFlow = ({ high, low, close, volume }: Bar): number =>
  high === low ? 0 : ((close - low - (high - close)) / (high - low)) * volume;

function accumulation(): Kernel {
  const sum = total();
  return (bar, commit) => sum(moneyFlow(bar), commit);
}

/** Slope over 20 bars by the mean volume. */
const slopeOf = (name: string, source: () => Kernel): FeatureDefinition =>
  define(name, 19, "scaleFree", () => {
    const line = source();
    const slope = rolling(20, (window) => window.slope());
    const average = movingAverage(20);
    return (bar, commit) => ratio(slope(line(bar, commit), commit), average(bar.volume, commit));
  });

/** An exponential average that starts at its first value. */
function startedAverage(length: number) {
  let average = Number.NaN;
  return (value: number, commit: boolean): number => {
    const next = Number.isNaN(average) ? value : average + (2 / (length + 1)) * (value - average);
    if (commit) average = next;
    return next;
  };
}

/** Chaikin's oscillator: both averages start at the first value, and the tenth is the first shown. */
const accumulationOscillator = define("adosc_3_10", 9, "level", () => {
  const line = accumulation();
  const fast = startedAverage(3);
  const slow = startedAverage(10);
  const tenth = lag(9);
  return (bar, commit) => {
    const value = line(bar, commit);
    const gap = fast(value, commit) - slow(value, commit);
    return Number.isNaN(tenth(value, commit)) ? Number.NaN : gap;
  };
});

/** Sum of a part of the volume over 20 bars by the sum of all of it. */
const shareOfVolume = (name: string, warmup: number, part: () => Kernel): FeatureDefinition =>
  define(name, warmup, "scaleFree", () => {
    const value = part();
    const parts = movingSum(20);
    const all = movingSum(20);
    return (bar, commit) => ratio(parts(value(bar, commit), commit), all(bar.volume, commit));
  });

function risingVolume(): Kernel {
  const before = lag(1);
  return ({ close, volume }, commit) => {
    const earlier = before(close, commit);
    if (Number.isNaN(earlier)) return Number.NaN;
    return close > earlier ? volume : 0;
  };
}

const weightedAverage = define("vwma_20", 19, "level", () => {
  const traded = movingSum(20);
  const shares = movingSum(20);
  return (bar, commit) => ratio(traded(dollarVolume(bar), commit), shares(bar.volume, commit));
});

/** Elder's force, in units of the mean value traded. */
const force = define("force_13", 19, "scaleFree", () => {
  const before = lag(1);
  const smooth = exponential(13);
  const average = movingAverage(20);
  return (bar, commit) => {
    const push = (bar.close - before(bar.close, commit)) * bar.volume;
    return ratio(smooth(push, commit), average(dollarVolume(bar), commit));
  };
});

/** Amihud (2002), "Illiquidity and stock returns": move per million dollars. */
const illiquidity = define("amihud_20", 20, "scaleFree", () => {
  const change = relativeChange(1);
  const average = movingAverage(20);
  return (bar, commit) => 1e6 * average(ratio(Math.abs(change(bar.close, commit)), dollarVolume(bar)), commit);
});

const volumeWithReturn = define("vol_ret_corr_20", 20, "scaleFree", () => {
  const change = relativeChange(1);
  const volume = relativeChange(1);
  const returns = new Window(20);
  const changes = new Window(20);
  return (bar, commit) => {
    returns.see(change(bar.close, commit), commit);
    const isFull = changes.see(volume(bar.volume, commit), commit) === 20;
    return isFull ? returns.correlation(changes) : Number.NaN;
  };
});

/** Volume (catalogue 4.5, without what belongs to the session). */
export const VOLUME_FEATURES: readonly FeatureDefinition[] = [
  ofBar("volume", "level", ({ volume }) => volume),
  averageVolume,
  relativeVolume,
  volumeChange,
  ofBar("dollar_volume", "level", dollarVolume),
  logDollars,
  volumeScore,
  define("obv", 0, "level", onBalance),
  define("obv_sma_20", 19, "level", () => {
    const line = onBalance();
    const average = movingAverage(20);
    return (bar, commit) => average(line(bar, commit), commit);
  }),
  slopeOf("obv_slope_20", onBalance),
  define("ad", 0, "level", accumulation),
  slopeOf("ad_slope_20", accumulation),
  accumulationOscillator,
  shareOfVolume("cmf_20", 19, () => moneyFlow),
  shareOfVolume("up_volume_ratio_20", 20, risingVolume),
  weightedAverage,
  force,
  illiquidity,
  volumeWithReturn,
];
