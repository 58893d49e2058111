import { type BarBuilder, type CompletedBar, createBarBuilder } from "#core/market/bar-builder.ts";
import type { Calendar, Session } from "#core/market/calendar.ts";
import { createValidator, type Validator } from "#core/market/validation.ts";
import type { MarketView } from "#core/risk/risk-view.ts";
import { RingBuffer } from "#shared/lib/ring-buffer.ts";
import { DAY, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Bar, DataQuality, Quote, Timeframe, Trade } from "#shared/model/market.ts";
import { BARS_KEPT } from "./options.ts";

const ADV_DAYS = 20;
const GAPS_KEPT = 64;
/** A completed minute may come this much after its end; until then time closes no bar that still waits for it. */
const FEED_DELAY = 5 * SECOND;
const BUILT: readonly Exclude<Timeframe, "1m">[] = ["5m", "15m", "1h", "1d"];

/** Everything known of one symbol's market. */
type SymbolMarket = {
  readonly symbol: string;
  instrument: Instrument | undefined;
  quote: Quote | undefined;
  last: Trade | undefined;
  /** The last accepted price: the middle of a sound quote, or a print while no quote is sound. */
  mark: number | undefined;
  lastTick: Micros | undefined;
  readonly gaps: RingBuffer<number>;
  readonly validator: Validator;
  readonly builder: BarBuilder;
  readonly bars: Map<Timeframe, RingBuffer<Bar>>;
  forming: Bar | undefined;
  /** Daily bars of the past, from the broker's history; the newest complete one last. */
  readonly daily: RingBuffer<Bar>;
  refusal: string | undefined;
  /** Minutes of the past are on their way: time closes no bar that they belong to. */
  isLoading: boolean;
  /** When they had come to their end. */
  loadedAt: Micros | undefined;
  /** Open of the session whose first tick has come. */
  session: Micros | undefined;
};

/** What the watchlist shows of a symbol; absent = unknown. */
export type QuoteView = {
  readonly symbol: string;
  readonly bid?: number;
  readonly ask?: number;
  readonly bidSize?: number;
  readonly askSize?: number;
  readonly last?: number;
  readonly lastSize?: number;
  readonly volume?: number;
  readonly previousClose?: number;
  readonly open?: number;
  readonly high?: number;
  readonly low?: number;
  readonly averageDailyVolume?: number;
  readonly time?: Micros;
  readonly quality?: DataQuality;
  readonly refusal?: string;
  readonly flags: readonly string[];
};

export type MarketOptions = {
  readonly calendar: Calendar;
  readonly symbols: readonly string[];
  readonly assumeAdv: number | undefined;
  /** Largest ratio of spread to mid of a quote whose middle is a price; the validator's own unless given. */
  readonly maxSpreadFraction?: number;
};

/** What a tick did that others must know of. */
export type TickOutcome = { readonly events: readonly string[]; readonly isMarkChanged: boolean };

type TimedBar = CompletedBar & { readonly symbol: string; readonly isLive: boolean };

const IGNORED: TickOutcome = { events: [], isMarkChanged: false };

/** Market data as the engine holds it: validated quotes and prints, bars of every size, sessions. */
export class MarketStage {
  readonly calendar: Calendar;
  private readonly options: MarketOptions;
  private readonly markets = new Map<string, SymbolMarket>();
  private feedTime: Micros | undefined;
  private session: Session | undefined;
  private nextOpen: Session | undefined;
  private checkedUntil: Micros = Number.NEGATIVE_INFINITY;

  constructor(options: MarketOptions) {
    this.options = options;
    this.calendar = options.calendar;
    for (const symbol of options.symbols) this.marketOf(symbol);
  }

  symbols(): readonly string[] {
    return [...this.markets.keys()];
  }

  instrument(symbol: string): Instrument | undefined {
    return this.markets.get(symbol)?.instrument;
  }

  setInstrument(instrument: Instrument): void {
    this.marketOf(instrument.symbol).instrument = instrument;
  }

  refuse(symbol: string, reason: string): void {
    this.marketOf(symbol).refusal = reason;
  }

  refusals(): readonly string[] {
    return [...this.markets.values()].filter((market) => market.refusal !== undefined).map((market) => market.symbol);
  }

  lastTickTime(symbol: string): Micros | undefined {
    return this.markets.get(symbol)?.lastTick;
  }

  /** The symbol whose data are oldest; undefined before the first tick. */
  stalestSymbol(): string | undefined {
    let oldest: SymbolMarket | undefined;
    for (const market of this.markets.values()) {
      if (market.lastTick === undefined) continue;
      if (oldest === undefined || market.lastTick < (oldest.lastTick ?? 0)) oldest = market;
    }
    return oldest?.symbol;
  }

  /** The regular session that contains `time`. Asked for every event, so the answer is kept until it can change. */
  sessionAt(time: Micros): Session | undefined {
    if (time < this.checkedUntil && (this.session === undefined || time >= this.session.open)) return this.session;
    this.session = this.calendar.sessionOf(time);
    this.nextOpen = this.calendar.nextSession(time);
    this.checkedUntil = this.session?.close ?? this.nextOpen?.open ?? time + DAY;
    return this.session;
  }

  nextSession(time: Micros): Session | undefined {
    this.sessionAt(time);
    return this.nextOpen;
  }

  onQuote(quote: Quote): TickOutcome {
    const market = this.marketOf(quote.symbol);
    this.resetAtOpen(market, quote.time);
    const verdict = market.validator.quote(quote);
    if (!verdict.accepted) return { ...IGNORED, events: verdict.events };
    this.tick(market, quote.time);
    market.quote = quote;
    const mid = market.validator.mid();
    if (mid !== undefined) market.mark = mid;
    return { events: verdict.events, isMarkChanged: mid !== undefined };
  }

  onTrade(trade: Trade): TickOutcome {
    const market = this.marketOf(trade.symbol);
    this.resetAtOpen(market, trade.time);
    const verdict = market.validator.trade(trade);
    if (!verdict.accepted) return { ...IGNORED, events: verdict.events };
    this.tick(market, trade.time);
    market.last = trade;
    const isMarkChanged = market.validator.mid() === undefined;
    if (isMarkChanged) market.mark = trade.price;
    return { events: verdict.events, isMarkChanged };
  }

  /** A completed bar of the stream; returns every bar that it completes, its own first. Refused bars complete nothing. */
  onBar(symbol: string, bar: Bar): readonly CompletedBar[] {
    const market = this.marketOf(symbol);
    const newest = this.ring(market, "1m").last();
    if (newest !== undefined && bar.start <= newest.start) return [];
    if (!market.validator.bar(bar).accepted) return [];
    if (market.forming !== undefined && market.forming.start <= bar.start) market.forming = undefined;
    const completed: CompletedBar[] = [{ timeframe: "1m", bar, end: bar.start + MINUTE }];
    // Only the regular session makes bars of the larger sizes; extended hours stay minutes.
    if (this.calendar.sessionOf(bar.start) !== undefined) completed.push(...market.builder.push(bar));
    for (const built of completed) this.keep(market, built);
    return completed;
  }

  /**
   * Bars that time alone has closed: the last one of a session whose final minute had no trade. One that had ended before
   * its minutes were read is history like them.
   */
  advance(time: Micros): readonly TimedBar[] {
    const closed: TimedBar[] = [];
    for (const market of this.markets.values()) {
      if (market.isLoading) continue;
      for (const built of market.builder.advance(time - FEED_DELAY)) {
        this.keep(market, built);
        closed.push({ ...built, symbol: market.symbol, isLive: built.end > (market.loadedAt ?? 0) });
      }
    }
    return closed;
  }

  /** A row of the broker's daily history at `time`. That of the running session is no day yet: it grows until the close. */
  onDailyBar(symbol: string, bar: Bar, time: Micros): void {
    const { daily } = this.marketOf(symbol);
    if ((this.calendar.sessionOf(bar.start)?.close ?? time) > time) return;
    const newest = daily.last();
    if (newest === undefined || this.dayOf(bar) > this.dayOf(newest)) daily.push(bar);
    // Of a day that we built from minutes the broker knows more: the auctions and what was traded while we were away.
    else if (this.dayOf(bar) === this.dayOf(newest)) daily.replaceLast(bar);
  }

  onForming(symbol: string, bar: Bar): void {
    this.marketOf(symbol).forming = bar;
  }

  /** Minutes of the past will come, or come already: of one symbol, or of all after a loss of the link. */
  expectHistory(symbol?: string): void {
    const markets = symbol === undefined ? this.markets.values() : [this.marketOf(symbol)];
    for (const market of markets) market.isLoading = true;
  }

  endHistory(symbol: string, time: Micros): void {
    const market = this.marketOf(symbol);
    market.isLoading = false;
    market.loadedAt = time;
  }

  /** Completed bars, oldest first. Daily bars come from the broker's history where there is one. */
  bars(symbol: string, timeframe: Timeframe, count: number): readonly Bar[] {
    const market = this.markets.get(symbol);
    if (market === undefined) return [];
    const ring = timeframe === "1d" && market.daily.length > 0 ? market.daily : this.ring(market, timeframe);
    return ring.toArray().slice(-count);
  }

  /** The bar under construction, from completed minutes and the minute that is forming. */
  forming(symbol: string, timeframe: Timeframe): Bar | undefined {
    const market = this.markets.get(symbol);
    if (market === undefined) return undefined;
    return timeframe === "1m" ? market.forming : market.builder.forming(timeframe, market.forming);
  }

  /** The last accepted price. A quote that is one-sided, crossed, wide or in quarantine has none, and leaves it alone. */
  mark(symbol: string): number | undefined {
    return this.markets.get(symbol)?.mark;
  }

  /** Mean volume of the last 20 complete days; undefined with fewer. */
  averageDailyVolume(symbol: string): number | undefined {
    const days = this.markets.get(symbol)?.daily.toArray().slice(-ADV_DAYS) ?? [];
    if (days.length < ADV_DAYS) return this.options.assumeAdv;
    return days.reduce((sum, day) => sum + day.volume, 0) / ADV_DAYS;
  }

  view(symbol: string, isFarmUp: boolean): MarketView {
    const market = this.markets.get(symbol);
    if (market === undefined) return { isLive: false, isFarmUp, isQuarantined: false };
    const { quote, last } = market;
    const gap = medianGap(market.gaps);
    const volume = this.averageDailyVolume(symbol);
    return {
      isLive: quote?.quality === "live",
      isFarmUp,
      isQuarantined: market.validator.isQuarantined(),
      ...(quote?.bid === undefined ? {} : { bid: quote.bid }),
      ...(quote?.ask === undefined ? {} : { ask: quote.ask }),
      ...(last === undefined ? {} : { last: last.price }),
      ...(market.lastTick === undefined ? {} : { quoteTime: market.lastTick }),
      ...(this.feedTime === undefined ? {} : { feedTime: this.feedTime }),
      ...(gap === undefined ? {} : { medianGapSeconds: gap }),
      ...(volume === undefined ? {} : { averageDailyVolume: volume }),
    };
  }

  quoteView(symbol: string): QuoteView {
    const market = this.marketOf(symbol);
    const { quote, last } = market;
    const volume = this.averageDailyVolume(symbol);
    const { day, previousClose } = this.days(market);
    return {
      symbol,
      flags: market.validator.flags(),
      ...(quote?.bid === undefined ? {} : { bid: quote.bid, bidSize: quote.bidSize }),
      ...(quote?.ask === undefined ? {} : { ask: quote.ask, askSize: quote.askSize }),
      ...(last === undefined ? {} : { last: last.price, lastSize: last.size }),
      ...(day === undefined ? {} : { open: day.open, high: day.high, low: day.low, volume: day.volume }),
      ...(previousClose === undefined ? {} : { previousClose }),
      ...(volume === undefined ? {} : { averageDailyVolume: volume }),
      ...(market.lastTick === undefined ? {} : { time: market.lastTick }),
      ...(quote === undefined ? {} : { quality: quote.quality }),
      ...(market.refusal === undefined ? {} : { refusal: market.refusal }),
    };
  }

  /**
   * The running day and the close before it: of the minutes, those of before the start too. After the close the day that is
   * over stays until the next session opens.
   */
  private days(market: SymbolMarket): { readonly day: Bar | undefined; readonly previousClose: number | undefined } {
    const { daily, lastTick } = market;
    const running = this.forming(market.symbol, "1d");
    const newest = daily.last();
    if (running !== undefined || newest === undefined) return { day: running, previousClose: newest?.close };
    const ended = this.calendar.sessionOf(newest.start)?.close;
    const next = ended === undefined ? undefined : this.calendar.nextSession(ended)?.open;
    const isEvening = ended !== undefined && lastTick !== undefined && lastTick >= ended && lastTick < (next ?? 0);
    return isEvening
      ? { day: newest, previousClose: daily.last(1)?.close }
      : { day: undefined, previousClose: newest.close };
  }

  private marketOf(symbol: string): SymbolMarket {
    const known = this.markets.get(symbol);
    if (known !== undefined) return known;
    const { calendar, maxSpreadFraction } = this.options;
    const market: SymbolMarket = {
      symbol,
      instrument: undefined,
      quote: undefined,
      last: undefined,
      mark: undefined,
      lastTick: undefined,
      gaps: new RingBuffer<number>(GAPS_KEPT),
      validator: createValidator(maxSpreadFraction === undefined ? {} : { maxSpreadFraction }),
      builder: createBarBuilder(calendar, BUILT),
      bars: new Map(),
      forming: undefined,
      daily: new RingBuffer<Bar>(BARS_KEPT),
      refusal: undefined,
      isLoading: false,
      loadedAt: undefined,
      session: undefined,
    };
    this.markets.set(symbol, market);
    return market;
  }

  private ring(market: SymbolMarket, timeframe: Timeframe): RingBuffer<Bar> {
    const known = market.bars.get(timeframe);
    if (known !== undefined) return known;
    const ring = new RingBuffer<Bar>(BARS_KEPT);
    market.bars.set(timeframe, ring);
    return ring;
  }

  private keep(market: SymbolMarket, { timeframe, bar }: CompletedBar): void {
    this.ring(market, timeframe).push(bar);
    const newest = market.daily.last();
    // The session that has just ended is the day before of the next one, which the history was read too early to hold.
    if (timeframe === "1d" && newest !== undefined && this.dayOf(bar) > this.dayOf(newest)) market.daily.push(bar);
  }

  /** What is equal of two bars of one session, however the source stamps its days. */
  private dayOf({ start }: Bar): Micros {
    return this.calendar.sessionOf(start)?.open ?? start;
  }

  private tick(market: SymbolMarket, time: Micros): void {
    if (market.lastTick !== undefined && time > market.lastTick) market.gaps.push((time - market.lastTick) / SECOND);
    market.lastTick = time;
    market.refusal = undefined;
    this.feedTime = Math.max(this.feedTime ?? time, time);
  }

  private resetAtOpen(market: SymbolMarket, time: Micros): void {
    const session = this.sessionAt(time);
    if (session === undefined || market.session === session.open) return;
    market.session = session.open;
    market.validator.resetReference(market.daily.last()?.close);
  }
}

function medianGap(gaps: RingBuffer<number>): number | undefined {
  if (gaps.length < 5) return undefined;
  const sorted = gaps.toArray().sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
