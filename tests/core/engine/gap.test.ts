import { expect, test } from "vitest";
import { MINUTE, type Micros } from "#shared/lib/time.ts";
import { EngineDriver } from "./engine-driver.ts";

/** Wishes that the baseline has had on live one-minute bars of AAPL that start at the given minutes of the session. */
function wishesOn(driver: EngineDriver, open: Micros, minutes: readonly number[]): number {
  for (const index of minutes) {
    const start = open + index * MINUTE;
    driver.time = start + MINUTE;
    const bar = { start, open: 100, high: 100, low: 100, close: 100, volume: 1_000 };
    driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1m", bar, origin: "live" });
  }
  return driver.engine.signals.views()[0]?.signals ?? 0;
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, i) => from + i);

test("after a bar that is missing the features warm up again, and the gap is told", () => {
  const driver = new EngineDriver({ "strategy.enabled": "baseline", "strategy.interval": "1m" }).ready();
  const { calendar } = driver.engine.context.market;
  const first = calendar.sessionOf(driver.time);
  const second = calendar.nextSession(driver.time);
  expect(wishesOn(driver, first?.open ?? 0, range(350, 371))).toBe(2);
  // A night is no gap: the day was seen to its close and the next from its open.
  expect(wishesOn(driver, first?.open ?? 0, range(371, 390))).toBe(21);
  expect(wishesOn(driver, second?.open ?? 0, range(0, 10))).toBe(31);
  expect(driver.alerts()).not.toContain("DATA_GAP");
  expect(wishesOn(driver, second?.open ?? 0, range(11, 30))).toBe(31);
  expect(driver.alerts().filter((code) => code === "DATA_GAP")).toHaveLength(1);
  expect(wishesOn(driver, second?.open ?? 0, range(30, 32))).toBe(33);
});

test("bars of a day that was joined late do not continue the day before", () => {
  const driver = new EngineDriver({ "strategy.enabled": "baseline", "strategy.interval": "1m" }).ready();
  const { calendar } = driver.engine.context.market;
  wishesOn(driver, calendar.sessionOf(driver.time)?.open ?? 0, range(350, 390));
  const known = driver.engine.signals.views()[0]?.signals ?? 0;
  expect(wishesOn(driver, calendar.nextSession(driver.time - MINUTE)?.open ?? 0, range(1, 20))).toBe(known);
});
