import { describe, expect, test } from "vitest";
import { EngineDriver, kinds } from "./engine-driver.ts";

/** Ten shares bought at 100, quoted at 99.99 to 100.01. */
function holding(): EngineDriver {
  const driver = new EngineDriver().ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"), 10, 100);
  driver.quote(99.99, 100.01);
  return driver;
}

const mark = (driver: EngineDriver): number | undefined => driver.engine.context.position("AAPL")?.mark;

function print(driver: EngineDriver, price: number): void {
  const trade = { symbol: "AAPL", time: driver.time, price, size: 100 };
  driver.send({ kind: "trade", trade });
}

describe("the mark of a holding", () => {
  test("is not moved by a quote whose sides stand far apart, and nothing is sold on it", () => {
    const driver = holding();
    const before = driver.effects.length;
    driver.quote(1, 150);
    expect(mark(driver)).toBe(100);
    expect(driver.engine.context.ledger.causes.size).toBe(0);
    driver.wait(3);
    expect(kinds(driver.effects.slice(before))).not.toContain("submit");
    expect(kinds(driver.effects.slice(before))).not.toContain("cancel");
  });

  test("is the middle of a sound quote, and stays where it was when a side is missing", () => {
    const driver = holding();
    print(driver, 100.01);
    driver.quote(100.99, 101.01);
    expect(mark(driver)).toBe(101);
    const { time } = driver;
    const quote = { symbol: "AAPL", time, bid: 100.99, bidSize: 100, askSize: 0, quality: "live" } as const;
    driver.send({ kind: "quote", quote });
    expect(mark(driver)).toBe(101);
    driver.quote(101.05, 101);
    expect(mark(driver)).toBe(101);
  });

  test("follows the prints while no quote is sound", () => {
    const driver = holding();
    driver.quote(90, 110);
    print(driver, 99.5);
    expect(mark(driver)).toBe(99.5);
  });

  test("a spread within the configured limit is not too wide to be a mark", () => {
    const driver = new EngineDriver({ "data.maxSpreadPercent": 3 }).ready();
    driver.quote(99, 101);
    expect(driver.engine.context.market.quoteView("AAPL").flags).toEqual([]);
    driver.quote(98, 102);
    expect(driver.engine.context.market.quoteView("AAPL").flags).toEqual(["wide"]);
  });
});
