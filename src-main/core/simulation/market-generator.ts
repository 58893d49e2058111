import { createBarBuilder } from "#core/market/bar-builder.ts";
import type { Calendar, Session } from "#core/market/calendar.ts";
import { assert } from "#shared/lib/assert.ts";
import { createRng, type Rng } from "#shared/lib/rng.ts";
import { incrementAt, roundToTick } from "#shared/lib/ticks.ts";
import { DAY, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Timeframe, Trade } from "#shared/model/market.ts";
import type { EndedBar, MarketInstant, MarketSource } from "./market-source.ts";
import { createFactors, type Factors } from "./price-process.ts";
import { type SymbolProfile, stock, US_STOCK_BANDS } from "./watchlist.ts";

export type GeneratorOptions = {
  readonly seed: number | string;
  readonly calendar: Calendar;
  readonly profiles: readonly SymbolProfile[];
  /** First instant that is played; it lies in a session, or the next session's open is taken. */
  readonly start: Micros;
  /** Complete days of one-minute history before the first session. */
  readonly minuteDays?: number;
  readonly dailyDays?: number;
};

/** Every symbol of the generator is a United States stock. */
const BANDS = US_STOCK_BANDS;
const SECONDS_A_DAY = 23_400;
const QUOTE_CHANCE = 0.4;
const TRADE_CHANCE = 0.3;
/** Share of prints that find a price between bid and ask. */
const INSIDE_CHANCE = 0.15;
/** Grain of the days of which only a daily bar is kept. */
const COARSE_SECONDS = 600;

type StandingQuote = Quote & { readonly bid: number; readonly ask: number };

type Playing = {
  readonly profile: SymbolProfile;
  readonly rng: Rng;
  /** What the symbol is worth; quotes stand around it. */
  price: number;
  /** The quote that stands; none before the first of a session. */
  quote: StandingQuote | undefined;
  /** Today's volume in average days. */
  turnover: number;
  readonly minutes: Bar[];
  readonly daily: Bar[];
  minute: Bar | undefined;
  day: Bar | undefined;
};

/**
 * A seeded market: sessions by the calendar, U-shaped activity, clustered volatility with fat tails, regimes, and symbols
 * that move together through a market and a sector factor. The same seed plays the same market to the last bit.
 */
export function createMarketGenerator(options: GeneratorOptions): MarketSource {
  return new MarketGenerator(options);
}

class MarketGenerator implements MarketSource {
  readonly instruments;
  readonly start: Micros;
  private readonly calendar: Calendar;
  private readonly playing: readonly Playing[];
  private readonly factors: Factors;
  private session: Session;
  private time: Micros;

  constructor(options: GeneratorOptions) {
    const { calendar, profiles, seed } = options;
    const rng = createRng(seed);
    this.calendar = calendar;
    this.instruments = profiles.map(({ symbol, name, exchange, sector }) => stock(symbol, name, exchange, sector));
    this.playing = profiles.map((profile) => ({
      profile,
      rng: rng.fork(`symbol/${profile.symbol}`),
      price: profile.price,
      quote: undefined,
      turnover: 1,
      minutes: [],
      daily: [],
      minute: undefined,
      day: undefined,
    }));
    this.factors = createFactors(rng.fork("factors"), profiles);
    const session = calendar.sessionOf(options.start) ?? calendar.nextSession(options.start);
    assert(session !== undefined, "the generator starts within its calendar");
    this.session = session;
    this.playHistory(options.dailyDays ?? 90, options.minuteDays ?? 3);
    this.openDay(session);
    this.time = session.open;
    // The morning has been: it is played silently, so that bars and prices lead up to the first instant.
    while (this.time + SECOND < options.start) this.step();
    this.start = this.time + SECOND;
  }

  peek(): Micros | undefined {
    const next = this.time + SECOND;
    if (next <= this.session.close) return next;
    return this.calendar.nextSession(this.session.close)?.open;
  }

  next(): MarketInstant | undefined {
    if (this.time + SECOND > this.session.close) {
      const session = this.calendar.nextSession(this.session.close);
      if (session === undefined) return undefined;
      this.openDay(session);
      this.time = session.open - SECOND;
    }
    const instant = this.step();
    if (instant.time !== this.start) return instant;
    // Who comes in the middle of a session sees the quotes that stand; later ones are told as they change.
    const standing = this.playing.flatMap(({ quote }) => (quote === undefined ? [] : { ...quote, time: instant.time }));
    return { ...instant, quotes: instant.time < this.session.close ? standing : [] };
  }

  history(symbol: string, timeframe: Timeframe, from: Micros, to: Micros) {
    const playing = this.playing.find(({ profile }) => profile.symbol === symbol);
    if (playing === undefined) return [];
    if (timeframe === "1d") {
      const isOver = (bar: Bar): boolean => (this.calendar.sessionOf(bar.start)?.close ?? to + 1) <= to;
      return playing.daily.filter((bar) => bar.start >= from && isOver(bar));
    }
    const minutes = playing.minutes.filter((bar) => bar.start >= from && bar.start + MINUTE <= to);
    if (timeframe === "1m") return minutes;
    const builder = createBarBuilder(this.calendar, [timeframe]);
    const built = minutes.flatMap((bar) => builder.push(bar));
    return [...built, ...builder.advance(to)].map((completed) => completed.bar);
  }

  /** One second of the session: who moved, what was quoted, what was traded. */
  private step(): MarketInstant {
    this.time += SECOND;
    const { time, session } = this;
    const bars = (time - session.open) % MINUTE === 0 ? this.endMinute(time) : [];
    const activity = this.activity(time);
    this.factors.step(activity);
    const quotes: Quote[] = [];
    const trades: Trade[] = [];
    const isOpen = time < session.close;
    for (const playing of this.playing) {
      this.move(playing);
      if (!isOpen) continue;
      const hasTrade = playing.rng.next() < TRADE_CHANCE;
      let { quote } = playing;
      // Nobody trades at a quote that the price has left: it is moved first.
      if (playing.rng.next() < QUOTE_CHANCE || quote === undefined || (hasTrade && !isWithin(quote, playing.price))) {
        quote = this.quote(playing, time, activity);
        quotes.push(quote);
      }
      if (hasTrade) trades.push(this.trade(playing, quote, time, activity));
    }
    return { time, bars, quotes, trades };
  }

  private quote(playing: Playing, time: Micros, activity: number): StandingQuote {
    const { profile, rng, price } = playing;
    const tick = incrementAt(BANDS, price);
    const half = Math.max(tick, (price * profile.spreadBps) / 1e4) / 2;
    const size = (): number =>
      100 * Math.max(1, Math.round((profile.dailyVolume / 4e6) * activity * (0.3 + rng.next())));
    const bid = Math.max(tick, roundToTick(BANDS, price - half, "down"));
    const ask = Math.max(bid + tick, roundToTick(BANDS, price + half, "up"));
    playing.quote = {
      symbol: profile.symbol,
      time,
      bid,
      ask: roundToTick(BANDS, ask, "nearest"),
      bidSize: size(),
      askSize: size(),
      quality: "live",
    };
    return playing.quote;
  }

  /** At the bid, at the ask or between; the nearer the price is to a side, the likelier there: on average at the price. */
  private trade(playing: Playing, { bid, ask }: StandingQuote, time: Micros, activity: number): Trade {
    const { profile, rng, turnover } = playing;
    const side = rng.next() < (playing.price - bid) / (ask - bid) ? ask : bid;
    const inside = Math.min(ask, Math.max(bid, roundToTick(BANDS, playing.price, "nearest")));
    const price = rng.next() < INSIDE_CHANCE ? inside : side;
    const mean = (profile.dailyVolume * turnover) / (SECONDS_A_DAY * TRADE_CHANCE);
    // Lognormal with mean one: many small prints, a few large ones.
    const size = Math.max(1, Math.round(mean * activity * Math.exp(rng.normal() - 0.5)));
    this.book(playing, time, price, size);
    return { symbol: profile.symbol, time, price, size };
  }

  private book(playing: Playing, time: Micros, price: number, size: number): void {
    const start = this.session.open + Math.floor((time - this.session.open) / MINUTE) * MINUTE;
    const known = playing.minute;
    if (known === undefined) {
      playing.minute = { start, open: price, high: price, low: price, close: price, volume: size };
      return;
    }
    playing.minute = extend(known, price, price, price, size);
  }

  private endMinute(time: Micros): readonly EndedBar[] {
    const ended: EndedBar[] = [];
    for (const playing of this.playing) {
      const bar = playing.minute;
      if (bar === undefined || bar.start >= time) continue;
      playing.minute = undefined;
      playing.minutes.push(bar);
      playing.day =
        playing.day === undefined
          ? { ...bar, start: this.session.open }
          : extend(playing.day, bar.high, bar.low, bar.close, bar.volume);
      ended.push({ symbol: playing.profile.symbol, bar });
    }
    if (time >= this.session.close) this.endDay();
    return ended.sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  }

  private endDay(): void {
    for (const playing of this.playing) {
      if (playing.day !== undefined) playing.daily.push(playing.day);
      playing.day = undefined;
    }
  }

  /** The gap since the last close, and what kind of day it will be; yesterday's quotes are gone. */
  private openDay(session: Session): void {
    this.session = session;
    this.factors.openDay();
    for (const playing of this.playing) {
      this.move(playing);
      playing.turnover = Math.exp(0.3 * playing.rng.normal() - 0.045);
      playing.quote = undefined;
      playing.minute = undefined;
    }
  }

  /** Days of which the daily bar is kept, then whole days of minutes, up to the first session. */
  private playHistory(dailyDays: number, minuteDays: number): void {
    const first = this.session.open;
    const earlier = this.calendar.sessionsBetween(first - dailyDays * 2 * DAY, first).slice(-dailyDays);
    const coarseDays = Math.max(0, earlier.length - minuteDays);
    for (const [index, session] of earlier.entries()) {
      this.openDay(session);
      const isCoarse = index < coarseDays;
      const length = isCoarse ? COARSE_SECONDS * SECOND : MINUTE;
      for (let time = session.open; time < session.close; time += length) {
        if (isCoarse) this.playStretch(time);
        else this.playMinute(time);
      }
      this.endDay();
    }
  }

  /** Some minutes of a day that is kept as a daily bar only: by the same process, in wider steps. */
  private playStretch(time: Micros): void {
    const activity = this.activity(time);
    this.factors.step(activity, COARSE_SECONDS);
    for (const playing of this.playing) {
      // The first print of a day is at its opening price.
      const open = round(playing.price);
      playing.day ??= { start: this.session.open, open, high: open, low: open, close: open, volume: 0 };
      const price = round(this.move(playing));
      const size = this.share(playing, activity, COARSE_SECONDS);
      playing.day = extend(playing.day, price, price, price, size);
    }
  }

  private playMinute(time: Micros): void {
    const activity = this.activity(time);
    for (let part = 0; part < 4; part += 1) {
      this.factors.step(activity, 15);
      for (const playing of this.playing) {
        this.book(playing, time, round(this.move(playing)), this.share(playing, activity, 15));
      }
    }
    this.endMinute(time + MINUTE);
  }

  private move(playing: Playing): number {
    playing.price *= Math.exp(this.factors.move(playing.profile.symbol));
    return playing.price;
  }

  /** Shares that change hands in a stretch of the history. */
  private share({ profile, rng, turnover }: Playing, activity: number, seconds: number): number {
    const mean = (profile.dailyVolume * turnover * seconds) / SECONDS_A_DAY;
    return Math.max(1, Math.round(mean * activity * Math.exp(0.4 * rng.normal() - 0.08)));
  }

  private activity(time: Micros): number {
    return activityAt((time - this.session.open) / (this.session.close - this.session.open));
  }
}

/** On the grid, and above nothing. */
const round = (price: number): number => Math.max(0.0001, roundToTick(BANDS, price, "nearest"));

const isWithin = ({ bid, ask }: StandingQuote, price: number): boolean => price >= bid && price <= ask;

function extend(bar: Bar, high: number, low: number, close: number, volume: number): Bar {
  return {
    ...bar,
    high: Math.max(bar.high, high),
    low: Math.min(bar.low, low),
    close,
    volume: bar.volume + volume,
  };
}

/** Share of a session's activity: high at the open, lower at noon, high again at the close; mean about one. */
function activityAt(progress: number): number {
  const x = 2 * progress - 1;
  return 0.6 + 1.2 * x * x;
}
