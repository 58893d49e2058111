import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyFill,
  applyFilledAway,
  applyNotPlaced,
  applyNotSent,
  applyReport,
  applyResized,
  applySent,
  applyUnknown,
} from "#core/execution/order-lifecycle.ts";
import type { OrderReport } from "#shared/model/broker.ts";
import { isTerminal, type Order, type OrderStatus, orderStatusSchema } from "#shared/model/order.ts";

const STATUSES = orderStatusSchema.options;
const ORDER: Order = {
  orderRef: "RT1-1-1-E82",
  intentId: "1-1-test",
  role: "entry",
  source: { kind: "strategy", strategyId: "baseline" },
  reason: "test",
  symbol: "AAPL",
  side: "buy",
  quantity: 10,
  type: "limit",
  limitPrice: 100,
  timeInForce: "day",
  outsideRth: false,
  status: "sent",
  filledQuantity: 0,
  pendingCancel: false,
  createdTime: 1,
  updatedTime: 1,
};
const at = (status: OrderStatus, filledQuantity = 0): Order => ({ ...ORDER, status, filledQuantity });
const report = (order: Order, kind: OrderReport["kind"]) =>
  applyReport(order, { kind, orderRef: order.orderRef, text: kind }, 2);

/** From each status, where each word of the broker leads; absent: it stays, and the report is alarmed. */
const TABLE: Readonly<
  Record<
    "acknowledged" | "cancelled" | "rejected" | "inactive" | "unrecognised",
    Partial<Record<OrderStatus, OrderStatus>>
  >
> = {
  acknowledged: { intent: "acked", sent: "acked", unknown: "acked", acked: "acked" },
  cancelled: {
    intent: "cancelled",
    sent: "cancelled",
    acked: "cancelled",
    partial: "cancelled",
    unknown: "cancelled",
    cancelled: "cancelled",
  },
  rejected: { intent: "rejected", sent: "rejected", unknown: "rejected", rejected: "rejected" },
  inactive: { sent: "unknown", acked: "unknown", partial: "unknown", unknown: "unknown" },
  unrecognised: { sent: "unknown", acked: "unknown", partial: "unknown", unknown: "unknown" },
};
const WORDS = Object.keys(TABLE) as (keyof typeof TABLE)[];
const PAIRS = WORDS.flatMap((word) => STATUSES.map((status) => [word, status] as const));

describe("what the broker says", () => {
  test.each(PAIRS)("%s while %s", (word, status) => {
    const to = TABLE[word][status];
    const { order, alarm } = report(at(status), word);
    expect(order.status).toBe(to ?? status);
    // A late repeat of "submitted" is routine; everything else that does not fit is told.
    const isRoutine = word === "acknowledged" && (status === "partial" || isTerminal(status));
    expect(alarm).toBe(to === undefined && !isRoutine ? "impossibleReport" : undefined);
  });

  test("never makes a fill", () => {
    for (const status of STATUSES) {
      expect(report(at(status), "filled").order).toMatchObject({ status, filledQuantity: 0 });
    }
  });

  test("a refused cancel leaves the order to live on, and a pending one may still fill", () => {
    const pending = report(at("acked"), "pendingCancel").order;
    expect(pending.pendingCancel).toBe(true);
    expect(report(pending, "cancelRejected").order).toMatchObject({ status: "acked", pendingCancel: false });
    expect(applyFill(pending, 10, 100, 3).order).toMatchObject({ status: "filled", pendingCancel: false });
  });
});

describe("fills", () => {
  test.each(STATUSES)("are booked in every state, here %s", (status) => {
    const { order, alarm } = applyFill(at(status), 4, 100, 3);
    expect(order.filledQuantity).toBe(4);
    const isOver = isTerminal(status) && status !== "filled";
    expect(order.status).toBe(isOver ? status : "partial");
    expect(alarm).toBe(isOver ? "lateFill" : undefined);
  });

  test("beyond the quantity are booked and alarmed", () => {
    expect(applyFill(at("partial", 8), 3, 100, 3)).toMatchObject({
      alarm: "overfill",
      order: { filledQuantity: 11, status: "filled" },
    });
  });

  test("average by value", () => {
    const first = applyFill(at("acked"), 4, 100, 3).order;
    expect(applyFill(first, 6, 110, 3).order.averagePrice).toBeCloseTo(106, 12);
  });
});

test("our own words move only what they are about", () => {
  for (const status of STATUSES) {
    const order = at(status);
    expect(applyNotSent(order, "expired", "late", 2).status).toBe(status === "intent" ? "expired" : status);
    const isOpen = status === "sent" || status === "acked" || status === "partial";
    expect(applyUnknown(order, "silence", 2).status).toBe(isOpen ? "unknown" : status);
    const isUnsettled = status === "intent" || status === "sent" || status === "unknown";
    expect(applyNotPlaced(order, "absent twice", 2).status).toBe(isUnsettled ? "notPlaced" : status);
    expect(applySent(order, 7, 2)).toMatchObject({ status: status === "intent" ? "sent" : status, wireId: 7 });
  }
});

test("no walk leaves a final state but by fills, and none loses a share", () => {
  const word = fc.constantFrom<OrderReport["kind"] | "fill" | "unknown">(
    ...WORDS,
    "pendingCancel",
    "cancelRejected",
    "note",
    "filled",
    "fill",
    "unknown",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      let order = at("intent");
      let shares = 0;
      for (const one of words) {
        const before = order;
        if (one === "fill") {
          order = applyFill(order, 1, 100, 2).order;
          shares += 1;
        } else if (one === "unknown") order = applyUnknown(order, "", 2);
        else order = report(order, one).order;
        if (isTerminal(before.status) && one !== "fill") expect(order.status).toBe(before.status);
        expect(order.filledQuantity).toBe(shares);
        expect(STATUSES).toContain(order.status);
      }
    }),
  );
});

test("a child that has filled what is left of its entry has ended; one that has not goes on at that size", () => {
  expect(applyResized(at("partial", 4), 4, 2)).toMatchObject({ status: "filled", quantity: 4, filledQuantity: 4 });
  expect(applyResized(at("partial", 3), 4, 2)).toMatchObject({ status: "partial", quantity: 4, filledQuantity: 3 });
  expect(applyResized(at("acked"), 4, 2)).toMatchObject({ status: "acked", quantity: 4, filledQuantity: 0 });
});

test("an order is filled away once its executions come to what the broker lists, and never by the list alone", () => {
  expect(applyFilledAway(at("partial", 4), 4, 2)).toMatchObject({ status: "filled", quantity: 4 });
  expect(applyFilledAway(at("unknown", 4), 4, 2).status).toBe("filled");
  for (const listed of [0, 3, 5, 10]) expect(applyFilledAway(at("partial", 4), listed, 2)).toEqual(at("partial", 4));
  expect(applyFilledAway(at("acked"), 10, 2)).toEqual(at("acked"));
  expect(applyFilledAway(at("cancelled", 4), 4, 2)).toEqual(at("cancelled", 4));
});
