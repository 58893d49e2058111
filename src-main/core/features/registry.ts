import { DISTRIBUTION_FEATURES } from "./distribution.ts";
import type { FeatureDefinition } from "./feature.ts";
import { OSCILLATOR_FEATURES } from "./oscillators.ts";
import { PRICE_FEATURES } from "./price.ts";
import { SESSION_FEATURES } from "./session.ts";
import { TREND_FEATURES } from "./trend.ts";
import { VOLATILITY_FEATURES } from "./volatility.ts";
import { VOLUME_FEATURES } from "./volume.ts";

/** Every feature by its name. */
export const FEATURES: ReadonlyMap<string, FeatureDefinition> = new Map(
  [
    ...PRICE_FEATURES,
    ...TREND_FEATURES,
    ...OSCILLATOR_FEATURES,
    ...VOLATILITY_FEATURES,
    ...VOLUME_FEATURES,
    ...DISTRIBUTION_FEATURES,
    ...SESSION_FEATURES,
  ].map((feature) => [feature.name, feature]),
);

/** @throws RangeError naming the feature that does not exist */
export function featureOf(name: string): FeatureDefinition {
  const definition = FEATURES.get(name);
  if (definition === undefined) throw new RangeError(`no feature is called ${JSON.stringify(name)}`);
  return definition;
}
