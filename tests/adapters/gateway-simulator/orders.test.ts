import { describe, expect, test } from "vitest";
import { SECOND } from "#shared/lib/time.ts";
import { placeOrder, readyClient } from "./raw-client.ts";
import { quote, START, scriptedMarket, trade } from "./scripted-market.ts";
import { pick, stepper } from "./stepper.ts";

/** 100.00 is asked and 99.98 bid from the start; a print at 102 after thirty seconds; then an hour of quiet. */
const MARKET = () =>
  scriptedMarket({
    quotes: [
      quote(0, 99.98, 100, 500),
      quote(20, 99.98, 100, 500),
      quote(31, 102, 102.02, 500),
      quote(3_600, 102, 102.02),
    ],
    trades: [trade(0, 99.99), trade(30, 102, 5_000)],
  });

describe.each([178, 193])("at server version %i", (version) => {
  test("a market order is opened, executed at the ask, charged, and then reported as filled", async () => {
    const market = await stepper(MARKET(), {}, version);
    const opened = await market.order({ orderId: 1, type: "MKT", quantity: 100, ref: "rt-1-E-1" });
    expect(opened.map(([id]) => id)).toEqual(["5", "3"]);
    expect(pick(opened, 3, 1, 2, 3, 4)).toEqual([["1", "Submitted", "0", "100"]]);
    const filled = await market.until(START + SECOND);
    expect(filled.map(([id]) => id).filter((id) => ["11", "59", "3"].includes(id ?? ""))).toEqual(["11", "59", "3"]);
    const [execution] = pick(filled, 11, 1, 2, 4, 15, 17, 18, 19, 20, 22, 24, 25, 26);
    const time = "20261124 10:00:00 US/Eastern";
    expect(execution).toEqual(["-1", "1", "AAPL", time, "NASDAQ", "BOT", "100", "100", "10", "100", "100", "rt-1-E-1"]);
    expect(pick(filled, 59, 3, 4)).toEqual([["1", "USD"]]);
    expect(pick(filled, 3, 2, 3, 4, 5)).toEqual([["Filled", "100", "0", "100"]]);
    expect(market.simulator.cash()).toBe(990_000_000_000 - 1_000_000);
  });

  test("a bracket rests untransmitted, leaves with its last child, and its children cancel each other", async () => {
    const market = await stepper(MARKET(), {}, version);
    const group = { ocaGroup: "b", ocaType: 1, tif: "GTC", parentId: 1, action: "SELL", quantity: 100 };
    const held = [
      ...(await market.order({ orderId: 1, limit: 100, quantity: 100, transmit: 0, ref: "e" })),
      ...(await market.order({ ...group, orderId: 2, limit: 101, transmit: 0, ref: "t" })),
    ];
    expect(pick(held, 3, 1, 2)).toEqual([
      ["1", "Inactive"],
      ["2", "Inactive"],
    ]);
    await market.until(START + 5 * SECOND);
    expect(market.simulator.executions()).toEqual([]);
    const sent = await market.order({ ...group, orderId: 3, type: "STP", stop: 95, transmit: 1, ref: "s" });
    expect(new Set(pick(sent, 3, 1, 2).map((fields) => fields.join(" ")))).toEqual(
      new Set(["1 Submitted", "2 PreSubmitted", "3 PreSubmitted"]),
    );
    const entered = await market.until(START + 25 * SECOND);
    expect(pick(entered, 11, 2, 18, 19, 20)).toEqual([["1", "BOT", "100", "100"]]);
    const left = await market.until(START + 40 * SECOND);
    expect(pick(left, 11, 2, 18, 19)).toEqual([["2", "SLD", "100"]]);
    expect(pick(left, 3, 1, 2)).toContainEqual(["3", "Cancelled"]);
    expect(pick(left, 4, 2, 3)).toEqual([["3", "202"]]);
    expect(market.simulator.openOrders()).toEqual([]);
  });

  test("open, completed and executed orders are listed with their ends, foreign ones only when all are asked for", async () => {
    const market = await stepper(MARKET(), {}, version);
    expect(await market.ask([5, 1], [16, 1], [99, 0], [7, 3, 1_000_000_001, 0, "", "", "", "", "", ""])).toEqual([
      ["53", "1"],
      ["53", "1"],
      ["102"],
      ["55", "1", "1000000001"],
    ]);
    const other = await readyClient(market.simulator.port, 13);
    other.send(...placeOrder(version, { orderId: 7, limit: 50, ref: "foreign" }));
    await other.frame(([id]) => id === "5");
    await market.order({ orderId: 1, type: "MKT", quantity: 10, ref: "mine" });
    await market.order({ orderId: 2, limit: 60, ref: "resting" });
    await market.until(START + 2 * SECOND);
    expect(pick(await market.ask([5, 1]), 5, 1, 23)).toEqual([["2", "resting"]]);
    expect(pick(await market.ask([16, 1]), 5, 1, 23, 24)).toEqual([
      ["7", "foreign", "13"],
      ["2", "resting", "10"],
    ]);
    const completed = await market.ask([99, 0]);
    expect(completed.map(([id]) => id)).toEqual(["101", "102"]);
    expect(pick(completed, 101, 12, 13, 14, 22, 23)).toEqual([["BUY", "10", "MKT", "mine", "1000002"]]);
    const listed = await market.ask([7, 3, 1_000_000_002, 0, "", "", "AAPL", "", "", "BUY"]);
    expect(listed.map(([id]) => id)).toEqual(["11", "59", "55"]);
    expect(pick(listed, 11, 1, 26)).toEqual([["1000000002", "mine"]]);
    expect(await market.ask([7, 3, 1_000_000_003, 0, "", "", "", "", "", "SELL"])).toEqual([["55", "1", "1000000003"]]);
    expect(await market.ask([7, 3, 1_000_000_004, 0, "", "20261124 11:00:00", "", "", "", ""])).toEqual([
      ["55", "1", "1000000004"],
    ]);
  });

  test("a thousand what-ifs of every served type are answered with figures and leave no trace", async () => {
    const market = await stepper(MARKET(), {}, version);
    await market.order({ orderId: 1, type: "MKT", quantity: 100, ref: "held" });
    await market.order({ orderId: 2, limit: 60, ref: "resting" });
    await market.until(START + 2 * SECOND);
    const books = () => ({
      cash: market.simulator.cash(),
      positions: market.simulator.positions().map(({ symbol, quantity }) => [symbol, quantity]),
      open: market.simulator.openOrders().map(({ orderId }) => orderId),
      executions: market.simulator.executions().length,
    });
    const before = books();
    const types = [
      { type: "MKT" },
      { type: "LMT", limit: 100 },
      { type: "STP", stop: 105 },
      { type: "STP LMT", stop: 105, limit: 106 },
    ];
    let answers = 0;
    for (let i = 0; i < 1_000; i += 1) {
      const share = await market.order({ ...types[i % 4], orderId: 100 + i, quantity: 10, whatIf: 1 });
      const own = share.filter((fields) => fields[1] === String(100 + i));
      expect(own.map(([id]) => id)).toEqual(["5"]);
      answers += own.length;
      // At most fifty messages in a second of virtual time; every step here is a millisecond long.
      if (i % 40 === 39) await market.until(market.simulator.now() + SECOND);
    }
    expect(answers).toBe(1_000);
    expect(books()).toEqual(before);
    expect(pick(await market.ask([16, 1]), 5, 1)).toEqual([["2"]]);
    expect((await market.ask([99, 0])).filter(([id]) => id === "101")).toHaveLength(1);
  }, 60_000);
});

test.each([
  { what: "an order type", order: { type: "TRAIL" }, code: "201", text: "orderType TRAIL" },
  { what: "a time in force", order: { tif: "FOK", limit: 100 }, code: "201", text: "tif FOK" },
  { what: "a group of one's own", order: { ocaGroup: "mine", limit: 100 }, code: "201", text: "ocaGroup mine" },
  { what: "a reducing group", order: { ocaType: 3, limit: 100 }, code: "201", text: "ocaType 3" },
  { what: "a stop on the bid", order: { type: "STP", stop: 105, trigger: 4 }, code: "201", text: "triggerMethod 4" },
  { what: "a field of a later stage", order: { trail: 99, limit: 100 }, code: "201", text: "trailStopPrice" },
  { what: "another account", order: { account: "DU999", limit: 100 }, code: "321", text: "account DU999" },
  { what: "no price", order: { type: "LMT" }, code: "321", text: "limit price" },
  { what: "a fraction of a share", order: { quantity: 1.5, limit: 100 }, code: "321", text: "whole number" },
  { what: "a price between two ticks", order: { limit: 100.005 }, code: "110", text: "price variation" },
  { what: "an unknown contract", order: { symbol: "NONE", limit: 100 }, code: "200", text: "No security" },
  { what: "more than the account has", order: { limit: 100, quantity: 20_000 }, code: "201", text: "margin" },
  { what: "an unknown parent", order: { limit: 100, parentId: 77 }, code: "201", text: "Parent order 77" },
])("an order with $what is refused with $code and never works", async ({ order, code, text }) => {
  const market = await stepper(MARKET());
  const share = await market.order({ orderId: 1, ...order } as Record<string, string | number>);
  const [refusal] = pick(share, 4, 2, 3, 4);
  expect(refusal?.slice(0, 2)).toEqual(["1", code]);
  expect(refusal?.[2]).toContain(text);
  expect(share.filter(([id]) => id === "5" || id === "3")).toEqual([]);
  expect(market.simulator.openOrders()).toEqual([]);
  // The id is used up.
  expect(pick(await market.order({ orderId: 1, limit: 100 }), 4, 3)).toEqual([["103"]]);
});

test("a working order is modified by its id; a finished one answers 103", async () => {
  const market = await stepper(MARKET());
  await market.order({ orderId: 1, limit: 90, ref: "a" });
  const modified = await market.order({ orderId: 1, limit: 91, quantity: 120, ref: "a" });
  expect(pick(modified, 5, 1, 14, 16)).toEqual([["1", "120", "91"]]);
  await market.order({ orderId: 1, limit: 100, quantity: 120, ref: "a" });
  await market.until(START + 25 * SECOND);
  expect(market.simulator.executions()).toHaveLength(1);
  expect(pick(await market.order({ orderId: 1, limit: 90, ref: "a" }), 4, 2, 3)).toEqual([["1", "103"]]);
});

test("a child that is modified without its parent stays a child", async () => {
  const market = await stepper(MARKET());
  await market.order({ orderId: 1, limit: 100, transmit: 0 });
  const child = { orderId: 2, action: "SELL", type: "STP", tif: "GTC", ocaGroup: "g" };
  await market.order({ ...child, stop: 90, parentId: 1 });
  await market.until(START + 5 * SECOND);
  const modified = await market.order({ ...child, stop: 95, parentId: 0 });
  expect(pick(modified, 3, 1, 2, 7)).toEqual([["2", "PreSubmitted", "1"]]);
  expect(market.simulator.openOrders()).toMatchObject([{ orderId: 2, stopPrice: 95, parentId: 1 }]);
});

test("a cancel is pending, then done with 202; an unknown order answers 10147, a finished one 10148", async () => {
  const market = await stepper(MARKET());
  await market.order({ orderId: 1, limit: 90 });
  expect(pick(await market.ask([4, 1, "", "", 2_147_483_647]), 3, 2)).toEqual([["PendingCancel"]]);
  const gone = await market.until(START + SECOND);
  expect(pick(gone, 3, 2)).toEqual([["Cancelled"]]);
  expect(pick(gone, 4, 2, 3)).toEqual([["1", "202"]]);
  expect(pick(await market.ask([4, 1, "", "", 2_147_483_647]), 4, 2, 3)).toEqual([["1", "10148"]]);
  expect(pick(await market.ask([4, 9, "", "", 2_147_483_647]), 4, 2, 3)).toEqual([["9", "10147"]]);
});

test("a global cancel takes the orders of every client", async () => {
  const market = await stepper(MARKET());
  const other = await readyClient(market.simulator.port, 13);
  other.send(...placeOrder(193, { orderId: 7, limit: 50 }));
  await other.frame(([id]) => id === "5");
  await market.order({ orderId: 1, limit: 60 });
  await market.ask([58, "", 2_147_483_647]);
  await market.until(START + SECOND);
  expect(market.simulator.openOrders()).toEqual([]);
  expect(pick(other.frames, 4, 2, 3)).toContainEqual(["7", "202"]);
});

test("an order that must fill at once takes what is shown, and its rest is cancelled", async () => {
  const market = await stepper(MARKET());
  await market.until(START + SECOND);
  await market.order({ orderId: 1, tif: "IOC", limit: 100, quantity: 800 });
  const done = await market.until(market.simulator.now() + SECOND);
  expect(pick(done, 11, 19)).toEqual([["500"]]);
  expect(pick(done, 3, 2, 3, 4).at(-1)).toEqual(["Cancelled", "500", "300"]);
});

test("more than twenty working orders in one contract and side are refused", async () => {
  const market = await stepper(MARKET());
  for (let id = 1; id <= 20; id += 1) await market.order({ orderId: id, limit: 50, quantity: 1 });
  expect(pick(await market.order({ orderId: 21, limit: 50, quantity: 1 }), 4, 3)).toEqual([["201"]]);
  expect(pick(await market.order({ orderId: 22, action: "SELL", limit: 150, quantity: 1 }), 4, 3)).toEqual([]);
});

test("the next valid id lies above every id that this client has used, for itself only", async () => {
  const market = await stepper(MARKET());
  await market.order({ orderId: 41, limit: 50 });
  expect(await market.ask([8, 1, 1])).toContainEqual(["9", "1", "42"]);
  await market.order({ orderId: 50, limit: 50, whatIf: 1 });
  await market.order({ orderId: 60, type: "TRAIL" });
  expect(await market.ask([8, 1, 1])).toContainEqual(["9", "1", "61"]);
  const other = await readyClient(market.simulator.port, 13);
  expect(other.of(9)).toEqual([["9", "1", "1"]]);
});
