import { newYorkToUtc } from "#core/market/new-york.ts";
import { DAY, HOUR, MINUTE, type Micros, parseDate, SECOND } from "#shared/lib/time.ts";
import type { Bar, Trade } from "#shared/model/market.ts";
import type { QuoteBar } from "./bar-prints.ts";

/** A recorded file that cannot be read as what it should be: which file, line, column, value, and what is allowed. */
export class RecordedFileError extends Error {
  override readonly name = "RecordedFileError";
}

/** What a recorded file holds; its header says it. */
export type RecordedKind = "bars" | "quoteBars" | "trades" | "quotes";

/** One change of the best quote. */
export type RecordedQuote = {
  readonly time: Micros;
  readonly bid: number;
  readonly ask: number;
  readonly bidSize: number;
  readonly askSize: number;
};

type Row = { readonly file: string; readonly line: number; readonly cells: ReadonlyMap<string, string> };

const TIME_COLUMNS = ["time_ny", "time", "timestamp", "date", "datetime"] as const;

/**
 * Bars of a generic or a known layout: a header with `open,high,low,close,volume` and one time column. Times without an
 * offset are New York local; `Z`, an offset, or epoch seconds and milliseconds are UTC. A daily row is stamped with its
 * date; `dailyStart` turns that into an instant.
 */
export function parseBars(
  file: string,
  text: string,
  dailyStart: (days: number) => Micros | undefined,
): readonly Bar[] {
  const bars: Bar[] = [];
  for (const row of rowsOf(file, text)) {
    const start = timeOf(row, dailyStart);
    if (start === undefined) continue;
    const before = bars.at(-1);
    if (before !== undefined && start <= before.start) throw outOfTurn(row, "a later time than the row before it");
    const bar: Bar = {
      start,
      open: price(row, "open"),
      high: price(row, "high"),
      low: price(row, "low"),
      close: price(row, "close"),
      volume: number(row, "volume", 0),
    };
    if (bar.high < Math.max(bar.open, bar.close) || bar.low > Math.min(bar.open, bar.close)) {
      throw failure(row, "high/low", `${bar.high}/${bar.low}`, "a range that contains open and close");
    }
    bars.push(bar);
  }
  return bars;
}

/** Bid and ask bars in the layout `bid_open ... bid_size, ask_open ... ask_size`. */
export function parseQuoteBars(file: string, text: string): readonly QuoteBar[] {
  const bars: QuoteBar[] = [];
  for (const row of rowsOf(file, text)) {
    const start = timeOf(row, () => undefined);
    if (start === undefined) throw failure(row, "time", "", "a time with minutes");
    const before = bars.at(-1);
    if (before !== undefined && start <= before.start) throw outOfTurn(row, "a later time than the row before it");
    const side = (name: string): QuoteBar["bid"] => [
      price(row, `${name}_open`),
      price(row, `${name}_high`),
      price(row, `${name}_low`),
      price(row, `${name}_close`),
    ];
    bars.push({
      start,
      bid: side("bid"),
      ask: side("ask"),
      bidSize: number(row, "bid_size", 0),
      askSize: number(row, "ask_size", 0),
    });
  }
  return bars;
}

/** The kind of a file by its header. */
export function recordedKind(file: string, text: string): RecordedKind {
  const header = headerOf(text);
  if (header.includes("bid_open")) return "quoteBars";
  if (header.includes("bid")) return "quotes";
  if (header.includes("price")) return "trades";
  if (header.includes("open")) return "bars";
  throw new RecordedFileError(
    `${file}, line 1, header: got ${JSON.stringify(header.join(","))}, expected the columns of bars, quotes or trades`,
  );
}

/**
 * Conditions of a trade that is no last price: derivatively priced, sold late, average price, and the venues' official
 * open and close reports, which repeat shares already printed.
 */
const NO_LAST_PRICE = 0x200 | 0x800 | 0x10_0000 | 0x100_0000 | 0x400_0000;

/** Trades in file order: `price,size` with optional `condition_hex` (base 16) and `suspicious`. Repeats are kept. */
export function parseTrades(file: string, text: string, symbol: string): readonly Trade[] {
  const trades: Trade[] = [];
  let before = 0;
  for (const row of rowsOf(file, text)) {
    const time = tickTime(row, before);
    before = time;
    // 32-bit masks: the odd-lot bit is the sign bit of the conversion, which the other bits do not feel.
    const isNoLastPrice = (conditionOf(row) & NO_LAST_PRICE) !== 0 || row.cells.get("suspicious") === "1";
    if (!isNoLastPrice) trades.push({ symbol, time, price: price(row, "price"), size: number(row, "size", 0) });
  }
  return trades;
}

function conditionOf(row: Row): number {
  const text = row.cells.get("condition_hex") ?? "0";
  if (!/^[0-9a-f]{1,8}$/i.test(text)) throw failure(row, "condition_hex", text, "a mask of up to 32 bits in base 16");
  return Number.parseInt(text, 16);
}

/**
 * Changes of the best quote, one side a row, the bid row before the ask row of one stamp; the other side is 0. A lone
 * row and a suspicious one are left out.
 */
export function parseQuotes(file: string, text: string): readonly RecordedQuote[] {
  const quotes: RecordedQuote[] = [];
  let bid: { readonly time: Micros; readonly price: number; readonly size: number } | undefined;
  let before = 0;
  for (const row of rowsOf(file, text)) {
    const time = tickTime(row, before);
    before = time;
    if (row.cells.get("suspicious") === "1") continue;
    const [bidPrice, askPrice] = [number(row, "bid", 0), number(row, "ask", 0)];
    if (bidPrice > 0 && askPrice > 0) {
      quotes.push({
        time,
        bid: bidPrice,
        ask: askPrice,
        bidSize: number(row, "bid_size", 0),
        askSize: number(row, "ask_size", 0),
      });
    } else if (bidPrice > 0) bid = { time, price: bidPrice, size: number(row, "bid_size", 0) };
    else if (askPrice > 0 && bid?.time === time) {
      quotes.push({ time, bid: bid.price, ask: askPrice, bidSize: bid.size, askSize: number(row, "ask_size", 0) });
    }
  }
  return quotes;
}

/** Many ticks share a millisecond, none steps back. */
function tickTime(row: Row, before: Micros): Micros {
  const time = timeOf(row, () => undefined);
  if (time === undefined) throw failure(row, "time", "", "a time of the day");
  if (time < before) throw outOfTurn(row, "no earlier time than the row before it");
  return time;
}

function headerOf(text: string): readonly string[] {
  const end = text.indexOf("\n");
  return (end === -1 ? text : text.slice(0, end)).split(",").map((name) => name.trim().toLowerCase());
}

function rowsOf(file: string, text: string): readonly Row[] {
  const lines = text.replace(/\r\n/g, "\n").split("\n");
  const header = headerOf(text);
  const rows: Row[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.trim() === "") continue;
    const cells = line.split(",");
    if (cells.length !== header.length) {
      const found = `${cells.length} cells`;
      throw failure(
        { file, line: index + 1, cells: new Map() },
        "row",
        found,
        `${header.length} cells as in the header`,
      );
    }
    rows.push({ file, line: index + 1, cells: new Map(header.map((name, at) => [name, cells[at]?.trim() ?? ""])) });
  }
  return rows;
}

function failure(row: Row, column: string, value: string, allowed: string): RecordedFileError {
  return new RecordedFileError(
    `${row.file}, line ${row.line}, ${column}: got ${JSON.stringify(value)}, expected ${allowed}`,
  );
}

function outOfTurn(row: Row, allowed: string): RecordedFileError {
  const column = timeColumn(row);
  return failure(row, column, row.cells.get(column) ?? "", allowed);
}

function number(row: Row, column: string, least: number): number {
  const text = row.cells.get(column);
  if (text === undefined) throw failure(row, column, "", "a column of that name");
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < least)
    throw failure(row, column, text, `a number from ${least}`);
  return value;
}

function price(row: Row, column: string): number {
  const value = number(row, column, 0);
  if (!(value > 0)) throw failure(row, column, String(value), "a price above zero");
  return value;
}

function timeOf(row: Row, dailyStart: (days: number) => Micros | undefined): Micros | undefined {
  const column = timeColumn(row);
  const text = row.cells.get(column) ?? "";
  if (/^\d{9,13}$/.test(text)) return Number(text) * (text.length > 10 ? 1_000 : SECOND);
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(
      text,
    );
  const days = parseDate(match?.[1] ?? "");
  if (match === null || days === undefined) throw failure(row, column, text, "an ISO date or time, or epoch seconds");
  if (match[2] === undefined) return dailyStart(days);
  const fraction = Number((match[5] ?? "0").padEnd(6, "0"));
  const clock = Number(match[2]) * HOUR + Number(match[3]) * MINUTE + Number(match[4] ?? 0) * SECOND + fraction;
  const zone = match[6];
  if (zone === undefined) return newYorkToUtc(days, clock);
  return days * DAY + clock - offsetOf(zone);
}

function timeColumn(row: Row): string {
  const column = TIME_COLUMNS.find((name) => row.cells.has(name));
  if (column === undefined) throw failure(row, "time", "", `one of the columns ${TIME_COLUMNS.join(", ")}`);
  return column;
}

function offsetOf(zone: string): Micros {
  if (zone === "Z") return 0;
  const sign = zone.startsWith("-") ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * HOUR + Number(zone.slice(4, 6)) * MINUTE);
}
