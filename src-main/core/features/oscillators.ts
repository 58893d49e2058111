import type { FeatureDefinition, Kernel } from "./feature.ts";
import {
  define,
  gainsAndLosses,
  lag,
  movingAverage,
  movingSum,
  ofBar,
  range,
  ratio,
  relativeStrength,
  rolling,
  trueRange,
  typicalPrice,
} from "./primitives.ts";

/** Position of the close in the range of the last 14 bars, smoothed over 3 and again over 3. */
function stochastic(part: "k" | "d"): Kernel {
  const raw = range(14, (top, bottom, { close }) => ratio(100 * (close - bottom), top - bottom));
  const slowK = movingAverage(3);
  const slowD = movingAverage(3);
  return (bar, commit) => {
    const k = slowK(raw(bar, commit), commit);
    const d = slowD(k, commit);
    return part === "k" ? k : d;
  };
}

const williams = define("willr_14", 13, "scaleFree", () =>
  range(14, (top, bottom, { close }) => ratio(-100 * (top - close), top - bottom)),
);

/** Position of the relative strength in the range of its last 5 values. */
function stochasticStrength(part: "k" | "d"): Kernel {
  const strength = relativeStrength(14);
  const position = rolling(5, (window, value) => {
    const bottom = window.min();
    return ratio(100 * (value - bottom), window.max() - bottom);
  });
  const smooth = movingAverage(3);
  return (bar, commit) => {
    const k = position(strength(bar, commit), commit);
    const d = smooth(k, commit);
    return part === "k" ? k : d;
  };
}

const commodityChannel = define("cci_20", 19, "scaleFree", () => {
  const index = rolling(20, (window, value) => {
    const centre = window.mean();
    let spread = 0;
    for (let i = 0; i < 20; i += 1) spread += Math.abs(window.at(i) - centre);
    return window.squares() === 0 ? Number.NaN : ratio(value - centre, 0.015 * (spread / 20));
  });
  return (bar, commit) => index(typicalPrice(bar), commit);
});

const moneyFlow = define("mfi_14", 14, "scaleFree", () => {
  const before = lag(1);
  const positive = movingSum(14);
  const negative = movingSum(14);
  return (bar, commit) => {
    const price = typicalPrice(bar);
    const earlier = before(price, commit);
    const flow = Number.isNaN(earlier) ? Number.NaN : price * bar.volume;
    const up = positive(price > earlier ? flow : flow * 0, commit);
    const down = negative(price < earlier ? flow : flow * 0, commit);
    return ratio(100 * up, up + down);
  };
});

/** Buying pressure over true range on 7, 14 and 28 bars, weighted 4, 2, 1 (Williams). */
const ultimate = define("ultosc", 28, "scaleFree", () => {
  const before = lag(1);
  const width = trueRange();
  const spans = [7, 14, 28].map((n) => ({ pressure: movingSum(n), range: movingSum(n) }));
  return (bar, commit) => {
    const pressure = bar.close - Math.min(bar.low, before(bar.close, commit));
    const span = width(bar, commit);
    const [short = Number.NaN, middle = Number.NaN, long = Number.NaN] = spans.map((sums) =>
      ratio(sums.pressure(pressure, commit), sums.range(span, commit)),
    );
    return (100 * (4 * short + 2 * middle + long)) / 7;
  };
});

const pricePercent = define("ppo_12_26", 25, "scaleFree", () => {
  const fast = movingAverage(12);
  const slow = movingAverage(26);
  return ({ close }, commit) => {
    const level = slow(close, commit);
    return ratio(100 * (fast(close, commit) - level), level);
  };
});

/** Slope of the close less the slope of its relative strength, each in its own deviations. */
const divergence = define("rsi_divergence_20", 33, "scaleFree", () => {
  const strength = relativeStrength(14);
  const ofClose = rolling(20, (window) => ratio(window.slope(), window.deviation(0)));
  const ofStrength = rolling(20, (window) => ratio(window.slope(), window.deviation(0)));
  return (bar, commit) => ofClose(bar.close, commit) - ofStrength(strength(bar, commit), commit);
});

/** Oscillators (catalogue 4.3). */
export const OSCILLATOR_FEATURES: readonly FeatureDefinition[] = [
  ...[7, 14, 21].map((n) => define(`rsi_${n}`, n, "scaleFree", () => relativeStrength(n))),
  define("cmo_14", 14, "scaleFree", () => gainsAndLosses(14, (gain, loss) => ratio(100 * (gain - loss), gain + loss))),
  define("stoch_k", 15, "scaleFree", () => stochastic("k")),
  define("stoch_d", 17, "scaleFree", () => stochastic("d")),
  williams,
  define("stochrsi_k", 18, "scaleFree", () => stochasticStrength("k")),
  define("stochrsi_d", 20, "scaleFree", () => stochasticStrength("d")),
  commodityChannel,
  moneyFlow,
  ultimate,
  pricePercent,
  ofBar("bop", "scaleFree", ({ open, high, low, close }) => (high === low ? 0 : (close - open) / (high - low))),
  divergence,
];
