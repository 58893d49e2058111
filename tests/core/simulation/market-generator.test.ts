import { describe, expect, test } from "vitest";
import { createCalendar } from "#core/market/calendar.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Quote } from "#shared/model/market.ts";

const CALENDAR = present(createCalendar("XNYS"), "New York has a calendar");
const sessionOn = (date: string) => present(CALENDAR.sessionOn(date), "a trading day");
const FIRST = sessionOn("2026-11-23");
const HALF_DAY = sessionOn("2026-11-27");
const SYMBOLS = ["AAPL", "NVDA", "PLTR"];
const LONG_DAYS = 250;
const MINUTE_DAYS = 10;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/** Fourth standardised moment less three: 0 for the normal. */
function excessKurtosis(values: readonly number[]): number {
  const [centre, scale] = [mean(values), deviation(values)];
  return mean(values.map((value) => ((value - centre) / scale) ** 4)) - 3;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, index) => (value - meanA) * ((b[index] ?? 0) - meanB)));
  return covariance / deviation(a) / deviation(b);
}

const autocorrelation = (values: readonly number[], lag: number): number =>
  correlation(values.slice(lag), values.slice(0, -lag));

const logReturns = (closes: readonly number[]): readonly number[] =>
  closes.slice(1).map((close, index) => Math.log(close / (closes[index] ?? Number.NaN)));

const profilesOf = (symbols: readonly string[]) => WATCHLIST.filter(({ symbol }) => symbols.includes(symbol));

/** Where prints lie against the quote that stands when they are made, within an instant the quote that came with it. */
function createPrintCount() {
  const standing = new Map<string, Quote>();
  const found = { outside: 0, atBid: 0, atAsk: 0, between: 0 };
  return {
    found,
    add({ quotes, trades }: MarketInstant): void {
      for (const quote of quotes) standing.set(quote.symbol, quote);
      for (const { symbol, price } of trades) {
        const { bid = Number.POSITIVE_INFINITY, ask = Number.NEGATIVE_INFINITY } = standing.get(symbol) ?? {};
        if (price === bid) found.atBid += 1;
        else if (price === ask) found.atAsk += 1;
        else if (price > bid && price < ask) found.between += 1;
        else found.outside += 1;
      }
    },
  };
}

/** Three whole days, Thanksgiving and the half day after it: minutes by symbol. */
function play(seed: number) {
  const source = createMarketGenerator({
    seed,
    calendar: CALENDAR,
    profiles: profilesOf(SYMBOLS),
    start: FIRST.open,
    dailyDays: 30,
    minuteDays: 1,
  });
  const minutes = new Map<string, Bar[]>(SYMBOLS.map((symbol) => [symbol, []]));
  const times: Micros[] = [];
  const prints = createPrintCount();
  for (let next = source.peek(); next !== undefined && next <= HALF_DAY.close; next = source.peek()) {
    const instant = present(source.next(), "an instant that was announced");
    prints.add(instant);
    if (instant.quotes.length + instant.trades.length > 0) times.push(instant.time);
    for (const { symbol, bar } of instant.bars) minutes.get(symbol)?.push(bar);
  }
  const bars = (symbol: string): readonly Bar[] => minutes.get(symbol) ?? [];
  const returns = (symbol: string): readonly number[] =>
    bars(symbol).flatMap((bar, index, all) => {
      const before = all[index - 1];
      return before === undefined || bar.start - before.start !== MINUTE ? [] : [Math.log(bar.close / before.close)];
    });
  return { source, times, bars, returns, prints: prints.found };
}

describe.each([1, 2, 3])("the generated market of seed %i", (seed) => {
  const { source, times, bars, returns, prints } = play(seed);

  test("prints at the bid, at the ask or between them, never beside the quote that stands", () => {
    const { outside, atBid, atAsk, between } = prints;
    const all = outside + atBid + atAsk + between;
    expect(outside).toBe(0);
    expect(atBid / all).toBeGreaterThan(0.35);
    expect(atAsk / all).toBeGreaterThan(0.35);
    expect(between / all).toBeGreaterThan(0.03);
  });

  test("rolls the minutes of every day up into its daily bar, and begins a day near the last close", () => {
    for (const { symbol, dailyVolatility } of profilesOf(SYMBOLS)) {
      const daily = source.history(symbol, "1d", 0, HALF_DAY.close);
      const minutes = source.history(symbol, "1m", 0, HALF_DAY.close);
      const withMinutes = daily.filter(({ start }) => start >= present(minutes[0], "a minute").start);
      expect(withMinutes).toHaveLength(5);
      for (const day of withMinutes) {
        const session = present(CALENDAR.sessionOf(day.start), "a session");
        const within = minutes.filter(({ start }) => start >= session.open && start < session.close);
        expect(day).toEqual({
          start: session.open,
          open: within[0]?.open,
          high: Math.max(...within.map(({ high }) => high)),
          low: Math.min(...within.map(({ low }) => low)),
          close: within.at(-1)?.close,
          volume: within.reduce((sum, { volume }) => sum + volume, 0),
        });
      }
      for (const [index, day] of daily.entries()) {
        const before = daily[index - 1];
        if (before === undefined) continue;
        expect(Math.abs(Math.log(day.open / before.close))).toBeLessThan(4 * dailyVolatility);
      }
    }
  });

  test("trades in sessions only, and ends the half day at one o'clock with its daily bar", () => {
    expect(times.filter((time) => CALENDAR.sessionOf(time) === undefined)).toEqual([]);
    expect(times.some((time) => time > HALF_DAY.close - MINUTE)).toBe(true);
    const daily = source.history("AAPL", "1d", FIRST.open, HALF_DAY.close);
    expect(daily.map(({ start }) => start)).toEqual(
      ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"].map((date) => sessionOn(date).open),
    );
    expect(source.history("AAPL", "1d", HALF_DAY.open, HALF_DAY.close - 1)).toEqual([]);
  });

  test("has most of its volume at the open and the close, least at noon", () => {
    const volumeOf = (from: number, to: number): number =>
      bars("AAPL")
        .filter(({ start }) => start >= FIRST.open + from * HOUR && start < FIRST.open + to * HOUR)
        .reduce((sum, { volume }) => sum + volume, 0);
    const noon = volumeOf(3, 3.5);
    expect(volumeOf(0, 0.5) / noon).toBeGreaterThan(1.8);
    expect(volumeOf(6, 6.5) / noon).toBeGreaterThan(1.8);
  });

  test.each(SYMBOLS)(
    "%s moves as far as its profile says, with fat tails, clustered in time and without memory",
    (symbol) => {
      const moves = returns(symbol);
      const profile = present(
        WATCHLIST.find((each) => each.symbol === symbol),
        "a profile",
      );
      const daily = deviation(moves) * Math.sqrt(390);
      // Three days may all be quiet or all be wild; what they are on average is measured over the year below.
      expect(daily / profile.dailyVolatility).toBeGreaterThan(0.4);
      expect(daily / profile.dailyVolatility).toBeLessThan(2.2);
      expect(excessKurtosis(moves)).toBeGreaterThan(1);
      const sizes = moves.map(Math.abs);
      expect(autocorrelation(sizes, 1)).toBeGreaterThan(0.08);
      expect(autocorrelation(sizes, 5)).toBeGreaterThan(0.05);
      expect(Math.abs(autocorrelation(moves, 1))).toBeLessThan(0.1);
    },
  );

  test("moves its symbols together", () => {
    for (const [a, b] of [
      ["AAPL", "NVDA"],
      ["AAPL", "PLTR"],
      ["NVDA", "PLTR"],
    ] as const) {
      const together = correlation(returns(a), returns(b));
      // By the factors alone 0.23 for the least related pair; unrelated ones would lie within 0.08 of nothing.
      expect(together).toBeGreaterThan(0.12);
      expect(together).toBeLessThan(0.85);
    }
  });
});

/** A year of history for the whole watchlist. */
function playHistory(seed: number, profiles = WATCHLIST): MarketSource {
  return createMarketGenerator({
    seed,
    calendar: CALENDAR,
    profiles,
    start: FIRST.open,
    dailyDays: LONG_DAYS,
    minuteDays: MINUTE_DAYS,
  });
}

describe.each([1, 2, 3])("the generated year before the session of seed %i", (seed) => {
  const source = playHistory(seed);
  const daysOf = (symbol: string): readonly Bar[] => source.history(symbol, "1d", 0, FIRST.open);
  const returns = WATCHLIST.map(({ symbol }) => logReturns(daysOf(symbol).map(({ close }) => close)));

  test("has fat-tailed days, and wild days that follow each other without telling the direction", () => {
    const averageOf = (measure: (moves: readonly number[]) => number): number => mean(returns.map(measure));
    expect(averageOf(excessKurtosis)).toBeGreaterThan(1);
    expect(averageOf((moves) => autocorrelation(moves.map(Math.abs), 1))).toBeGreaterThan(0.05);
    // A symbol's own estimate lies within 0.13 of nothing; all of them share the market's.
    expect(Math.abs(averageOf((moves) => autocorrelation(moves, 1)))).toBeLessThan(0.1);
  });

  test("moves its symbols together", () => {
    const together = returns.flatMap((a, index) => returns.slice(0, index).map((b) => correlation(a, b)));
    expect(mean(together)).toBeGreaterThan(0.15);
    expect(mean(together)).toBeLessThan(0.7);
  });

  test("moves as far in a day as the profiles say, a part of it overnight", () => {
    const scale = returns.map((moves, index) => deviation(moves) / (WATCHLIST[index]?.dailyVolatility ?? 0));
    expect(mean(scale)).toBeGreaterThan(0.7);
    expect(mean(scale)).toBeLessThan(1.3);
    const overnight = WATCHLIST.map(({ symbol }, index) => {
      const days = daysOf(symbol);
      const gaps = days.slice(1).map(({ open }, at) => Math.log(open / (days[at]?.close ?? 0)));
      return deviation(gaps) / deviation(returns[index] ?? []);
    });
    expect(mean(overnight)).toBeGreaterThan(0.35);
    expect(mean(overnight)).toBeLessThan(0.65);
  });

  test("is as far from a session's open at its close as the steps of its minutes lead to expect", () => {
    // Both are of the same days, so that it does not matter how wild those were.
    const ratios = WATCHLIST.map(({ symbol }) => {
      const minutes = source.history(symbol, "1m", 0, FIRST.open);
      const days = daysOf(symbol).slice(-MINUTE_DAYS);
      const steps = minutes.map(({ open, close }) => Math.log(close / open) ** 2);
      const sessions = days.map(({ open, close }) => Math.log(close / open) ** 2);
      return mean(sessions) / (mean(steps) * (steps.length / days.length));
    });
    expect(mean(ratios)).toBeGreaterThan(0.6);
    expect(mean(ratios)).toBeLessThan(1.6);
  });

  test("makes whole bars", () => {
    for (const { symbol } of WATCHLIST) {
      const days = daysOf(symbol);
      expect(days).toHaveLength(LONG_DAYS);
      const odd = days.filter(
        ({ open, high, low, close, volume }) =>
          !(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close) && volume > 0),
      );
      expect(odd).toEqual([]);
    }
  });
});

test("a symbol moves alike alone and among others, twice alike from one seed, and otherwise from another", () => {
  const daysOf = (seed: number, profiles = WATCHLIST) =>
    playHistory(seed, profiles).history("NVDA", "1d", 0, FIRST.open);
  const days = daysOf(1);
  expect(daysOf(1)).toEqual(days);
  expect(daysOf(1, profilesOf(["NVDA"]))).toEqual(days);
  expect(daysOf(2)).not.toEqual(days);
});

test("who comes in the middle of a session sees every quote that stands, and then the same day as from the open", () => {
  const from = (start: Micros) =>
    createMarketGenerator({ seed: 1, calendar: CALENDAR, profiles: WATCHLIST, start, dailyDays: 5, minuteDays: 1 });
  const whole = from(FIRST.open);
  const joined = from(FIRST.open + 10 * MINUTE);
  const standing = new Map<string, Quote>();
  const prices = ({ symbol, bid, ask, bidSize, askSize }: Quote) => ({ symbol, bid, ask, bidSize, askSize });
  for (let at = whole.peek(); at !== undefined && at <= joined.start; at = whole.peek()) {
    for (const quote of present(whole.next(), "an instant").quotes) standing.set(quote.symbol, quote);
  }
  const first = present(joined.next(), "a first instant");
  expect(first.time).toBe(joined.start);
  expect(first.quotes.map(prices)).toEqual(
    WATCHLIST.map(({ symbol }) => prices(present(standing.get(symbol), symbol))),
  );
  expect(first.quotes.every(({ time }) => time === first.time)).toBe(true);
  for (let count = 0; count < 120; count += 1) expect(joined.next()).toEqual(whole.next());
});
