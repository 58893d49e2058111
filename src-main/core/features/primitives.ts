/**
 * A building block of kernels: takes the next value and gives its output, undefined before warm-up. With `commit` false
 * it only looks: the state stays as it was, however often it is asked.
 */
export type Step = (value: number, commit: boolean) => number | undefined;

/** The newest `length` values including the one given, oldest first; undefined while fewer are known. */
export type WindowStep = (value: number, commit: boolean) => readonly number[] | undefined;

export function window(length: number): WindowStep {
  const values: number[] = [];
  return (value, commit) => {
    const full = values.length >= length ? values.slice(values.length - length + 1) : [...values];
    full.push(value);
    if (commit) {
      values.push(value);
      if (values.length > length) values.shift();
    }
    return full.length < length ? undefined : full;
  };
}

/** The value `back` steps before the one given. */
export function lag(back: number): Step {
  const values: number[] = [];
  return (value, commit) => {
    const earlier = values.length >= back ? values[values.length - back] : undefined;
    if (commit) {
      values.push(value);
      if (values.length > back) values.shift();
    }
    return earlier;
  };
}

export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** Two-pass deviation: population with `ddof` 0, sample with 1. Never E[x^2] - E[x]^2. */
export function deviation(values: readonly number[], ddof: 0 | 1): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) * (value - centre);
  return Math.sqrt(squares / (values.length - ddof));
}

/** Mean of the newest `length` values, summed afresh each time so that no error accumulates. */
export function movingAverage(length: number): Step {
  const recent = window(length);
  return (value, commit) => {
    const values = recent(value, commit);
    return values === undefined ? undefined : mean(values);
  };
}

/** Exponential average with factor `alpha`, seeded with the mean of its first `length` values. */
function smoothed(length: number, alpha: number): Step {
  let count = 0;
  let seed = 0;
  let average: number | undefined;
  return (value, commit) => {
    if (average !== undefined) {
      const next = average + alpha * (value - average);
      if (commit) average = next;
      return next;
    }
    const seeded = count + 1 === length ? (seed + value) / length : undefined;
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

/** Feeds a step with the output of another; undefined outputs are not passed on. */
export function chain(value: number | undefined, next: Step, commit: boolean): number | undefined {
  return value === undefined ? undefined : next(value, commit);
}

/** `a / b`, undefined where the quotient has no meaning. */
export function ratio(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined || b === 0) return undefined;
  const quotient = a / b;
  return Number.isFinite(quotient) ? quotient : undefined;
}

/** Ordinary least squares slope of the values on 0, 1, ..., n-1. */
export function slope(values: readonly number[]): number {
  const n = values.length;
  const centre = (n - 1) / 2;
  const level = mean(values);
  let top = 0;
  let bottom = 0;
  values.forEach((value, index) => {
    top += (index - centre) * (value - level);
    bottom += (index - centre) * (index - centre);
  });
  return top / bottom;
}
