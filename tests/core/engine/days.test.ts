import { describe, expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND } from "#shared/lib/time.ts";
import { EngineDriver } from "./engine-driver.ts";

describe("the days before", () => {
  const day = (close: number, volume = 1_000) => ({ open: close, high: close, low: close, close, volume });

  test("a day that is not over is no day yet: its row grows until the close", () => {
    const driver = new EngineDriver().ready();
    const { market } = driver.engine.context;
    const before = market.averageDailyVolume("AAPL");
    const today = { start: driver.time - (driver.time % DAY) + 14.5 * HOUR, ...day(120) };
    driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1d", bar: today, origin: "history" });
    expect(market.quoteView("AAPL").previousClose).toBe(100);
    expect(market.averageDailyVolume("AAPL")).toBe(before);
  });

  test("a session that was traded through is the day before of the next, until the broker tells its own row", () => {
    const driver = new EngineDriver().ready();
    const { market } = driver.engine.context;
    const session = market.sessionAt(driver.time);
    const [open, close] = [session?.open ?? 0, session?.close ?? 0];
    for (const [start, price] of [
      [open, 101],
      [close - MINUTE, 103],
    ] as const) {
      driver.time = start + MINUTE;
      const bar = { start, ...day(price) };
      driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1m", bar, origin: "live" });
    }
    driver.time = close + 10 * SECOND;
    driver.send({ kind: "timer" });
    expect(market.quoteView("AAPL").previousClose).toBe(103);
    expect(market.bars("AAPL", "1d", 2).map(({ close: last }) => last)).toEqual([100, 103]);
    const told = { start: close - 6.5 * HOUR, ...day(103.2, 5_000) };
    driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1d", bar: told, origin: "history" });
    expect(market.bars("AAPL", "1d", 2).map(({ close: last }) => last)).toEqual([100, 103.2]);
  });

  test("the running day is that of its minutes, of those before the start too, and stays until the next one opens", () => {
    const driver = new EngineDriver().ready();
    const { market } = driver.engine.context;
    const session = market.sessionAt(driver.time);
    const [open, close] = [session?.open ?? 0, session?.close ?? 0];
    expect(market.quoteView("AAPL").high).toBeUndefined();
    const minute = (start: number, price: number, origin: "history" | "live"): void => {
      const bar = { start, open: price, high: price + 1, low: price - 1, close: price, volume: 10 };
      driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1m", bar, origin });
    };
    minute(open, 90, "history");
    minute(open + MINUTE, 98, "history");
    minute(open + 29 * MINUTE, 100, "live");
    expect(market.quoteView("AAPL")).toMatchObject({ open: 90, low: 89, high: 101, volume: 30, previousClose: 100 });
    driver.time = close - MINUTE;
    driver.quote(101.99, 102.01);
    driver.time = close;
    minute(close - MINUTE, 102, "live");
    driver.time = close + MINUTE;
    driver.send({ kind: "timer" });
    driver.quote(101.99, 102.01);
    expect(market.quoteView("AAPL")).toMatchObject({ low: 89, high: 103, volume: 40, previousClose: 100 });
    driver.time = market.nextSession(driver.time)?.open ?? 0;
    driver.quote(103.99, 104.01);
    expect(market.quoteView("AAPL").previousClose).toBe(102);
    expect(market.quoteView("AAPL").high).toBeUndefined();
  });
});
