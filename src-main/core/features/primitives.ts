import type { Bar } from "#shared/model/market.ts";
import type { FeatureDefinition, Kernel } from "./feature.ts";
import { Window } from "./window.ts";

/**
 * A building block of kernels: takes the next value and gives its output, NaN while undefined. With `commit` false it only
 * looks: the state stays as it was, however often it is asked.
 */
export type Step = (value: number, commit: boolean) => number;

/** A definition whose state is made afresh for every stream. */
export function define(
  name: string,
  warmup: number,
  scale: FeatureDefinition["scale"],
  create: FeatureDefinition["create"],
): FeatureDefinition {
  return { name, warmup, scale, version: 1, create };
}

/** A feature that is a function of its bar alone. */
export function ofBar(name: string, scale: FeatureDefinition["scale"], value: (bar: Bar) => number): FeatureDefinition {
  return define(name, 0, scale, () => value);
}

/** A statistic of the newest `length` values. */
export function rolling(length: number, statistic: (window: Window, value: number) => number): Step {
  const window = new Window(length);
  return (value, commit) => (window.see(value, commit) < length ? Number.NaN : statistic(window, value));
}

/** The value `back` steps before the one given. */
export function lag(back: number): Step {
  return rolling(back + 1, (window) => window.at(0));
}

/** Relative change over `back` steps. */
export function relativeChange(back: number): Step {
  return rolling(back + 1, (window, value) => ratio(value, window.at(0)) - 1);
}

/** Natural logarithm of the ratio to the value before. */
export function logChange(): Step {
  return rolling(2, (window, value) => Math.log(value / window.at(0)));
}

export function movingAverage(length: number): Step {
  return rolling(length, (window) => window.mean());
}

export function movingSum(length: number): Step {
  return rolling(length, (window) => window.sum());
}

/** Exponential average with factor `alpha`, seeded with the mean of its first `length` defined values. */
export function smoothed(length: number, alpha: number): Step {
  let count = 0;
  let seed = 0;
  let average = Number.NaN;
  return (value, commit) => {
    // An undefined value leaves the state alone: the average has nothing to say at this bar.
    if (Number.isNaN(value)) return Number.NaN;
    if (count >= length) {
      const next = average + alpha * (value - average);
      if (commit) average = next;
      return next;
    }
    const seeded = count + 1 === length ? (seed + value) / length : Number.NaN;
    if (commit) {
      count += 1;
      seed += value;
      average = seeded;
    }
    return seeded;
  };
}

/** Exponential moving average, factor 2 / (length + 1). */
export function exponential(length: number): Step {
  return smoothed(length, 2 / (length + 1));
}

/** Wilder's smoothing, factor 1 / length ("New Concepts in Technical Trading Systems", 1978). */
export function wilder(length: number): Step {
  return smoothed(length, 1 / length);
}

/** A running total of what is given. */
export function total(): Step {
  let sum = 0;
  return (value, commit) => {
    const next = sum + value;
    if (commit) sum = next;
    return next;
  };
}

/** `a / b`, NaN where the quotient has no meaning. */
export function ratio(a: number, b: number): number {
  const quotient = a / b;
  return b !== 0 && Number.isFinite(quotient) ? quotient : Number.NaN;
}

/** Price times shares; the bar's volume-weighted price is not supplied, so the close stands for it. */
export function dollarVolume({ close, volume }: Bar): number {
  return close * volume;
}

export function typicalPrice({ high, low, close }: Bar): number {
  return (high + low + close) / 3;
}

/** max(H - L, |H - C-1|, |L - C-1|); undefined on the first bar. */
export function trueRange(): Kernel {
  const before = lag(1);
  return ({ high, low, close }, commit) => {
    const earlier = before(close, commit);
    return Math.max(high - low, Math.abs(high - earlier), Math.abs(low - earlier));
  };
}

/** Wilder's average true range. */
export function averageRange(length: number): Kernel {
  const range = trueRange();
  const smooth = wilder(length);
  return (bar, commit) => smooth(range(bar, commit), commit);
}

/** Gains and losses of the close, each smoothed by Wilder; joined into one value by `join`. */
export function gainsAndLosses(length: number, join: (gain: number, loss: number) => number): Kernel {
  const before = lag(1);
  const gains = wilder(length);
  const losses = wilder(length);
  return ({ close }, commit) => {
    const change = close - before(close, commit);
    return join(gains(Math.max(change, 0), commit), losses(Math.max(-change, 0), commit));
  };
}

export function relativeStrength(length: number): Kernel {
  return gainsAndLosses(length, (gain, loss) => ratio(100 * gain, gain + loss));
}

/** Highest high and lowest low of the newest `length` bars, joined with the bar by `join`. */
export function range(length: number, join: (top: number, bottom: number, bar: Bar) => number): Kernel {
  const tops = rolling(length, (window) => window.max());
  const bottoms = rolling(length, (window) => window.min());
  return (bar, commit) => join(tops(bar.high, commit), bottoms(bar.low, commit), bar);
}
