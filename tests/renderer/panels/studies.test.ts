import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { STUDIES, type StudyLine, study } from "#renderer/panels/chart/studies.ts";
import { createRng } from "#shared/lib/rng.ts";
import type { Bar } from "#shared/model/market.ts";
import { barsOf, randomBars } from "#tests/core/features/series.ts";
import { type Line, ORACLES } from "./study-oracle.ts";

const U = undefined;

function linesOf(id: string, bars: readonly Bar[], parameters?: readonly unknown[]): readonly StudyLine[] {
  const result = study(id, bars, parameters);
  if (result.kind === "off") throw new Error(result.reason);
  return result.lines;
}

function valuesOf(id: string, bars: readonly Bar[], parameters?: readonly unknown[]): readonly Line[] {
  return linesOf(id, bars, parameters).map(({ values }) => values);
}

function expectClose(actual: Line | undefined, expected: Line, digits = 10): void {
  expect(actual?.map((value) => value !== undefined)).toEqual(expected.map((value) => value !== undefined));
  expected.forEach((value, index) => {
    if (value !== undefined) expect(actual?.[index]).toBeCloseTo(value, digits);
  });
}

/** Bars from [high, low, close]. */
function ranges(rows: readonly (readonly [number, number, number])[]): readonly Bar[] {
  return barsOf(rows.map(() => 1)).map((bar, index) => {
    const [high = 1, low = 1, close = 1] = rows[index] ?? [];
    return { ...bar, open: close, high, low, close };
  });
}

/** Bars of a stock that hardly trades: runs of one price, bars without a range, averages that meet. */
function quietBars(seed: number, count: number): readonly Bar[] {
  const rng = createRng(seed);
  let close = 5;
  return ranges(
    Array.from({ length: count }, () => {
      if (rng.next() < 0.2) close = Math.max(1, close + rng.integer(-1, 1));
      const isWide = rng.next() < 0.1;
      return [isWide ? close + 1 : close, close, close] as const;
    }),
  );
}

describe("figures that can be checked by hand", () => {
  test("SMA 3 is the mean of three closes", () => {
    expectClose(valuesOf("sma", barsOf([1, 2, 6, 4, 5]), [3])[0], [U, U, 3, 4, 5]);
  });

  test("EMA 3 starts at the mean of three and takes half of each difference", () => {
    expectClose(valuesOf("ema", barsOf([2, 4, 6, 8, 12, 14]), [3])[0], [U, U, 4, 6, 9, 11.5]);
  });

  test("Bollinger 3, 2 lies two deviations of the population around the mean", () => {
    const [upper, middle, lower] = valuesOf("bollinger", barsOf([1, 2, 3, 3, 3]), [3, 2]);
    expectClose(middle, [U, U, 2, 8 / 3, 3]);
    expectClose(upper, [U, U, 2 + 2 * Math.sqrt(2 / 3), 8 / 3 + 2 * Math.sqrt(2 / 9), 3]);
    expectClose(lower, [U, U, 2 - 2 * Math.sqrt(2 / 3), 8 / 3 - 2 * Math.sqrt(2 / 9), 3]);
  });

  test("MACD 2, 3, 2 is the fast average less the slow one, and its signal the average of that", () => {
    const [macd, signal] = valuesOf("macd", barsOf([1, 2, 4, 8, 16]), [2, 3, 2]);
    expectClose(macd, [U, U, 0.833_333, 1.222_222, 2.212_963], 6);
    expectClose(signal, [U, U, U, 1.027_778, 1.817_901], 6);
  });

  test("Stochastic 3, 2 is the close's place in the range of three bars", () => {
    const bars = ranges([
      [10, 8, 9],
      [12, 9, 11],
      [13, 10, 10],
      [14, 11, 13],
    ]);
    const [k, d] = valuesOf("stochastic", bars, [3, 2]);
    expectClose(k, [U, U, 40, 80]);
    expectClose(d, [U, U, U, 60]);
  });

  test("without parameters the presets hold, and the lines say which", () => {
    const bars = randomBars("presets", 60);
    const names = STUDIES.map(({ id }) => linesOf(id, bars).map(({ name }) => name));
    expect(names).toEqual([
      ["SMA 50"],
      ["EMA 21"],
      ["BB upper", "BB middle", "BB lower"],
      ["MACD", "signal"],
      ["%K", "%D"],
    ]);
    expectClose(valuesOf("sma", bars)[0], valuesOf("sma", bars, [50])[0] ?? []);
  });
});

describe("every study, on any bars with any period", () => {
  const period = fc.integer({ min: 1, max: 40 });
  const given = fc.record({
    seed: fc.nat(),
    count: fc.nat(90),
    isQuiet: fc.boolean(),
    definition: fc.constantFrom(...STUDIES),
    draws: fc.tuple(period, period, period),
  });
  const parametersOf = ({ definition, draws }: { definition: (typeof STUDIES)[number]; draws: readonly number[] }) =>
    definition.parameters.map(({ name }, index) => (name === "deviations" ? 1 + ((draws[1] ?? 0) % 5) : draws[index]));

  test("has a line as long as the bars, unknown until its look-back is full, then the textbook's value", () => {
    fc.assert(
      fc.property(given, ({ seed, count, definition, draws, isQuiet }) => {
        const values = parametersOf({ definition, draws });
        const bars = isQuiet ? quietBars(seed, count) : randomBars(seed, count);
        const expected = ORACLES[definition.id]?.(bars, values as number[]) ?? [];
        const lines = linesOf(definition.id, bars, values);
        expect(lines).toHaveLength(expected.length);
        lines.forEach((line, index) => {
          expect(line.values).toHaveLength(count);
          // See below: %D takes the library's 0 for a value.
          if (isQuiet && line.name === "%D") return;
          // A deviation is the root of a difference of squares: its last digits are lost.
          expectClose(line.values, expected[index] ?? [], definition.id === "bollinger" ? 4 : 7);
        });
      }),
      { numRuns: 300 },
    );
  });

  test("does not change what it has drawn when bars are added, nor the bars themselves", () => {
    fc.assert(
      fc.property(given, fc.nat(90), ({ seed, count, definition, draws }, cut) => {
        const values = parametersOf({ definition, draws });
        const bars = randomBars(seed, count);
        const copy = structuredClone(bars);
        const whole = valuesOf(definition.id, bars, values);
        const part = valuesOf(definition.id, bars.slice(0, cut), values);
        expect(part).toEqual(whole.map((line) => line.slice(0, cut)));
        expect(bars).toEqual(copy);
      }),
    );
  });

  test("on too few bars is unknown and not zero", () => {
    for (const { id } of STUDIES) {
      for (const line of valuesOf(id, randomBars("few", 5))) expect(line).toEqual([U, U, U, U, U]);
      for (const line of linesOf(id, [])) expect(line.values).toEqual([]);
    }
  });
});

describe("where a study has no meaning it is unknown", () => {
  test("%K of bars without a range", () => {
    expect(valuesOf("stochastic", barsOf([5, 5, 5]), [2, 1])[0]).toEqual([U, U, U]);
  });

  // %K is left out there, but its mean is still taken over the library's zeros.
  test("%D over a %K that has none", () => {
    expect(valuesOf("stochastic", barsOf([5, 5, 5]), [2, 1])[1]).toEqual([U, U, U]);
    const bars = ranges([
      [5, 5, 5],
      [5, 5, 5],
      [6, 5, 6],
    ]);
    expect(valuesOf("stochastic", bars, [2, 2])[1]).toEqual([U, U, U]);
  });

  test("and only there: the signal of a MACD of zero is zero", () => {
    expect(valuesOf("macd", barsOf([5, 5, 5, 5, 5]), [2, 3, 2])[1]).toEqual([U, U, U, 0, 0]);
  });
});

describe("nonsense is refused in words", () => {
  test.each([
    ["zero", [0], "got 0"],
    ["less than nothing", [-3], "got -3"],
    ["a part of a bar", [1.5], "got 1.5"],
    ["too long", [501], "got 501"],
    ["text", ["20"], 'got "20"'],
    ["missing", [], "got undefined"],
    ["no number", [Number.NaN], "got "],
    ["endless", [Number.POSITIVE_INFINITY], "got "],
  ])("a period that is %s", (_, parameters, got) => {
    const result = study("sma", barsOf([1, 2, 3]), parameters);
    expect(result).toMatchObject({ kind: "off" });
    if (result.kind !== "off") return;
    expect(result.reason).toContain(`SMA period: ${got}`);
    expect(result.reason).toContain("expected a whole number from 1 to 500");
  });

  test("the faulty one of several parameters is named, and each of them is looked at", () => {
    for (const { id, title, parameters } of STUDIES) {
      parameters.forEach(({ name, most }, at) => {
        const values = parameters.map(({ preset }, index) => (index === at ? most + 1 : preset));
        const reason = expect.stringContaining(`${title} ${name}: got ${most + 1}`);
        expect(study(id, barsOf([1, 2, 3]), values)).toEqual({ kind: "off", reason });
      });
    }
  });

  test.each(["open", "high", "low", "close", "volume"] as const)("a bar whose %s is no number", (field) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const bars = barsOf([1, 2, 3]).map((bar, index) => (index === 1 ? { ...bar, [field]: value } : bar));
      expect(study("sma", bars, [2])).toEqual({ kind: "off", reason: "bar 1 holds a number that is not finite" });
    }
  });

  test("a study that there is not; RSI is none, for the engine's own is drawn", () => {
    for (const id of ["rsi", "", "__proto__"]) {
      expect(study(id, barsOf([1]), [14])).toEqual({ kind: "off", reason: `there is no study "${id}"` });
    }
  });
});
