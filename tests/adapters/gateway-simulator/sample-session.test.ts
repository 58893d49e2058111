import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRecordedFolder } from "#adapters/gateway-simulator/recorded-folder.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { present } from "#shared/lib/assert.ts";
import type { Quote } from "#shared/model/market.ts";
import { SAMPLE, sampleFiles } from "#tests/support/record-sample.ts";

const FOLDER = join("assets", "sample-session");

test("the shipped session is what the seeded generator plays, file by file", () => {
  const files = sampleFiles();
  const there = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".csv"));
  expect(there.sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(join(FOLDER, name), "utf8") === text, name).toBe(true);
});

test("a print of the shipped session is replayed at the bid, at the ask or between", () => {
  const calendar = present(createCalendar("XNYS"), "New York has a calendar");
  const session = present(calendar.sessionOn(SAMPLE.date), "the sample's day is a session");
  const folders = { folder: join(FOLDER, "minute"), daily: join(FOLDER, "daily"), date: SAMPLE.date };
  const source = openRecordedFolder(folders, calendar);
  const standing = new Map<string, Quote>();
  const found = { within: 0, outside: 0 };
  for (let instant = source.next(); instant !== undefined; instant = source.next()) {
    for (const quote of instant.quotes) standing.set(quote.symbol, quote);
    for (const { symbol, price, time } of instant.trades) {
      if (time < session.open) continue;
      const { bid = Number.POSITIVE_INFINITY, ask = Number.NEGATIVE_INFINITY } = standing.get(symbol) ?? {};
      found[price >= bid && price <= ask ? "within" : "outside"] += 1;
    }
  }
  expect(found).toEqual({ within: 4 * 390 * SAMPLE.symbols.length, outside: 0 });
});
