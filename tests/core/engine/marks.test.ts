import { describe, expect, test } from "vitest";
import { MILLISECOND, MINUTE, SECOND } from "#shared/lib/time.ts";
import { EngineDriver } from "./engine-driver.ts";

const SETTINGS = { "risk.positionLossPercent": 20, "data.feedStalenessSeconds": 60 } as const;
/** What stands against the account because of its equity. */
const losses = (driver: EngineDriver): readonly string[] =>
  [...driver.engine.context.ledger.causes.keys()].filter((key) => key.endsWith("|account"));

/** Quotes at a price until it is believed. */
function at(driver: EngineDriver, price: number, seconds = 6): void {
  for (let second = 0; second < seconds; second += 1) {
    driver.wait(1);
    driver.quote(price - 0.01, price + 0.01);
  }
}

/** The first reading of an account that holds AAPL, bought at 200 a share. */
function adopting(quantity: number): EngineDriver {
  const driver = new EngineDriver(SETTINGS);
  driver.send({ kind: "link", state: "syncing", generation: 1, detail: "" });
  driver.account();
  const positions = [{ accountId: "DUSIM0001", symbol: "AAPL", quantity, averageCost: 200 }];
  const snapshot = {
    generation: 1,
    begun: driver.time,
    openOrders: [],
    completedOrders: [],
    executions: [],
    positions,
  };
  driver.send({ kind: "brokerSnapshot", snapshot });
  driver.send({ kind: "link", state: "live", generation: 1, detail: "" });
  driver.wait(1);
  return driver;
}

describe("what a holding is worth", () => {
  test.each([100, -100])(
    "when it was there before us is learnt from its first mark, as no result of today (%i)",
    (held) => {
      const driver = adopting(held);
      driver.quote(99.99, 100.01);
      const { ledger } = driver.engine.context;
      expect(ledger.portfolio.unrealizedPnl()).toBe(-100 * held * 1e6);
      expect(ledger.session.startEquity).toBe(ledger.portfolio.equity());
      expect(losses(driver)).toEqual([]);
    },
  );

  test.each([100, -100])(
    "when it was there before us is no reason to sell or to place a stop, which a person is told once (%i)",
    (held) => {
      const driver = adopting(held);
      for (const price of held > 0 ? [100, 96, 92, 88] : [100, 104, 108, 112]) at(driver, price);
      driver.wait(120);
      expect(driver.position()).toBe(held);
      expect(driver.orders()).toEqual([]);
      expect(driver.alerts().filter((code) => code !== "DAILY_LOSS" && code !== "DRAWDOWN")).toEqual([
        "ADOPTED_UNPROTECTED",
      ]);
    },
  );

  test("when it is held again begins with its fill, not with the price of the last time", () => {
    const driver = new EngineDriver({ ...SETTINGS, "risk.dailyLossReducePercent": 0.1 }).ready();
    driver.order({ quantity: 40 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 40, 100);
    driver.fill(driver.find("target"), 40, 100);
    at(driver, 98);
    at(driver, 96);
    driver.account();
    driver.order({ quantity: 41, limitPrice: 96.1, stopLoss: 95 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 41, 96);
    expect(driver.engine.context.position("AAPL")?.mark).toBe(96);
    driver.fill(driver.find("target"), 41, 96);
    driver.order({ side: "sell", quantity: 42, limitPrice: 95.9, stopLoss: 97 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 42, 96);
    expect(losses(driver)).toEqual([]);
  });

  test("is journalled every five minutes, so that a restart begins with a price of today", () => {
    const driver = new EngineDriver(SETTINGS).ready();
    driver.order({ quantity: 10, stopLoss: 98.5 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 10, 100);
    at(driver, 101);
    driver.time += 5 * MINUTE - 10 * SECOND;
    at(driver, 101, 12);
    const folded = new EngineDriver(SETTINGS);
    for (const effect of driver.effects) {
      if (effect.kind === "journal") folded.engine.fold(effect.note, effect.note.time);
    }
    expect(folded.engine.context.position("AAPL")?.mark).toBeCloseTo(101, 6);
    expect(folded.engine.context.ledger.portfolio.equity()).toBe(driver.engine.context.ledger.portfolio.equity());
  });

  test("costs the journal one row in five minutes, however fast the quotes come", () => {
    const driver = new EngineDriver(SETTINGS).ready();
    driver.order({ quantity: 10, stopLoss: 98.5 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 10, 100);
    const made = driver.effects.length;
    for (let tick = 0; tick < 500; tick += 1) {
      driver.time += 100 * MILLISECOND;
      driver.quote(99.99, 100.01 + (tick % 2) / 100);
    }
    const rows = driver.effects
      .slice(made)
      .filter((effect) => effect.kind === "journal" && effect.note.kind === "STATE");
    expect(rows.length).toBeLessThanOrEqual(1);
  });
});
