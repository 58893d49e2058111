import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SizingInput, sizeTarget } from "#core/portfolio/targets.ts";
import { orderNotionalLimit } from "#core/risk/exposure-checks.ts";
import { decide, marketableLimit } from "#core/risk/risk-engine.ts";
import { ENTRY, LIMITS, WELL } from "../risk/risk-sample.ts";

const INPUT: SizingInput = {
  equity: 100_000,
  price: 100,
  direction: 1,
  positionPercent: 2,
  riskPercent: 1,
  stopDistance: 2,
  maxOrderNotional: 5_000,
  limitPrice: 100.5,
  lotSize: 1,
};

describe("a target", () => {
  test("is the smallest of what the account, the stop and the order allow, rounded down", () => {
    expect(sizeTarget(INPUT)).toMatchObject({ quantity: 20, binding: "fixed fraction" });
    expect(sizeTarget({ ...INPUT, positionPercent: 10 })).toMatchObject({ quantity: 49, binding: "order notional" });
    expect(sizeTarget({ ...INPUT, stopDistance: 60 })).toMatchObject({ quantity: 16, binding: "risk to stop" });
    expect(sizeTarget({ ...INPUT, lotSize: 8 }).quantity).toBe(16);
    expect(sizeTarget({ ...INPUT, direction: -0.5 }).quantity).toBe(-10);
    expect(sizeTarget({ ...INPUT, equity: 10 }).quantity).toBe(0);
  });

  test("that the order limit binds passes the order limit, at any price and in any account", () => {
    const side = fc.constantFrom("buy" as const, "sell" as const);
    fc.assert(
      fc.property(
        side,
        fc.integer({ min: 100, max: 50_000 }),
        fc.integer({ min: 10_000, max: 5_000_000 }),
        (to, cents, equity) => {
          const [bid, ask] = [cents / 100, (cents + 1) / 100];
          const price = to === "buy" ? ask : bid;
          const { quantity } = sizeTarget({
            ...INPUT,
            equity,
            price,
            direction: to === "buy" ? 1 : -1,
            positionPercent: 10,
            riskPercent: 100,
            maxOrderNotional: orderNotionalLimit({ limits: LIMITS, equity }),
            limitPrice: Math.max(price, marketableLimit(to, price, LIMITS)),
          });
          if (quantity === 0) return;
          const { limitPrice: _, ...entry } = ENTRY;
          const request = { ...entry, side: to, quantity: Math.abs(quantity), type: "market" as const };
          const decision = decide(
            request,
            { ...WELL, equity, market: { ...WELL.market, bid, ask, last: bid } },
            () => "x",
          );
          const codes = decision.kind === "denied" ? decision.failures.map(({ code }) => code) : [];
          expect(codes).not.toContain("ORDER_NOTIONAL_MAX");
        },
      ),
    );
  });
});
