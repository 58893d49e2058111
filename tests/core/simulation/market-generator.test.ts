import { describe, expect, test } from "vitest";
import { createCalendar } from "#core/market/calendar.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";

const CALENDAR = present(createCalendar("XNYS"), "New York has a calendar");
const sessionOn = (date: string) => present(CALENDAR.sessionOn(date), "a trading day");
const FIRST = sessionOn("2026-11-23");
const HALF_DAY = sessionOn("2026-11-27");
const SYMBOLS = ["AAPL", "NVDA", "PLTR"];

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

/** Three whole days, Thanksgiving and the half day after it: minutes by symbol. */
function play(seed: number) {
  const source = createMarketGenerator({
    seed,
    calendar: CALENDAR,
    profiles: WATCHLIST.filter(({ symbol }) => SYMBOLS.includes(symbol)),
    start: FIRST.open,
    dailyDays: 30,
    minuteDays: 1,
  });
  const minutes = new Map<string, Bar[]>(SYMBOLS.map((symbol) => [symbol, []]));
  const times: Micros[] = [];
  for (let next = source.peek(); next !== undefined && next <= HALF_DAY.close; next = source.peek()) {
    const instant = present(source.next(), "an instant that was announced");
    if (instant.quotes.length + instant.trades.length > 0) times.push(instant.time);
    for (const { symbol, bar } of instant.bars) minutes.get(symbol)?.push(bar);
  }
  const bars = (symbol: string): readonly Bar[] => minutes.get(symbol) ?? [];
  const returns = (symbol: string): readonly number[] =>
    bars(symbol).flatMap((bar, index, all) => {
      const before = all[index - 1];
      return before === undefined || bar.start - before.start !== MINUTE ? [] : [Math.log(bar.close / before.close)];
    });
  return { source, times, bars, returns };
}

describe.each([1, 2, 3])("the generated market of seed %i", (seed) => {
  const { source, times, bars, returns } = play(seed);

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
      expect(daily / profile.dailyVolatility).toBeGreaterThan(0.6);
      expect(daily / profile.dailyVolatility).toBeLessThan(1.8);
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
      expect(together).toBeLessThan(0.8);
    }
  });
});
