import { type Order, OrderAction, OrderType, SecType, TimeInForce } from "@stoqey/ib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brokerOrderOf, encodeOrder, executionOf } from "#adapters/ibkr/orders.ts";
import { AAPL, approvedOrder, listedOrder, wireExecution } from "./order-builders.ts";

const UNSET = 1.7976931348623157e308;
const LINK = { parentId: 0, transmit: true, account: "DUSIM0001" };
const open = (order: Order, status = "Submitted") => brokerOrderOf({ orderId: 5, contract: AAPL, order, status });

describe("an order on its way out", () => {
  test("says everything that a preset of the workstation could fill in", () => {
    expect(encodeOrder(approvedOrder(), { parentId: 4, transmit: false, account: "DUSIM0001" })).toEqual({
      action: OrderAction.BUY,
      totalQuantity: 100,
      orderType: OrderType.LMT,
      tif: TimeInForce.DAY,
      outsideRth: false,
      account: "DUSIM0001",
      orderRef: "E-1",
      transmit: false,
      parentId: 4,
      triggerMethod: 2,
      lmtPrice: 10,
    });
  });

  test("in a group cancels the others with block; without one it names none", () => {
    expect(encodeOrder(approvedOrder({ ocaGroup: "G-1" }), LINK)).toMatchObject({ ocaGroup: "G-1", ocaType: 1 });
    expect(encodeOrder(approvedOrder(), LINK)).not.toHaveProperty("ocaType");
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1, 0.5, 1.5])(
    "of %d shares is stopped",
    (quantity) => {
      expect(() => encodeOrder(approvedOrder({ quantity }), LINK)).toThrow(/whole quantity/);
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 0, -10])("with a price of %d is stopped", (price) => {
    expect(() => encodeOrder(approvedOrder({ limitPrice: price }), LINK)).toThrow(/prices are finite/);
    const stop = approvedOrder({ type: "stop", limitPrice: undefined, stopPrice: price });
    expect(() => encodeOrder(stop, LINK)).toThrow(/prices are finite/);
  });

  test("that lacks the price of its type is stopped", () => {
    expect(() => encodeOrder(approvedOrder({ limitPrice: undefined }), LINK)).toThrow(/has a limit price/);
    expect(() => encodeOrder(approvedOrder({ type: "stop", limitPrice: undefined }), LINK)).toThrow(/has a stop price/);
    expect(() => encodeOrder(approvedOrder({ type: "stopLimit" }), LINK)).toThrow(/has a stop price/);
    const stopLimit = approvedOrder({ type: "stopLimit", limitPrice: undefined, stopPrice: 9 });
    expect(() => encodeOrder(stopLimit, LINK)).toThrow(/has a limit price/);
  });
});

const price = fc.integer({ min: 1, max: 10_000_000 }).map((ticks) => ticks / 100);
const anyOrder = fc
  .record({
    side: fc.constantFrom("buy", "sell"),
    quantity: fc.integer({ min: 1, max: 1_000_000 }),
    type: fc.constantFrom("market", "limit", "stop", "stopLimit"),
    timeInForce: fc.constantFrom("day", "gtc", "ioc"),
    outsideRth: fc.boolean(),
    limitPrice: price,
    stopPrice: price,
  })
  .map((terms) =>
    approvedOrder({
      ...terms,
      limitPrice: /limit/i.test(terms.type) ? terms.limitPrice : undefined,
      stopPrice: terms.type.startsWith("stop") ? terms.stopPrice : undefined,
    }),
  );

describe("an order there and back", () => {
  test("has the same terms", () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const { symbol, side, quantity, type, timeInForce, outsideRth, limitPrice, stopPrice } = order;
        const terms = { symbol, side, quantity, type, timeInForce, outsideRth };
        expect(open(encodeOrder(order, LINK)).terms).toEqual({
          ...terms,
          ...(limitPrice === undefined ? {} : { limitPrice }),
          ...(stopPrice === undefined ? {} : { stopPrice }),
        });
      }),
    );
  });

  test("keeps its name and its numbers", () => {
    const { orderRef, permId, clientId, orderId, status } = open(listedOrder());
    expect([orderRef, permId, clientId, orderId, status]).toEqual(["E-1", 77, 10, 5, "Submitted"]);
  });
});

describe("an order of the broker's lists", () => {
  test("has no price where the broker writes 0, nothing or NaN", () => {
    for (const unset of [0, undefined, Number.NaN]) {
      const order = listedOrder({ lmtPrice: unset, auxPrice: unset } as unknown as Order);
      expect(open(order).terms).not.toHaveProperty("limitPrice");
      expect(open(order).terms).not.toHaveProperty("stopPrice");
    }
  });

  // The library drops exactly Number.MAX_VALUE, and no other number that cannot be a price.
  test.each([UNSET, Number.POSITIVE_INFINITY])("has no price where the broker writes %d", (unset) => {
    const { terms } = open(listedOrder({ lmtPrice: unset, auxPrice: unset }));
    expect([terms.limitPrice, terms.stopPrice]).toEqual([undefined, undefined]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, UNSET])("never has a quantity of %d", (totalQuantity) => {
    expect(open(listedOrder({ totalQuantity })).terms.quantity).toSatisfy(Number.isSafeInteger);
  });

  test("of a foreign kind is shown by its symbol, and read without an exception", () => {
    const order = { action: "SSHORT", orderType: "TRAIL", tif: "OPG" } as unknown as Order;
    expect(open(order)).toMatchObject({ orderRef: "", permId: 0, clientId: 0, filledQuantity: 0 });
    expect(brokerOrderOf({ orderId: 0, contract: {}, order, status: "" }).terms.symbol).toBe("");
  });

  test("that sells short is no buy", () => {
    expect(open(listedOrder({ action: "SSHORT" as OrderAction })).terms.side).toBe("sell");
  });

  test("that was never transmitted rests as Inactive with nothing filled", () => {
    expect(open(listedOrder(), "Inactive").transmitted).toBe(false);
    expect(open(listedOrder({ filledQuantity: 10 }), "Inactive").transmitted).toBe(true);
    expect(open(listedOrder(), "Submitted").transmitted).toBe(true);
  });
});

describe("an execution", () => {
  test("is read in our terms", () => {
    expect(executionOf(AAPL, wireExecution())).toEqual({
      execId: "0001.01",
      orderRef: "E-1",
      permId: 77,
      clientId: 10,
      accountId: "DUSIM0001",
      symbol: "AAPL",
      side: "buy",
      quantity: 40,
      price: 10.01,
      exchangeTime: Date.UTC(2026, 10, 24, 15) * 1_000,
      cumulativeQuantity: 40,
    });
    expect(executionOf(AAPL, wireExecution({ side: "SLD" }))?.side).toBe("sell");
  });

  test("of an order that is not ours has an empty name", () => {
    const foreign = wireExecution({ orderRef: undefined, permId: undefined, clientId: undefined, cumQty: undefined });
    expect(executionOf(AAPL, foreign)).toMatchObject({ orderRef: "", permId: 0, clientId: 0, cumulativeQuantity: 40 });
  });

  test.each([
    [{ execId: undefined }],
    [{ shares: undefined }],
    [{ price: undefined }],
    [{ side: "" }],
    [{ side: "BUY" }],
    [{ time: undefined }],
    [{ time: "" }],
    [{ time: "yesterday" }],
    [{ time: "20261124 10:00:00 Nowhere/Land" }],
  ])("with %o is not read: an alarm, no guess", (fields) => {
    expect(executionOf(AAPL, wireExecution(fields))).toBeUndefined();
  });

  test("of an option is not shares of its stock", () => {
    expect(executionOf({ ...AAPL, secType: SecType.OPT }, wireExecution())).toBeUndefined();
  });

  test("without a symbol is not read", () => {
    expect(executionOf({}, wireExecution())).toBeUndefined();
  });

  test.each([
    [{ price: Number.NaN }],
    [{ price: UNSET }],
    [{ price: 1e12 }],
    [{ price: -1 }],
    [{ shares: Number.NaN }],
    [{ shares: 0 }],
    [{ shares: -40 }],
    [{ shares: UNSET }],
    [{ cumQty: Number.NaN }],
    [{ execId: "" }],
  ])("with %o is not read", (fields) => {
    expect(executionOf(AAPL, wireExecution(fields))).toBeUndefined();
  });
});
