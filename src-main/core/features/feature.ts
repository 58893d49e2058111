import type { Calendar } from "#core/market/calendar.ts";
import { HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";

/** What a kernel may know beside its bars. */
export type FeatureContext = {
  readonly calendar: Calendar;
  readonly timeframe: Timeframe;
  /** How the prices of the bars were adjusted; part of the identity. Raw unless given. */
  readonly adjustment?: "raw" | "splits" | "splitsAndDividends";
};

/** Takes a bar and gives the value, NaN while undefined. With `commit` false it only looks and keeps its state. */
export type Kernel = (bar: Bar, commit: boolean) => number;

/**
 * A named, streaming feature. There is one implementation: batch is the same kernel folded over history, so live values
 * and research values are equal to the last bit. MACD, DI and ADX are seeded each on its own (`seed: own`).
 */
export type FeatureDefinition = {
  readonly name: string;
  /** Index of the first bar with a value on ordinary data, counted from 0. */
  readonly warmup: number;
  /** Regular sessions that must have gone before, beside the bars; none unless given. */
  readonly sessions?: number;
  /** Minutes of the session that must have passed at the end of the bar, in every session; none unless given. */
  readonly minutes?: number;
  /** `scaleFree` values may enter a model; `level` values are for charts and as ingredients. */
  readonly scale: "scaleFree" | "level";
  readonly version: number;
  readonly create: (context: FeatureContext) => Kernel;
};

/** A running kernel. `revise` looks at a forming bar as often as wanted; only `push` changes the committed state. */
export class Feature {
  readonly definition: FeatureDefinition;
  private readonly kernel: Kernel;
  private committed: number | undefined;

  constructor(definition: FeatureDefinition, context: FeatureContext) {
    this.definition = definition;
    this.kernel = definition.create(context);
  }

  push(bar: Bar): number | undefined {
    this.committed = defined(this.kernel(bar, true));
    return this.committed;
  }

  revise(bar: Bar): number | undefined {
    return defined(this.kernel(bar, false));
  }

  /** Value of the last pushed bar; undefined before warm-up and on degenerate windows. */
  get value(): number | undefined {
    return this.committed;
  }

  get warmup(): number {
    return this.definition.warmup;
  }
}

const LENGTH: Readonly<Record<Exclude<Timeframe, "1d">, Micros>> = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": HOUR,
};

/** The instant from which a bar may be known: its end, at the latest the close of its session. */
export function endOf(bar: Bar, { calendar, timeframe }: FeatureContext): Micros {
  const close = calendar.sessionOf(bar.start)?.close;
  if (timeframe === "1d") return close ?? bar.start + 24 * HOUR;
  const end = bar.start + LENGTH[timeframe];
  return close === undefined ? end : Math.min(end, close);
}

function defined(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
