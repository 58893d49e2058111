import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram, Telemetry } from "#runtime/telemetry.ts";

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a histogram", () => {
  test("without samples knows only that it has none: unknown is not zero", () => {
    expect(new Histogram().distribution()).toEqual({ count: 0 });
  });

  test("of one sample is that sample at every rank, zero included", () => {
    expect(histogramOf([3]).distribution()).toEqual({ count: 1, p50: 3, p90: 3, p99: 3, max: 3 });
    expect(histogramOf([0]).distribution()).toEqual({ count: 1, p50: 0, p90: 0, p99: 0, max: 0 });
  });

  test("takes the nearest rank: of 1 to 200 they are 100, 180, 198 and 200", () => {
    expect(histogramOf(upTo(200)).distribution()).toEqual({ count: 200, p50: 100, p90: 180, p99: 198, max: 200 });
    expect(histogramOf(upTo(3)).distribution()).toEqual({ count: 3, p50: 2, p90: 3, p99: 3, max: 3 });
  });

  test("orders numbers as numbers, whatever order they come in, and does not lose them by being read", () => {
    const histogram = histogramOf([100, 9, 20]);
    expect(histogram.distribution().p50).toBe(20);
    histogram.record(1);
    expect(histogram.distribution()).toEqual({ count: 4, p50: 9, p90: 100, p99: 100, max: 100 });
  });

  test("forgets all but the newest 20,000 and still counts every one", () => {
    const histogram = histogramOf([1e9, ...upTo(20_000)]);
    expect(histogram.distribution()).toEqual({ count: 20_001, p50: 10_000, p90: 18_000, p99: 19_800, max: 20_000 });
  });

  test("forgets the oldest, not the smallest, although it was read in between", () => {
    const histogram = histogramOf(upTo(20_000).toReversed());
    expect(histogram.distribution().max).toBe(20_000);
    histogram.record(0);
    expect(histogram.distribution().max).toBe(19_999);
  });

  test("has at least the named share of its samples at or below each figure, and each is a sample", () => {
    const sample = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 300 }), (samples) => {
        const { p50, p90, p99, max } = histogramOf(samples).distribution();
        for (const [figure, share] of [
          [p50, 0.5],
          [p90, 0.9],
          [p99, 0.99],
          [max, 1],
        ] as const) {
          const below = samples.filter((one) => one <= (figure ?? Number.NaN)).length;
          const strictlyBelow = samples.filter((one) => one < (figure ?? Number.NaN)).length;
          expect(samples).toContain(figure);
          expect(below).toBeGreaterThanOrEqual(share * samples.length - 1e-9);
          expect(strictlyBelow).toBeLessThan(share * samples.length + 1e-9);
        }
      }),
    );
  });
});

describe("telemetry", () => {
  test("keeps each way by itself, and knows nothing of a way that was not measured", () => {
    const telemetry = new Telemetry();
    telemetry.latency("submit", 5);
    telemetry.latency("submit", 7);
    telemetry.latency("journal", 1);
    expect(telemetry.distribution("submit")).toMatchObject({ count: 2, max: 7 });
    expect(telemetry.distribution("tickToOrder")).toEqual({ count: 0 });
    expect(Object.keys(telemetry.latencies()).sort()).toEqual(["journal", "submit"]);
  });

  test("counts by ones unless told otherwise; a counter that never counted is absent", () => {
    const telemetry = new Telemetry();
    telemetry.count("alerts.critical");
    telemetry.count("alerts.critical");
    telemetry.count("bytes", 512);
    telemetry.count("bytes", 8);
    expect(telemetry.counts()).toEqual({ "alerts.critical": 2, bytes: 520 });
  });
});
