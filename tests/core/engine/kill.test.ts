import { describe, expect, test } from "vitest";
import { REARM_PHRASE } from "#shared/model/command.ts";
import { EngineDriver, kinds } from "./engine-driver.ts";

const PHRASE = REARM_PHRASE;

/** Ten AAPL held behind a stop, and an entry in MSFT that works. */
function holding(): EngineDriver {
  const driver = new EngineDriver({ "risk.maxOrdersPerMinute": 60 }).ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"));
  driver.report(driver.find("target").orderRef, "acknowledged");
  driver.order({ symbol: "MSFT", limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  return driver;
}

describe("the kill switch", () => {
  test("stops at once: entries are cancelled, stops stay, the latch is written, nothing opens", () => {
    const driver = holding();
    const made = driver.effects.length;
    expect(driver.command({ kind: "kill", mode: "stop", reason: "test" }).accepted).toBe(true);
    const effects = driver.effects.slice(made);
    const cancelled = effects.flatMap((effect) => (effect.kind === "cancel" ? [effect.orderRef] : []));
    expect(cancelled).toContain(driver.find("entry", "MSFT").orderRef);
    expect(cancelled).not.toContain(driver.find("stop").orderRef);
    expect(effects).toContainEqual(expect.objectContaining({ kind: "latch", engaged: true }));
    expect(kinds(effects)).not.toContain("cancelAll");
    expect(driver.codes(driver.order({ quantity: 11 }))).toContain("KILL_LATCHED");
    expect(driver.command({ kind: "closePosition", symbol: "AAPL" }).accepted).toBe(true);
  });

  test("pressed without a link cancels the entries as soon as there is one, once", () => {
    const driver = holding();
    const { orderRef } = driver.find("entry", "MSFT");
    const cancels = (from: number) =>
      driver.effects.slice(from).flatMap((effect) => (effect.kind === "cancel" ? [effect.orderRef] : []));
    driver.send({ kind: "link", state: "down", generation: 1, detail: "" });
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    const made = driver.effects.length;
    driver.send({ kind: "link", state: "syncing", generation: 2, detail: "" });
    driver.snapshot(driver.engine.context.ledger.openOrders(), 2);
    expect(cancels(made)).toEqual([orderRef]);
    driver.send({ kind: "link", state: "live", generation: 2, detail: "" });
    driver.snapshot(driver.engine.context.ledger.openOrders(), 2);
    expect(cancels(made)).toEqual([orderRef]);
  });

  test("says what it would do: its numbers are told anew with every order and position that changes", () => {
    const driver = new EngineDriver().ready();
    const status = { kind: "touch", topic: "status", key: "status" };
    const made = driver.effects.length;
    driver.send({ kind: "timer" });
    expect(driver.effects.slice(made)).not.toContainEqual(status);
    driver.order();
    driver.acknowledge();
    expect(driver.fill(driver.find("entry"))).toContainEqual(status);
    expect(driver.report(driver.find("stop").orderRef, "cancelled")).toContainEqual(status);
  });

  test("is pressed again without harm, and survives a snapshot", () => {
    const driver = holding();
    driver.command({ kind: "kill", mode: "stop", reason: "one" });
    driver.command({ kind: "kill", mode: "stop", reason: "two" });
    const restored = new EngineDriver();
    restored.engine.restore(driver.engine.snapshot());
    restored.engine.begin();
    expect(restored.engine.context.ledger.causes.has("KILL|account")).toBe(true);
    expect(restored.engine.context.ledger.isArmed).toBe(false);
  });

  test("panic cancels everything, by one message", () => {
    const driver = holding();
    const made = driver.effects.length;
    driver.command({ kind: "kill", mode: "panic", reason: "test" });
    expect(kinds(driver.effects.slice(made))).toContain("cancelAll");
  });

  test("is released by phrase and reason only, and strategies stay disarmed", () => {
    const driver = holding();
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    expect(driver.command({ kind: "rearm", phrase: "please", reason: "why" }).accepted).toBe(false);
    expect(driver.command({ kind: "rearm", phrase: PHRASE, reason: " " }).accepted).toBe(false);
    expect(driver.command({ kind: "rearm", phrase: PHRASE, reason: "checked by hand" }).accepted).toBe(true);
    expect(driver.engine.context.ledger.isArmed).toBe(false);
    driver.wait(3);
    expect(driver.order({ quantity: 12 }).accepted).toBe(true);
  });

  test("is pressed by the loss of the day, stays released after a re-arm, and is pressed again a point deeper", () => {
    const driver = new EngineDriver({
      "risk.positionLossPercent": 20,
      "risk.maxOrderNotional": 100_000,
      "risk.maxOrderEquityPercent": 25,
      "risk.maxSymbolPercent": 50,
      "risk.maxSectorPercent": 50,
      "risk.stopLossPercent": 20,
    }).ready();
    driver.order({ quantity: 200, stopLoss: 82 });
    driver.acknowledge();
    driver.fill(driver.find("entry"), 200, 100);
    const isKilled = (): boolean => driver.engine.context.ledger.causes.has("KILL|account");
    const at = (price: number): void => {
      // A jump is confirmed by a second quote before it becomes a mark.
      for (let repeat = 0; repeat < 4; repeat += 1) {
        driver.wait(1);
        driver.quote(price - 0.01, price + 0.01);
      }
    };
    at(95);
    at(90);
    expect(isKilled()).toBe(false);
    at(84.9);
    expect(isKilled()).toBe(true);
    driver.command({ kind: "rearm", phrase: PHRASE, reason: "seen" });
    at(84.5);
    expect(isKilled()).toBe(false);
    expect(driver.engine.context.ledger.causes.get("DAILY_LOSS|account")?.severity).toBe("REDUCING");
    at(79.5);
    expect(isKilled()).toBe(true);
  });
});
