import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  age,
  amount,
  change,
  countdown,
  direction,
  flag,
  milliseconds,
  number,
  percent,
  price,
  profit,
  refusal,
  short,
  time,
  UNKNOWN,
  whole,
} from "#renderer/ui/format.ts";

const ALL = { price, percent, whole, short, amount, profit, number, time, age, countdown, milliseconds };
/** 2013-10-07 09:30:00 in New York. */
const OPEN = 1_381_152_600_000_000;

describe("unknown", () => {
  test("is a dash and never a zero, whatever it is a figure of", () => {
    for (const format of Object.values(ALL)) expect(format(undefined)).toBe("—");
    expect(change(undefined, 5)).toBe(UNKNOWN);
    expect(change(5, undefined)).toBe(UNKNOWN);
    expect(direction(undefined)).toBe("");
  });

  test("is also what a ratio without a meaning is", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect([percent(value), number(value), age(value), countdown(value)]).toEqual(Array(4).fill(UNKNOWN));
    }
  });

  test("is not what zero is", () => {
    for (const [name, format] of Object.entries(ALL)) {
      if (name !== "time") expect(format(0)).toMatch(/^0/);
    }
    // An instant of zero was never set.
    expect(time(0)).toBe(UNKNOWN);
    expect(time(-5)).toBe(UNKNOWN);
  });
});

describe("prices", () => {
  test.each([
    [190.05, "190.05"],
    [190, "190.00"],
    [0.1234, "0.1234"],
    [0.5, "0.5000"],
    [1, "1.00"],
    [612_345.6, "612345.60"],
    [-0.25, "-0.2500"],
    [-190.05, "-190.05"],
    [0, "0.0000"],
  ])("%d is %s", (value, text) => {
    expect(price(value)).toBe(text);
  });

  test("a change is signed and has the decimals of its price, not its own", () => {
    expect(change(0.25, 190)).toBe("+0.25");
    expect(change(-0.25, 190)).toBe("−0.25");
    expect(change(-0.0012, 0.5)).toBe("−0.0012");
    expect(change(3.5, 0.9)).toBe("+3.5000");
    expect(change(0, 190)).toBe("0.00");
  });

  test("a tick is never rounded away", () => {
    const cents = fc.integer({ min: 100, max: 100_000_000 });
    fc.assert(
      fc.property(cents, (count) => {
        expect(Number(price(count / 100))).toBe(count / 100);
        expect(price(count / 100)).not.toBe(price((count + 1) / 100));
      }),
    );
  });
});

describe("numbers", () => {
  test.each([
    [1.234, 2, "+1.23 %"],
    [-1.235, 1, "−1.2 %"],
    [0, 2, "0.00 %"],
    [12_345.6, 0, "+12346 %"],
  ])("%d percent with %d digits is %s", (value, digits, text) => {
    expect(percent(value, digits)).toBe(text);
  });

  test.each([
    [1_234_567, "1,234,567"],
    [-1_234, "-1,234"],
    [0.4, "0"],
    [9_007_199_254_740_991, "9,007,199,254,740,991"],
  ])("%d is a whole %s", (value, text) => {
    expect(whole(value)).toBe(text);
  });

  test.each([
    [999, "999"],
    [9_999, "9,999"],
    [10_000, "10.0K"],
    [999_949, "999.9K"],
    [1_000_000, "1.00M"],
    [1_234_567, "1.23M"],
    [-1_234_567, "-1.23M"],
    [-12_345, "-12.3K"],
    [1e9, "1.00B"],
    [2.5e12, "2500.00B"],
  ])("%d is %s for short", (value, text) => {
    expect(short(value)).toBe(text);
  });

  test("what rounds up to a thousand of one letter is one of the next", () => {
    expect([short(999_950), short(999_999_999)]).toEqual(["1.00M", "1.00B"]);
  });

  test("a number has at most the digits asked for, grouped, none of them needless", () => {
    expect(number(1_234.5678)).toBe("1,234.57");
    expect(number(1_234.5678, 0)).toBe("1,235");
    expect(number(-0.5)).toBe("-0.5");
    expect(number(2)).toBe("2");
  });
});

describe("money", () => {
  test.each([
    [19_005_000_000, "19,005.00"],
    [-19_005_000_000, "−19,005.00"],
    [5_000, "0.01"],
    [4_999, "0.00"],
    [9_007_199_254_740_991, "9,007,199,254.74"],
  ])("%d micro-units are %s", (micros, text) => {
    expect(amount(micros)).toBe(text);
  });

  test.each([
    [1_500_000, "+1.50"],
    [-1_234_560_000, "−1,234.56"],
    [0, "0.00"],
  ])("a profit of %d micro-units is %s", (micros, text) => {
    expect(profit(micros)).toBe(text);
  });

  test("no figure of money is ambiguous: it has two decimals, groups of three, one sign", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (micros) => {
        expect(amount(micros)).toMatch(/^−?\d{1,3}(,\d{3})*\.\d{2}$/);
        expect(profit(micros)).toMatch(micros === 0 ? /^0\.00$/ : /^[+−]\d{1,3}(,\d{3})*\.\d{2}$/);
        expect(Number(amount(micros).replaceAll(",", "").replace("−", "-"))).toBeCloseTo(micros / 1e6, 1);
      }),
    );
  });

  test("the direction is that of the sign", () => {
    expect([1, -1, 0, -0].map(direction)).toEqual(["up", "down", "", ""]);
  });
});

describe("times", () => {
  test("are of New York, summer and winter, wherever the screen stands", () => {
    expect(time(OPEN)).toBe("09:30:00");
    expect(time(OPEN + 5_999_999)).toBe("09:30:05");
    expect(time(Date.UTC(2013, 11, 2, 14, 30) * 1_000)).toBe("09:30:00");
    expect(time(Date.UTC(2013, 9, 8, 4, 0, 1) * 1_000)).toBe("00:00:01");
  });

  test.each([
    [0.44, "0.4 s"],
    [9.94, "9.9 s"],
    [10, "10 s"],
    [89.4, "89 s"],
    [90, "2 m"],
    [3_600, "60 m"],
    [5_400, "2 h"],
    [86_400, "24 h"],
    [-3, "0.0 s"],
  ])("an age of %d seconds is %s", (seconds, text) => {
    expect(age(seconds)).toBe(text);
  });

  test.each([
    [7_509, "2:05:09"],
    [59.9, "0:00:59"],
    [0, "0:00:00"],
    [-1, "0:00:00"],
    [360_000, "100:00:00"],
  ])("a countdown of %d seconds is %s", (seconds, text) => {
    expect(countdown(seconds)).toBe(text);
  });

  test.each([
    [0.0421, "42 µs"],
    [0.9994, "999 µs"],
    [1, "1.00 ms"],
    [9.876, "9.88 ms"],
    [12.34, "12.3 ms"],
    [1_234.5, "1234.5 ms"],
  ])("%d milliseconds are %s", (value, text) => {
    expect(milliseconds(value)).toBe(text);
  });
});

describe("a refusal", () => {
  test("says what was asked and what is allowed, where both are known", () => {
    const failure = { code: "POS_LIMIT", detail: "too many open positions" };
    expect(refusal({ ...failure, requested: 6, allowed: 5 })).toBe("POS_LIMIT: too many open positions (6, allowed 5)");
    expect(refusal({ ...failure, requested: 1234.567, allowed: "none" })).toMatch(/\(1,234\.57, allowed none\)$/);
    expect(refusal({ ...failure, requested: 6 })).toBe("POS_LIMIT: too many open positions");
  });
});

test("a flag of the validator is told in words; one that is not known, by its name", () => {
  expect(flag("outsideQuote")).toBe("last outside the quote");
  expect(flag("solarFlare")).toBe("solarFlare");
});
