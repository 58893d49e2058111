import { SECOND } from "#shared/lib/time.ts";
import { atMost, type Control, type Judged, passed } from "./control.ts";
import type { RiskView } from "./risk-view.ts";

const percentOf = (part: number, whole: number): number => (part / whole) * 100;

const quantity: Control = {
  code: "ORDER_QTY_MAX",
  scope: "O",
  title: "Shares per order",
  unit: "shares",
  configKey: "risk.maxOrderQuantity",
  check: ({ request }, view) => {
    const volume = view.market.averageDailyVolume;
    const share = volume === undefined ? 0 : Math.floor((volume * view.limits.maxAdvPercent) / 100);
    // An unknown average volume is answered by LIQUIDITY with UNKNOWN_ADV; here the absolute bound stands.
    const allowed = volume === undefined ? view.limits.maxOrderQuantity : Math.min(view.limits.maxOrderQuantity, share);
    return atMost("ORDER_QTY_MAX", request.quantity, allowed, "too many shares in one order");
  },
  read: (view) => ({ limit: view.limits.maxOrderQuantity }),
};

const notional: Control = {
  code: "ORDER_NOTIONAL_MAX",
  scope: "O",
  title: "Value per order",
  unit: "USD",
  configKey: "risk.maxOrderNotional",
  check: (judged, view) =>
    atMost("ORDER_NOTIONAL_MAX", judged.notional, orderNotionalLimit(view), "the order is worth too much"),
  read: (view) => ({ limit: orderNotionalLimit(view) }),
};

/** The value that one order may have: what is sized by it passes by it. */
export function orderNotionalLimit({ limits, equity }: Pick<RiskView, "limits" | "equity">): number {
  return Math.min(limits.maxOrderNotional, (equity * limits.maxOrderEquityPercent) / 100);
}

const orderRate: Control = {
  code: "ORDER_RATE",
  scope: "O",
  title: "Orders in the last minute",
  unit: "orders",
  configKey: "risk.maxOrdersPerMinute",
  check: (_, view) =>
    atMost("ORDER_RATE", view.ordersLastMinute + 1, view.limits.maxOrdersPerMinute, "too many orders in one minute"),
  read: (view) => ({ value: view.ordersLastMinute, limit: view.limits.maxOrdersPerMinute }),
};

const openOrders: Control = {
  code: "OPEN_ORDERS",
  scope: "O",
  title: "Working opening orders",
  unit: "orders",
  configKey: "execution.maxConcurrentParents",
  check: (_, view) => [
    ...atMost("OPEN_ORDERS", view.openOrdersOnSide + 1, view.limits.maxOpenOrdersPerSide, "too many on this side"),
    ...atMost("OPEN_ORDERS", view.openOrders + 1, view.limits.maxOpenOrders, "too many working orders"),
    ...atMost("OPEN_ORDERS", view.parentsUnderWay + 1, view.limits.maxConcurrentParents, "too many parents under way"),
  ],
  read: (view) => ({ value: view.parentsUnderWay, limit: view.limits.maxConcurrentParents }),
};

const positions: Control = {
  code: "POS_LIMIT",
  scope: "O",
  title: "Open positions",
  unit: "symbols",
  configKey: "risk.maxOpenPositions",
  check: (_, view) => {
    if (view.isSymbolOpen) return passed;
    return atMost("POS_LIMIT", view.openSymbols + 1, view.limits.maxOpenPositions, "too many open positions");
  },
  read: (view) => ({ value: view.openSymbols, limit: view.limits.maxOpenPositions }),
};

const gross: Control = {
  code: "GROSS_NET",
  scope: "O",
  title: "Gross exposure",
  unit: "% NAV",
  configKey: "risk.maxGrossPercent",
  check: (judged, view) => {
    const added = judged.notional ?? Number.NaN;
    const signedAdded = judged.request.side === "buy" ? added : -added;
    const grossPercent = percentOf(view.grossExposure + added, view.equity);
    const netPercent = percentOf(Math.abs(view.netExposure + signedAdded), view.equity);
    return [
      ...atMost("GROSS_NET", grossPercent, view.limits.maxGrossPercent, "gross exposure too high"),
      ...atMost("GROSS_NET", netPercent, view.limits.maxNetPercent, "net exposure too high"),
    ];
  },
  read: (view) => ({ value: percentOf(view.grossExposure, view.equity), limit: view.limits.maxGrossPercent }),
};

const concentration: Control = {
  code: "CONCENTRATION",
  scope: "O",
  title: "Largest share of one symbol",
  unit: "% NAV",
  configKey: "risk.maxSymbolPercent",
  check: (judged: Judged, view) => {
    const added = judged.notional ?? Number.NaN;
    const percent = percentOf(view.symbolExposure + added, view.equity);
    const sector = percentOf(view.sectorExposure + added, view.equity);
    return [
      ...atMost("CONCENTRATION", percent, view.limits.maxSymbolPercent, "too much of one symbol"),
      ...atMost("CONCENTRATION", sector, view.limits.maxSectorPercent, "too much in one sector"),
    ];
  },
  read: (view) => ({ limit: view.limits.maxSymbolPercent }),
};

const buyingPower: Control = {
  code: "BUYING_POWER",
  scope: "O",
  title: "Initial margin of new orders",
  unit: "USD",
  check: ({ request, notional: value }, view) => {
    const age = view.accountValuesTime === undefined ? undefined : (view.time - view.accountValuesTime) / SECOND;
    const factor = request.side === "sell" ? 1.5 : 1;
    const margin = view.workingMargin + (value ?? Number.NaN) * factor;
    const allowed = ((view.excessLiquidity ?? Number.NaN) * view.limits.buyingPowerPercent) / 100;
    return [
      ...atMost("BUYING_POWER", age, view.limits.accountValuesSeconds, "the broker's account values are too old"),
      ...atMost("BUYING_POWER", margin, allowed, "not enough excess liquidity"),
    ];
  },
  read: (view) =>
    view.excessLiquidity === undefined
      ? {}
      : { value: view.workingMargin, limit: (view.excessLiquidity * view.limits.buyingPowerPercent) / 100 },
};

const dailyTrades: Control = {
  code: "DAILY_TRADES",
  scope: "O",
  title: "Entries of the session",
  unit: "orders",
  configKey: "risk.maxDailyTrades",
  check: (_, view) =>
    atMost("DAILY_TRADES", view.tradesToday + 1, view.limits.maxDailyTrades, "too many entries today"),
  read: (view) => ({ value: view.tradesToday, limit: view.limits.maxDailyTrades }),
};

const dailyNotional: Control = {
  code: "DAILY_NOTIONAL",
  scope: "O",
  title: "Value opened in the session",
  unit: "USD",
  configKey: "risk.maxDailyNotional",
  check: (judged, view) => {
    const sum = view.notionalToday + (judged.notional ?? Number.NaN);
    return atMost("DAILY_NOTIONAL", sum, view.limits.maxDailyNotional, "too much value opened today");
  },
  read: (view) => ({ value: view.notionalToday, limit: view.limits.maxDailyNotional }),
};

export const EXPOSURE_CONTROLS: readonly Control[] = [
  quantity,
  notional,
  orderRate,
  openOrders,
  positions,
  gross,
  concentration,
  buyingPower,
  dailyTrades,
  dailyNotional,
];
