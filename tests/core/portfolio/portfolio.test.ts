import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Portfolio } from "#core/portfolio/portfolio.ts";
import { MICROS_PER_UNIT, notionalMicros } from "#shared/lib/money.ts";
import type { Execution } from "#shared/model/broker.ts";

let serial = 0;
function execution(side: "buy" | "sell", quantity: number, price: number, execId?: string): Execution {
  serial += 1;
  return {
    execId: execId ?? `${serial}.01`,
    orderRef: "RT1-1-1-E00",
    permId: 1,
    clientId: 10,
    accountId: "DUSIM0001",
    symbol: "AAPL",
    side,
    quantity,
    price,
    exchangeTime: serial,
    cumulativeQuantity: quantity,
  };
}

function opened(cash = 100_000): Portfolio {
  const portfolio = new Portfolio();
  portfolio.open(cash * MICROS_PER_UNIT);
  return portfolio;
}
const units = (micros: number | undefined): number => (micros ?? Number.NaN) / MICROS_PER_UNIT;

describe("lots, first in first out", () => {
  test("realise against the oldest, and through zero into the other side", () => {
    const portfolio = opened();
    portfolio.book(execution("buy", 10, 100));
    portfolio.book(execution("buy", 10, 110));
    portfolio.book(execution("sell", 15, 120));
    expect(portfolio.quantity("AAPL")).toBe(5);
    expect(units(portfolio.position("AAPL")?.realizedPnl)).toBe(250);
    expect(portfolio.position("AAPL")?.averageCost).toBe(110);
    portfolio.book(execution("sell", 8, 90));
    expect(portfolio.quantity("AAPL")).toBe(-3);
    expect(units(portfolio.position("AAPL")?.realizedPnl)).toBe(150);
    expect(portfolio.position("AAPL")?.averageCost).toBe(90);
    expect(units(portfolio.cash())).toBe(100_000 - 1_000 - 1_100 + 1_800 + 720);
  });

  test("an execution is booked once; a correction replaces it, an older one does not", () => {
    const portfolio = opened();
    expect(portfolio.book(execution("buy", 10, 100, "0001.01"))).toBe("booked");
    expect(portfolio.book(execution("buy", 10, 100, "0001.01"))).toBe("duplicate");
    expect(portfolio.book(execution("buy", 10, 101, "0001.02"))).toBe("corrected");
    expect(portfolio.book(execution("buy", 10, 100, "0001.01"))).toBe("duplicate");
    expect(portfolio.position("AAPL")?.averageCost).toBe(101);
    expect(units(portfolio.cash())).toBe(98_990);
  });

  test("a commission may come before or after its execution, and twice", () => {
    const portfolio = opened();
    portfolio.commission("AAPL", "0002.01", 1_000_000);
    portfolio.book(execution("buy", 1, 100, "0002.01"));
    portfolio.commission("AAPL", "0002.01", 1_000_000);
    expect(units(portfolio.cash())).toBe(99_899);
    expect(units(portfolio.position("AAPL")?.commissions)).toBe(1);
  });

  test("a holding of before is adopted at its cost and moves no cash", () => {
    const portfolio = opened();
    portfolio.adopt("AAPL", 7, 50.123456);
    expect(units(portfolio.cash())).toBe(100_000);
    portfolio.book(execution("sell", 7, 60));
    expect(units(portfolio.position("AAPL")?.realizedPnl)).toBeCloseTo(7 * (60 - 50.123456), 6);
  });
});

const fills = fc.array(
  fc.record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    quantity: fc.integer({ min: 1, max: 500 }),
    ticks: fc.integer({ min: 1, max: 100_000 }),
    commission: fc.integer({ min: 0, max: 5_000_000 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe("whatever is filled", () => {
  test("position is the sum of fills, cash their flow, and the equation of the books holds to the micro-unit", () => {
    fc.assert(
      fc.property(fills, fc.integer({ min: 1, max: 100_000 }), (list, markTicks) => {
        const portfolio = opened();
        let quantity = 0;
        let cash = 100_000 * MICROS_PER_UNIT;
        let commissions = 0;
        list.forEach((fill, index) => {
          const price = fill.ticks / 100;
          const execId = `p${index}.01`;
          portfolio.book(execution(fill.side, fill.quantity, price, execId));
          portfolio.commission("AAPL", execId, fill.commission);
          const sign = fill.side === "buy" ? 1 : -1;
          quantity += sign * fill.quantity;
          cash -= sign * notionalMicros(price, fill.quantity) + fill.commission;
          commissions += fill.commission;
        });
        portfolio.mark("AAPL", markTicks / 100, 1);
        const position = portfolio.position("AAPL");
        expect(portfolio.quantity("AAPL")).toBe(quantity);
        expect(portfolio.cash()).toBe(cash);
        expect(position?.commissions).toBe(commissions);
        const result = (position?.realizedPnl ?? 0) + (position?.unrealizedPnl ?? 0) - commissions;
        expect(portfolio.equity()).toBe(100_000 * MICROS_PER_UNIT + result);
        expect(portfolio.equity()).toBe(cash + notionalMicros(markTicks / 100, 1) * quantity);
      }),
    );
  });

  test("state is plain data that comes back the same, and repeats change nothing", () => {
    fc.assert(
      fc.property(fills, (list) => {
        const portfolio = opened();
        const all = list.map((fill, index) => execution(fill.side, fill.quantity, fill.ticks / 100, `q${index}.01`));
        for (const one of all) portfolio.book(one);
        const state = JSON.stringify(portfolio.toState());
        for (const one of all) expect(portfolio.book(one)).toBe("duplicate");
        expect(JSON.stringify(portfolio.toState())).toBe(state);
        expect(JSON.stringify(Portfolio.fromState(JSON.parse(state)).toState())).toBe(state);
      }),
    );
  });
});
