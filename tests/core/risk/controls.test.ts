import { describe, expect, test } from "vitest";
import { CONTROLS } from "#core/risk/checks.ts";
import { gaugeOf } from "#core/risk/control.ts";
import { decide } from "#core/risk/risk-engine.ts";
import type { RiskLimits, RiskView } from "#core/risk/risk-view.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { OrderRequest } from "#shared/model/order.ts";
import type { RiskCode } from "#shared/model/risk.ts";
import { ENTRY, EXIT, LIMITS, NOW, WELL } from "./risk-sample.ts";

type Change = {
  readonly request?: Partial<OrderRequest>;
  readonly view?: Partial<RiskView>;
  readonly market?: Partial<RiskView["market"]>;
  readonly limits?: Partial<RiskLimits>;
};

/** One side of a limit and the other: what still passes, and what is refused by this code. */
type Boundary = readonly [code: RiskCode, name: string, passes: Change, refused: Change];
const seconds = (age: number): number => NOW - age * SECOND;
const BOUNDARIES: readonly Boundary[] = [
  ["NOT_FINITE", "a price that is a number", { request: { limitPrice: 100 } }, { request: { limitPrice: Number.NaN } }],
  ["NOT_FINITE", "a quantity above zero", { request: { quantity: 1 } }, { request: { quantity: 0 } }],
  ["UNKNOWN_SYMBOL", "a described contract", {}, { view: { instrument: undefined } as never }],
  ["KILL_LATCHED", "the kill switch", { view: { tradingState: "ACTIVE" } }, { view: { tradingState: "KILLED" } }],
  ["STATE_REDUCING", "REDUCING", { view: { tradingState: "ACTIVE" } }, { view: { tradingState: "REDUCING" } }],
  ["STATE_REDUCING", "HALTED", { view: { tradingState: "ACTIVE" } }, { view: { tradingState: "HALTED" } }],
  ["DISARMED", "armed strategies", { view: { isArmed: true } }, { view: { isArmed: false } }],
  ["STRATEGY_OFF", "a strategy that is on", {}, { view: { isStrategyOn: false } }],
  [
    "PRICE_COLLAR",
    "3 % through the market",
    { request: { limitPrice: 102.99 }, limits: { stopLossPercent: 20 } },
    { request: { limitPrice: 103.01 }, limits: { stopLossPercent: 20 } },
  ],
  ["DATA_STALE", "a quote of 5 s", { market: { quoteTime: seconds(5) } }, { market: { quoteTime: seconds(5.001) } }],
  [
    "DATA_STALE",
    "a thin symbol's own gap",
    { market: { quoteTime: seconds(59), medianGapSeconds: 10 } },
    { market: { quoteTime: seconds(61), medianGapSeconds: 10 } },
  ],
  ["DATA_STALE", "a feed of 5 s", { market: { feedTime: seconds(5) } }, { market: { feedTime: seconds(5.001) } }],
  ["DATA_STALE", "live data", { market: { isLive: true } }, { market: { isLive: false } }],
  ["DATA_STALE", "a farm that is up", { market: { isFarmUp: true } }, { market: { isFarmUp: false } }],
  ["SPREAD_WIDE", "a spread of 1 %", { market: { bid: 99.51, ask: 100.5 } }, { market: { bid: 99.49, ask: 100.51 } }],
  ["SPREAD_WIDE", "two sides", {}, { market: { bid: undefined } as never }],
  ["SPREAD_WIDE", "a book that is not crossed", {}, { market: { bid: 100.02, ask: 100.01 } }],
  ["PX_ANOMALY", "a confirmed price", {}, { market: { isQuarantined: true } }],
  [
    "SESSION",
    "fifteen seconds before the close",
    { view: { session: { open: NOW - 1, close: NOW + 15 * SECOND } } },
    { view: { session: { open: NOW - 1, close: NOW + 15 * SECOND - 1 } } },
  ],
  ["SESSION", "an open market", {}, { view: { session: undefined } as never }],
  ["UNKNOWN_ADV", "a known volume", {}, { market: { averageDailyVolume: undefined } as never }],
  [
    "LIQUIDITY",
    "a thousandth of a thin symbol",
    { market: { averageDailyVolume: 10_000 }, limits: { maxAdvPercent: 5 } },
    { market: { averageDailyVolume: 9_999 }, limits: { maxAdvPercent: 5 } },
  ],
  ["TICK_LOT", "a whole share", {}, { request: { quantity: 10.5 } }],
  [
    "DUPLICATE",
    "two seconds after the same",
    { view: { lastLikeTime: seconds(2) } },
    { view: { lastLikeTime: seconds(1.999) } },
  ],
  ["DUPLICATE", "an intent of its own", {}, { view: { isKnownIntent: true } }],
  ["INTENT_EXPIRED", "a signal of 2 s", { request: { time: seconds(2) } }, { request: { time: seconds(2.001) } }],
  ["UNRECONCILED", "a finished reconciliation", {}, { view: { isReconciled: false } }],
  ["UNRECONCILED", "a symbol that is not frozen", {}, { view: { isSymbolFrozen: true } }],
  ["CONN_STATE", "a live link", {}, { view: { link: "degraded" } }],
  ["JOURNAL_STALL", "a journal that answers", {}, { view: { isJournalStalled: true } }],
  [
    "BREAKER_OPEN",
    "a closed breaker",
    { view: { breakerFailures: 4 } },
    { view: { breakerFailures: 5, isBreakerAdmitting: false } },
  ],
  ["STOP_REQUIRED", "a stop of 2 %", { request: { stopLoss: 98 } }, { request: { stopLoss: 97.9 } }],
  ["STOP_REQUIRED", "a stop at all", {}, { request: { stopLoss: undefined } as never }],
  ["STOP_REQUIRED", "a stop on its side", {}, { request: { stopLoss: 101 } }],
  ["TAKE_PROFIT", "a target on its side", {}, { request: { takeProfit: 99 } }],
  [
    "ORDER_QTY_MAX",
    "shares",
    { request: { quantity: 10 }, limits: { maxOrderQuantity: 10 } },
    { request: { quantity: 11 }, limits: { maxOrderQuantity: 10 } },
  ],
  [
    "ORDER_QTY_MAX",
    "1 % of the average volume",
    { market: { averageDailyVolume: 1_000_000 }, request: { quantity: 50 }, limits: { maxAdvPercent: 0.005 } },
    { market: { averageDailyVolume: 1_000_000 }, request: { quantity: 50 }, limits: { maxAdvPercent: 0.0049 } },
  ],
  ["ORDER_NOTIONAL_MAX", "value", { limits: { maxOrderNotional: 1_000 } }, { limits: { maxOrderNotional: 999.99 } }],
  ["ORDER_NOTIONAL_MAX", "5 % of equity", { view: { equity: 20_000 } }, { view: { equity: 19_999 } }],
  ["ORDER_RATE", "ten in a minute", { view: { ordersLastMinute: 9 } }, { view: { ordersLastMinute: 10 } }],
  ["OPEN_ORDERS", "five on a side", { view: { openOrdersOnSide: 4 } }, { view: { openOrdersOnSide: 5 } }],
  ["OPEN_ORDERS", "fifty in all", { view: { openOrders: 49 } }, { view: { openOrders: 50 } }],
  ["OPEN_ORDERS", "ten parents", { view: { parentsUnderWay: 9 } }, { view: { parentsUnderWay: 10 } }],
  ["POS_LIMIT", "five positions", { view: { openSymbols: 4 } }, { view: { openSymbols: 5 } }],
  ["GROSS_NET", "150 % gross", { view: { grossExposure: 149_000 } }, { view: { grossExposure: 149_000.01 } }],
  ["GROSS_NET", "100 % net", { view: { netExposure: 99_000 } }, { view: { netExposure: 99_000.01 } }],
  ["CONCENTRATION", "10 % in one symbol", { view: { symbolExposure: 9_000 } }, { view: { symbolExposure: 9_000.01 } }],
  [
    "CONCENTRATION",
    "30 % in one sector",
    { view: { sectorExposure: 29_000 } },
    { view: { sectorExposure: 29_000.01 } },
  ],
  [
    "BUYING_POWER",
    "80 % of the excess liquidity",
    { view: { excessLiquidity: 1_250 } },
    { view: { excessLiquidity: 1_249 } },
  ],
  [
    "BUYING_POWER",
    "values of 180 s",
    { view: { accountValuesTime: seconds(180) } },
    { view: { accountValuesTime: seconds(180.001) } },
  ],
  ["BUYING_POWER", "values that are known", {}, { view: { excessLiquidity: undefined } as never }],
  ["DAILY_TRADES", "a hundred today", { view: { tradesToday: 99 } }, { view: { tradesToday: 100 } }],
  ["DAILY_NOTIONAL", "100,000 today", { view: { notionalToday: 99_000 } }, { view: { notionalToday: 99_000.01 } }],
];

function viewOf(change: Change): RiskView {
  return {
    ...WELL,
    ...change.view,
    market: { ...WELL.market, ...change.market },
    limits: { ...LIMITS, ...change.limits },
  };
}

function answer(change: Change, request: OrderRequest = ENTRY) {
  return decide({ ...request, ...change.request }, viewOf(change), (role) => `RT1-1-1-${role}`);
}

function codesOf(change: Change, request?: OrderRequest): readonly RiskCode[] {
  const decision = answer(change, request);
  return decision.kind === "denied" ? decision.failures.map(({ code }) => code) : [];
}

describe("each control at its boundary", () => {
  test.each(BOUNDARIES)("%s: %s", (code, _name, passes, refused) => {
    expect(codesOf(passes)).not.toContain(code);
    expect(codesOf(refused)).toContain(code);
  });

  test("a number that is not one never passes a limit", () => {
    for (const name of ["equity", "grossExposure", "netExposure", "symbolExposure", "notionalToday"] as const) {
      expect(answer({ view: { [name]: Number.NaN } }).kind, name).toBe("denied");
    }
  });

  test("a refusal can be journalled and hashed, whatever is not known yet", () => {
    const unknown: Change = {
      request: { type: "market", limitPrice: undefined } as never,
      view: { equity: 0, grossExposure: Number.NaN, accountValuesTime: undefined } as never,
      market: { bid: undefined, ask: undefined, last: undefined, quoteTime: undefined } as never,
    };
    const decision = answer(unknown);
    expect(decision.kind).toBe("denied");
    expect(() => canonical(decision)).not.toThrow();
    const gauges = CONTROLS.map((control) => gaugeOf(control, viewOf(unknown), { count: 0 }));
    expect(() => canonical(gauges)).not.toThrow();
  });

  test("a refusal by number says what is allowed, what was asked and the room left", () => {
    const decision = answer({ view: { openSymbols: 7 } });
    const failure = decision.kind === "denied" ? decision.failures.find(({ code }) => code === "POS_LIMIT") : undefined;
    expect(failure).toMatchObject({ allowed: 5, requested: 8, headroom: -3 });
  });

  test("every control of the list has a boundary here", () => {
    const tested = new Set<RiskCode>(BOUNDARIES.map(([code]) => code));
    const elsewhere: readonly RiskCode[] = ["REDUCE_ONLY", "MARKET_PROTECT"];
    expect(CONTROLS.map(({ code }) => code).filter((code) => !tested.has(code) && !elsewhere.includes(code))).toEqual(
      [],
    );
    expect(CONTROLS).toHaveLength(33);
  });

  test("all of them run: an order that breaks five is refused by five", () => {
    const change: Change = {
      view: { isArmed: false, tradesToday: 100, openSymbols: 9, isReconciled: false },
      market: { isQuarantined: true },
    };
    expect(codesOf(change)).toEqual(
      expect.arrayContaining(["DISARMED", "DAILY_TRADES", "POS_LIMIT", "UNRECONCILED", "PX_ANOMALY"]),
    );
  });
});

describe("an exit", () => {
  const held: Change = { view: { position: 10, isSymbolOpen: true, openSymbols: 1 } };
  const worst: Change = {
    view: {
      ...held.view,
      tradingState: "HALTED",
      isArmed: false,
      isReconciled: false,
      isSymbolFrozen: true,
      isJournalStalled: true,
      isBreakerAdmitting: false,
      ordersLastMinute: 99,
      tradesToday: 999,
      openOrders: 99,
      grossExposure: 1e9,
      accountValuesTime: 0,
    },
    market: { isLive: false, isFarmUp: false, isQuarantined: true, quoteTime: 0 },
  };

  test("passes when everything that opens is refused", () => {
    expect(codesOf(worst, EXIT)).toEqual([]);
    expect(codesOf(worst).length).toBeGreaterThan(8);
  });

  test("never crosses zero, also beside what is closing already", () => {
    expect(codesOf({ ...held, request: { quantity: 11 } }, EXIT)).toContain("REDUCE_ONLY");
    expect(codesOf({ view: { ...held.view, workingClose: 1 } }, EXIT)).toContain("REDUCE_ONLY");
    expect(codesOf({ view: { ...held.view, workingClose: 0 } }, EXIT)).toEqual([]);
  });

  test("passes a kill only by a person's grant", () => {
    const killed: Change = { view: { ...held.view, tradingState: "KILLED" } };
    expect(codesOf(killed, EXIT)).toEqual(["KILL_LATCHED"]);
    expect(codesOf({ view: { ...killed.view, hasExitGrant: true } }, EXIT)).toEqual([]);
    const strategys: OrderRequest = { ...EXIT, source: { kind: "strategy", strategyId: "baseline" } };
    expect(codesOf({ view: { ...killed.view, hasExitGrant: true } }, strategys)).toContain("KILL_LATCHED");
  });
});

test("a market order is sent as a limit through the far side, and refused where there is none", () => {
  const market: Partial<OrderRequest> = { type: "market", limitPrice: undefined } as never;
  const decision = answer({ request: market });
  expect(decision.kind === "approved" ? decision.orders[0] : undefined).toMatchObject({
    type: "limit",
    limitPrice: 100.51,
  });
  expect(codesOf({ request: market, market: { ask: undefined } as never })).toContain("MARKET_PROTECT");
});

describe("an exit at the market without a two-sided quote", () => {
  const market: Partial<OrderRequest> = { type: "market", limitPrice: undefined } as never;
  const exit = (change: Change["market"], request = market) =>
    answer({ view: { position: 10, isSymbolOpen: true }, request, market: change as never }, EXIT);
  const termsOf = (decision: ReturnType<typeof exit>) =>
    decision.kind === "approved" ? decision.orders[0] : decision.failures;

  test("is priced by the last print, else by the side that is there", () => {
    expect(termsOf(exit({ bid: undefined } as never))).toMatchObject({ type: "limit", limitPrice: 99.5 });
    expect(termsOf(exit({ bid: undefined, last: undefined } as never))).toMatchObject({
      type: "limit",
      limitPrice: 99.51,
    });
  });

  test("leaves as it is in the session when no price is known at all", () => {
    expect(termsOf(exit({ bid: undefined, ask: undefined, last: undefined } as never))).toMatchObject({
      type: "market",
    });
  });

  test("is drawn back to the collar around the last print", () => {
    const far = exit({ bid: undefined } as never, { limitPrice: 90 });
    expect(termsOf(far)).toMatchObject({ type: "limit", limitPrice: 97 });
  });
});

test("prices are rounded to ticks in our favour: buy down, sell up", () => {
  const buy = answer({ request: { limitPrice: 100.009 } });
  expect(buy.kind === "approved" ? buy.orders[0].limitPrice : undefined).toBe(100);
  const sell = answer({ view: { position: 10, isSymbolOpen: true }, request: { limitPrice: 99.991 } }, EXIT);
  expect(sell.kind === "approved" ? sell.orders[0].limitPrice : undefined).toBe(100);
});
