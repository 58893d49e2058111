import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OrderBook } from "#adapters/ibkr/order-book.ts";
import { reportOfStatus } from "#adapters/ibkr/orders.ts";

describe("the numbers of an order", () => {
  test("lead back to it, by wire id and by permId", () => {
    const book = new OrderBook();
    book.bind("E-1", { wireId: 5, permId: 77 });
    expect([book.wireIdOf("E-1"), book.refOf({ wireId: 5 }), book.refOf({ permId: 77 })]).toEqual([5, "E-1", "E-1"]);
    expect([book.wireIdOf("E-2"), book.refOf({ wireId: 6 }), book.refOf({ permId: 78 })]).toEqual(
      Array(3).fill(undefined),
    );
  });

  test("permId outranks a wire id that was issued again", () => {
    const book = new OrderBook();
    book.bind("E-1", { wireId: 5, permId: 77 });
    book.bind("E-2", { wireId: 5, permId: 88 });
    expect(book.refOf({ wireId: 5, permId: 77 })).toBe("E-1");
    expect(book.refOf({ wireId: 5 })).toBe("E-2");
  });

  test("an unknown permId falls back on the wire id", () => {
    const book = new OrderBook();
    book.bind("E-1", { wireId: 5 });
    expect(book.refOf({ wireId: 5, permId: 99 })).toBe("E-1");
  });

  test("zero and below are no numbers: orders made by hand have none", () => {
    const book = new OrderBook();
    book.bind("hand", { wireId: 0, permId: 0 });
    book.bind("hand", { wireId: -4, permId: -1 });
    expect([book.wireIdOf("hand"), book.refOf({ wireId: 0 }), book.refOf({ permId: 0 })]).toEqual(
      Array(3).fill(undefined),
    );
    expect(book.highestWireId).toBe(0);
  });

  test("the highest id rises with every id that anybody used, request ids excepted", () => {
    const book = new OrderBook();
    for (const id of [7, 3, 1_000_000_001, Number.NaN, -1]) book.see(id);
    expect(book.highestWireId).toBe(7);
    book.bind("E-1", { wireId: 12 });
    expect(book.highestWireId).toBe(12);
  });

  test("any orders with numbers of their own are told apart", () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 999_999 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(ids, (wireIds) => {
        const book = new OrderBook();
        for (const wireId of wireIds) book.bind(`E-${wireId}`, { wireId, permId: wireId + 1_000_000 });
        for (const wireId of wireIds) {
          expect(book.refOf({ wireId })).toBe(`E-${wireId}`);
          expect(book.refOf({ permId: wireId + 1_000_000 })).toBe(`E-${wireId}`);
          expect(book.wireIdOf(`E-${wireId}`)).toBe(wireId);
        }
        expect(book.highestWireId).toBe(Math.max(...wireIds));
      }),
    );
  });
});

describe("a status", () => {
  test.each([
    ["PendingSubmit", undefined],
    ["ApiPending", undefined],
    ["PreSubmitted", "acknowledged"],
    ["Submitted", "acknowledged"],
    ["PendingCancel", "pendingCancel"],
    ["Cancelled", "cancelled"],
    ["ApiCancelled", "cancelled"],
    ["Filled", "filled"],
    ["Inactive", "inactive"],
    ["Sublimated", "unrecognised"],
    ["", "unrecognised"],
    ["undefined", "unrecognised"],
  ])("%j is told as %s", (status, kind) => {
    expect(reportOfStatus(status)).toBe(kind);
  });

  test("is told once, however often the server repeats it", () => {
    const book = new OrderBook();
    const told = ["PreSubmitted", "Submitted", "Submitted", "Filled", "Filled"].map(
      (s) => book.onStatus("E-1", s, 77)?.kind,
    );
    expect(told).toEqual(["acknowledged", undefined, undefined, "filled", undefined]);
  });

  test("is told of each order by itself", () => {
    const book = new OrderBook();
    expect(book.onStatus("E-1", "Submitted", 77)?.orderRef).toBe("E-1");
    expect(book.onStatus("E-2", "Submitted", 78)?.orderRef).toBe("E-2");
  });

  test("that is back after a cancel that failed is news again", () => {
    const book = new OrderBook();
    const told = ["Submitted", "PendingCancel", "Submitted"].map((status) => book.onStatus("E-1", status, 77)?.kind);
    expect(told).toEqual(["acknowledged", "pendingCancel", "acknowledged"]);
  });

  test("binds the permId that it brings", () => {
    const book = new OrderBook();
    expect(book.onStatus("E-1", "Submitted", 77)).toMatchObject({ permId: 77, text: "Submitted" });
    expect(book.refOf({ permId: 77 })).toBe("E-1");
    expect(book.onStatus("E-2", "Submitted", undefined)).not.toHaveProperty("permId");
  });
});

describe("a cancel that the broker confirms", () => {
  test("by code and by status is told once, whichever comes first", () => {
    const codeFirst = new OrderBook();
    expect(codeFirst.onError("E-1", 202, "Order Canceled", "orderCancelled")?.kind).toBe("cancelled");
    expect(codeFirst.onStatus("E-1", "Cancelled", 77)).toBeUndefined();
    const statusFirst = new OrderBook();
    expect(statusFirst.onStatus("E-1", "Cancelled", 77)?.kind).toBe("cancelled");
    expect(statusFirst.onError("E-1", 202, "Order Canceled", "orderCancelled")).toBeUndefined();
  });

  test("of one order says nothing of another", () => {
    const book = new OrderBook();
    book.onError("E-1", 202, "Order Canceled", "orderCancelled");
    expect(book.onStatus("E-2", "Cancelled", 78)?.kind).toBe("cancelled");
  });
});
