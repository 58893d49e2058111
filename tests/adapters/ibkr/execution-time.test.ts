import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExecutionTime } from "#adapters/ibkr/execution-time.ts";
import { isoText } from "#shared/lib/time.ts";

const utc = (text: string): string | undefined => {
  const time = parseExecutionTime(text);
  return time === undefined ? undefined : isoText(time).slice(0, 19);
};

describe("an execution's time", () => {
  test.each([
    ["20261124 09:30:00 US/Eastern", "2026-11-24T14:30:00"],
    ["20260701 09:30:00 US/Eastern", "2026-07-01T13:30:00"],
    ["20260701 09:30:00 America/New_York", "2026-07-01T13:30:00"],
    ["20260701 09:30:00 EDT", "2026-07-01T13:30:00"],
    ["20261124 09:30:00 EST", "2026-11-24T14:30:00"],
    ["20261124 08:30:00 US/Central", "2026-11-24T14:30:00"],
    ["20261124 06:30:00 US/Pacific", "2026-11-24T14:30:00"],
    ["20261124 15:30:00 MET", "2026-11-24T14:30:00"],
    ["20261124 23:30:00 Asia/Tokyo", "2026-11-24T14:30:00"],
    ["20261124 14:30:00 GMT", "2026-11-24T14:30:00"],
    ["20261124-14:30:00 UTC", "2026-11-24T14:30:00"],
    ["20261124-14:30:00", "2026-11-24T14:30:00"],
    ["  20261124 14:30:00 UTC  ", "2026-11-24T14:30:00"],
    ["20261231 23:59:59 US/Eastern", "2027-01-01T04:59:59"],
    ["20280229 00:00:00 UTC", "2028-02-29T00:00:00"],
  ])("%s is %s UTC", (text, instant) => {
    expect(utc(text)).toBe(instant);
  });

  test.each([
    "",
    "14:30:00",
    "20261124",
    "20261124  14:30:00",
    "20261124T14:30:00Z",
    "2026-11-24 14:30:00 UTC",
    "20261124 14:30 UTC",
    "20261124 14:30:00 Mars/Olympus",
    "20261124 14:30:00 constructor",
    "20261124 14:30:00 __proto__",
    "20261124 14:30:00 US/Eastern DST",
    "20261124 14:30:00.5 UTC",
    "NaN",
    "1.7976931348623157e308",
  ])("%j is no time: nothing is guessed", (text) => {
    expect(parseExecutionTime(text)).toBeUndefined();
  });

  test.each([
    "20260230 10:00:00 UTC",
    "20261301 10:00:00 UTC",
    "20260001 10:00:00 UTC",
    "20260100 10:00:00 UTC",
    "20261124 24:30:00 UTC",
    "20261124 10:60:00 UTC",
    "20261124 10:00:75 US/Eastern",
  ])("%s is no time of any calendar", (text) => {
    expect(parseExecutionTime(text)).toBeUndefined();
  });

  // It would be the workstation's own local time.
  test("without a zone behind a space is no known time", () => {
    expect(parseExecutionTime("20261124 14:30:00")).toBeUndefined();
  });

  test("whatever the text, it is a whole number or nothing, and never an exception", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc
        .tuple(fc.stringMatching(/^\d{8}$/), fc.stringMatching(/^\d{2}:\d{2}:\d{2}$/), fc.string())
        .map(([day, clock, zone]) => `${day} ${clock} ${zone}`),
    );
    fc.assert(
      fc.property(text, (any) => {
        const time = parseExecutionTime(any);
        expect(time === undefined || Number.isInteger(time)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("where clocks change", () => {
  test.each([
    // New York, 8 March 2026: 02:00 becomes 03:00 at 07:00 UTC.
    ["20260308 01:59:59 US/Eastern", "2026-03-08T06:59:59"],
    ["20260308 03:00:00 US/Eastern", "2026-03-08T07:00:00"],
    ["20260308 09:30:00 US/Eastern", "2026-03-08T13:30:00"],
    // 1 November 2026: 02:00 becomes 01:00 at 06:00 UTC.
    ["20261101 00:59:59 US/Eastern", "2026-11-01T04:59:59"],
    ["20261101 02:00:00 US/Eastern", "2026-11-01T07:00:00"],
    ["20261101 09:30:00 US/Eastern", "2026-11-01T14:30:00"],
    // Berlin, 29 March and 25 October 2026, at 01:00 UTC.
    ["20260329 01:59:59 MET", "2026-03-29T00:59:59"],
    ["20260329 03:00:00 MET", "2026-03-29T01:00:00"],
    ["20261025 01:59:59 MET", "2026-10-24T23:59:59"],
    ["20261025 03:00:00 MET", "2026-10-25T02:00:00"],
  ])("%s is %s UTC", (text, instant) => {
    expect(utc(text)).toBe(instant);
  });

  test("an hour that comes twice is read as one of its two instants", () => {
    expect(["2026-11-01T05:30:00", "2026-11-01T06:30:00"]).toContain(utc("20261101 01:30:00 US/Eastern"));
  });

  test("any instant comes back from its own local text, but for the hour that comes twice", () => {
    const zone = fc.constantFrom("America/New_York", "America/Chicago", "Europe/Berlin", "Asia/Tokyo", "UTC");
    const from = Date.UTC(2020, 0, 1) / 1_000;
    const instant = fc.oneof(
      fc.integer({ min: from, max: Date.UTC(2032, 0, 1) / 1_000 }),
      // Around the changes of New York and Berlin in 2026.
      fc
        .constantFrom(
          Date.UTC(2026, 2, 8, 7),
          Date.UTC(2026, 10, 1, 6),
          Date.UTC(2026, 2, 29, 1),
          Date.UTC(2026, 9, 25, 1),
        )
        .chain((change) => fc.integer({ min: -10_800, max: 10_800 }).map((seconds) => change / 1_000 + seconds)),
    );
    fc.assert(
      fc.property(instant, zone, (seconds, timeZone) => {
        const text = localText(seconds, timeZone);
        const isTwice = [-3_600, 3_600].some((other) => localText(seconds + other, timeZone) === text);
        if (isTwice) return;
        expect(parseExecutionTime(`${text} ${timeZone}`)).toBe(seconds * 1_000_000);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** `yyyymmdd HH:MM:SS` in a zone, by another way than the one that is tested: the Swedish form of a date. */
function localText(seconds: number, timeZone: string): string {
  return new Date(seconds * 1_000).toLocaleString("sv-SE", { timeZone }).replaceAll("-", "");
}
