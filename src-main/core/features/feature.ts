import type { Calendar } from "#core/market/calendar.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";

/** What a kernel may know beside its bars. */
export type FeatureContext = { readonly calendar: Calendar; readonly timeframe: Timeframe };

/** Takes a bar and gives the value, undefined before warm-up and on degenerate windows. See `Step` for `commit`. */
export type BarStep = (bar: Bar, commit: boolean) => number | undefined;

/**
 * A named, streaming feature. There is one implementation: batch is the same kernel folded over history, so live values
 * and research values are equal to the last bit.
 */
export type FeatureDefinition = {
  readonly name: string;
  /** Index of the first bar with a value on ordinary data, counted from 0; `session` kernels count within a session. */
  readonly warmup: number;
  /** `scaleFree` values may enter a model; `level` values are for charts and as ingredients. */
  readonly scale: "scaleFree" | "level";
  readonly version: number;
  readonly create: (context: FeatureContext) => BarStep;
};

/** A running kernel. `revise` looks at a forming bar as often as wanted; only `push` changes the committed state. */
export class Feature {
  readonly definition: FeatureDefinition;
  private readonly step: BarStep;
  private committed: number | undefined;

  constructor(definition: FeatureDefinition, context: FeatureContext) {
    this.definition = definition;
    this.step = definition.create(context);
  }

  push(bar: Bar): number | undefined {
    this.committed = finite(this.step(bar, true));
    return this.committed;
  }

  revise(bar: Bar): number | undefined {
    return finite(this.step(bar, false));
  }

  /** Value of the last pushed bar. */
  get value(): number | undefined {
    return this.committed;
  }
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
