import type { Calendar } from "#core/market/calendar.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Timeframe } from "#shared/model/market.ts";
import type { Connection } from "./connection.ts";
import type { ContractBook } from "./contract-messages.ts";
import { easternDate } from "./eastern-time.ts";
import { type Field, FieldReader } from "./wire.ts";

const LINES = 100;
const BAR_SIZES: Readonly<Record<string, Timeframe>> = {
  "1 min": "1m",
  "5 mins": "5m",
  "15 mins": "15m",
  "1 hour": "1h",
  "1 day": "1d",
};

type Line = { readonly connection: Connection; readonly request: number; readonly symbol: string };
type Kept = Line & { forming: Bar | undefined; readonly isRegular: boolean };
type DayBook = { session: Micros; volume: number };

/** Level 1 data and bars: who subscribed to what, and what is sent to whom. */
export class MarketDesk {
  private readonly source: MarketSource;
  private readonly calendar: Calendar;
  private readonly contracts: ContractBook;
  private readonly now: () => Micros;
  private readonly lines: Line[] = [];
  private readonly kept: Kept[] = [];
  private readonly quotes = new Map<string, Quote>();
  private readonly last = new Map<string, { readonly price: number; readonly size: number }>();
  private readonly days = new Map<string, DayBook>();

  constructor(source: MarketSource, calendar: Calendar, contracts: ContractBook, now: () => Micros) {
    this.source = source;
    this.calendar = calendar;
    this.contracts = contracts;
    this.now = now;
  }

  forget(connection: Connection): void {
    remove(this.lines, (line) => line.connection === connection);
    remove(this.kept, (line) => line.connection === connection);
  }

  /** 1: reqMktData. */
  subscribe(connection: Connection, fields: readonly string[]): void {
    const reader = new FieldReader(fields, 2);
    const request = reader.integer();
    const conId = reader.integer();
    const symbol = reader.text();
    const instrument = this.contracts.find({ conId, symbol });
    if (instrument === undefined) {
      connection.error(request, 200, "No security definition has been found for the request");
      return;
    }
    reader.skip(10);
    if (reader.flag()) reader.skip(3);
    reader.skip(1);
    const isSnapshot = reader.flag();
    if (!isSnapshot && this.lines.length >= LINES) {
      connection.error(request, 101, "Max number of tickers has been reached");
      return;
    }
    const line: Line = { connection, request, symbol: instrument.symbol };
    connection.send([58, 1, request, 1]);
    this.sendStanding(line);
    if (isSnapshot) connection.send([57, 1, request]);
    else this.lines.push(line);
  }

  /** 2: cancelMktData. */
  unsubscribe(connection: Connection, fields: readonly string[]): void {
    const request = Number(fields[2]);
    if (!remove(this.lines, (line) => line.connection === connection && line.request === request)) {
      connection.error(request, 300, "Can't find EId with tickerId");
    }
  }

  /** 20: reqHistoricalData. */
  history(connection: Connection, fields: readonly string[]): void {
    const reader = new FieldReader(fields, 1);
    const request = reader.integer();
    const conId = reader.integer();
    const symbol = reader.text();
    reader.skip(11);
    const [end, size, duration] = [reader.text(), reader.text(), reader.text()];
    const isRegular = reader.flag();
    const what = reader.text();
    const isEpoch = reader.text() === "2";
    const isKept = reader.flag();
    const instrument = this.contracts.find({ conId, symbol });
    const timeframe = BAR_SIZES[size];
    const from = this.startOf(duration);
    const problem =
      instrument === undefined
        ? { code: 200, text: "No security definition has been found for the request" }
        : timeframe === undefined || from === undefined || end !== "" || what !== "TRADES"
          ? { code: 321, text: `Error validating request: bar size ${size}, duration ${duration}, end ${end}, ${what}` }
          : undefined;
    if (problem !== undefined || instrument === undefined || timeframe === undefined || from === undefined) {
      connection.error(request, problem?.code ?? 321, problem?.text ?? "Error validating request");
      return;
    }
    const bars = this.source
      .history(instrument.symbol, timeframe, from, this.now())
      .filter((bar) => !isRegular || this.calendar.sessionOf(bar.start) !== undefined);
    if (bars.length === 0 && !isKept) {
      connection.error(request, 162, "Historical Market Data Service error message:HMDS query returned no data");
      return;
    }
    const stamp = (bar: Bar): Field =>
      timeframe === "1d" || !isEpoch ? easternDate(bar.start) : Math.floor(bar.start / SECOND);
    const rows = bars.flatMap((bar) => [stamp(bar), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.close, 1]);
    connection.send([17, request, easternDate(from), easternDate(this.now()), bars.length, ...rows]);
    if (isKept) this.kept.push({ connection, request, symbol: instrument.symbol, forming: undefined, isRegular });
  }

  /** 25: cancelHistoricalData. */
  cancelHistory(connection: Connection, fields: readonly string[]): void {
    const request = Number(fields[2]);
    if (remove(this.kept, (line) => line.connection === connection && line.request === request)) return;
    connection.error(request, 162, "Historical Market Data Service error message:API historical data query cancelled");
  }

  /** What an instant shows: completed bars, then quotes, then prints. */
  play(instant: MarketInstant): void {
    for (const { symbol, bar } of instant.bars) this.sendBar(symbol, bar);
    for (const quote of instant.quotes) {
      this.quotes.set(quote.symbol, quote);
      for (const line of this.lines) if (line.symbol === quote.symbol) sendQuote(line, quote);
    }
    for (const trade of instant.trades) {
      this.last.set(trade.symbol, trade);
      const volume = this.addVolume(trade.symbol, trade.time, trade.size);
      for (const line of this.lines) {
        if (line.symbol !== trade.symbol) continue;
        line.connection.send([1, 6, line.request, 4, trade.price, trade.size, 0]);
        if (volume !== undefined) line.connection.send([2, 6, line.request, 8, volume]);
      }
      this.formBar(trade.symbol, trade.time, trade.price, trade.size);
    }
  }

  /** Midpoint or last price known; for margin and marks. */
  priceOf(symbol: string): number | undefined {
    const quote = this.quotes.get(symbol);
    if (quote?.bid !== undefined && quote.ask !== undefined) return (quote.bid + quote.ask) / 2;
    return this.last.get(symbol)?.price;
  }

  private sendStanding(line: Line): void {
    const quote = this.quotes.get(line.symbol);
    const last = this.last.get(line.symbol);
    line.connection.send([45, 6, line.request, 49, 0]);
    if (quote !== undefined) sendQuote(line, quote);
    if (last !== undefined) line.connection.send([1, 6, line.request, 4, last.price, last.size, 0]);
    const before = this.source.history(line.symbol, "1d", this.now() - 10 * 86_400 * SECOND, this.now()).at(-1);
    if (before !== undefined) line.connection.send([1, 6, line.request, 9, before.close, 0, 0]);
    line.connection.send([46, 6, line.request, 45, Math.floor(this.now() / SECOND)]);
  }

  private addVolume(symbol: string, time: Micros, size: number): number | undefined {
    const session = this.calendar.sessionOf(time);
    if (session === undefined) return undefined;
    const day = this.days.get(symbol);
    const volume = (day?.session === session.open ? day.volume : 0) + size;
    this.days.set(symbol, { session: session.open, volume });
    return volume;
  }

  private sendBar(symbol: string, bar: Bar): void {
    for (const line of this.kept) {
      if (line.symbol !== symbol) continue;
      line.forming = undefined;
      if (line.isRegular && this.calendar.sessionOf(bar.start) === undefined) continue;
      sendUpdate(line, bar);
    }
  }

  /** The bar under construction, as built from what has been sent. */
  private formBar(symbol: string, time: Micros, price: number, size: number): void {
    const start = Math.floor(time / MINUTE) * MINUTE;
    for (const line of this.kept) {
      if (line.symbol !== symbol) continue;
      if (line.isRegular && this.calendar.sessionOf(time) === undefined) continue;
      const known = line.forming;
      line.forming =
        known === undefined || known.start !== start
          ? { start, open: price, high: price, low: price, close: price, volume: size }
          : {
              ...known,
              high: Math.max(known.high, price),
              low: Math.min(known.low, price),
              close: price,
              volume: known.volume + size,
            };
      sendUpdate(line, line.forming);
    }
  }

  /** `n D` are n sessions back, the one at hand included. */
  private startOf(duration: string): Micros | undefined {
    const match = /^(\d+) ([SDWMY])$/.exec(duration);
    if (match === null) return undefined;
    const count = Number(match[1]);
    const day = 86_400 * SECOND;
    const now = this.now();
    switch (match[2]) {
      case "S":
        return now - count * SECOND;
      case "D": {
        let start = this.calendar.sessionOf(now)?.open ?? now;
        const back = this.calendar.sessionOf(now) === undefined ? count : count - 1;
        for (let i = 0; i < back; i += 1) start = this.calendar.previousSession(start)?.open ?? start - day;
        return start;
      }
      case "W":
        return now - count * 7 * day;
      case "M":
        return now - count * 30 * day;
      default:
        return now - count * 365 * day;
    }
  }
}

function sendQuote({ connection, request }: Line, quote: Quote): void {
  const { bid, ask, bidSize, askSize } = quote;
  connection.send([1, 6, request, 1, bid ?? -1, bid === undefined ? 0 : bidSize, 1]);
  // The library tells no bid size from a price tick; TWS sends it as a tick of its own as well.
  connection.send([2, 6, request, 0, bid === undefined ? 0 : bidSize]);
  connection.send([1, 6, request, 2, ask ?? -1, ask === undefined ? 0 : askSize, 1]);
}

/** The order of prices differs from the bars of a history: open, close, high, low. */
function sendUpdate({ connection, request }: Line, bar: Bar): void {
  const { start, open, close, high, low, volume } = bar;
  connection.send([90, request, 1, Math.floor(start / SECOND), open, close, high, low, close, volume]);
}

function remove<T>(list: T[], isGone: (item: T) => boolean): boolean {
  const before = list.length;
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const item = list[i];
    if (item !== undefined && isGone(item)) list.splice(i, 1);
  }
  return list.length < before;
}
