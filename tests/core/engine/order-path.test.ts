import { describe, expect, test } from "vitest";
import { riskGauges } from "#core/engine/risk-stage.ts";
import { canonical } from "#shared/lib/canonical.ts";
import type { Ticket } from "#shared/model/command.ts";
import { CONFIG_KEYS } from "#shared/model/config.ts";
import { EngineDriver, kinds } from "./engine-driver.ts";

describe("an entry", () => {
  test("is journalled before it is submitted, as one family of three", () => {
    const driver = new EngineDriver().ready();
    const before = driver.effects.length;
    const result = driver.order();
    expect(result).toMatchObject({ accepted: true, failures: [] });
    const made = driver.effects.slice(before);
    const intent = made.findIndex((effect) => effect.kind === "journal" && effect.note.kind === "INTENT");
    const submit = made.findIndex(({ kind }) => kind === "submit");
    expect(intent).toBeGreaterThanOrEqual(0);
    expect(submit).toBeGreaterThan(intent);
    const family = made[submit];
    expect(family?.kind === "submit" ? family.orders.map(({ role }) => role) : []).toEqual(["entry", "target", "stop"]);
    expect(driver.find("stop")).toMatchObject({ side: "sell", quantity: 10, stopPrice: 99 });
  });

  test("fills in parts, once per execution, and the stop protects what is held", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    const entry = driver.find("entry");
    driver.fill(entry, 4, 100, "x.01");
    driver.fill(entry, 4, 100, "x.01");
    expect(driver.position()).toBe(4);
    expect(driver.find("entry")).toMatchObject({ status: "partial", filledQuantity: 4 });
    driver.fill(driver.find("entry"), 6, 100, "y.01");
    expect(driver.find("entry")).toMatchObject({ status: "filled", filledQuantity: 10, averagePrice: 100 });
    expect(driver.engine.context.position("AAPL")).toMatchObject({
      quantity: 10,
      protectedQuantity: 10,
      stopPrice: 99,
    });
  });

  test("that does not fill in 30 s is cancelled; the cancel never becomes an order", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    expect(kinds(driver.wait(29))).not.toContain("cancel");
    const late = driver.wait(3);
    expect(kinds(late)).toContain("cancel");
    expect(kinds(late)).not.toContain("submit");
    driver.fill(driver.find("entry"), 10);
    expect(driver.find("entry")).toMatchObject({ status: "filled", pendingCancel: false });
  });

  test("without an acknowledgement is unknown after 5 s, asked for, and never sent again", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    for (const order of driver.orders()) driver.leave(order);
    const made = driver.wait(7);
    expect(driver.find("entry").status).toBe("unknown");
    expect(kinds(made)).toContain("reconcile");
    expect(kinds(made)).not.toContain("submit");
    expect(driver.alerts()).toContain("ORDER_UNKNOWN");
    driver.report(driver.find("entry").orderRef, "acknowledged");
    expect(driver.find("entry").status).toBe("acked");
  });

  test("that was not sent is final, and a rejection is told", () => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.send({
      kind: "orderNotSent",
      orderRef: driver.find("entry").orderRef,
      code: "INTENT_EXPIRED",
      detail: "late",
    });
    expect(driver.find("entry").status).toBe("expired");
    driver.wait(3);
    driver.order({ limitPrice: 100.02 });
    driver.leave(driver.find("entry"));
    driver.report(driver.find("entry").orderRef, "rejected");
    expect(driver.find("entry").status).toBe("rejected");
    expect(driver.alerts()).toContain("ORDER_REJECTED");
  });
});

describe("the gate", () => {
  test("refuses before the first reconciliation, over a broken link, and the same order twice", () => {
    const cold = new EngineDriver();
    expect(cold.codes(cold.order())).toEqual(expect.arrayContaining(["UNRECONCILED", "CONN_STATE"]));
    const driver = new EngineDriver().ready();
    driver.order();
    expect(driver.codes(driver.order())).toContain("DUPLICATE");
    driver.send({ kind: "link", state: "down", generation: 1, detail: "gone" });
    driver.wait(3);
    expect(driver.codes(driver.order())).toContain("CONN_STATE");
  });

  test("lets exits through where openings are refused, and never across zero", () => {
    const driver = new EngineDriver({ "risk.maxOrdersPerMinute": 1 }).ready();
    driver.order();
    driver.acknowledge();
    driver.fill(driver.find("entry"));
    driver.wait(3);
    expect(driver.codes(driver.order({ symbol: "MSFT" }))).toContain("ORDER_RATE");
    expect(driver.command({ kind: "closePosition", symbol: "AAPL" }).accepted).toBe(true);
    const over = driver.order({ side: "sell", quantity: 11, reduceOnly: true, limitPrice: 99.99 });
    expect(over.accepted).toBe(false);
  });

  test("opens the breaker after five rejections in a row and lets one probe through later", () => {
    const driver = new EngineDriver({ "risk.maxOrdersPerMinute": 60, "data.feedStalenessSeconds": 60 }).ready();
    for (let round = 0; round < 5; round += 1) {
      expect(driver.order({ quantity: 10 + round }).accepted, `round ${round}`).toBe(true);
      driver.leave(driver.find("entry"));
      driver.report(driver.find("entry").orderRef, "rejected");
    }
    expect(driver.alerts()).toContain("BREAKER_OPEN");
    expect(driver.codes(driver.order({ quantity: 20 }))).toEqual(["BREAKER_OPEN"]);
    driver.wait(340);
    driver.account();
    driver.quote(99.99, 100.01);
    expect(driver.order({ quantity: 21 }).accepted).toBe(true);
    expect(driver.codes(driver.order({ quantity: 22 }))).toEqual(["BREAKER_OPEN"]);
    driver.acknowledge();
    expect(driver.order({ quantity: 23 }).accepted).toBe(true);
  });
});

test("working orders of the other side lower no net exposure: they may never fill", () => {
  const driver = new EngineDriver({ "risk.maxNetPercent": 1, "risk.maxOrdersPerMinute": 60 }).ready();
  expect(driver.order({ symbol: "MSFT", side: "sell", quantity: 8, limitPrice: 100.5, stopLoss: 101.5 }).accepted).toBe(
    true,
  );
  expect(driver.order({ quantity: 9 }).accepted).toBe(true);
  expect(driver.codes(driver.order({ quantity: 8, limitPrice: 100 }))).toContain("GROSS_NET");
});

test("limits are changed by the key that the console shows, within its range; what lets more through needs a reason", () => {
  const driver = new EngineDriver().ready();
  const ask = (key: string, value: number, reason = "") => driver.command({ kind: "setLimit", key, value, reason });
  const set = (key: string, value: number, reason = ""): boolean => ask(key, value, reason).accepted;
  const shown = riskGauges(driver.engine.context).flatMap(({ configKey }) =>
    CONFIG_KEYS.filter(({ key }) => key === configKey),
  );
  expect(shown.length).toBeGreaterThan(10);
  for (const { key, min = 0, max = 0, range } of shown) {
    expect([set(key, min, "test"), set(key, max, "test")], key).toEqual([true, true]);
    for (const beyond of [min - 1, max + 1]) {
      expect(set(key, beyond, "test"), `${key} ${beyond}`).toBe(false);
      expect(ask(key, beyond, "test").message).toContain(range);
    }
  }
  set("risk.minVolumeShares", 1_000_000, "test");
  expect(set("risk.minVolumeShares", 200_000)).toBe(false);
  expect(set("risk.minVolumeShares", 2_000_000)).toBe(true);
  set("risk.maxOpenPositions", 5, "test");
  expect(set("risk.maxOpenPositions", 6)).toBe(false);
  expect(set("risk.maxOpenPositions", 4)).toBe(true);
  expect(set("breaker.nothing", 2, "test")).toBe(false);
});

test("a sell stop on shares that have their stop is refused: it is not an exit at once", () => {
  const driver = new EngineDriver().ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"));
  for (const terms of [{ type: "stop" }, { type: "stopLimit", limitPrice: 97.9 }] as const) {
    const made = driver.effects.length;
    const ticket = { symbol: "AAPL", side: "sell", quantity: 10 } as const;
    const rest = { timeInForce: "day", outsideRth: false, reduceOnly: true, stopPrice: 98 } as const;
    const result = driver.command({ kind: "placeOrder", ticket: { ...ticket, ...rest, ...terms } });
    expect(result.accepted).toBe(false);
    expect(driver.codes(result)).toEqual(["STOP_STANDS"]);
    expect(kinds(driver.effects.slice(made))).not.toContain("cancel");
    expect(kinds(driver.effects.slice(made))).not.toContain("submit");
  }
});

test("the preview of an exit beside its stop is what sending it does", () => {
  const driver = new EngineDriver().ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"));
  const ticket = { symbol: "AAPL", side: "sell", quantity: 10, type: "limit", limitPrice: 99.99 } as const;
  const rest = { timeInForce: "day", outsideRth: false, reduceOnly: false } as const;
  const preview = (more: Partial<Ticket>) => driver.engine.commands.preview({ ...ticket, ...rest, ...more }).decision;
  expect(preview({}).verdict).toBe("approved");
  expect(preview({ type: "stop", stopPrice: 98 }).verdict).toBe("denied");
  expect(preview({ quantity: 11, reduceOnly: true }).failures.map(({ code }) => code)).toContain("REDUCE_ONLY");
  expect(driver.order({ ...ticket }).accepted).toBe(true);
});

test("a position that lost too much is closed and its symbol only reduces", () => {
  const driver = new EngineDriver({ "risk.positionLossPercent": 0.5 }).ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"), 10, 100);
  driver.wait(2);
  driver.quote(99.3, 99.32);
  driver.quote(99.3, 99.32);
  expect(driver.alerts()).toContain("POSITION_LOSS");
  const cause = driver.engine.context.ledger.causes.get("POSITION_LOSS|symbol:AAPL");
  expect(cause).toMatchObject({ severity: "REDUCING", clears: "next session" });
  expect(driver.effects.filter(({ kind }) => kind === "cancel")).toHaveLength(2);
});

test("two engines that saw the same are the same, and a snapshot carries everything on", () => {
  const play = (): EngineDriver => {
    const driver = new EngineDriver().ready();
    driver.order();
    driver.acknowledge();
    driver.fill(driver.find("entry"), 7, 100);
    driver.send({ kind: "commission", execId: "e.1.01", commission: 1_000_000 });
    return driver;
  };
  const [one, two] = [play(), play()];
  expect(canonical(two.engine.snapshot())).toBe(canonical(one.engine.snapshot()));
  const restored = new EngineDriver();
  restored.engine.restore(one.engine.snapshot());
  expect(canonical(restored.engine.snapshot())).toBe(canonical(one.engine.snapshot()));
  expect(restored.position()).toBe(7);
  const folded = new EngineDriver();
  for (const effect of one.effects) {
    if (effect.kind === "journal") folded.engine.fold(effect.note, effect.note.time);
  }
  expect(canonical(folded.engine.snapshot())).toBe(canonical(one.engine.snapshot()));
});

test("a correction of the broker replaces its execution, in the books and for the strategy", () => {
  const driver = new EngineDriver().ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"), 8, 100, "0001.01");
  driver.fill(driver.find("entry"), 5, 100, "0001.02");
  const { ledger } = driver.engine.context;
  expect([...ledger.executions.keys()]).toEqual(["0001.02"]);
  expect(driver.position()).toBe(5);
  expect(ledger.strategyPosition("manual", "AAPL")).toBe(5);
});
