import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  civilFromDays,
  DAY,
  dateText,
  daysFromCivil,
  HOUR,
  isoText,
  MILLISECOND,
  MINUTE,
  parseDate,
  SECOND,
} from "#shared/lib/time.ts";

/** Days from year 1 to year 9999. */
const days = fc.integer({ min: -719_162, max: 2_932_896 });
const dateOf = (day: number): Date => new Date(day * 86_400_000);

test("a day is 24 hours of 60 minutes of 60 seconds of a thousand milliseconds", () => {
  expect([MILLISECOND, SECOND, MINUTE, HOUR, DAY]).toEqual([1e3, 1e6, 6e7, 3.6e9, 8.64e10]);
});

describe("calendar dates", () => {
  test.each([
    [1970, 1, 1, 0],
    [1969, 12, 31, -1],
    [2000, 2, 29, 11_016],
    [2013, 10, 7, 15_985],
    [2100, 3, 1, 47_541],
  ])("%d-%d-%d", (year, month, day, count) => {
    expect(daysFromCivil(year, month, day)).toBe(count);
    expect(civilFromDays(count)).toEqual({ year, month, day });
  });

  test("agree with the machine's own calendar on every day of a span of 9,999 years", () => {
    fc.assert(
      fc.property(days, (day) => {
        const date = dateOf(day);
        const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
        expect(civilFromDays(day)).toEqual(expected);
        expect(daysFromCivil(expected.year, expected.month, expected.day)).toBe(day);
        expect(dateText(day)).toBe(date.toISOString().slice(0, 10));
      }),
      { numRuns: 500 },
    );
  });

  test("read back from their text", () => {
    fc.assert(
      fc.property(days, (day) => {
        expect(parseDate(dateText(day))).toBe(day);
      }),
    );
  });

  test.each([
    "2013-02-29",
    "2013-13-01",
    "2013-00-10",
    "2013-04-31",
    "2013-1-01",
    "20131007",
    "2013-10-07T00",
    " 2013-10-07",
    "",
    "2013-10-07\n",
  ])("%j is no date", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  test("29 February is a date in 2000 and 2024 and none in 1900 and 2023", () => {
    const known = ["2000-02-29", "2024-02-29", "1900-02-29", "2023-02-29"].map((text) => parseDate(text) !== undefined);
    expect(known).toEqual([true, true, false, false]);
  });
});

describe("an instant as text", () => {
  test("has six decimals, UTC", () => {
    expect(isoText(1_381_152_600_000_000)).toBe("2013-10-07T13:30:00.000000Z");
    expect(isoText(1_381_152_600_000_007)).toBe("2013-10-07T13:30:00.000007Z");
    expect(isoText(0)).toBe("1970-01-01T00:00:00.000000Z");
    expect(isoText(-1)).toBe("1969-12-31T23:59:59.999999Z");
  });

  test("agrees with the machine's own calendar to the millisecond and keeps the microseconds", () => {
    const instant = fc.integer({ min: -6e15, max: 8.9e15 });
    fc.assert(
      fc.property(instant, (time) => {
        const millis = Math.floor(time / 1_000);
        const rest = String(time - millis * 1_000).padStart(3, "0");
        expect(isoText(time)).toBe(new Date(millis).toISOString().replace("Z", `${rest}Z`));
      }),
      { numRuns: 500 },
    );
  });

  test("sorts as text as it does as time", () => {
    const instant = fc.integer({ min: 0, max: 8.9e15 });
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        expect(isoText(a) < isoText(b)).toBe(a < b);
      }),
    );
  });
});
