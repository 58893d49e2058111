import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "#shared/lib/assert.ts";
import { notionalMicros, priceToMicros, roundToMicros, safe, toUnits } from "#shared/lib/money.ts";

/** Integer micro-units up to a thousand million units, either sign. */
const micros = fc.integer({ min: -1e15, max: 1e15 });

describe("an amount", () => {
  test("is exact up to the largest safe integer and stops the program above it", () => {
    expect(safe(Number.MAX_SAFE_INTEGER)).toBe(9_007_199_254_740_991);
    expect(safe(-Number.MAX_SAFE_INTEGER)).toBe(-9_007_199_254_740_991);
    expect(() => safe(Number.MAX_SAFE_INTEGER + 1)).toThrow(InvariantError);
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, -1e300])("%d is no amount", (value) => {
    expect(() => safe(value)).toThrow("an amount is a safe integer");
  });
});

describe("rounding", () => {
  test.each([
    [0.0000005, 1],
    [-0.0000005, -1],
    [0.0000004, 0],
    [0.0000015, 2],
    [-0.0000014, -1],
    [1.0000005, 1_000_001],
  ])("%d units: halves of a millionth leave zero behind them", (units, expected) => {
    expect(roundToMicros(units) + 0).toBe(expected);
  });

  test("a decimal whose binary form lies a hair below it keeps its decimal value", () => {
    expect(roundToMicros(1.005)).toBe(1_005_000);
    expect(roundToMicros(0.1 + 0.2)).toBe(300_000);
    expect(roundToMicros(2.675)).toBe(2_675_000);
    // 1.0000025 * 1e6 is 1000002.4999999999.
    expect(roundToMicros(1.0000025)).toBe(1_000_003);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d is not rounded but refused",
    (units) => {
      expect(() => roundToMicros(units)).toThrow("an amount is finite");
    },
  );

  test("what does not fit is an error, not a wrapped or a rounded figure", () => {
    expect(() => roundToMicros(9_007_199_255)).toThrow(InvariantError);
    expect(() => roundToMicros(-1e18)).toThrow(InvariantError);
  });

  // The epsilon of money.ts grows with the amount: from 2^51 micro-units (2.25e9) on it is half a micro-unit and more.
  test("an exact amount of thousands of millions stays exact", () => {
    expect(roundToMicros(2_300_000_000)).toBe(2_300_000_000_000_000);
    expect(roundToMicros(-4_000_000_000)).toBe(-4_000_000_000_000_000);
  });

  test("micro-units to units and back is the same amount", () => {
    fc.assert(
      fc.property(micros, (amount) => {
        expect(roundToMicros(toUnits(amount)) + 0).toBe(amount + 0);
      }),
    );
  });

  test("mirrors at zero and never moves by more than half a millionth", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (units) => {
        const rounded = roundToMicros(units);
        expect(roundToMicros(-units) + 0).toBe(0 - rounded);
        expect(Math.abs(rounded - units * 1e6)).toBeLessThanOrEqual(0.5 + 1e-3);
      }),
    );
  });

  test("a larger sum is never fewer millionths", () => {
    const units = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(units, units, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(roundToMicros(low)).toBeLessThanOrEqual(roundToMicros(high));
      }),
    );
  });
});

describe("prices and values", () => {
  test("100 shares at 190.05 are worth 19,005", () => {
    expect(priceToMicros(190.05)).toBe(190_050_000);
    expect(notionalMicros(190.05, 100)).toBe(19_005_000_000);
    expect(notionalMicros(190.05, -100)).toBe(-19_005_000_000);
    expect(notionalMicros(1.5, 2, 100)).toBe(300_000_000);
  });

  // Rounding never moves by more than half a millionth, so the check of priceToMicros can never fail.
  test("a price with more than six decimals is taken to the nearest millionth: it may be the broker's", () => {
    expect([priceToMicros(1.0000004), priceToMicros(1.0000006)]).toEqual([1_000_000, 1_000_001]);
  });

  test("half a share of an odd millionth has no exact value and stops the program", () => {
    expect(notionalMicros(0.000002, 0.5)).toBe(1);
    expect(() => notionalMicros(0.000001, 0.5)).toThrow(InvariantError);
  });

  test("a value beyond the ledger's range stops the program", () => {
    expect(notionalMicros(100_000, 90_000)).toBe(9e15);
    expect(() => notionalMicros(100_000, 90_100)).toThrow(InvariantError);
  });

  test("the value of a lot is the sum of the values of its parts, to the millionth", () => {
    const cents = fc.integer({ min: 1, max: 10_000_000 });
    const shares = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(cents, shares, shares, (price, one, other) => {
        const whole = notionalMicros(price / 100, one + other);
        expect(notionalMicros(price / 100, one) + notionalMicros(price / 100, other)).toBe(whole);
        expect(whole).toBe(price * 10_000 * (one + other));
      }),
    );
  });
});
