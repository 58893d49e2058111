import type { FeatureDefinition } from "./feature.ts";
import { define, lag, logChange, ratio, relativeChange, rolling, type Step } from "./primitives.ts";
import { Window } from "./window.ts";

const ofReturns = (name: string, statistic: (window: Window) => number): FeatureDefinition =>
  define(name, 60, "scaleFree", () => {
    const change = relativeChange(1);
    const value = rolling(60, statistic);
    return ({ close }, commit) => value(change(close, commit), commit);
  });

/** Sum of the k-th powers of the distances from the mean, in units of the population deviation. */
function standardisedPowers(window: Window, power: 3 | 4): number {
  const centre = window.mean();
  const deviation = window.deviation(0);
  if (deviation === 0) return Number.NaN;
  let total = 0;
  for (let i = 0; i < window.size; i += 1) total += ((window.at(i) - centre) / deviation) ** power;
  return total;
}

/** Bias-corrected sample skewness G1 (Joanes and Gill 1998, "Comparing measures of sample skewness and kurtosis"). */
function skewness(window: Window): number {
  const n = window.size;
  return (standardisedPowers(window, 3) / n) * (Math.sqrt(n * (n - 1)) / (n - 2));
}

/** Bias-corrected excess kurtosis G2, of the same source. */
function kurtosis(window: Window): number {
  const n = window.size;
  const excess = standardisedPowers(window, 4) / n - 3;
  return ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * excess + 6);
}

const autocorrelation = define("autocorr1_60", 61, "scaleFree", () => {
  const change = logChange();
  const before = lag(1);
  const now = new Window(60);
  const earlier = new Window(60);
  return ({ close }, commit) => {
    const value = change(close, commit);
    earlier.see(before(value, commit), commit);
    return now.see(value, commit) < 60 ? Number.NaN : now.correlation(earlier);
  };
});

/** Lo and MacKinlay (1988), "Stock market prices do not follow random walks": overlapping, bias-corrected, q = 5. */
function varianceRatio(window: Window): number {
  const n = window.size;
  const q = 5;
  const mean = window.mean();
  let overlapping = 0;
  for (let i = q; i <= n; i += 1) {
    let move = -q * mean;
    for (let k = i - q; k < i; k += 1) move += window.at(k);
    overlapping += move * move;
  }
  return ratio(overlapping / (q * (n - q + 1) * (1 - q / n)), window.squares() / (n - 1));
}

/** Growth of the spread of log price changes with their span, over spans of 2 to 20 bars. */
function hurst(window: Window): number {
  let [sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0];
  for (let span = 2; span <= 20; span += 1) {
    const x = Math.log(span);
    const y = Math.log(spreadOver(window, span));
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  return (19 * sumXY - sumX * sumY) / (19 * sumXX - sumX * sumX);
}

/** Population deviation of the overlapping changes over `span` bars. */
function spreadOver(window: Window, span: number): number {
  const count = window.size - span;
  const mean = sumOfChanges(window, span) / count;
  let squares = 0;
  for (let i = span; i < window.size; i += 1) squares += (window.at(i) - window.at(i - span) - mean) ** 2;
  return Math.sqrt(squares / count);
}

function sumOfChanges(window: Window, span: number): number {
  let total = 0;
  for (let i = span; i < window.size; i += 1) total += window.at(i) - window.at(i - span);
  return total;
}

/** Bars until half of a distance from the mean is gone; undefined where the series does not revert, at most 120. */
function halfLife(window: Window): number {
  const n = window.size;
  const changes = (window.at(n - 1) - window.at(0)) / (n - 1);
  let level = 0;
  for (let i = 1; i < n; i += 1) level += window.at(i - 1) / (n - 1);
  let product = 0;
  let squares = 0;
  for (let i = 1; i < n; i += 1) {
    const distance = window.at(i - 1) - level;
    product += distance * (window.at(i) - window.at(i - 1) - changes);
    squares += distance * distance;
  }
  const speed = ratio(product, squares);
  return speed < 0 ? Math.min(120, -Math.LN2 / speed) : Number.NaN;
}

/** Weights of the fractional difference of order 0.4, newest first, down to 1e-4. */
export function fractionalWeights(): readonly number[] {
  const weights: number[] = [];
  for (let k = 0, weight = 1; Math.abs(weight) >= 1e-4; k += 1, weight = (-weight * (0.4 - k + 1)) / k) {
    weights.push(weight);
  }
  return weights;
}

const WEIGHTS = fractionalWeights();

const ofLogPrice = (name: string, warmup: number, create: () => Step): FeatureDefinition =>
  define(name, warmup, "scaleFree", () => {
    const step = create();
    return ({ close }, commit) => step(Math.log(close), commit);
  });

const fractional = (): Step =>
  rolling(WEIGHTS.length, (window) => {
    let total = 0;
    for (let k = 0; k < WEIGHTS.length; k += 1) total += (WEIGHTS[k] ?? 0) * window.at(WEIGHTS.length - 1 - k);
    return total;
  });

/** Distribution and memory (catalogue 4.6). */
export const DISTRIBUTION_FEATURES: readonly FeatureDefinition[] = [
  define("zscore_20", 19, "scaleFree", () => {
    const score = rolling(20, (window, value) => ratio(value - window.mean(), window.deviation(1)));
    return ({ close }, commit) => score(close, commit);
  }),
  define("pctrank_252", 251, "scaleFree", () => {
    const rank = rolling(252, (window, value) => window.countUpTo(value) / 252);
    return ({ close }, commit) => rank(close, commit);
  }),
  ofReturns("skew_60", skewness),
  ofReturns("kurt_60", kurtosis),
  autocorrelation,
  define("var_ratio_5_60", 60, "scaleFree", () => {
    const change = logChange();
    const value = rolling(60, varianceRatio);
    return ({ close }, commit) => value(change(close, commit), commit);
  }),
  ofLogPrice("hurst_500", 499, () => rolling(500, hurst)),
  ofLogPrice("half_life_120", 119, () => rolling(120, halfLife)),
  ofLogPrice("fracdiff_04", WEIGHTS.length - 1, fractional),
];
