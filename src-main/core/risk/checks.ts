import { incrementAt, isOnTick } from "#shared/lib/ticks.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import { atMost, type Control, type Judged, passed, rule } from "./control.ts";
import { EXPOSURE_CONTROLS } from "./exposure-checks.ts";
import { MARKET_CONTROLS } from "./market-checks.ts";
import { expectedEntryPrice, type RiskView } from "./risk-view.ts";

const isEntryRole = (judged: Judged): boolean => judged.request.role === "entry";

const finiteness: Control = {
  code: "NOT_FINITE",
  scope: "A",
  title: "Every number is finite",
  unit: "",
  check: ({ request }) => {
    const numbers = [request.quantity, request.limitPrice, request.stopPrice, request.stopLoss, request.takeProfit];
    const isBad = numbers.some((value) => value !== undefined && !(Number.isFinite(value) && value > 0));
    return rule("NOT_FINITE", isBad, "quantity and prices must be finite and above zero");
  },
};

const killLatched: Control = {
  code: "KILL_LATCHED",
  scope: "A",
  title: "Kill switch",
  unit: "",
  check: ({ request, isOpening }, view) => {
    if (view.tradingState !== "KILLED") return passed;
    const isPersonsExit = !isOpening && request.source.kind !== "strategy" && view.hasExitGrant;
    return rule("KILL_LATCHED", !isPersonsExit, "the kill switch is latched: only a person's exits pass, by grant");
  },
};

const stateReducing: Control = {
  code: "STATE_REDUCING",
  scope: "A",
  title: "Trading state",
  unit: "",
  check: ({ isOpening }, view) => {
    const isBlocking = view.tradingState === "REDUCING" || view.tradingState === "HALTED";
    return rule("STATE_REDUCING", isBlocking && isOpening, `${view.tradingState}: only orders that lower the position`);
  },
};

const reduceOnly: Control = {
  code: "REDUCE_ONLY",
  scope: "A",
  title: "Exits never cross zero",
  unit: "shares",
  check: ({ request }, view) => {
    if (!request.reduceOnly) return passed;
    const closing = request.side === "sell" ? view.position : -view.position;
    const room = Math.max(0, closing) - view.workingClose;
    return atMost("REDUCE_ONLY", request.quantity, room, "quantity exceeds what is left to close");
  },
};

const knownSymbol: Control = {
  code: "UNKNOWN_SYMBOL",
  scope: "A",
  title: "Contract is known",
  unit: "",
  check: (_, view) => rule("UNKNOWN_SYMBOL", view.instrument === undefined, "the broker has not described this symbol"),
};

const armed: Control = {
  code: "DISARMED",
  scope: "O",
  title: "Strategies armed",
  unit: "",
  check: ({ request }, view) =>
    rule("DISARMED", request.source.kind === "strategy" && !view.isArmed, "strategies are disarmed"),
};

const strategyOn: Control = {
  code: "STRATEGY_OFF",
  scope: "O",
  title: "Strategy is on",
  unit: "",
  check: ({ request }, view) =>
    rule("STRATEGY_OFF", request.source.kind === "strategy" && !view.isStrategyOn, "the strategy is switched off"),
};

const tickLot: Control = {
  code: "TICK_LOT",
  scope: "A",
  title: "Price on tick, quantity on lot",
  unit: "",
  check: ({ request }, view) => {
    const instrument = view.instrument;
    if (instrument === undefined) return passed;
    const prices = [request.limitPrice, request.stopPrice, request.stopLoss, request.takeProfit];
    const offTick = prices.find((price) => price !== undefined && !isOnTick(instrument.priceBands, price));
    const failures: RiskFailure[] = [];
    if (offTick !== undefined)
      failures.push({ code: "TICK_LOT", detail: "price is not on the tick", requested: offTick });
    if (!(Number.isInteger(request.quantity) && request.quantity % instrument.lotSize === 0)) {
      const detail = `quantity is not a whole multiple of the lot of ${instrument.lotSize}`;
      failures.push({ code: "TICK_LOT", detail, requested: request.quantity });
    }
    return failures;
  },
};

const duplicate: Control = {
  code: "DUPLICATE",
  scope: "A",
  title: "No order twice",
  unit: "s",
  check: ({ request }, view) => {
    const age = view.lastLikeTime === undefined ? undefined : (view.time - view.lastLikeTime) / SECOND;
    const isRepeat = age !== undefined && !(age >= view.limits.duplicateSeconds);
    return [
      ...rule("DUPLICATE", view.isKnownIntent, `intent ${request.intentId} was decided before`),
      ...rule("DUPLICATE", isRepeat, `the same order was asked for ${age?.toFixed(3)} s ago`),
    ];
  },
};

const intentExpired: Control = {
  code: "INTENT_EXPIRED",
  scope: "A",
  title: "Age of the signal",
  unit: "s",
  check: ({ request }, view) => {
    const age = (view.time - request.time) / SECOND;
    return atMost("INTENT_EXPIRED", age, view.limits.signalExpirySeconds, "the signal is too old");
  },
};

const reconciled: Control = {
  code: "UNRECONCILED",
  scope: "O",
  title: "Reconciled with the broker",
  unit: "",
  check: (_, view) => [
    ...rule("UNRECONCILED", !view.isReconciled, "orders and positions are not reconciled yet"),
    ...rule("UNRECONCILED", view.isSymbolFrozen, "this symbol is frozen until it is reconciled"),
  ],
};

const connection: Control = {
  code: "CONN_STATE",
  scope: "A",
  title: "Link to the broker",
  unit: "",
  check: ({ request, isOpening }, view) => {
    if (view.link === "live") return passed;
    const isPersonsExit = view.link === "degraded" && !isOpening && request.source.kind !== "strategy";
    return rule("CONN_STATE", !isPersonsExit, `the link is ${view.link}: nothing is queued`);
  },
};

const journal: Control = {
  code: "JOURNAL_STALL",
  scope: "O",
  title: "Journal writable",
  unit: "",
  check: (_, view) => rule("JOURNAL_STALL", view.isJournalStalled, "the journal does not acknowledge"),
};

const breaker: Control = {
  code: "BREAKER_OPEN",
  scope: "O",
  title: "Order failures in a row",
  unit: "failures",
  configKey: "breaker.threshold",
  check: (_, view) => {
    if (view.isBreakerAdmitting) return passed;
    const detail = "the breaker of orders is open: rejections or missing answers in a row; exits pass";
    const { breakerFailures: requested, limits } = view;
    return [{ code: "BREAKER_OPEN", detail, requested, allowed: limits.breakerThreshold }];
  },
  read: (view) => ({ value: view.breakerFailures, limit: view.limits.breakerThreshold }),
};

const stopRequired: Control = {
  code: "STOP_REQUIRED",
  scope: "O",
  title: "Entry carries a native stop",
  unit: "%",
  configKey: "risk.stopLossPercent",
  check: (judged, view) => {
    const { request } = judged;
    const price = expectedEntryPrice(request, view.market);
    if (!isEntryRole(judged)) return rule("STOP_REQUIRED", true, "an order that opens must be an entry with a stop");
    if (request.stopLoss === undefined) return rule("STOP_REQUIRED", true, "an entry needs a stop-loss price");
    if (price === undefined) return rule("STOP_REQUIRED", true, "no price to measure the stop against");
    const distance = request.side === "buy" ? price - request.stopLoss : request.stopLoss - price;
    if (!(distance > 0)) return rule("STOP_REQUIRED", true, "the stop lies on the wrong side of the entry");
    // Half a tick of tolerance: the stop is rounded to the grid, and a limit is not wider for that.
    const percent = ((distance - halfTick(view, request.stopLoss)) / price) * 100;
    return atMost("STOP_REQUIRED", percent, view.limits.stopLossPercent, "the stop is too far from the entry");
  },
  read: (view) => ({ limit: view.limits.stopLossPercent }),
};

const takeProfit: Control = {
  code: "TAKE_PROFIT",
  scope: "O",
  title: "Target on the right side",
  unit: "%",
  configKey: "risk.takeProfitPercent",
  check: ({ request }, view) => {
    const price = expectedEntryPrice(request, view.market);
    if (request.takeProfit === undefined || price === undefined) return passed;
    const distance = request.side === "buy" ? request.takeProfit - price : price - request.takeProfit;
    return rule("TAKE_PROFIT", !(distance > 0), "the target lies on the wrong side of the entry");
  },
  read: (view) => ({ limit: view.limits.takeProfitPercent }),
};

function halfTick(view: RiskView, price: number): number {
  return view.instrument === undefined ? 0 : incrementAt(view.instrument.priceBands, price) / 2 + 1e-9;
}

/** Every control in the order in which it is evaluated and shown, cheap ones first. All of them always run. */
export const CONTROLS: readonly Control[] = [
  finiteness,
  knownSymbol,
  killLatched,
  stateReducing,
  reduceOnly,
  armed,
  strategyOn,
  ...MARKET_CONTROLS,
  tickLot,
  duplicate,
  intentExpired,
  reconciled,
  connection,
  journal,
  breaker,
  stopRequired,
  takeProfit,
  ...EXPOSURE_CONTROLS,
];
