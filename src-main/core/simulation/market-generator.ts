import { createBarBuilder } from "#core/market/bar-builder.ts";
import type { Calendar, Session } from "#core/market/calendar.ts";
import { assert } from "#shared/lib/assert.ts";
import { createRng, type Rng } from "#shared/lib/rng.ts";
import { incrementAt, roundToTick } from "#shared/lib/ticks.ts";
import { DAY, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Timeframe, Trade } from "#shared/model/market.ts";
import type { EndedBar, MarketSource } from "./market-source.ts";
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
const QUOTE_CHANCE = 0.4;
const TRADE_CHANCE = 0.3;

type Playing = {
  readonly profile: SymbolProfile;
  readonly rng: Rng;
  price: number;
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
    this.openSession();
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

  next() {
    if (this.time + SECOND > this.session.close) {
      const session = this.calendar.nextSession(this.session.close);
      if (session === undefined) return undefined;
      this.session = session;
      this.overnight();
      this.openSession();
      this.time = session.open - SECOND;
    }
    return this.step();
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
  private step() {
    this.time += SECOND;
    const { time, session } = this;
    const bars = (time - session.open) % MINUTE === 0 ? this.endMinute(time) : [];
    const progress = (time - session.open) / (session.close - session.open);
    const activity = activityAt(progress);
    this.factors.step(activity);
    const quotes: Quote[] = [];
    const trades: Trade[] = [];
    const isOpen = time < session.close;
    for (const playing of this.playing) {
      playing.price *= Math.exp(this.factors.move(playing.profile.symbol));
      if (!isOpen) continue;
      if (playing.rng.next() < QUOTE_CHANCE) quotes.push(this.quote(playing, time, activity));
      if (playing.rng.next() < TRADE_CHANCE) trades.push(this.trade(playing, time, activity));
    }
    return { time, bars, quotes, trades };
  }

  private quote({ profile, rng, price }: Playing, time: Micros, activity: number): Quote {
    const tick = incrementAt(BANDS, price);
    const half = Math.max(tick, (price * profile.spreadBps) / 1e4) / 2;
    const size = (): number =>
      100 * Math.max(1, Math.round((profile.dailyVolume / 4e6) * activity * (0.3 + rng.next())));
    const bid = Math.max(tick, roundToTick(BANDS, price - half, "down"));
    const ask = Math.max(bid + tick, roundToTick(BANDS, price + half, "up"));
    return {
      symbol: profile.symbol,
      time,
      bid,
      ask: roundToTick(BANDS, ask, "nearest"),
      bidSize: size(),
      askSize: size(),
      quality: "live",
    };
  }

  private trade(playing: Playing, time: Micros, activity: number): Trade {
    const { profile, rng } = playing;
    const tick = incrementAt(BANDS, playing.price);
    const half = Math.max(tick, (playing.price * profile.spreadBps) / 1e4) / 2;
    const side = rng.next() < 0.5 ? -1 : 1;
    const price = Math.max(tick, roundToTick(BANDS, playing.price + side * half * rng.next(), "nearest"));
    const mean = profile.dailyVolume / (23_400 * TRADE_CHANCE);
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

  private openSession(): void {
    for (const playing of this.playing) playing.minute = undefined;
  }

  /** The gap between two sessions: about a third of a day's movement. */
  private overnight(): void {
    for (const playing of this.playing) {
      playing.price *= Math.exp(playing.rng.normal() * playing.profile.dailyVolatility * 0.5);
    }
  }

  /** Daily bars by one draw a day, then whole days of minutes, up to the first session. */
  private playHistory(dailyDays: number, minuteDays: number): void {
    const first = this.session;
    const earlier = this.calendar.sessionsBetween(first.open - dailyDays * 2 * DAY, first.open).slice(-dailyDays);
    const coarse = earlier.slice(0, Math.max(0, earlier.length - minuteDays));
    for (const session of coarse) for (const playing of this.playing) this.playDay(playing, session);
    for (const session of earlier.slice(coarse.length)) {
      this.session = session;
      this.overnight();
      for (let time = session.open; time < session.close; time += MINUTE) this.playMinute(time);
      this.endDay();
    }
    this.session = first;
    this.overnight();
  }

  private playDay(playing: Playing, session: Session): void {
    const { profile, rng } = playing;
    const open = playing.price * Math.exp(rng.normal() * profile.dailyVolatility * 0.5);
    const close = open * Math.exp(rng.normal() * profile.dailyVolatility * 0.87);
    const reach = Math.abs(rng.normal()) * profile.dailyVolatility * 0.4;
    const round = (price: number): number => Math.max(0.0001, roundToTick(BANDS, price, "nearest"));
    const bar: Bar = {
      start: session.open,
      open: round(open),
      close: round(close),
      high: round(Math.max(open, close) * (1 + reach)),
      low: round(Math.min(open, close) * (1 - reach)),
      volume: Math.round(profile.dailyVolume * Math.exp(0.3 * rng.normal() - 0.045)),
    };
    playing.daily.push({
      ...bar,
      high: Math.max(bar.high, bar.open, bar.close),
      low: Math.min(bar.low, bar.open, bar.close),
    });
    playing.price = close;
  }

  private playMinute(time: Micros): void {
    const progress = (time - this.session.open) / (this.session.close - this.session.open);
    const activity = activityAt(progress);
    for (let part = 0; part < 4; part += 1) {
      this.factors.step(activity, 15);
      for (const playing of this.playing) {
        playing.price *= Math.exp(this.factors.move(playing.profile.symbol));
        const price = Math.max(0.0001, roundToTick(BANDS, playing.price, "nearest"));
        const size = Math.round(
          (playing.profile.dailyVolume / 1560) * activity * Math.exp(0.4 * playing.rng.normal() - 0.08),
        );
        this.book(playing, time, price, Math.max(1, size));
      }
    }
    this.endMinute(time + MINUTE);
  }
}

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
