import type { Bar } from "#shared/model/market.ts";
import type { Kernel } from "./feature.ts";

const STEP = 0.02;
const MOST = 0.2;

/** The stop that holds for the next bar, the extreme of the trend, and the bar before. */
type Stop = {
  readonly isLong: boolean;
  readonly stop: number;
  readonly extreme: number;
  readonly factor: number;
  readonly before: Bar;
};

/**
 * Wilder's parabolic stop and reverse 0.02/0.2. It starts short if the first -DM is positive, else long, and is kept
 * outside the range of the last two bars.
 *
 * @see Wilder (1978), "New Concepts in Technical Trading Systems", section II; the start as in TA-Lib
 */
export function parabolic(): Kernel {
  let first: Bar | undefined;
  let state: Stop | undefined;
  return (bar, commit) => {
    if (first === undefined) {
      if (commit) first = bar;
      return Number.NaN;
    }
    const { value, next } = advance(state ?? begin(first, bar), bar);
    if (commit) state = next;
    return value;
  };
}

function begin(first: Bar, bar: Bar): Stop {
  const down = first.low - bar.low;
  const isLong = !(down > 0 && down > bar.high - first.high);
  const [stop, extreme] = isLong ? [first.low, bar.high] : [first.high, bar.low];
  return { isLong, stop, extreme, factor: STEP, before: bar };
}

function advance(state: Stop, bar: Bar): { readonly value: number; readonly next: Stop } {
  const { isLong, before } = state;
  // Outside the last two bars: below both lows when long, above both highs when short.
  const outside = (stop: number, side: boolean): number =>
    side ? Math.min(stop, before.low, bar.low) : Math.max(stop, before.high, bar.high);
  const isHit = isLong ? bar.low <= state.stop : bar.high >= state.stop;
  if (isHit) {
    const value = outside(state.extreme, !isLong);
    const extreme = isLong ? bar.low : bar.high;
    const stop = outside(value + STEP * (extreme - value), !isLong);
    return { value, next: { isLong: !isLong, stop, extreme, factor: STEP, before: bar } };
  }
  const isNewExtreme = isLong ? bar.high > state.extreme : bar.low < state.extreme;
  const extreme = isNewExtreme ? (isLong ? bar.high : bar.low) : state.extreme;
  const factor = isNewExtreme ? Math.min(MOST, state.factor + STEP) : state.factor;
  const stop = outside(state.stop + factor * (extreme - state.stop), isLong);
  return { value: state.stop, next: { isLong, stop, extreme, factor, before: bar } };
}
