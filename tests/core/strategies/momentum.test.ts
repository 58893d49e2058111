import { describe, expect, test } from "vitest";
import { momentum } from "#core/strategies/momentum.ts";
import { barsOf } from "#tests/core/features/series.ts";

const RISING = { roc_10: 0.5, rsi_14: 60, adx_14: 30, natr_14: 0.2 };

function direction(features: Readonly<Record<string, number>>, position = 0, parameters = {}): number | undefined {
  const [bar] = barsOf([100]);
  if (bar === undefined) throw new Error("there is a bar");
  const context = { time: bar.start, symbol: "SPY", timeframe: "5m" as const, bar, features, position, parameters };
  return momentum.create(parameters).onBar(context)?.direction;
}

describe("momentum", () => {
  test("joins a rise that has a trend behind it", () => {
    expect(direction(RISING)).toBe(1);
  });

  test.each([
    ["too small a rise", { roc_10: 0.25 }],
    ["too weak a trend", { adx_14: 18 }],
    ["a rise that has run too far", { rsi_14: 78 }],
    ["a fall", { roc_10: -0.5 }],
  ])("stays out of %s", (_, change) => {
    expect(direction({ ...RISING, ...change })).toBe(0);
  });

  test("wishes for half when a bar ranges over twice the calm, and never for less than a quarter", () => {
    expect(direction({ ...RISING, natr_14: 0.5 })).toBe(1);
    expect(direction({ ...RISING, natr_14: 1 })).toBe(0.5);
    expect(direction({ ...RISING, natr_14: 50 })).toBe(0.25);
  });

  test("keeps what it holds until the rise is spent, whatever the trend's strength", () => {
    expect(direction({ ...RISING, roc_10: 0, adx_14: 5, rsi_14: 90 }, 100)).toBe(1);
    expect(direction({ ...RISING, roc_10: -0.05 }, 100)).toBe(1);
    expect(direction({ ...RISING, roc_10: -0.06 }, 100)).toBe(0);
  });

  test("mirrors itself on falls where shorts are allowed", () => {
    const falling = { roc_10: -0.5, rsi_14: 40, adx_14: 30, natr_14: 1 };
    expect(direction(falling)).toBe(0);
    expect(direction(falling, 0, { allowShort: 1 })).toBe(-0.5);
    expect(direction({ ...falling, rsi_14: 22 }, 0, { allowShort: 1 })).toBe(0);
    expect(direction({ ...falling, roc_10: 0.05 }, -100, { allowShort: 1 })).toBe(-0.5);
    expect(direction({ ...falling, roc_10: 0.06 }, -100, { allowShort: 1 })).toBe(0);
  });

  test("an exit that is not below its entry is refused", () => {
    expect(() => momentum.create({ entryPercent: 0.1, exitPercent: 0.1 })).toThrow("exitPercent is below entryPercent");
  });
});
