import { createCalendar } from "#core/market/calendar.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { stock, WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";

export const CALENDAR = present(createCalendar("XNYS"), "New York has a calendar");
export const SESSION = present(CALENDAR.sessionOn("2026-11-24"), "a Tuesday");
/** Ten in the morning. */
export const START: Micros = SESSION.open + 30 * MINUTE;

export function quote(seconds: number, bid: number, ask: number, size = 10_000, symbol = "AAPL"): Quote {
  return { symbol, time: START + seconds * SECOND, bid, ask, bidSize: size, askSize: size, quality: "live" };
}

export function trade(seconds: number, price: number, size = 100, symbol = "AAPL"): Trade {
  return { symbol, time: START + seconds * SECOND, price, size };
}

/** A market that plays what the test wrote down: quotes and prints by their times, and minute bars that have ended. */
export function scriptedMarket(script: {
  readonly quotes?: readonly Quote[];
  readonly trades?: readonly Trade[];
  /** Minutes before the start, known as history. */
  readonly history?: readonly Bar[];
  readonly daily?: readonly Bar[];
  readonly symbols?: readonly string[];
}): MarketSource {
  const { quotes = [], trades = [], history = [], daily = [] } = script;
  const minutes = minutesOf(trades);
  const times = [...quotes, ...trades].map(({ time }) => time);
  const instants = [...new Set([...times, ...minutes.map((bar) => bar.start + MINUTE)])].sort((a, b) => a - b);
  let position = 0;
  return {
    instruments: (script.symbols ?? ["AAPL"]).map((symbol) => stock(symbol, symbol, "NASDAQ")),
    start: START,
    peek: () => instants[position],
    next(): MarketInstant | undefined {
      const time = instants[position];
      if (time === undefined) return undefined;
      position += 1;
      const ended = minutes.filter((bar) => bar.start + MINUTE === time);
      return {
        time,
        bars: ended.map((bar) => ({ symbol: "AAPL", bar })),
        quotes: quotes.filter((each) => each.time === time),
        trades: trades.filter((each) => each.time === time),
      };
    },
    history(_symbol, timeframe, from, to) {
      if (timeframe === "1d") return daily.filter((bar) => bar.start >= from);
      return [...history, ...minutes].filter((bar) => bar.start >= from && bar.start + MINUTE <= to);
    },
  };
}

function minutesOf(trades: readonly Trade[]): readonly Bar[] {
  const minutes = new Map<Micros, Bar>();
  for (const { time, price, size } of trades) {
    const start = Math.floor(time / MINUTE) * MINUTE;
    const known = minutes.get(start);
    minutes.set(start, {
      start,
      open: known?.open ?? price,
      high: Math.max(known?.high ?? price, price),
      low: Math.min(known?.low ?? price, price),
      close: price,
      volume: (known?.volume ?? 0) + size,
    });
  }
  return [...minutes.values()];
}

/** The seeded market of the watchlist, from ten in the morning on. */
export function generatedMarket(seed: number | string, symbols = 19): MarketSource {
  return createMarketGenerator({
    seed,
    calendar: CALENDAR,
    profiles: WATCHLIST.slice(0, symbols),
    start: START,
    minuteDays: 1,
    dailyDays: 25,
  });
}
