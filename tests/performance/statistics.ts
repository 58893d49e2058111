/** The value at a fraction of the sorted samples; NaN without samples. */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** One printed row: what was measured, in which unit, and beside what. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly beside: string;
};
