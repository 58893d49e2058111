import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decimalsOf, incrementAt, isOnTick, roundToTick } from "#shared/lib/ticks.ts";

/** A stock of the United States: a hundredth of a cent below a dollar, a cent from there. */
const STOCK = [
  { lowEdge: 0, increment: 0.0001 },
  { lowEdge: 1, increment: 0.01 },
] as const;
const NICKEL = [{ lowEdge: 0, increment: 0.05 }] as const;

const bands = fc.constantFrom(STOCK, NICKEL);
const price = fc.double({ min: 0.01, max: 10_000, noNaN: true });

describe("the step at a price", () => {
  test("is that of the last band whose edge it reaches, the edge itself included", () => {
    expect(incrementAt(STOCK, 0.9999)).toBe(0.0001);
    expect(incrementAt(STOCK, 1)).toBe(0.01);
    expect(incrementAt(STOCK, 5_000)).toBe(0.01);
  });

  test("below the lowest edge the lowest band rules; an instrument without bands stops the program", () => {
    expect(incrementAt([{ lowEdge: 5, increment: 0.5 }], 1)).toBe(0.5);
    expect(() => incrementAt([], 1)).toThrow("an instrument has a price band");
  });

  test.each([
    [0.0001, 4],
    [0.01, 2],
    [0.05, 2],
    [0.5, 1],
    [0.125, 3],
    [1, 0],
    [10, 0],
  ])("multiples of %d need %d decimals", (increment, decimals) => {
    expect(decimalsOf(increment)).toBe(decimals);
  });
});

describe("rounding to the grid", () => {
  test.each([
    [190.057, "down", 190.05],
    [190.057, "up", 190.06],
    [190.054, "nearest", 190.05],
    [190.055_1, "nearest", 190.06],
    [0.123_45, "down", 0.1234],
    [0.123_41, "up", 0.1235],
    [0.999_99, "up", 1],
    [1.009, "down", 1],
  ] as const)("%d %s is %d", (from, direction, to) => {
    expect(roundToTick(STOCK, from, direction)).toBe(to);
  });

  test("a price on the grid but for its binary tail stays where it is in every direction", () => {
    // 0.29 / 0.01 is 28.999999999999996 and 1.15 / 0.05 is 22.999999999999996.
    for (const direction of ["down", "up", "nearest"] as const) {
      expect(roundToTick([{ lowEdge: 0, increment: 0.01 }], 0.29, direction)).toBe(0.29);
      expect(roundToTick(NICKEL, 1.15, direction)).toBe(1.15);
      expect(roundToTick(STOCK, 0.1 + 0.2, direction)).toBe(0.3);
      expect(roundToTick(STOCK, 894_785.94, direction)).toBe(894_785.94);
    }
  });

  test("a buy never pays more than was meant, a sale never asks for less, and neither moves by a whole step", () => {
    fc.assert(
      fc.property(bands, price, (grid, wanted) => {
        const step = incrementAt(grid, wanted);
        const buy = roundToTick(grid, wanted, "down");
        const sale = roundToTick(grid, wanted, "up");
        expect(buy).toBeLessThanOrEqual(wanted + step * 1e-5);
        expect(sale).toBeGreaterThanOrEqual(wanted - step * 1e-5);
        expect(wanted - buy).toBeLessThan(step);
        expect(sale - wanted).toBeLessThan(step);
      }),
    );
  });

  test("the nearest is one of the two neighbours and not the farther one", () => {
    fc.assert(
      fc.property(bands, price, (grid, wanted) => {
        const low = roundToTick(grid, wanted, "down");
        const high = roundToTick(grid, wanted, "up");
        const nearest = roundToTick(grid, wanted, "nearest");
        expect([low, high]).toContain(nearest);
        expect(Math.abs(nearest - wanted)).toBeLessThanOrEqual(incrementAt(grid, wanted) * 0.5001);
      }),
    );
  });

  test("what was rounded lies on the grid, and rounding it again changes nothing", () => {
    const direction = fc.constantFrom("down", "up", "nearest");
    fc.assert(
      fc.property(bands, price, direction, direction, (grid, wanted, first, second) => {
        const once = roundToTick(grid, wanted, first as "down");
        fc.pre(once > 0);
        expect(isOnTick(grid, once)).toBe(true);
        expect(roundToTick(grid, once, second as "down")).toBe(once);
      }),
    );
  });
});

describe("lying on the grid", () => {
  test.each([
    [190.05, true],
    [190.055, false],
    [0.1234, true],
    [0.123_45, false],
    [1.0001, false],
    [894_785.94, true],
  ])("%d: %s", (at, expected) => {
    expect(isOnTick(STOCK, at)).toBe(expected);
  });
});
