import type { Micros } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { endOf, Feature, type FeatureContext, type FeatureDefinition } from "./feature.ts";
import { featureOf } from "./registry.ts";

/** Values of one bar, ordered as `names`; NaN = undefined. */
export type FeatureVector = {
  /** Start of the bar that the values belong to. */
  readonly start: Micros;
  /** The instant from which they may be known: the end of that bar. */
  readonly asOf: Micros;
  readonly names: readonly string[];
  readonly values: Float64Array;
};

/**
 * The features that somebody asked for, each computed once a bar however many ask.
 *
 * Their state is not stored: it is what folding the retained bars gives. A host keeps at least `HISTORY_BARS` bars of a
 * symbol and size and calls `rebuild` with them, after a restart or a gap, so that the weight of every seed is below 1e-9.
 */
export type FeatureSet = {
  readonly names: readonly string[];
  ids(): readonly string[];
  /** A bar that is no bar (non-finite, no range, not newer) gives undefined values and changes nothing but `refused`. */
  push(bar: Bar): FeatureVector;
  /** The values if the forming bar ended now; the committed state stays. For charts, never for decisions. */
  revise(bar: Bar): FeatureVector;
  /** Starts afresh and folds history; returns the newest vector, undefined without bars. */
  rebuild(bars: readonly Bar[]): FeatureVector | undefined;
  /** Index of the first bar at which every feature that counts bars alone is defined on ordinary data. */
  warmup(): number;
  /** Bars that were refused since the start or the last rebuild. */
  refused(): number;
  /** What identifies the values, as a canonical value. Hashed in the runtime; a model with another hash is refused. */
  identity(): FeatureIdentity;
};

export type FeatureIdentity = {
  readonly catalogue: number;
  readonly features: readonly { readonly name: string; readonly version: number }[];
  readonly seed: "own";
  readonly timeframe: string;
  readonly calendar: string;
  readonly session: "regular";
  readonly adjustment: string;
  readonly historyBars: number;
};

/** After this many bars even the 200-bar exponential average has forgotten its seed (2,073 bars to 1e-9). */
export const HISTORY_BARS = 3_000;
/** Version of the conventions that all definitions share. */
const CATALOGUE = 1;

/** Features by name, in the order asked for. @throws RangeError for a name that is not in the registry */
export function createFeatureSet(names: readonly string[], context: FeatureContext): FeatureSet {
  return featureSetOf([...new Set(names)].map(featureOf), context);
}

/** A set over definitions that need not be registered. */
export function featureSetOf(definitions: readonly FeatureDefinition[], context: FeatureContext): FeatureSet {
  const names = definitions.map(({ name }) => name);
  const start = (): readonly Feature[] => definitions.map((definition) => new Feature(definition, context));
  let features = start();
  let newest: Micros | undefined;
  let refused = 0;
  const vector = (bar: Bar, value: (feature: Feature) => number | undefined): FeatureVector => {
    const values = new Float64Array(features.length);
    for (let i = 0; i < values.length; i += 1) {
      const feature = features[i];
      values[i] = (feature === undefined ? undefined : value(feature)) ?? Number.NaN;
    }
    return { start: bar.start, asOf: endOf(bar, context), names, values };
  };
  const follows = (bar: Bar): boolean => isBar(bar) && (newest === undefined || bar.start > newest);
  const push = (bar: Bar): FeatureVector => {
    if (!follows(bar)) {
      refused += 1;
      return vector(bar, () => undefined);
    }
    newest = bar.start;
    return vector(bar, (feature) => feature.push(bar));
  };
  return {
    names,
    ids: () => names,
    push,
    revise: (bar) => vector(bar, (feature) => (follows(bar) ? feature.revise(bar) : undefined)),
    rebuild(bars) {
      features = start();
      newest = undefined;
      refused = 0;
      return bars.map(push).at(-1);
    },
    warmup: () => Math.max(0, ...definitions.map(({ warmup }) => warmup)),
    refused: () => refused,
    identity: () => ({
      catalogue: CATALOGUE,
      features: definitions.map(({ name, version }) => ({ name, version })),
      seed: "own",
      timeframe: context.timeframe,
      calendar: context.calendar.id,
      session: "regular",
      adjustment: context.adjustment ?? "raw",
      historyBars: HISTORY_BARS,
    }),
  };
}

function isBar({ start, open, high, low, close, volume }: Bar): boolean {
  const arePrices = open > 0 && low > 0 && high < Number.POSITIVE_INFINITY;
  const isRange = low <= Math.min(open, close) && high >= Math.max(open, close);
  return Number.isSafeInteger(start) && arePrices && isRange && volume >= 0 && volume < Number.POSITIVE_INFINITY;
}
