import type { Calendar, Session } from "#core/market/calendar.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { DAY, MILLISECOND, type Micros } from "#shared/lib/time.ts";
import type { Quote, Trade } from "#shared/model/market.ts";
import {
  marketDataType,
  snapshotEnd,
  TICK,
  tickGeneric,
  tickPrice,
  tickSize,
  tickString,
} from "../codec/market-messages.ts";
import type { MarketDataRequest } from "../codec/requests.ts";
import type { Connection } from "../server/connection.ts";
import type { ContractBook } from "./contract-book.ts";
import { epochSeconds } from "./wire-time.ts";

/** Market-data lines of all clients together, as the broker grants them by default. */
const LINES = 100;
const LIVE = 1;
/** Above 2.5: at least a thousand shares can be borrowed. */
const SHORTABLE = 3;
const SHORTABLE_TICK = "236";
const RT_VOLUME_TICK = "233";

type Line = {
  readonly connection: Connection;
  readonly requestId: number;
  readonly symbol: string;
  readonly genericTicks: readonly string[];
};

/** What has been sent of a symbol today; nothing of it lies ahead of the clock. */
type Tape = {
  date: string;
  quote: Quote | undefined;
  last: Trade | undefined;
  open: number | undefined;
  high: number;
  low: number;
  volume: number;
  value: number;
};

/** Level 1 data: who subscribed to what, and what each instant shows them. */
export class MarketDesk {
  private readonly source: MarketSource;
  private readonly calendar: Calendar;
  private readonly book: ContractBook;
  private readonly now: () => Micros;
  private readonly tapes = new Map<string, Tape>();
  private readonly lines = new Map<string, Line[]>();
  private count = 0;
  /** Symbols whose data the account has not subscribed to: a fault. */
  readonly withheld = new Set<string>();
  private session: Session | undefined;

  constructor(parts: {
    readonly source: MarketSource;
    readonly calendar: Calendar;
    readonly book: ContractBook;
    readonly now: () => Micros;
  }) {
    this.source = parts.source;
    this.calendar = parts.calendar;
    this.book = parts.book;
    this.now = parts.now;
  }

  subscribe(connection: Connection, request: MarketDataRequest): void {
    const { requestId, genericTicks } = request;
    const listing = this.book.find(request.contract);
    if (listing === undefined) {
      connection.error(requestId, 200, "No security definition has been found for the request");
      return;
    }
    const { symbol } = listing.instrument;
    if (this.withheld.has(symbol)) {
      connection.error(requestId, 354, "Requested market data is not subscribed.");
      return;
    }
    if (!request.isSnapshot && this.count >= LINES) {
      connection.error(requestId, 101, "Max number of tickers has been reached");
      return;
    }
    if (this.lineOf(connection, requestId) !== undefined) {
      connection.error(requestId, 102, "Duplicate ticker ID.");
      return;
    }
    const line: Line = { connection, requestId, symbol, genericTicks };
    connection.send(marketDataType(requestId, LIVE));
    this.sendStanding(line);
    if (request.isSnapshot) {
      connection.send(snapshotEnd(requestId));
      return;
    }
    this.lines.set(symbol, [...(this.lines.get(symbol) ?? []), line]);
    this.count += 1;
  }

  unsubscribe(connection: Connection, requestId: number): void {
    const line = this.lineOf(connection, requestId);
    if (line === undefined) connection.error(requestId, 300, `Can't find EId with tickerId:${requestId}`);
    else this.remove((other) => other === line);
  }

  forget(connection: Connection): void {
    this.remove((line) => line.connection === connection);
  }

  /** All subscriptions are gone, as after 1101. */
  dropAll(): void {
    this.remove(() => true);
  }

  onQuote(quote: Quote): void {
    const tape = this.tapeOf(quote.symbol, quote.time);
    const before = tape.quote;
    tape.quote = quote;
    for (const line of this.lines.get(quote.symbol) ?? []) sendQuote(line, quote, before);
  }

  onTrade(trade: Trade): void {
    const { symbol, price, size, time } = trade;
    const tape = this.tapeOf(symbol, time);
    const isOpen = tape.open === undefined;
    const isHigh = isOpen || price > tape.high;
    const isLow = isOpen || price < tape.low;
    tape.last = trade;
    tape.open ??= price;
    tape.high = isHigh ? price : tape.high;
    tape.low = isLow ? price : tape.low;
    tape.volume += size;
    tape.value += price * size;
    for (const { connection, requestId, genericTicks } of this.lines.get(symbol) ?? []) {
      connection.send(tickPrice(requestId, TICK.last, price, size));
      connection.send(tickSize(requestId, TICK.lastSize, size));
      connection.send(tickSize(requestId, TICK.volume, tape.volume));
      connection.send(tickString(requestId, TICK.lastTimestamp, String(epochSeconds(time))));
      if (isOpen) connection.send(tickPrice(requestId, TICK.open, price, 0));
      if (isHigh) connection.send(tickPrice(requestId, TICK.high, price, 0));
      if (isLow) connection.send(tickPrice(requestId, TICK.low, price, 0));
      if (!genericTicks.includes(RT_VOLUME_TICK)) continue;
      connection.send(tickString(requestId, TICK.rtVolume, rtVolume(trade, tape)));
    }
  }

  /** Quotes and prints of an instant, each in the order of the source: by contract id. */
  onInstant(instant: MarketInstant, onTrade: (trade: Trade) => void): void {
    for (const quote of instant.quotes) this.onQuote(quote);
    for (const trade of instant.trades) {
      this.onTrade(trade);
      onTrade(trade);
    }
  }

  /** Mid of the standing quote, or the last print; undefined while nothing was shown. */
  markOf(symbol: string): number | undefined {
    const tape = this.tapes.get(symbol);
    const { bid, ask } = tape?.quote ?? {};
    return bid !== undefined && ask !== undefined ? (bid + ask) / 2 : tape?.last?.price;
  }

  private sendStanding(line: Line): void {
    const { connection, requestId, symbol, genericTicks } = line;
    const tape = this.tapeOf(symbol, this.now());
    connection.send(tickGeneric(requestId, TICK.halted, 0));
    const previous = this.previousClose(symbol);
    if (previous !== undefined) connection.send(tickPrice(requestId, TICK.close, previous, 0));
    if (tape.quote !== undefined) sendQuote(line, tape.quote, undefined);
    if (tape.last !== undefined) {
      connection.send(tickPrice(requestId, TICK.last, tape.last.price, tape.last.size));
      connection.send(tickSize(requestId, TICK.lastSize, tape.last.size));
      connection.send(tickString(requestId, TICK.lastTimestamp, String(epochSeconds(tape.last.time))));
    }
    if (tape.open !== undefined) {
      connection.send(tickSize(requestId, TICK.volume, tape.volume));
      connection.send(tickPrice(requestId, TICK.open, tape.open, 0));
      connection.send(tickPrice(requestId, TICK.high, tape.high, 0));
      connection.send(tickPrice(requestId, TICK.low, tape.low, 0));
    }
    if (genericTicks.includes(SHORTABLE_TICK)) connection.send(tickGeneric(requestId, TICK.shortable, SHORTABLE));
  }

  private previousClose(symbol: string): number | undefined {
    const now = this.now();
    return this.source.history(symbol, "1d", now - 10 * DAY, now).at(-1)?.close;
  }

  /** The day's figures; the standing quote and the last print live on over the night. */
  private tapeOf(symbol: string, time: Micros): Tape {
    const known = this.tapes.get(symbol);
    const date = this.dateOf(time);
    if (known !== undefined && known.date === date) return known;
    // Who begins in the middle of a day finds what was traded since its open.
    const session = this.calendar.sessionOf(time);
    const minutes = session === undefined ? [] : this.source.history(symbol, "1m", session.open, time);
    const tape: Tape = {
      date,
      quote: known?.quote,
      last: known?.last,
      open: minutes[0]?.open,
      high: Math.max(0, ...minutes.map(({ high }) => high)),
      low: minutes.length === 0 ? 0 : Math.min(...minutes.map(({ low }) => low)),
      volume: minutes.reduce((sum, { volume }) => sum + volume, 0),
      value: minutes.reduce((sum, { volume, close }) => sum + volume * close, 0),
    };
    this.tapes.set(symbol, tape);
    return tape;
  }

  private dateOf(time: Micros): string {
    const { session } = this;
    if (session !== undefined && time >= session.open && time < session.close) return session.date;
    this.session = this.calendar.sessionOf(time);
    // Prints at or after the close belong to the day that they end.
    return (this.session ?? this.calendar.previousSession(time))?.date ?? "";
  }

  private lineOf(connection: Connection, requestId: number): Line | undefined {
    for (const lines of this.lines.values()) {
      const line = lines.find((other) => other.connection === connection && other.requestId === requestId);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  private remove(isGone: (line: Line) => boolean): void {
    for (const [symbol, lines] of this.lines) {
      const left = lines.filter((line) => !isGone(line));
      this.count -= lines.length - left.length;
      this.lines.set(symbol, left);
    }
  }
}

/** Both sides with their sizes; a side whose price stands sends its size alone, and a quote that is told again all. */
function sendQuote({ connection, requestId }: Line, quote: Quote, before: Quote | undefined): void {
  const isSame =
    before !== undefined &&
    before.bid === quote.bid &&
    before.ask === quote.ask &&
    before.bidSize === quote.bidSize &&
    before.askSize === quote.askSize;
  const sides = [
    {
      price: quote.bid,
      size: quote.bidSize,
      old: before?.bid,
      oldSize: before?.bidSize,
      ids: [TICK.bid, TICK.bidSize],
    },
    {
      price: quote.ask,
      size: quote.askSize,
      old: before?.ask,
      oldSize: before?.askSize,
      ids: [TICK.ask, TICK.askSize],
    },
  ] as const;
  for (const { price, size, old, oldSize, ids } of sides) {
    const [priceType, sizeType] = ids;
    if (isSame || before === undefined || price !== old) {
      connection.send(tickPrice(requestId, priceType, price ?? -1, price === undefined ? 0 : size));
    } else if (size !== oldSize) connection.send(tickSize(requestId, sizeType, size));
  }
}

/** price;size;milliseconds;total volume;volume-weighted price;single market maker. */
function rtVolume({ price, size, time }: Trade, tape: Tape): string {
  const average = tape.value / Math.max(1, tape.volume);
  return [price, size, Math.floor(time / MILLISECOND), tape.volume, average.toFixed(4), "true"].join(";");
}
