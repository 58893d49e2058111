import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRecordedFolder } from "#adapters/gateway-simulator/recorded-folder.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { RecordedFileError } from "#core/simulation/recorded-files.ts";
import { present } from "#shared/lib/assert.ts";
import { MILLISECOND, MINUTE, SECOND } from "#shared/lib/time.ts";
import { CALENDAR } from "./scripted-market.ts";

const DATE = "2020-12-15";
const { open, close } = present(CALENDAR.sessionOn(DATE), "a trading day");
const HEADER = "date,open,high,low,close,volume";
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "robotrader-recorded-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, lines: readonly string[]): void => {
  const text = `${lines.join("\n")}\n`;
  writeFileSync(join(folder, name), name.endsWith(".gz") ? gzipSync(text) : text);
};
const opened = (given: { date?: string } = {}): MarketSource =>
  openRecordedFolder({ folder, daily: undefined, date: given.date }, CALENDAR);

function played(source: MarketSource): readonly MarketInstant[] {
  const instants: MarketInstant[] = [];
  for (let one = source.next(); one !== undefined; one = source.next()) instants.push(one);
  return instants;
}

describe("generic bars over several days", () => {
  test("the last day is played, the days before it are history; gzip or not", () => {
    for (const name of ["SPY_15_16_1min.csv", "SPY.csv.gz"]) {
      write(name, [
        HEADER,
        "2020-12-15 09:30,100,102,99,101,4000",
        "2020-12-15 09:31,101,101,101,101,100",
        "2020-12-16 09:30,200,200,200,200,100",
      ]);
      const source = opened();
      expect(source.history("SPY", "1m", open, close)).toHaveLength(2);
      expect(played(source).flatMap(({ trades }) => trades.map(({ price }) => price))).toEqual([200, 200, 200, 200]);
      rmSync(join(folder, name));
    }
  });

  test("hours are played within the session, minutes are what was printed", () => {
    write("SPY_hour.csv", [HEADER, "2020-12-15 09:00,100,104,98,101,4000", "2020-12-15 10:00,101,102,100,102,400"]);
    const trades = played(opened()).flatMap((instant) => instant.trades);
    expect(trades[0]).toMatchObject({ time: open, price: 100, size: 1000 });
    expect(trades[3]).toMatchObject({ time: open + 30 * MINUTE - MILLISECOND, price: 101 });
    expect(trades[4]).toMatchObject({ time: open + 30 * MINUTE, price: 101 });
  });

  test("two files with the same bar are refused", () => {
    write("SPY_a.csv", [HEADER, "2020-12-15 09:30,100,102,99,101,4000"]);
    write("SPY_b.csv", [HEADER, "2020-12-15 09:30,100,102,99,101,4000"]);
    expect(() => opened()).toThrow("SPY: two files hold the bar of 2020-12-15T14:30:00.000Z");
  });
});

test("a recorded quote between two ticks is kept as it is, an assumed one lies around the price on the tick", () => {
  write("SPY_20201215_trade.csv", [
    "time_ny,open,high,low,close,volume",
    `${DATE}T09:30:00,10.0025,10.0025,10.0025,10.0025,4`,
  ]);
  const assumed = played(opened())[0]?.quotes[0];
  expect(assumed).toMatchObject({ bid: 9.99, ask: 10.01 });
  const sides = ["bid", "ask"].flatMap((side) =>
    ["open", "high", "low", "close", "size"].map((part) => `${side}_${part}`),
  );
  write("SPY_20201215_quote.csv", [
    ["time_ny", ...sides].join(","),
    `${DATE}T09:30:00,10.0015,10.0015,10.0015,10.0015,100,10.0035,10.0035,10.0035,10.0035,100`,
  ]);
  expect(played(opened())[0]?.quotes[0]).toMatchObject({ bid: 10.0015, ask: 10.0035 });
});

describe("seconds and ticks", () => {
  test("seconds print at their quarters and come to the minute's bar", () => {
    write("SPY_20201215_trade.csv", [
      "time_ny,open,high,low,close,volume",
      "2020-12-15T09:30:00,100,102,99,101,400",
      "2020-12-15T09:30:01,101,103,101,103,50",
    ]);
    const instants = played(opened());
    expect(instants.flatMap(({ trades }) => trades).map(({ time }) => time - open)).toEqual([
      0,
      SECOND / 4,
      SECOND / 2,
      SECOND - MILLISECOND,
      SECOND,
      SECOND + SECOND / 4,
      SECOND + SECOND / 2,
      2 * SECOND - MILLISECOND,
    ]);
    expect(instants.flatMap(({ bars }) => bars)).toEqual([
      { symbol: "SPY", bar: { start: open, open: 100, high: 103, low: 99, close: 103, volume: 450 } },
    ]);
  });

  test("ticks come at their own instants, quotes before trades", () => {
    write("BAC_20201215_trade.csv.gz", ["time_ny,price,size", "2020-12-15T09:30:00.100,28,300"]);
    write("BAC_20201215_quote.csv.gz", [
      "time_ny,bid,bid_size,ask,ask_size",
      "2020-12-15T09:30:00.100,27.99,100,0,0",
      "2020-12-15T09:30:00.100,0,0,28.01,200",
    ]);
    const [first, second] = played(opened());
    expect(first?.time).toBe(open + 100 * MILLISECOND);
    expect(first?.quotes[0]).toMatchObject({ bid: 27.99, ask: 28.01, bidSize: 100, askSize: 200 });
    expect(first?.trades[0]).toMatchObject({ price: 28, size: 300 });
    expect(second?.bars[0]?.bar).toMatchObject({ start: open, close: 28, volume: 300 });
  });
});

describe("what cannot be played is named", () => {
  test("an empty folder, no folder, a day without trading, a day that is not there", () => {
    expect(() => opened()).toThrow("no file like SPY_20131007_trade.csv or SPY.csv is in it");
    expect(() => openRecordedFolder({ folder: "/nowhere", daily: undefined, date: undefined }, CALENDAR)).toThrow(
      "/nowhere: there is no such folder",
    );
    write("SPY.csv", [HEADER, "2020-12-15 09:30,100,102,99,101,4000"]);
    expect(() => opened({ date: "2020-12-25" })).toThrow("date 2020-12-25: the exchange does not trade on that day");
    expect(() => opened({ date: "2020-12-16" })).toThrow("no recording of 2020-12-16; there are 2020-12-15");
  });

  test("a file where a folder is meant, and a file that is no gzip", () => {
    write("SPY.csv.gz", [HEADER, "2020-12-15 09:30,100,102,99,101,4000"]);
    const file = join(folder, "SPY.csv.gz");
    expect(() => openRecordedFolder({ folder: file, daily: undefined, date: undefined }, CALENDAR)).toThrow(
      `${file}: it is a file, a folder is needed`,
    );
    writeFileSync(file, "date,open\n");
    expect(() => opened()).toThrow(RecordedFileError);
    expect(() => opened()).toThrow(`${file}: it cannot be read: incorrect header check`);
  });

  test.each(["ticks", "hours"])("%s beside daily bars of which one is adjusted", (kind) => {
    const daily = mkdtempSync(join(tmpdir(), "robotrader-daily-"));
    writeFileSync(join(daily, "SPY.csv"), `${HEADER}\n${DATE},25,25,25,25,4000\n`);
    if (kind === "ticks") write("SPY_20201215_trade.csv", ["time_ny,price,size", `${DATE}T15:59:59,100,300`]);
    else write("SPY_hour.csv", [HEADER, `${DATE} 09:00,100,100,100,100,40`, `${DATE} 10:00,100,100,100,100,40`]);
    expect(() => openRecordedFolder({ folder, daily, date: DATE }, CALENDAR)).toThrow(
      `SPY: the daily close 25 and the replayed close 100 of ${DATE} differ by more than 20 %`,
    );
    rmSync(daily, { recursive: true, force: true });
  });

  test("a file whose columns say nothing", () => {
    write("SPY.csv", ["a,b", "1,2"]);
    expect(() => opened()).toThrow('line 1, header: got "a,b"');
  });
});
