import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCalendar } from "#core/market/calendar.ts";
import { newYorkOffset, newYorkToUtc, weekday } from "#core/market/new-york.ts";
import { present } from "#shared/lib/assert.ts";
import { DAY, dateText, HOUR, isoText, MINUTE, parseDate } from "#shared/lib/time.ts";

const calendar = present(createCalendar("XNYS"), "the New York calendar exists");
const data = join(process.env.ROBOTRADER_TEST_DATA ?? "", "calendar");
const hasData = process.env.ROBOTRADER_TEST_DATA !== undefined && existsSync(data);

const at = (text: string): number => Date.parse(text) * 1000;

describe("the New York calendar", () => {
  test("a summer session is 13:30 to 20:00 UTC and a winter one 14:30 to 21:00", () => {
    expect(isoText(calendar.sessionOn("2013-10-07")?.open ?? 0)).toBe("2013-10-07T13:30:00.000000Z");
    expect(isoText(calendar.sessionOn("2013-10-07")?.close ?? 0)).toBe("2013-10-07T20:00:00.000000Z");
    expect(isoText(calendar.sessionOn("2015-03-06")?.open ?? 0)).toBe("2015-03-06T14:30:00.000000Z");
    expect(isoText(calendar.sessionOn("2015-03-09")?.open ?? 0)).toBe("2015-03-09T13:30:00.000000Z");
  });

  test("Christmas Eve of 2015 closes at 13:00 New York time", () => {
    const session = calendar.sessionOn("2015-12-24");
    expect(session?.isEarlyClose).toBe(true);
    expect(isoText(session?.close ?? 0)).toBe("2015-12-24T18:00:00.000000Z");
  });

  test("a New Year's Day on Saturday closes no Friday, and Juneteenth is kept from 2022", () => {
    expect(calendar.sessionOn("2021-12-31")).toBeDefined();
    expect(calendar.sessionOn("2022-06-20")).toBeUndefined();
    expect(calendar.sessionOn("2021-06-18")).toBeDefined();
  });

  test("the half days before 2004 are the published ones, at 14:00 until 1992 and at 13:00 since", () => {
    const halfDays = calendar
      .sessionsBetween(at("1990-01-01T00:00:00Z"), at("2004-01-01T00:00:00Z"))
      .filter((session) => session.isEarlyClose)
      .map(({ date, close }) => `${date} ${(close + newYorkOffset(close) - (parseDate(date) ?? 0) * DAY) / HOUR}`);
    // Rules and exceptions of gerrymanoim/exchange_calendars, exchange_calendar_xnys.py, expanded by hand.
    expect(halfDays).toEqual([
      "1990-12-24 14",
      "1991-12-24 14",
      "1992-11-27 14",
      "1992-12-24 14",
      "1993-11-26 13",
      "1994-11-25 13",
      "1995-07-03 13",
      "1995-11-24 13",
      "1996-07-05 13",
      "1996-11-29 13",
      "1996-12-24 13",
      "1997-07-03 13",
      "1997-11-28 13",
      "1997-12-24 13",
      "1997-12-26 13",
      "1998-11-27 13",
      "1998-12-24 13",
      "1999-11-26 13",
      "1999-12-31 13",
      "2000-07-03 13",
      "2000-11-24 13",
      "2001-07-03 13",
      "2001-11-23 13",
      "2001-12-24 13",
      "2002-07-05 13",
      "2002-11-29 13",
      "2002-12-24 13",
      "2003-07-03 13",
      "2003-11-28 13",
      "2003-12-24 13",
      "2003-12-26 13",
    ]);
  });

  test("from 2013 the half day of a 4 July on Thursday is the Wednesday, no longer the Friday", () => {
    const isEarly = (date: string) => calendar.sessionOn(date)?.isEarlyClose;
    expect([isEarly("2013-07-03"), isEarly("2013-07-05"), isEarly("2024-07-03"), isEarly("2024-07-05")]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([isEarly("2002-07-03"), isEarly("2002-07-05")]).toEqual([false, true]);
  });

  test("8,324 sessions lie between 2 January 1990 and 13 January 2023", () => {
    const sessions = calendar.sessionsBetween(at("1990-01-01T00:00:00Z"), at("2023-01-14T00:00:00Z"));
    expect([sessions.length, sessions[0]?.date, sessions.at(-1)?.date]).toEqual([8324, "1990-01-02", "2023-01-13"]);
  });

  test.each([
    "1994-04-27",
    "2001-09-11",
    "2001-09-14",
    "2004-06-11",
    "2007-01-02",
    "2012-10-29",
    "2012-10-30",
    "2018-12-05",
    "2025-01-09",
  ])("%s had no session by decision of the exchange", (date) => {
    expect(calendar.sessionOn(date)).toBeUndefined();
  });

  test("the holidays of 2024 to 2026 are the announced ones", () => {
    const closed = [];
    for (let day = parseDate("2024-01-01") ?? 0; day < (parseDate("2027-01-01") ?? 0); day += 1) {
      if (weekday(day) !== 0 && weekday(day) !== 6 && calendar.sessionOn(dateText(day)) === undefined)
        closed.push(dateText(day));
    }
    expect(closed.join(" ")).toBe(
      "2024-01-01 2024-01-15 2024-02-19 2024-03-29 2024-05-27 2024-06-19 2024-07-04 2024-09-02 2024-11-28 2024-12-25 " +
        "2025-01-01 2025-01-09 2025-01-20 2025-02-17 2025-04-18 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-11-27 " +
        "2025-12-25 2026-01-01 2026-01-19 2026-02-16 2026-04-03 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-11-26 " +
        "2026-12-25",
    );
  });

  test("every look-up agrees with a walk through the whole table", () => {
    const sessions = calendar.sessionsBetween(at("1990-01-01T00:00:00Z"), at("2036-01-01T00:00:00Z"));
    const first = present(sessions[0], "a session").open;
    const last = present(sessions.at(-1), "a session").close;
    expect(last).toBeGreaterThan(at("2035-12-31T00:00:00Z"));
    const edge = fc.integer({ min: 0, max: sessions.length - 1 }).chain((index) => {
      const session = present(sessions[index], "a session");
      return fc.constantFrom(session.open - 1, session.open, session.close - 1, session.close);
    });
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: first, max: last }), edge), (time) => {
        expect(calendar.sessionOf(time)).toEqual(sessions.find(({ open, close }) => open <= time && time < close));
        expect(calendar.nextSession(time)).toEqual(
          sessions.find(({ open }) => open > time) ?? calendar.nextSession(time),
        );
        expect(calendar.previousSession(time)).toEqual(sessions.findLast(({ close }) => close <= time));
      }),
      { numRuns: 300 },
    );
  });

  test("a session contains its open and not its close", () => {
    const session = present(calendar.sessionOn("2013-10-07"), "a session");
    expect(calendar.sessionOf(session.open)?.date).toBe("2013-10-07");
    expect(calendar.sessionOf(session.close - 1)?.date).toBe("2013-10-07");
    expect(calendar.sessionOf(session.close)).toBeUndefined();
    expect(calendar.sessionOf(session.open - 1)).toBeUndefined();
  });

  test("next and previous sessions skip the weekend", () => {
    const saturday = at("2013-10-05T12:00:00Z");
    expect(calendar.nextSession(saturday)?.date).toBe("2013-10-07");
    expect(calendar.previousSession(saturday)?.date).toBe("2013-10-04");
    const monday = present(calendar.sessionOn("2013-10-07"), "a session");
    expect(calendar.previousSession(monday.close)?.date).toBe("2013-10-07");
    expect(calendar.previousSession(monday.close - 1)?.date).toBe("2013-10-04");
    expect(calendar.sessionsBetween(saturday, saturday + 4 * DAY).map((session) => session.date)).toEqual([
      "2013-10-07",
      "2013-10-08",
    ]);
  });

  test("an unknown venue has no calendar", () => {
    expect(createCalendar("XXXX")).toBeUndefined();
  });

  test("New York's offset agrees with the zone database every six hours from 1990 to 2037", () => {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: "America/New_York",
      hour: "numeric",
      hourCycle: "h23",
    });
    const wrong: string[] = [];
    for (let time = at("1990-01-01T00:00:00Z"); time < at("2037-12-31T00:00:00Z"); time += 6 * HOUR) {
      const local = ((Math.floor((time + newYorkOffset(time)) / HOUR) % 24) + 24) % 24;
      if (Number(format.format(time / 1000)) !== local) wrong.push(isoText(time));
    }
    expect(wrong).toEqual([]);
  });

  test("local times turn back into the same UTC instants around both switches", () => {
    for (const date of ["2015-03-08", "2015-11-01", "2006-04-02", "2006-10-29"]) {
      const day = present(parseDate(date), "a date");
      for (const hour of [0, 4, 9, 16, 20]) {
        const utc = newYorkToUtc(day, hour * HOUR + 30 * MINUTE);
        expect(utc + newYorkOffset(utc)).toBe(day * DAY + hour * HOUR + 30 * MINUTE);
      }
    }
  });

  test.skipIf(!hasData)(
    "reproduces the published sessions of 2015 to 2022 exactly [needs ROBOTRADER_TEST_DATA]",
    () => {
      const rows = readFileSync(join(data, "nyse_sessions_2015_2022.csv"), "utf8").trim().split("\n").slice(1);
      const published = rows.map((row) => {
        const [date = "", open = "", close = "", early = ""] = row.split(",");
        const utc = (text: string): string =>
          new Date(text.includes("Z") || text.includes("+") ? text : `${text}Z`).toISOString();
        return { date, open: utc(open), close: utc(close), early: early === "True" };
      });
      const ours = calendar.sessionsBetween(at("2015-01-01T00:00:00Z"), at("2023-01-01T00:00:00Z")).map((session) => ({
        date: session.date,
        open: new Date(session.open / 1000).toISOString(),
        close: new Date(session.close / 1000).toISOString(),
        early: session.isEarlyClose,
      }));
      expect(ours).toHaveLength(2014);
      expect(ours).toEqual(published);
      const dates = (name: string): readonly string[] =>
        readFileSync(join(data, name), "utf8")
          .trim()
          .split("\n")
          .slice(1)
          .map((row) => row.slice(0, 10));
      const halfDays = ours.filter((session) => session.early).map((session) => session.date);
      expect(halfDays).toHaveLength(15);
      expect(halfDays).toEqual(dates("nyse_early_closes_2015_2022.csv"));
      const holidays = [];
      for (let day = parseDate("2015-01-01") ?? 0; day < (parseDate("2023-01-01") ?? 0); day += 1) {
        const isWeekend = weekday(day) === 0 || weekday(day) === 6;
        if (!isWeekend && calendar.sessionOn(dateText(day)) === undefined) holidays.push(dateText(day));
      }
      expect(holidays).toHaveLength(73);
      expect(holidays).toEqual(dates("nyse_holidays_2015_2022.csv"));
    },
  );
});
