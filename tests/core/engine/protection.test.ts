import { describe, expect, test } from "vitest";
import type { Effect } from "#core/engine/effect.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { BrokerSnapshot, Execution } from "#shared/model/broker.ts";
import { EngineDriver, holdingDriver as holding } from "./engine-driver.ts";

const cancelled = (effects: readonly Effect[]): readonly string[] =>
  effects.flatMap((effect) => (effect.kind === "cancel" ? [effect.orderRef] : []));
const submitted = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.kind === "submit" ? effect.orders : []));

function execution(driver: EngineDriver, changes: Partial<Execution>): Execution {
  return {
    execId: "f.1.01",
    orderRef: "",
    permId: 9,
    clientId: 0,
    accountId: "DUSIM0001",
    symbol: "AAPL",
    side: "sell",
    quantity: 10,
    price: 100,
    exchangeTime: driver.time,
    cumulativeQuantity: 10,
    ...changes,
  };
}

/** What the broker holds, and what it lists. */
function reading(driver: EngineDriver, held: number, listed: Partial<BrokerSnapshot> = {}): void {
  const positions = [{ accountId: "DUSIM0001", symbol: "AAPL", quantity: held, averageCost: 100 }];
  const empty = { generation: 1, begun: driver.time, openOrders: [], completedOrders: [], executions: [] };
  driver.send({ kind: "brokerSnapshot", snapshot: { ...empty, positions, ...listed } });
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe("protection", () => {
  test("that is left over when a person closes the position elsewhere is cancelled: it would open another", () => {
    const driver = holding();
    driver.send({ kind: "execution", execution: execution(driver, {}) });
    expect(driver.position()).toBe(0);
    const made = driver.effects.length;
    driver.wait(3);
    expect(cancelled(driver.effects.slice(made)).toSorted()).toEqual(
      [driver.find("stop").orderRef, driver.find("target").orderRef].toSorted(),
    );
    expect(driver.alerts()).toContain("IDLE_STOP");
  });

  test("for more than is held makes place for a stop of the right size", () => {
    const driver = holding();
    const stop = driver.find("stop");
    driver.send({ kind: "execution", execution: execution(driver, { quantity: 6 }) });
    const made = driver.effects.length;
    driver.wait(3);
    expect(cancelled(driver.effects.slice(made))).toContain(stop.orderRef);
    for (const order of driver.orders()) if (order.pendingCancel) driver.report(order.orderRef, "cancelled");
    expect(submitted(driver.effects.slice(made))).toMatchObject([{ role: "stop", side: "sell", quantity: 4 }]);
  });

  test("of a partly filled target counts what its family has still to close", () => {
    const driver = holding();
    driver.fill(driver.find("target"), 3);
    const made = driver.effects.length;
    driver.wait(10);
    expect(cancelled(driver.effects.slice(made))).toEqual([]);
    expect(driver.alerts()).not.toContain("OVERPROTECTED");
  });

  test("on the other side of the market is none", () => {
    const driver = holding();
    driver.send({ kind: "execution", execution: execution(driver, { quantity: 15 }) });
    expect(driver.position()).toBe(-5);
    expect(driver.engine.context.position("AAPL")?.protectedQuantity).toBe(0);
  });

  test("grows with a fill that comes after its entry was cancelled", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    driver.report(driver.find("entry").orderRef, "cancelled");
    driver.fill(driver.find("entry"), 4);
    expect(driver.find("stop")).toMatchObject({ quantity: 4 });
    driver.fill(driver.find("stop"), 4);
    expect(driver.find("stop").status).toBe("filled");
  });

  test("that was filled before its entry was known to have ended short has ended too, and nothing works any more", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    driver.fill(driver.find("entry"), 4);
    driver.fill(driver.find("stop"), 4);
    expect(driver.find("stop").status).toBe("partial");
    driver.report(driver.find("entry").orderRef, "cancelled");
    expect(driver.find("stop")).toMatchObject({ status: "filled", quantity: 4 });
  });

  test("of an entry that ended short ends the same in whatever order the broker tells it", () => {
    const facts = ["entryFill", "entryCancel", "stopFill", "targetCancel"] as const;
    for (const order of permutations(facts)) {
      const driver = new EngineDriver().ready();
      driver.order({ takeProfit: 103 });
      driver.acknowledge();
      const [entry, stop, target] = [driver.find("entry"), driver.find("stop"), driver.find("target")];
      const tell = {
        entryFill: () => driver.fill(entry, 4),
        entryCancel: () => driver.report(entry.orderRef, "cancelled"),
        stopFill: () => driver.fill(stop, 4),
        targetCancel: () => driver.report(target.orderRef, "cancelled"),
      };
      for (const fact of order) tell[fact]();
      const ended = [driver.find("entry"), driver.find("stop"), driver.find("target")].map(({ status }) => status);
      expect([order, ended]).toEqual([order, ["cancelled", "filled", "cancelled"]]);
    }
  });

  test("that was filled away at the size of an entry that ended short is settled by the reading", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    const [entry, stop] = [driver.find("entry"), driver.find("stop")];
    driver.fill(entry, 4);
    driver.fill(stop, 4);
    const listed = [entry, stop].map((order) => ({
      orderRef: order.orderRef,
      permId: order.role === "entry" ? 1 : 2,
      clientId: 10,
      orderId: 0,
      terms: { ...order, quantity: order.role === "entry" ? 10 : 4 },
      status: order.role === "entry" ? "Cancelled" : "Filled",
      filledQuantity: 4,
      transmitted: true,
    }));
    reading(driver, 0, { completedOrders: listed });
    expect([driver.find("entry").status, driver.find("stop").status]).toEqual(["cancelled", "filled"]);
    expect(driver.engine.context.ledger.openOrders().map(({ role }) => role)).not.toContain("stop");
  });

  test("that cannot be placed is not asked for all night", () => {
    const driver = holding();
    driver.report(driver.find("stop").orderRef, "cancelled");
    driver.time += 8 * 3_600 * SECOND;
    driver.wait(600);
    const told = driver.alerts().filter((code) => code === "UNPROTECTED").length;
    expect(told).toBeGreaterThanOrEqual(1);
    expect(told).toBeLessThan(20);
  });
});

describe("where our books and the broker's differ", () => {
  test("an exit closes no more than both hold", () => {
    const driver = holding();
    reading(driver, 4);
    driver.command({ kind: "closePosition", symbol: "AAPL" });
    const made = driver.effects.length;
    for (const order of driver.orders()) if (order.pendingCancel) driver.report(order.orderRef, "cancelled");
    expect(submitted(driver.effects.slice(made))).toMatchObject([{ role: "exit", quantity: 4 }]);
  });

  test("nothing is closed, and no stop is placed, where the broker holds nothing or the other side", () => {
    for (const held of [0, -10]) {
      const driver = holding();
      reading(driver, held);
      const made = driver.effects.length;
      expect(driver.command({ kind: "closePosition", symbol: "AAPL" }).accepted).toBe(false);
      expect(driver.order({ side: "sell", reduceOnly: true, limitPrice: 99.9 }).accepted).toBe(false);
      driver.report(driver.find("stop").orderRef, "cancelled");
      driver.wait(5);
      expect(submitted(driver.effects.slice(made))).toEqual([]);
    }
  });
});

test("nothing is called flat where the broker holds another position than our books", () => {
  const differs = /AAPL: the broker holds another position than our books/;
  const opposite = holding();
  reading(opposite, -10);
  expect(opposite.command({ kind: "flatten" })).toMatchObject({
    accepted: false,
    message: expect.stringMatching(differs),
  });
  const smaller = holding();
  reading(smaller, 4);
  const { accepted, message } = smaller.command({ kind: "flatten", symbol: "AAPL" });
  expect([accepted, message]).toEqual([
    true,
    expect.stringMatching(/^flattening AAPL; AAPL: the broker holds another/),
  ]);
  const unknown = new EngineDriver().ready();
  reading(unknown, 7);
  expect(unknown.command({ kind: "flatten" }).accepted).toBe(false);
  expect(new EngineDriver().ready().command({ kind: "flatten" })).toMatchObject({
    accepted: true,
    message: "flat already",
  });
});

test("an order that has ended for us and works at the broker is cancelled and told", () => {
  const driver = new EngineDriver().ready();
  driver.order({ limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  const entry = driver.find("entry");
  driver.report(entry.orderRef, "cancelled");
  const listed = [
    {
      orderRef: entry.orderRef,
      permId: 1,
      clientId: 10,
      orderId: 1,
      terms: entry,
      status: "Submitted",
      filledQuantity: 0,
      transmitted: true,
    },
  ];
  const made = driver.effects.length;
  reading(driver, 0, { openOrders: listed });
  expect(cancelled(driver.effects.slice(made))).toEqual([]);
  driver.wait(6);
  reading(driver, 0, { openOrders: listed });
  expect(cancelled(driver.effects.slice(made))).toEqual([entry.orderRef]);
  expect(driver.alerts()).toContain("ORDER_ALIVE");
});

test("executions that the opening balance contains are not booked when the broker lists them again", () => {
  const driver = new EngineDriver();
  const known = execution(driver, { execId: "a.1.01", side: "buy" });
  const missed = execution(driver, { execId: "b.1.01", side: "buy" });
  driver.send({ kind: "link", state: "syncing", generation: 1, detail: "" });
  driver.account();
  driver.send({ kind: "execution", execution: known });
  reading(driver, 20, { executions: [missed] });
  expect(driver.position()).toBe(20);
  for (const again of [known, missed, { ...missed, execId: "b.1.02" }]) {
    driver.send({ kind: "execution", execution: again });
  }
  expect(driver.position()).toBe(20);
  const restored = new EngineDriver();
  restored.engine.restore(driver.engine.snapshot());
  restored.send({ kind: "execution", execution: known });
  expect(restored.position()).toBe(20);
});

test("a farm that was down on the last connection does not block the next one", () => {
  const driver = new EngineDriver().ready();
  driver.send({ kind: "farm", name: "usfarm.nj", isUp: false });
  expect(driver.codes(driver.order())).toContain("DATA_STALE");
  driver.send({ kind: "link", state: "down", generation: 1, detail: "gone" });
  driver.send({ kind: "link", state: "syncing", generation: 2, detail: "" });
  driver.snapshot([], 2);
  driver.send({ kind: "link", state: "live", generation: 2, detail: "" });
  expect(driver.order({ quantity: 9 }).accepted).toBe(true);
});
