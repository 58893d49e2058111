import { describe, expect, test } from "vitest";
import { EMPTY, filledFrom, orderText, ticketOf } from "#renderer/panels/ticket-draft.ts";

const BANDS = [
  { lowEdge: 0, increment: 0.0001 },
  { lowEdge: 1, increment: 0.01 },
];
const bracket = { bands: BANDS, stopPercent: 2, targetPercent: 3 };
const limitDraft = { ...EMPTY, limitPrice: "100.01", stopLoss: "98.5" };

describe("a side's press fills the ticket", () => {
  test("with the far side of the quote, and the engine's own distances of stop and target", () => {
    expect(filledFrom("buy", 100, bracket)).toEqual({
      side: "buy",
      limitPrice: "100.00",
      stopLoss: "98.00",
      takeProfit: "103.00",
    });
    expect(filledFrom("sell", 100, { ...bracket, stopPercent: 5 })).toMatchObject({
      stopLoss: "105.00",
      takeProfit: "97.00",
    });
  });

  test("with a stop on the tick nearer to the entry: a wider one would be refused", () => {
    expect(filledFrom("buy", 1.71, bracket).stopLoss).toBe("1.68");
    expect(filledFrom("sell", 1.71, bracket).stopLoss).toBe("1.74");
    expect(filledFrom("buy", 0.2474, bracket)).toMatchObject({ limitPrice: "0.2474", stopLoss: "0.2425" });
  });

  test("with nothing where the engine's limit is not known", () => {
    const unknown = { ...bracket, stopPercent: undefined, targetPercent: undefined };
    expect(filledFrom("buy", 100, unknown)).toMatchObject({ stopLoss: "", takeProfit: "" });
  });
});

describe("a ticket", () => {
  test("is what was typed", () => {
    expect(ticketOf(limitDraft, "AAPL")).toMatchObject({ quantity: 10, limitPrice: 100.01, stopLoss: 98.5 });
    expect(ticketOf({ ...limitDraft, type: "market" }, "AAPL")).not.toHaveProperty("limitPrice");
    const stopLimit = { ...limitDraft, type: "stopLimit", stopPrice: "101" } as const;
    expect(ticketOf(stopLimit, "AAPL")).toMatchObject({ stopPrice: 101, limitPrice: 100.01 });
  });

  test("says what it lacks, and never takes a machine's spelling for shares or money", () => {
    for (const quantity of ["", "0", "-5", "1.5", "0x10", "1e3", "1,000", "NaN", "Infinity"]) {
      expect(ticketOf({ ...limitDraft, quantity }, "AAPL"), quantity).toMatchObject({
        lacks: expect.stringContaining("Shares"),
      });
    }
    expect(ticketOf({ ...limitDraft, limitPrice: "" }, "AAPL")).toMatchObject({
      lacks: expect.stringContaining("Limit"),
    });
    expect(ticketOf({ ...limitDraft, type: "stop" }, "AAPL")).toMatchObject({
      lacks: expect.stringContaining("Trigger"),
    });
    expect(ticketOf(limitDraft, undefined)).toEqual({ lacks: "a symbol" });
  });

  test("is not sent without a stop because the stop that was typed cannot be read", () => {
    expect(ticketOf({ ...limitDraft, stopLoss: "98,5" }, "AAPL")).toMatchObject({
      lacks: expect.stringContaining("Stop loss"),
    });
    expect(ticketOf({ ...limitDraft, takeProfit: "1o3" }, "AAPL")).toMatchObject({
      lacks: expect.stringContaining("Target"),
    });
  });
});

test("the button reads as the order that it sends, with mode, trigger, stop and target", () => {
  expect(orderText({ ...limitDraft, takeProfit: "103" }, "AAPL", "simulation")).toBe(
    "BUY 10 AAPL LMT 100.01 DAY, stop 98.5, target 103 — SIM",
  );
  const stop = { ...EMPTY, side: "sell", type: "stopLimit", stopPrice: "97", limitPrice: "96.5" } as const;
  expect(orderText(stop, "AAPL", "live")).toBe("SELL 10 AAPL STP LMT 97 96.5 DAY — LIVE");
  expect(orderText({ ...limitDraft, type: "market" }, "AAPL", "paper")).toContain("MKT (protected) DAY");
});
