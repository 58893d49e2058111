import type { Distribution } from "#shared/contract/topics.ts";

const SAMPLES_KEPT = 20_000;

/** The newest samples of one quantity; percentiles by nearest rank over what is kept. */
export class Histogram {
  private readonly samples = new Float64Array(SAMPLES_KEPT);
  private written = 0;

  record(value: number): void {
    this.samples[this.written % SAMPLES_KEPT] = value;
    this.written += 1;
  }

  /** Without samples every figure is absent: unknown is not zero. */
  distribution(): Distribution {
    const kept = Math.min(this.written, SAMPLES_KEPT);
    if (kept === 0) return { count: 0 };
    const sorted = this.samples.slice(0, kept).sort();
    const rank = (fraction: number): number => sorted[Math.min(kept - 1, Math.ceil(fraction * kept) - 1)] ?? Number.NaN;
    return { count: this.written, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: sorted[kept - 1] };
  }
}

/** Names of the measured ways, in milliseconds of wall time. */
export type LatencyName = "tickToOrder" | "process" | "journal" | "submit" | "settle";

export class Telemetry {
  private readonly histograms = new Map<LatencyName, Histogram>();
  private readonly counters = new Map<string, number>();

  latency(name: LatencyName, milliseconds: number): void {
    const known = this.histograms.get(name);
    if (known !== undefined) known.record(milliseconds);
    else {
      const histogram = new Histogram();
      histogram.record(milliseconds);
      this.histograms.set(name, histogram);
    }
  }

  count(name: string, by = 1): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  distribution(name: LatencyName): Distribution {
    return this.histograms.get(name)?.distribution() ?? { count: 0 };
  }

  latencies(): Readonly<Record<string, Distribution>> {
    return Object.fromEntries([...this.histograms].map(([name, histogram]) => [name, histogram.distribution()]));
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.counters);
  }
}
