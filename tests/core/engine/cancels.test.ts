import { describe, expect, test } from "vitest";
import type { Effect } from "#core/engine/effect.ts";
import { SECOND } from "#shared/lib/time.ts";
import { EngineDriver, holdingDriver as holding, kinds } from "./engine-driver.ts";

/** An entry for ten AAPL that works below the market, with its stop and target. */
function entering(): EngineDriver {
  const driver = new EngineDriver().ready();
  driver.order({ limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  return driver;
}

const cancelled = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === "cancel" ? [effect.orderRef] : []));

/** The link comes back; what the broker lists as open is given. */
function reconnect(driver: EngineDriver, open: Parameters<EngineDriver["snapshot"]>[0], generation: number): void {
  driver.send({ kind: "link", state: "syncing", generation, detail: "" });
  driver.snapshot(open, generation);
}

describe("a cancel", () => {
  test("that was lost with its link is asked again when the order is found to work", () => {
    const driver = entering();
    driver.send({ kind: "link", state: "down", generation: 1, detail: "gone" });
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    const entry = driver.find("entry");
    driver.wait(1);
    const made = driver.effects.length;
    reconnect(driver, [entry], 2);
    expect(cancelled(driver.effects.slice(made))).toEqual([entry.orderRef]);
  });

  test("that was lost with its process is asked again by the next one", () => {
    const before = entering();
    const entry = before.find("entry");
    before.command({ kind: "cancelOrder", orderRef: entry.orderRef });
    const driver = new EngineDriver({}, { run: 2 });
    for (const effect of before.effects) {
      if (effect.kind === "journal") driver.engine.fold(effect.note, effect.note.time);
    }
    reconnect(driver, [entry], 1);
    expect(cancelled(driver.effects)).toEqual([entry.orderRef]);
  });

  test("is asked once while its answer may still come, and again when it is overdue", () => {
    const driver = entering();
    const entry = driver.find("entry");
    driver.command({ kind: "cancelOrder", orderRef: entry.orderRef });
    const made = driver.effects.length;
    driver.wait(2);
    driver.snapshot([entry]);
    expect(cancelled(driver.effects.slice(made))).toEqual([]);
    driver.wait(1);
    driver.snapshot([entry]);
    expect(cancelled(driver.effects.slice(made))).toEqual([entry.orderRef]);
  });

  test("is not written down again and again while there is no link", () => {
    const driver = entering();
    driver.send({ kind: "link", state: "down", generation: 1, detail: "gone" });
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    const made = driver.effects.length;
    driver.wait(60);
    expect(cancelled(driver.effects.slice(made))).toEqual([]);
  });

  test("of a stop that was lost is not repeated by itself, but by the next exit", () => {
    const driver = holding();
    driver.command({ kind: "closePosition", symbol: "AAPL" });
    const { orderRef } = driver.find("stop");
    driver.send({ kind: "link", state: "down", generation: 1, detail: "gone" });
    driver.wait(12);
    const made = driver.effects.length;
    reconnect(driver, [driver.find("stop"), driver.find("target")], 2);
    driver.send({ kind: "link", state: "live", generation: 2, detail: "" });
    driver.wait(5);
    expect(cancelled(driver.effects.slice(made))).toEqual([]);
    expect(driver.engine.context.position("AAPL")?.protectedQuantity).toBe(10);
    driver.command({ kind: "closePosition", symbol: "AAPL" });
    expect(cancelled(driver.effects.slice(made))).toContain(orderRef);
  });

  test("that nobody answered is repeated for the exit that waits for it", () => {
    const driver = holding();
    driver.command({ kind: "closePosition", symbol: "AAPL" });
    const made = driver.effects.length;
    driver.wait(4);
    expect(cancelled(driver.effects.slice(made))).toContain(driver.find("stop").orderRef);
  });

  test("that came before the order's bytes left follows them", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    const made = driver.effects.length;
    driver.leave(driver.find("entry"));
    expect(cancelled(driver.effects.slice(made))).toEqual([driver.find("entry").orderRef]);
  });

  test("of an entry that a kill forbids is repeated when the broker refused it, a second later", () => {
    const driver = entering();
    driver.command({ kind: "kill", mode: "stop", reason: "test" });
    const { orderRef } = driver.find("entry");
    const made = driver.effects.length;
    driver.report(orderRef, "cancelRejected");
    expect(cancelled(driver.effects.slice(made))).toEqual([]);
    driver.wait(1);
    expect(cancelled(driver.effects.slice(made))).toEqual([orderRef]);
  });

  test("of the stop is refused while its entry may still open", () => {
    const driver = entering();
    const answer = driver.command({ kind: "cancelOrder", orderRef: driver.find("stop").orderRef });
    expect(answer.accepted).toBe(false);
  });
});

test("the first stage of a loss cancels the entries that work, at once, and leaves the stops", () => {
  const driver = new EngineDriver({ "risk.dailyLossReducePercent": 0.1, "risk.positionLossPercent": 20 }).ready();
  driver.order({ quantity: 40 });
  driver.acknowledge();
  driver.fill(driver.find("entry"), 40, 100);
  driver.order({ symbol: "MSFT", limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  const entry = driver.find("entry", "MSFT");
  const made = driver.effects.length;
  for (let repeat = 0; repeat < 4; repeat += 1) {
    driver.wait(1);
    driver.quote(97.1, 97.12);
  }
  expect(driver.engine.context.ledger.causes.get("DAILY_LOSS|account")?.severity).toBe("REDUCING");
  expect([...new Set(cancelled(driver.effects.slice(made)))]).toEqual([entry.orderRef]);
});

test("a person's stop beside the working stop is refused: it is no wish to leave at the market", () => {
  const driver = holding();
  const made = driver.effects.length;
  const ticket = { side: "sell", type: "stop", stopPrice: 95, limitPrice: undefined, stopLoss: undefined };
  expect(driver.order(ticket as never)).toMatchObject({ accepted: false });
  const effects = driver.effects.slice(made);
  expect(cancelled(effects)).toEqual([]);
  expect(kinds(effects)).not.toContain("submit");
});

test("after a panic nothing is put back: no stop, no exit", () => {
  const driver = holding();
  driver.command({ kind: "kill", mode: "panic", reason: "test" });
  for (const order of driver.orders()) driver.report(order.orderRef, "cancelled");
  const made = driver.effects.length;
  driver.wait(10);
  expect(kinds(driver.effects.slice(made))).not.toContain("submit");
  expect(driver.alerts()).toContain("UNPROTECTED");
});

test("the broker is read at most once in two seconds, however much waits for its answer", () => {
  const driver = holding();
  driver.wait(3);
  driver.command({ kind: "closePosition", symbol: "AAPL" });
  const made = driver.effects.length;
  const start = driver.time;
  for (let tick = 0; tick < 80; tick += 1) {
    driver.time = start + tick * 0.1 * SECOND;
    driver.send({ kind: "timer" });
  }
  const readings = kinds(driver.effects.slice(made)).filter((kind) => kind === "reconcile").length;
  expect(readings).toBeGreaterThanOrEqual(3);
  expect(readings).toBeLessThanOrEqual(5);
});

test("a deadline is met by its own timer, also when another event came just before", () => {
  const driver = new EngineDriver().ready();
  driver.order();
  for (const order of driver.orders()) driver.leave(order);
  driver.time += 4.9 * SECOND;
  driver.quote(99.99, 100.01);
  driver.time += 0.1 * SECOND;
  driver.send({ kind: "timer" });
  expect(driver.find("entry").status).toBe("unknown");
});
