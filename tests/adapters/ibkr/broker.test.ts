import { describe, expect, test } from "vitest";
import { encodeFrame } from "#adapters/gateway-simulator/codec/frame.ts";
import { execDetails } from "#adapters/gateway-simulator/codec/order-messages.ts";
import type { EngineEvent, EventOf } from "#core/engine/event.ts";
import { present } from "#shared/lib/assert.ts";
import { MINUTE } from "#shared/lib/time.ts";
import { until } from "#tests/support/host.ts";
import { placeOrder, readyClient } from "../gateway-simulator/raw-client.ts";
import { quote, scriptedMarket } from "../gateway-simulator/scripted-market.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";
import { approvedOrder } from "./order-builders.ts";

const SPEED = 60;
/** The message of an order, and where it says that the order and those before it may leave. */
const PLACE_ORDER = "3";
const TRANSMIT = 27;

function eventsOf<K extends EngineEvent["kind"]>({ events }: BrokerRig, kind: K): readonly EventOf<K>[] {
  return events.filter((event): event is EventOf<K> => event.kind === kind);
}

/** Kills sockets in the middle of a frame, and waits until the link is live in a new generation. */
async function killAndReturn(rig: BrokerRig, clientId?: number): Promise<void> {
  const generation = rig.broker.counters().generation ?? 0;
  rig.gateway.faults.resetInFrame(clientId);
  await until(() => (rig.broker.counters().generation ?? 0) > generation, "a new generation");
  await rig.live();
}

/** An order that rests far below the market. */
function resting(orderRef: string) {
  return approvedOrder({ orderRef, limitPrice: 20 });
}

function askOf({ events }: BrokerRig, symbol: string): number | undefined {
  for (const event of events) if (event.kind === "quote" && event.quote.symbol === symbol) return event.quote.ask;
  return undefined;
}

describe("a connection", () => {
  test("comes up in three roles with one id each, is read, and goes live", async () => {
    const rig = await brokerRig({ speed: SPEED }, ["AAPL"]);
    await rig.live();
    const links = eventsOf(rig, "link").map(({ state, generation }) => [state, generation]);
    expect(links).toEqual([
      ["connecting", 0],
      ["syncing", 1],
      ["live", 1],
    ]);
    const views = rig.broker.connections().map(({ role, clientId, state }) => [role, clientId, state]);
    expect(views).toEqual([
      ["orders", 10, "live"],
      ["market", 11, "live"],
      ["history", 12, "live"],
    ]);
    await until(() => rig.events.some((event) => event.kind === "accountValues"), "account values");
    expect(rig.gateway.audit.refusedRequests).toBe(0);
  });

  test("that is sent garbage is lost with the reason, and comes back", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    rig.gateway.faults.bytes("negativeLength", 11);
    await until(() => rig.broker.counters().generation === 2, "a second generation");
    await rig.live();
    const down = eventsOf(rig, "link").filter(({ state }) => state === "down");
    expect(down.map(({ detail }) => detail)).toEqual([expect.stringMatching(/^market: .*-4\b/)]);
  });

  // Half a report of an order may be a fill that nobody heard of.
  test("on which a message of orders could not be read to its end is not trusted any more: the broker is read anew", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    rig.gateway.faults.bytes("missingField", 10);
    await until(() => rig.broker.counters().generation === 2, "a second generation");
    await rig.live();
    const down = eventsOf(rig, "link").filter(({ state }) => state === "down");
    expect(down.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^orders: .*Underrun error on ORDER_STATUS/),
    ]);
  });

  test("may say twice in a minute what is not understood, not three times", async () => {
    const rig = await brokerRig({ speed: 1 });
    await rig.live();
    const complaints = () => rig.broker.counters().decodeComplaints;
    for (const count of [1, 2]) {
      rig.gateway.faults.bytes("extraField", 11);
      await until(() => complaints() === count, `complaint ${count} is counted`);
    }
    expect([rig.broker.counters().generation, eventsOf(rig, "link").at(-1)?.state]).toEqual([1, "live"]);
    rig.gateway.faults.bytes("extraField", 11);
    await until(() => rig.broker.counters().generation === 2, "a second generation");
  });

  test("whose id another program holds says so, keeps its id, and tries again in half a minute", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    rig.gateway.faults.occupyClientId(10);
    rig.gateway.faults.closeLink(10);
    const view = () => present(rig.broker.connections()[0], "the orders connection");
    await until(() => view().detail.includes("in use"), "the id is refused");
    expect(view()).toMatchObject({ clientId: 10, state: "closed" });
    expect(view().detail).toMatch(/client id 10 is in use/);
    const waitMs = (view().nextAttempt ?? 0) / 1_000 - (performance.timeOrigin + performance.now());
    expect(waitMs).toBeGreaterThan(25_000);
    expect(waitMs).toBeLessThanOrEqual(30_000);
  });
});

describe("numbers that are none", () => {
  test.each(["NaN", "1e308", "1.7976931348623157E308"])(
    "(%s) as money are not taken, and cost nothing",
    async (none) => {
      const rig = await brokerRig({ speed: SPEED });
      await rig.live();
      await until(() => rig.events.some((event) => event.kind === "accountValues"), "account values");
      const before = rig.events.length;
      rig.gateway.faults.bytes(encodeFrame([59, 1, "e.1", none, "USD", none, "", ""]), 10);
      rig.gateway.faults.bytes(encodeFrame([6, 2, "TotalCashValue", none, "USD", "DUSIM0001"]), 11);
      // What follows on each connection is heard.
      rig.gateway.faults.bytes(encodeFrame([59, 1, "e.2", 1.25, "USD", 0, "", ""]), 10);
      rig.gateway.faults.bytes(encodeFrame([6, 2, "TotalCashValue", 77, "USD", "DUSIM0001"]), 11);
      const later = () => rig.events.slice(before);
      const values = () => later().flatMap((event) => (event.kind === "accountValues" ? [event.cash] : []));
      await until(() => later().some(({ kind }) => kind === "commission") && values().length > 0, "what follows");
      expect(later().filter(({ kind }) => kind === "commission")).toMatchObject([
        { execId: "e.2", commission: 1_250_000 },
      ]);
      expect(values()).toContain(77_000_000);
      expect(rig.broker.counters().generation).toBe(1);
    },
  );
});

describe("order ids", () => {
  test("rise for ever: none is used again after a reconnect, even when the gateway's own count fell back", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const wireIds: number[] = [];
    for (const round of [1, 2, 3]) {
      for (const name of ["a", "b", "c"]) {
        const [event] = await rig.broker.submit([resting(`${name}-${round}`)]);
        expect(event?.kind).toBe("orderSent");
        if (event?.kind === "orderSent") wireIds.push(event.wireId);
      }
      await until(() => rig.gateway.openOrders().length === 3 * round, "the orders rest");
      rig.gateway.faults.rollBackOrderIds(100);
      await killAndReturn(rig);
    }
    expect(wireIds).toHaveLength(9);
    expect(wireIds).toEqual([...new Set(wireIds)].sort((a, b) => a - b));
    expect(rig.gateway.openOrders().map(({ orderId }) => orderId)).toEqual(wireIds);
    expect([...rig.gateway.audit.placements().values()]).toEqual(Array(9).fill(1));
  });

  test("of orders that are asked for at the same time are their own", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const ids: number[] = [];
    for (const round of [1, 2]) {
      const sent = await Promise.all(["a", "b", "c"].map((name) => rig.broker.submit([resting(`${name}-${round}`)])));
      for (const event of sent.flat()) if (event.kind === "orderSent") ids.push(event.wireId);
    }
    expect([ids.length, new Set(ids).size]).toEqual([6, 6]);
  });

  test("begin above every id that the broker lists, whoever used it", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const raw = await readyClient(rig.gateway.port, 99);
    raw.send(...placeOrder(193, { orderId: 700, limit: 20, ref: "another program" }));
    await until(() => rig.gateway.openOrders().length === 1, "the other order rests");
    await killAndReturn(rig);
    const [event] = await rig.broker.submit([resting("E-1")]);
    expect(event).toMatchObject({ kind: "orderSent", wireId: 701 });
  });
});

describe("a family of orders", () => {
  test("leaves together, parent first, its children named after it and the last one transmitting", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const sent = await rig.broker.submit([
      resting("E-1"),
      approvedOrder({
        orderRef: "T-1",
        role: "target",
        side: "sell",
        limitPrice: 400,
        parentRef: "E-1",
        ocaGroup: "G",
      }),
      approvedOrder({
        orderRef: "S-1",
        role: "stop",
        side: "sell",
        type: "stop",
        limitPrice: undefined,
        stopPrice: 10,
        parentRef: "E-1",
        ocaGroup: "G",
      }),
    ]);
    const ids = sent.map((event) => (event.kind === "orderSent" ? event.wireId : undefined));
    await until(() => rig.gateway.openOrders().length === 3, "the family rests");
    const orders = rig.gateway.openOrders();
    expect(orders.map(({ orderRef, orderId }) => [orderRef, orderId])).toEqual([
      ["E-1", ids[0]],
      ["T-1", ids[1]],
      ["S-1", ids[2]],
    ]);
    expect(orders.map(({ parentId }) => parentId)).toEqual([0, ids[0], ids[0]]);
    const placed = rig.gateway.audit.frames().filter(({ fields }) => fields[0] === PLACE_ORDER);
    expect(placed.map(({ fields }) => fields[TRANSMIT])).toEqual(["0", "0", "1"]);
  });
});

describe("the parts of one order", () => {
  test("are told once each, and again only word for word when the broker is read anew", async () => {
    const rig = await brokerRig({ speed: SPEED }, ["AAPL"]);
    rig.gateway.faults.partialFills(10);
    await rig.live();
    await until(() => askOf(rig, "AAPL") !== undefined, "a quote");
    const limitPrice = Math.round((askOf(rig, "AAPL") ?? 0) * 1.05);
    await rig.broker.submit([approvedOrder({ orderRef: "E-1", quantity: 40, limitPrice })]);
    const isFilled = () => eventsOf(rig, "orderReport").some(({ report }) => report.kind === "filled");
    await until(isFilled, "the order is filled");
    const live = eventsOf(rig, "execution").map(({ execution }) => execution);
    // Ten shares a quote; a print through the limit may take all that is left.
    expect(live.length).toBeGreaterThanOrEqual(2);
    expect(new Set(live.map(({ execId }) => execId)).size).toBe(live.length);
    expect(live.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(40);
    expect(live.at(-1)?.cumulativeQuantity).toBe(40);
    const paid = eventsOf(rig, "commission").map(({ execId }) => execId);
    expect(paid).toEqual(live.map(({ execId }) => execId));

    await killAndReturn(rig);
    const again = eventsOf(rig, "execution").slice(live.length);
    expect(again.map(({ execution }) => execution)).toEqual(live);
    expect(eventsOf(rig, "brokerSnapshot").at(-1)?.snapshot.executions).toEqual(live);
    expect(rig.gateway.executions().map(({ execId }) => execId)).toEqual(live.map(({ execId }) => execId));
  });

  test("that were filled while the link was down are told when it is back", async () => {
    // The price comes to the order two minutes after the start.
    const quotes = [quote(1, 10, 11), quote(120, 8, 9), quote(100_000, 8, 9)];
    const rig = await brokerRig({ speed: 1, source: scriptedMarket({ quotes }) }, ["AAPL"]);
    await rig.live();
    await rig.broker.submit([approvedOrder({ orderRef: "E-1", quantity: 10, limitPrice: 10 })]);
    await until(() => rig.gateway.openOrders().length === 1, "the order rests");
    rig.gateway.faults.outage(5 * MINUTE);
    rig.gateway.setSpeed(300);
    await until(() => rig.gateway.executions().length === 1, "the fill");
    expect(eventsOf(rig, "execution")).toEqual([]);
    await until(() => rig.broker.counters().generation === 2, "the link is back");
    await rig.live();
    const told = eventsOf(rig, "execution").map(({ execution }) => [execution.orderRef, execution.quantity]);
    expect(told).toEqual([["E-1", 10]]);
  });
});

test("an execution of another account of the login is not booked as ours", async () => {
  const rig = await brokerRig({ speed: SPEED });
  await rig.live();
  const tell = (account: string, execId: string): void => {
    const order = { orderId: 5, permId: 9, clientId: 10, orderRef: "E-1", action: "BUY", account };
    const contract = { conId: 1, symbol: "AAPL", secType: "STK" };
    const fill = { execId, time: "20261124 10:00:00 US/Eastern", exchange: "ISLAND", quantity: 5, price: 10 };
    const frame = execDetails(-1, { ...order, contract } as never, { ...fill, cumulativeQuantity: 5 } as never, 193);
    rig.gateway.faults.bytes(encodeFrame(frame), 10);
  };
  tell("DUSIM0002", "e.1");
  tell("DUSIM0001", "e.2");
  await until(() => eventsOf(rig, "execution").length > 0, "our own is told");
  expect(eventsOf(rig, "execution").map(({ execution }) => execution.execId)).toEqual(["e.2"]);
});

describe("reports", () => {
  test("of a refused order name it, with the broker's code and words", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    await rig.broker.submit([approvedOrder({ orderRef: "E-1", quantity: 1_000_000, limitPrice: 500 })]);
    await until(() => eventsOf(rig, "orderReport").length > 0, "the refusal");
    expect(eventsOf(rig, "orderReport")[0]?.report).toMatchObject({ kind: "rejected", orderRef: "E-1", code: 201 });
  });

  // The list of open orders does not show it any more, and the server says it once.
  test("of an order that ends while the broker's orders are being listed are told", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const told = () => eventsOf(rig, "orderReport").map(({ report }) => report);
    const [sent] = await rig.broker.submit([resting("E-1")]);
    await until(() => told().length > 0, "the acknowledgement");
    const wireId = sent?.kind === "orderSent" ? sent.wireId : 0;
    rig.broker.reconcile();
    const status = [3, wireId, "Cancelled", 0, 100, 0, told()[0]?.permId, 0, 0, 10, "", 0];
    rig.gateway.faults.bytes(encodeFrame(status), 10);
    await until(() => eventsOf(rig, "brokerSnapshot").length === 2, "the second reading");
    expect(told().map(({ kind }) => kind)).toContain("cancelled");
  });

  test("of our order are told of it, though another client has one with the same wire id", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const told = () => eventsOf(rig, "orderReport").map(({ report }) => [report.orderRef, report.kind]);
    await rig.broker.submit([resting("ours")]);
    const raw = await readyClient(rig.gateway.port, 99);
    raw.send(...placeOrder(193, { orderId: 1, limit: 21, ref: "foreign" }));
    await until(() => rig.gateway.openOrders().length === 2, "both orders rest");
    expect(rig.gateway.openOrders().map(({ orderId }) => orderId)).toEqual([1, 1]);
    rig.broker.reconcile();
    await until(() => eventsOf(rig, "brokerSnapshot").length === 2, "the second reading");
    await rig.broker.cancel("ours");
    await until(() => told().some(([, kind]) => kind === "cancelled"), "the cancel is told");
    // The broker refuses this one by wire id alone.
    await rig.broker.cancel("ours");
    await until(() => told().some(([, kind]) => kind === "cancelRejected"), "the refusal is told");
    expect(told()).toEqual([
      ["ours", "acknowledged"],
      ["ours", "pendingCancel"],
      ["ours", "cancelled"],
      ["ours", "cancelRejected"],
    ]);
  });
});
