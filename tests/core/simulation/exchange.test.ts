import { describe, expect, test } from "vitest";
import { createCalendar } from "#core/market/calendar.ts";
import { SimulatedAccount } from "#core/simulation/account.ts";
import { Exchange } from "#core/simulation/exchange.ts";
import type { ExchangeReport, PlaceRequest } from "#core/simulation/exchange-order.ts";
import { stock } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";

const CALENDAR = present(createCalendar("XNYS"), "New York has a calendar");
const SESSION = present(CALENDAR.sessionOn("2026-11-24"), "a Tuesday");
const TOMORROW = present(CALENDAR.sessionOn("2026-11-25"), "a Wednesday");
const START = SESSION.open + 30 * MINUTE;

function market(startingCash = 1_000_000) {
  const account = new SimulatedAccount("DUSIM0001", startingCash);
  const exchange = new Exchange({ instruments: [stock("AAPL", "Apple", "NASDAQ")], calendar: CALENDAR, account });
  const show = (time: Micros, bid: number, ask: number, size = 10_000): readonly ExchangeReport[] => {
    const quote = { symbol: "AAPL", time, bid, ask, bidSize: size, askSize: size, quality: "live" as const };
    return exchange.onInstant({ time, bars: [], quotes: [quote], trades: [] });
  };
  const print = (time: Micros, price: number, size = 1_000): readonly ExchangeReport[] =>
    exchange.onInstant({ time, bars: [], quotes: [], trades: [{ symbol: "AAPL", time, price, size }] });
  const place = (time: Micros, terms: Partial<PlaceRequest>): readonly ExchangeReport[] =>
    exchange.place(
      {
        clientId: 10,
        orderId: 1,
        accountId: "DUSIM0001",
        orderRef: "",
        parentId: 0,
        ocaGroup: "",
        transmit: true,
        symbol: "AAPL",
        side: "buy",
        quantity: 100,
        type: "limit",
        timeInForce: "day",
        outsideRth: false,
        ...terms,
      },
      time,
    );
  /** Entry 1 with its target 2 and its stop 3, whose lives are as long as `life`. */
  const bracket = (time: Micros, entry: Partial<PlaceRequest>, life: PlaceRequest["timeInForce"] = "gtc"): void => {
    place(time, { limitPrice: 100, ...entry, transmit: false });
    const child = { side: "sell", parentId: 1, quantity: entry.quantity ?? 100, timeInForce: life } as const;
    place(time, { ...child, orderId: 2, limitPrice: 102, transmit: false });
    place(time, { ...child, orderId: 3, type: "stop", stopPrice: 95 });
  };
  const open = () => exchange.openOrders().map(({ orderId, quantity, status }) => [orderId, quantity, status]);
  const fills = () => exchange.executions().map(({ order, quantity, price }) => [order.orderId, quantity, price]);
  return { exchange, account, show, print, place, bracket, open, fills };
}

const codes = (reports: readonly ExchangeReport[]) =>
  reports.flatMap((report) => (report.kind === "error" ? [[report.orderId, report.code]] : []));

describe("a bracket", () => {
  test("whose entry expires is cancelled once, child by child", () => {
    const { exchange, show, bracket } = market();
    show(START, 100.5, 100.6);
    bracket(START, {}, "day");
    const ended = exchange.advance(SESSION.close);
    expect(codes(ended)).toEqual([
      [1, 202],
      [2, 202],
      [3, 202],
    ]);
  });

  test("whose children expire with an entry that filled in part is told at the size that was left", () => {
    const { exchange, show, place, fills } = market();
    show(START, 99.9, 100, 40);
    place(START, { limitPrice: 100, transmit: false });
    place(START, { orderId: 2, side: "sell", parentId: 1, type: "stop", stopPrice: 95 });
    exchange.advance(START + SECOND);
    expect(fills()).toEqual([[1, 40, 100]]);
    const ended = exchange.advance(SESSION.close);
    expect(codes(ended)).toEqual([
      [1, 202],
      [2, 202],
    ]);
    expect(exchange.order(10, 2)).toMatchObject({ quantity: 40, status: "cancelled" });
  });

  test("whose target has sold all that was bought ends with its entry", () => {
    const { exchange, show, bracket, open } = market();
    show(START, 99.9, 100, 40);
    bracket(START, {});
    show(START + SECOND, 102, 102.1);
    expect(exchange.account.quantity("AAPL")).toBe(0);
    exchange.cancel(10, 1, START + 2 * SECOND);
    exchange.advance(START + 3 * SECOND);
    expect(open()).toEqual([]);
  });

  test("whose stop sells what its target has left leaves nothing working", () => {
    const { exchange, show, print, bracket, open, fills } = market();
    show(START, 99.9, 100);
    bracket(START, {});
    show(START + SECOND, 99.9, 100);
    // A tenth of the print goes to the target.
    print(START + 2 * SECOND, 102.1, 400);
    print(START + 3 * SECOND, 95);
    expect(fills().slice(1)).toEqual([
      [2, 40, 102],
      [3, 60, 99.9],
    ]);
    expect(exchange.account.quantity("AAPL")).toBe(0);
    expect(open()).toEqual([]);
  });

  test("keeps the size of a child that protects a part of what was bought", () => {
    const { exchange, show, place, open } = market();
    show(START, 99.9, 100, 60);
    place(START, { limitPrice: 100, transmit: false });
    place(START, { orderId: 2, side: "sell", parentId: 1, quantity: 30, limitPrice: 102, timeInForce: "gtc" });
    exchange.advance(START + SECOND);
    exchange.cancel(10, 1, START + SECOND);
    exchange.advance(START + 2 * SECOND);
    expect(open()).toEqual([[2, 30, "working"]]);
  });
});

describe("a modify", () => {
  test("to no more than what is filled is refused, and the order works on", () => {
    const { show, place, open, exchange } = market();
    show(START, 99.9, 100, 40);
    place(START, { limitPrice: 100 });
    exchange.advance(START + SECOND);
    expect(codes(place(START + SECOND, { limitPrice: 100, quantity: 40 }))).toEqual([[1, 104]]);
    expect(open()).toEqual([[1, 100, "working"]]);
  });

  test("to more than the account can pay is refused", () => {
    const { show, place, open } = market(20_000);
    show(START, 99.9, 100);
    place(START, { limitPrice: 90 });
    expect(codes(place(START + SECOND, { limitPrice: 90, quantity: 1_000 }))).toEqual([[1, 201]]);
    expect(open()).toEqual([[1, 100, "working"]]);
  });

  test("meets the market of its arrival, without waiting for the next quote", () => {
    const { exchange, show, place, fills } = market();
    show(START, 99.9, 100);
    place(START, { limitPrice: 90 });
    exchange.advance(START + SECOND);
    place(START + SECOND, { limitPrice: 100 });
    exchange.advance(START + 2 * SECOND);
    expect(fills()).toEqual([[1, 100, 100]]);
  });

  test("of a stop into a limit leaves no stop behind", () => {
    const { exchange, show, print, place } = market();
    show(START, 99.9, 100);
    place(START, { type: "stop", stopPrice: 101 });
    place(START + SECOND, { limitPrice: 90 });
    print(START + 2 * SECOND, 102);
    expect(exchange.order(10, 1)).toMatchObject({ type: "limit", isTriggered: false });
    expect(exchange.order(10, 1)?.stopPrice).toBeUndefined();
  });
});

describe("a resting limit", () => {
  test("is filled at its limit when the quote comes to it, however far the quote goes", () => {
    const { show, place, fills } = market();
    show(START, 100, 100.1);
    place(START, { limitPrice: 99.5 });
    show(START + SECOND, 100, 100.1);
    show(START + 2 * SECOND, 98.9, 99);
    expect(fills()).toEqual([[1, 100, 99.5]]);
  });

  test("of the day before is filled at the open's quote when that is better", () => {
    const { show, place, fills } = market();
    show(START, 100, 100.1);
    place(START, { limitPrice: 99.5, timeInForce: "gtc" });
    show(START + SECOND, 100, 100.1);
    show(TOMORROW.open, 97.9, 98);
    expect(fills()).toEqual([[1, 100, 98]]);
  });

  test("that is marketable on arrival pays the quote, never more than its limit", () => {
    const { show, place, fills } = market();
    show(START, 100, 100.1, 60);
    place(START, { limitPrice: 101 });
    show(START + SECOND, 100.2, 100.3, 60);
    expect(fills()).toEqual([
      [1, 60, 100.1],
      [1, 40, 100.3],
    ]);
  });
});

describe("outside the session", () => {
  const NIGHT = SESSION.open - HOUR;

  test("a limit that may fills, a market order and a stop wait whatever they ask for", () => {
    const { show, print, place, open, fills } = market();
    place(NIGHT, { type: "market", outsideRth: true });
    place(NIGHT, { orderId: 2, side: "sell", type: "stop", stopPrice: 99, outsideRth: true, timeInForce: "gtc" });
    place(NIGHT, { orderId: 3, limitPrice: 101, outsideRth: true });
    show(NIGHT + SECOND, 99.9, 100);
    print(NIGHT + 2 * SECOND, 98);
    expect(fills()).toEqual([[3, 100, 100]]);
    expect(open()).toEqual([
      [1, 100, "parked"],
      [2, 100, "parked"],
    ]);
  });

  test("a print does not fire a stop at the open", () => {
    const { show, print, place, open } = market();
    place(NIGHT, { side: "sell", type: "stop", stopPrice: 99, timeInForce: "gtc" });
    print(NIGHT + SECOND, 98);
    show(SESSION.open, 100, 100.1);
    print(SESSION.open, 100.05);
    expect(open()).toEqual([[1, 100, "parked"]]);
  });
});

test("a day order that is placed after the close lives through the next session", () => {
  const { exchange, show, place, open } = market();
  show(START, 100, 100.1);
  exchange.advance(SESSION.close + HOUR);
  place(SESSION.close + HOUR, { limitPrice: 90 });
  show(TOMORROW.open, 100, 100.1);
  expect(open()).toEqual([[1, 100, "working"]]);
  expect(codes(exchange.advance(TOMORROW.close))).toEqual([[1, 202]]);
});
