import { merge } from "#core/market/bar-builder.ts";
import type { Calendar } from "#core/market/calendar.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Trade } from "#shared/model/market.ts";
import { historicalData, historicalUpdate, type WireBar } from "../codec/market-messages.ts";
import type { HistoryRequest } from "../codec/requests.ts";
import type { Connection } from "../server/connection.ts";
import { aggregate, type BarSize, barSizeOf, barStart, durationOf, startOf } from "./bar-request.ts";
import type { ContractBook } from "./contract-book.ts";
import { easternDate, easternText, epochSeconds, parseWireTime, zonedText } from "./wire-time.ts";

/** Daily bars from beside the market source, oldest first: those whose session is over at `to`. */
export type DailyBarSource = {
  dailyBars(symbol: string, from: Micros, to: Micros): readonly Bar[];
};

const NO_DATA = "Historical Market Data Service error message:HMDS query returned no data: ";
const CANCELLED = "Historical Market Data Service error message:API historical data query cancelled: ";
const NOT_FOUND = "No historical data query found for ticker id:";
/** A bar that is played has at most four prints. */
const PRINTS_OF_A_BAR = 4;

/** A request that is kept up to date: the bar that grows, and what the minutes before the running one gave it. */
type Kept = {
  readonly connection: Connection;
  readonly requestId: number;
  readonly symbol: string;
  readonly size: BarSize;
  readonly isEpoch: boolean;
  readonly isRegularHours: boolean;
  /** Over the minutes of the running bar that have ended. */
  ended: Bar | undefined;
};

/** Historical bars, and those that are kept up to date. Nothing is served before its own instant. */
export class HistoryDesk {
  private readonly source: MarketSource;
  private readonly daily: DailyBarSource | undefined;
  private readonly calendar: Calendar;
  private readonly book: ContractBook;
  private readonly now: () => Micros;
  private kept: Kept[] = [];
  /** The running minute of each symbol, from its prints so far. */
  private readonly running = new Map<string, Bar>();

  constructor(parts: {
    readonly source: MarketSource;
    readonly daily: DailyBarSource | undefined;
    readonly calendar: Calendar;
    readonly book: ContractBook;
    readonly now: () => Micros;
  }) {
    this.source = parts.source;
    this.daily = parts.daily;
    this.calendar = parts.calendar;
    this.book = parts.book;
    this.now = parts.now;
  }

  request(connection: Connection, request: HistoryRequest): void {
    const { requestId } = request;
    const listing = this.book.find(request.contract);
    if (listing === undefined) {
      connection.error(requestId, 200, "No security definition has been found for the request");
      return;
    }
    const asked = this.read(request);
    if (typeof asked === "string") {
      connection.error(requestId, 321, `Error validating request.-'bQ' : cause - ${asked}`);
      return;
    }
    const { symbol } = listing.instrument;
    const isTraded = request.whatToShow === "TRADES" || request.whatToShow === "ADJUSTED_LAST";
    const bars = isTraded ? this.bars(symbol, asked.size, asked.start, asked.end, request.isRegularHours) : [];
    if (bars.length === 0 && !(isTraded && request.isKeptUpToDate)) {
      const what = request.whatToShow === "TRADES" ? "Trades" : request.whatToShow;
      connection.error(requestId, 162, `${NO_DATA}${symbol}@${listing.contract.exchange} ${what}`);
      return;
    }
    const isEpoch = request.formatDate === 2;
    const rows = bars.map((bar) => wireBar(bar, asked.size, isEpoch));
    connection.send(historicalData(requestId, easternText(asked.start), easternText(asked.end), rows));
    if (!request.isKeptUpToDate) return;
    const { isRegularHours } = request;
    const kept: Kept = {
      connection,
      requestId,
      symbol,
      size: asked.size,
      isEpoch,
      isRegularHours,
      ended: this.endedPart(symbol, asked.size),
    };
    this.kept.push(kept);
  }

  cancel(connection: Connection, requestId: number): void {
    const before = this.kept.length;
    this.kept = this.kept.filter((kept) => kept.connection !== connection || kept.requestId !== requestId);
    const text = this.kept.length < before ? CANCELLED : NOT_FOUND;
    connection.error(requestId, this.kept.length < before ? 162 : 366, `${text}${requestId}`);
  }

  forget(connection: Connection): void {
    this.kept = this.kept.filter((kept) => kept.connection !== connection);
  }

  /** Requests that are kept up to date go dead without a word, as they do after 1102. */
  stopUpdates(): void {
    this.kept = [];
  }

  /** Minutes that have just ended; they come before the quotes and prints of their instant. */
  onEnded(instant: MarketInstant): void {
    for (const { symbol, bar } of instant.bars) {
      this.running.delete(symbol);
      for (const kept of this.kept) {
        if (kept.symbol !== symbol || !this.isWanted(kept, bar.start)) continue;
        const start = barStart(bar.start, kept.size.length, this.calendar);
        kept.ended = kept.ended?.start === start ? merge(kept.ended, bar) : { ...bar, start };
        kept.connection.send(historicalUpdate(kept.requestId, wireBar(kept.ended, kept.size, kept.isEpoch)));
      }
    }
  }

  /** The bar as built so far, after each print. */
  onTrade(trade: Trade): void {
    const known = this.running.get(trade.symbol);
    const print = barOf(trade, barStart(trade.time, MINUTE, this.calendar));
    const minute = known === undefined ? print : merge(known, print);
    this.running.set(trade.symbol, minute);
    for (const kept of this.kept) {
      if (kept.symbol !== trade.symbol || !this.isWanted(kept, trade.time)) continue;
      const start = barStart(trade.time, kept.size.length, this.calendar);
      const bar = kept.ended?.start === start ? merge(kept.ended, minute) : { ...minute, start };
      kept.connection.send(historicalUpdate(kept.requestId, wireBar(bar, kept.size, kept.isEpoch)));
    }
  }

  private isWanted(kept: Kept, time: Micros): boolean {
    return !kept.isRegularHours || this.calendar.sessionOf(time) !== undefined;
  }

  /** Size, start and end of what is asked for, or what is wrong with it. */
  private read(
    request: HistoryRequest,
  ): string | { readonly size: BarSize; readonly start: Micros; readonly end: Micros } {
    const size = barSizeOf(request.barSize);
    if (size === undefined) return `bar size ${request.barSize} is not served`;
    const duration = durationOf(request.duration);
    if (duration === undefined) return `duration ${request.duration} is none`;
    if (request.isKeptUpToDate && request.end !== "") return "an end date is not allowed with keepUpToDate";
    const end = request.end === "" ? this.now() : parseWireTime(request.end);
    if (end === undefined) return `end date ${request.end} is none`;
    const until = Math.min(end, this.now());
    return { size, start: startOf(duration, size, until, this.calendar), end: until };
  }

  private bars(symbol: string, size: BarSize, start: Micros, end: Micros, isRegular: boolean): readonly Bar[] {
    if (size.source === "1d") return this.dailyBars(symbol, start, end);
    const bars = this.source
      .history(symbol, size.source, start, end)
      .filter((bar) => !isRegular || this.calendar.sessionOf(bar.start) !== undefined);
    const built = aggregate(bars, size.length, this.calendar);
    // A bar that is put together from finer ones is served when it is over, not before, and whole or not at all.
    return built.filter((bar) => bar.start >= start && this.endOf(bar, size) <= end);
  }

  private dailyBars(symbol: string, start: Micros, end: Micros): readonly Bar[] {
    const bars = this.daily?.dailyBars(symbol, start, end) ?? this.source.history(symbol, "1d", start, end);
    return bars.filter((bar) => bar.start >= start && this.endOf(bar, { source: "1d", length: 0 }) <= end);
  }

  private endOf(bar: Bar, size: BarSize): Micros {
    const session = this.calendar.sessionOf(bar.start);
    if (size.source === "1d") return session?.close ?? bar.start;
    return Math.min(bar.start + size.length, session?.close ?? bar.start + size.length);
  }

  /** What the ended minutes of the running bar add up to, so that a late subscriber sees all of it. */
  private endedPart(symbol: string, size: BarSize): Bar | undefined {
    const now = this.now();
    const start = barStart(now, size.length, this.calendar);
    const minutes = this.source.history(symbol, "1m", start, now);
    return aggregate(minutes, size.length, this.calendar).find((bar) => bar.start === start);
  }
}

function barOf({ price, size }: Trade, start: Micros): Bar {
  return { start, open: price, high: price, low: price, close: price, volume: size };
}

function wireBar(bar: Bar, size: BarSize, isEpoch: boolean): WireBar {
  const isDaily = size.source === "1d";
  const date = isDaily ? easternDate(bar.start) : isEpoch ? String(epochSeconds(bar.start)) : zonedText(bar.start);
  const average = Math.round(((bar.open + bar.high + bar.low + bar.close) / 4) * 1e6) / 1e6;
  return { date, bar, average, count: Math.min(PRINTS_OF_A_BAR, bar.volume) };
}
