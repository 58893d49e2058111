import type { Micros } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { Feature, type FeatureContext } from "./feature.ts";
import { featureOf } from "./registry.ts";

/** Values of one bar, ordered as `names`; NaN = undefined. */
export type FeatureVector = {
  /** Start of the bar that the values belong to. */
  readonly start: Micros;
  readonly names: readonly string[];
  readonly values: Float64Array;
};

/** The features that somebody asked for, each computed once a bar however many ask. */
export type FeatureSet = {
  readonly names: readonly string[];
  /** A bar that is no bar (non-finite, no range, not newer) gives undefined values and changes nothing. */
  push(bar: Bar): FeatureVector;
  /** The values if the forming bar ended now; the committed state stays. */
  revise(bar: Bar): FeatureVector;
  /** What identifies the values: names, versions and the size of the bars. Hashed in the runtime. */
  identity(): unknown;
};

/** @throws RangeError for a name that is not in the registry */
export function createFeatureSet(names: readonly string[], context: FeatureContext): FeatureSet {
  const unique = [...new Set(names)];
  const features = unique.map((name) => new Feature(featureOf(name), context));
  let newest = Number.NEGATIVE_INFINITY;
  const vector = (bar: Bar, value: (feature: Feature) => number | undefined): FeatureVector => {
    const values = new Float64Array(features.length);
    features.forEach((feature, index) => {
      values[index] = value(feature) ?? Number.NaN;
    });
    return { start: bar.start, names: unique, values };
  };
  return {
    names: unique,
    push(bar) {
      if (!isBar(bar) || bar.start <= newest) return vector(bar, () => undefined);
      newest = bar.start;
      return vector(bar, (feature) => feature.push(bar));
    },
    revise: (bar) => vector(bar, (feature) => (isBar(bar) ? feature.revise(bar) : undefined)),
    identity: () => ({
      timeframe: context.timeframe,
      calendar: context.calendar.id,
      features: features.map(({ definition }) => ({ name: definition.name, version: definition.version })),
    }),
  };
}

function isBar({ open, high, low, close, volume }: Bar): boolean {
  const arePrices = [open, high, low, close].every((price) => Number.isFinite(price) && price > 0);
  return arePrices && volume >= 0 && low <= Math.min(open, close) && high >= Math.max(open, close);
}
