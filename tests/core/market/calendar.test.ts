import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCalendar } from "#core/market/calendar.ts";
import { newYorkOffset, newYorkToUtc } from "#core/market/new-york.ts";
import { present } from "#shared/lib/assert.ts";
import { DAY, HOUR, isoText, MINUTE, parseDate } from "#shared/lib/time.ts";

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
    },
  );
});
