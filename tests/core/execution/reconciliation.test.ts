import { expect, test } from "vitest";
import { reconcile } from "#core/execution/reconciliation.ts";
import type { BrokerOrder, BrokerSnapshot } from "#shared/model/broker.ts";
import type { Order, OrderStatus } from "#shared/model/order.ts";

const TERMS = {
  symbol: "AAPL",
  side: "buy",
  quantity: 10,
  type: "limit",
  limitPrice: 100,
  timeInForce: "day",
  outsideRth: false,
} as const;

function ours(orderRef: string, status: OrderStatus): Order {
  const times = { createdTime: 1, updatedTime: 1 };
  const source = { kind: "manual", who: "test" } as const;
  return {
    ...TERMS,
    ...times,
    orderRef,
    intentId: orderRef,
    role: "entry",
    source,
    reason: "",
    status,
    filledQuantity: 0,
    pendingCancel: false,
  };
}

function theirs(orderRef: string, status: string, transmitted = true): BrokerOrder {
  return { orderRef, permId: 7, clientId: 10, orderId: 1, terms: TERMS, status, filledQuantity: 0, transmitted };
}

function compare(
  orders: readonly Order[],
  listed: Partial<BrokerSnapshot>,
  positions: Readonly<Record<string, number>> = {},
) {
  const snapshot: BrokerSnapshot = {
    generation: 1,
    openOrders: [],
    begun: 0,
    completedOrders: [],
    executions: [],
    positions: [],
    ...listed,
  };
  return reconcile({ orders, positions: new Map(Object.entries(positions)), snapshot });
}

test("each unfinished order gets exactly one verdict, finished ones none", () => {
  const statuses: readonly OrderStatus[] = [
    "intent",
    "sent",
    "acked",
    "partial",
    "unknown",
    "filled",
    "cancelled",
    "rejected",
    "expired",
    "notPlaced",
  ];
  const { verdicts } = compare(
    statuses.map((status) => ours(status, status)),
    {},
  );
  expect(verdicts.map(({ orderRef }) => orderRef)).toEqual(["intent", "sent", "acked", "partial", "unknown"]);
});

test.each([
  ["working", { openOrders: [theirs("a", "Submitted")] }, "matched"],
  ["filled", { completedOrders: [theirs("a", "Filled")] }, "filledAway"],
  ["cancelled", { completedOrders: [theirs("a", "Cancelled")] }, "cancelledAway"],
  ["inactive", { completedOrders: [theirs("a", "Inactive")] }, "rejectedAway"],
  ["nowhere", {}, "absent"],
] as const)("an order that the broker holds as %s", (_name, listed, kind) => {
  expect(compare([ours("a", "sent")], listed).verdicts).toMatchObject([{ orderRef: "a", kind }]);
});

test("a working order wins over a completed one of the same name", () => {
  const listed = { openOrders: [theirs("a", "Submitted")], completedOrders: [theirs("a", "Cancelled")] };
  expect(compare([ours("a", "unknown")], listed).verdicts[0]?.kind).toBe("matched");
});

test("orders of others are foreign, also those without a name; ours that were never transmitted are told", () => {
  const found = compare([ours("a", "acked")], {
    openOrders: [theirs("a", "Inactive", false), theirs("b", "Submitted"), theirs("", "Submitted")],
  });
  expect(found.foreign.map(({ orderRef }) => orderRef)).toEqual(["b", ""]);
  expect(found.untransmitted).toEqual(["a"]);
});

test("positions are compared both ways, over accounts, and equal ones are no news", () => {
  const held = (symbol: string, quantity: number) => ({ accountId: "DUSIM0001", symbol, quantity, averageCost: 1 });
  const { differences } = compare(
    [],
    { positions: [held("AAPL", 5), held("AAPL", 5), held("MSFT", 3)] },
    { AAPL: 10, TSLA: -2 },
  );
  expect(differences).toEqual([
    { symbol: "MSFT", local: 0, broker: 3 },
    { symbol: "TSLA", local: -2, broker: 0 },
  ]);
});
