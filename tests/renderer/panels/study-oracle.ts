import { present } from "#shared/lib/assert.ts";
import type { Bar } from "#shared/model/market.ts";

export type Line = readonly (number | undefined)[];

/** The studies by their textbook definitions, each value from its own window: slow, and nobody else's code. */
export const ORACLES: Readonly<Record<string, (bars: readonly Bar[], values: readonly number[]) => readonly Line[]>> = {
  sma: (bars, [period = 1]) => [sma(closesOf(bars), period)],
  ema: (bars, [period = 1]) => [ema(closesOf(bars), period)],
  bollinger: (bars, [period = 1, deviations = 2]) => {
    const closes = closesOf(bars);
    const middle = sma(closes, period);
    const spread = windows(closes, period, (window) => deviations * deviationOf(window));
    const band = (sign: number): Line =>
      middle.map((value, index) => (value === undefined ? undefined : value + sign * (spread[index] ?? 0)));
    return [band(1), middle, band(-1)];
  },
  macd: (bars, [fast = 1, slow = 1, signal = 1]) => {
    const closes = closesOf(bars);
    const [one, other] = [ema(closes, fast), ema(closes, slow)];
    const line = one.map((value, index) => {
      const base = other[index];
      return value === undefined || base === undefined ? undefined : value - base;
    });
    return [line, ema(line, signal)];
  },
  stochastic: (bars, [period = 1, signal = 1]) => {
    const k = windows(bars, period, (window) => {
      const high = Math.max(...window.map((bar) => bar.high));
      const low = Math.min(...window.map((bar) => bar.low));
      return high === low
        ? undefined
        : (100 * (present(window.at(-1), "a window has bars").close - low)) / (high - low);
    });
    return [k, sma(k, signal)];
  },
};

const closesOf = (bars: readonly Bar[]): readonly number[] => bars.map((bar) => bar.close);

/** One value for each full window of known inputs. */
function windows<T>(
  inputs: readonly (T | undefined)[],
  period: number,
  of: (window: readonly T[]) => number | undefined,
): Line {
  return inputs.map((_, index) => {
    const window = inputs.slice(Math.max(0, index + 1 - period), index + 1).filter((input) => input !== undefined);
    return window.length < period ? undefined : of(window);
  });
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of the population, as Bollinger (2001) has it. */
function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

function sma(values: Line, period: number): Line {
  return windows(values, period, meanOf);
}

/** Smoothing 2 / (period + 1), seeded with the mean of the first `period` values. */
function ema(values: Line, period: number): Line {
  const first = values.findIndex((value) => value !== undefined);
  let last: number | undefined;
  return values.map((value, index) => {
    if (value === undefined || first < 0 || index < first + period - 1) return undefined;
    const seed = meanOf(values.slice(first, index + 1).map((one) => one ?? 0));
    last = last === undefined ? seed : last + (2 / (period + 1)) * (value - last);
    return last;
  });
}
