import { describe, expect, test } from "vitest";
import { newYorkToUtc } from "#core/market/new-york.ts";
import { parseBars, parseQuoteBars, parseQuotes, parseTrades, recordedKind } from "#core/simulation/recorded-files.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, MILLISECOND, MINUTE, parseDate, SECOND } from "#shared/lib/time.ts";

const DAY_NUMBER = present(parseDate("2013-10-07"), "a day");
const at = (hours: number, minutes = 0): number => newYorkToUtc(DAY_NUMBER, hours * HOUR + minutes * MINUTE);
const bars = (text: string) => parseBars("SPY.csv", text, () => undefined);
const HEADER = "time,open,high,low,close,volume";

describe("the kind of a recorded file", () => {
  test.each([
    ["time_ny,open,high,low,close,volume", "bars"],
    [",date,open,high,low,close,volume", "bars"],
    ["time_ny,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size", "quoteBars"],
    ["time_ny,price,size,exchange,condition_hex,suspicious", "trades"],
    ["time_ny,bid,bid_size,ask,ask_size", "quotes"],
  ])("%s", (header, kind) => expect(recordedKind("x.csv", `${header}\n`)).toBe(kind));

  test("columns of none of them are named", () => {
    expect(() => recordedKind("x.csv", "a,b\n1,2\n")).toThrow('x.csv, line 1, header: got "a,b"');
  });
});

describe("times of a bar", () => {
  test.each([
    ["2013-10-07T09:30:00", at(9, 30)],
    ["2013-10-07 09:30", at(9, 30)],
    ["2013-10-07T13:30:00Z", at(9, 30)],
    ["2013-10-07T15:30:00+02:00", at(9, 30)],
    ["2013-10-07T09:30:00-04:00", at(9, 30)],
    [String(at(9, 30) / SECOND), at(9, 30)],
    [String(at(9, 30) / MILLISECOND), at(9, 30)],
  ])("%s", (text, start) => {
    expect(bars(`${HEADER}\n${text},1,2,0.5,1.5,100\n`)).toEqual([
      { start, open: 1, high: 2, low: 0.5, close: 1.5, volume: 100 },
    ]);
  });

  test("a date alone is what the calendar makes of it", () => {
    const daily = parseBars("SPY.csv", "date,open,high,low,close,volume\n2013-10-07,1,1,1,1,5\n", () => at(9, 30));
    expect(daily.map(({ start }) => start)).toEqual([at(9, 30)]);
  });
});

describe("what a recorded file may not hold is named with file, line, column and value", () => {
  test.each([
    ["2013-10-07T25:99:00x,1,2,0.5,1.5,100", 'line 2, time: got "2013-10-07T25:99:00x"'],
    ["2013-13-07T09:30,1,2,0.5,1.5,100", 'line 2, time: got "2013-13-07T09:30"'],
    ["2013-10-07T09:30,,2,0.5,1.5,100", 'line 2, open: got ""'],
    ["2013-10-07T09:30,NaN,2,0.5,1.5,100", 'line 2, open: got "NaN"'],
    ["2013-10-07T09:30,1,Infinity,0.5,1.5,100", 'line 2, high: got "Infinity"'],
    ["2013-10-07T09:30,1,2,0,1.5,100", 'line 2, low: got "0", expected a price above zero'],
    ["2013-10-07T09:30,1,2,0.5,1.5,-1", 'line 2, volume: got "-1"'],
    ["2013-10-07T09:30,1,1.2,0.5,1.5,100", "expected a range that contains open and close"],
    ["2013-10-07T09:30,1,2,0.5,1.5", 'got "5 cells", expected 6 cells as in the header'],
    [
      "2013-10-07T09:30,1,2,0.5,1.5,9\n2013-10-07T09:30,1,2,0.5,1.5,9",
      'line 3, time: got "2013-10-07T09:30", expected a later time',
    ],
    ["2013-10-07T25:30,1,2,0.5,1.5,9", 'line 2, time: got "2013-10-07T25:30"'],
    ["2013-10-07T09:61:00,1,2,0.5,1.5,9", 'line 2, time: got "2013-10-07T09:61:00"'],
    ["2013-10-07T09:30:99,1,2,0.5,1.5,9", 'line 2, time: got "2013-10-07T09:30:99"'],
    ["\n\n2013-10-07T09:30,1,2,0.5,x,9", 'line 4, close: got "x"'],
  ])("%s", (row, message) => expect(() => bars(`${HEADER}\n${row}\n`)).toThrow(message));
});

describe("quotes and trades", () => {
  test("a bar of quotes keeps both sides and the last sizes", () => {
    const head = "time_ny,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size";
    const [bar] = parseQuoteBars("q.csv", `${head}\r\n2013-10-07T09:30:00,1,4,1,2,300,2,5,2,3,400\r\n`);
    expect(bar).toEqual({ start: at(9, 30), bid: [1, 4, 1, 2], ask: [2, 5, 2, 3], bidSize: 300, askSize: 400 });
  });

  test("changes of the best quote come as pairs; a lone row and a suspicious one are left out", () => {
    const rows = [
      "time_ny,bid,bid_size,ask,ask_size,exchange,condition_hex,suspicious",
      "2013-10-07T09:30:00.100,0.0,0,14.02,500,Q,1,0",
      "2013-10-07T09:30:00.554,13.84,700,0.0,0,P,1,0",
      "2013-10-07T09:30:00.554,0.0,0,13.95,900,P,1,0",
      "2013-10-07T09:30:01.000,0.0,0,185,1,P,1,1",
    ];
    expect(parseQuotes("q.csv", rows.join("\n"))).toEqual([
      { time: at(9, 30) + 554 * MILLISECOND, bid: 13.84, ask: 13.95, bidSize: 700, askSize: 900 },
    ]);
  });

  test("conditions are read in base 16: auctions and odd lots print, reports and late sales do not; repeats stay", () => {
    const conditions = ["20000020", "40", "80000000", "40", "100000", "200", "800", "1000000", "4000000"];
    const rows = conditions.map((condition) => `2013-10-07T09:30:00.000,10,100,P,${condition},0`);
    const text = ["time_ny,price,size,exchange,condition_hex,suspicious", ...rows].join("\n");
    expect(parseTrades("t.csv", text, "BAC")).toHaveLength(4);
  });

  test("times that step back are refused", () => {
    const text = "time_ny,price,size\n2013-10-07T09:31:00,1,1\n2013-10-07T09:30:00,1,1\n";
    const refusal = 't.csv, line 3, time_ny: got "2013-10-07T09:30:00", expected no earlier time';
    expect(() => parseTrades("t.csv", text, "BAC")).toThrow(refusal);
    const quotes = "time_ny,bid,bid_size,ask,ask_size\n2013-10-07T09:31:00,1,1,2,1\n2013-10-07T09:30:00,1,1,2,1\n";
    expect(() => parseQuotes("t.csv", quotes)).toThrow(refusal);
  });

  test("a condition that is no mask is refused, so that no late sale passes for a last price", () => {
    const text = "time_ny,price,size,condition_hex\n2013-10-07T09:31:00,1,1,0\n2013-10-07T09:31:00,1,1,sold late\n";
    expect(() => parseTrades("t.csv", text, "BAC")).toThrow('t.csv, line 3, condition_hex: got "sold late"');
  });
});
