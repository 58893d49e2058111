import { engineSettings } from "#app/configuration/engine-settings.ts";
import type { RiskView } from "#core/risk/risk-view.ts";
import { stock } from "#core/simulation/watchlist.ts";
import { HOUR, SECOND } from "#shared/lib/time.ts";
import type { OrderRequest } from "#shared/model/order.ts";
import { configure } from "#tests/support/host.ts";

export const NOW = 1_795_447_800 * SECOND;
const { limits } = engineSettings(configure({}).config);
export const LIMITS = limits;

/** What the gate sees when everything is well: 100,000 in the account, nothing held, AAPL at 99.99 / 100.01. */
export const WELL: RiskView = {
  time: NOW,
  limits,
  tradingState: "ACTIVE",
  hasExitGrant: false,
  isArmed: true,
  isStrategyOn: true,
  link: "live",
  isReconciled: true,
  isSymbolFrozen: false,
  isJournalStalled: false,
  breakerFailures: 0,
  isBreakerAdmitting: true,
  instrument: stock("AAPL", "Apple", "NASDAQ", "Technology"),
  market: {
    bid: 99.99,
    ask: 100.01,
    last: 100,
    quoteTime: NOW,
    feedTime: NOW,
    medianGapSeconds: 0.1,
    isLive: true,
    isFarmUp: true,
    isQuarantined: false,
    averageDailyVolume: 50_000_000,
  },
  session: { open: NOW - HOUR, close: NOW + 5 * HOUR },
  position: 0,
  workingBuy: 0,
  workingSell: 0,
  workingClose: 0,
  openSymbols: 0,
  isSymbolOpen: false,
  equity: 100_000,
  grossExposure: 0,
  netExposure: 0,
  symbolExposure: 0,
  sectorExposure: 0,
  excessLiquidity: 100_000,
  accountValuesTime: NOW,
  workingMargin: 0,
  ordersLastMinute: 0,
  tradesToday: 0,
  notionalToday: 0,
  openOrdersOnSide: 0,
  openOrders: 0,
  parentsUnderWay: 0,
  isKnownIntent: false,
};

/** A strategy's bracket for 10 AAPL at 100. */
export const ENTRY: OrderRequest = {
  intentId: "1-1-test",
  symbol: "AAPL",
  side: "buy",
  quantity: 10,
  type: "limit",
  limitPrice: 100,
  timeInForce: "day",
  outsideRth: false,
  role: "entry",
  reduceOnly: false,
  source: { kind: "strategy", strategyId: "baseline" },
  stopLoss: 98.5,
  takeProfit: 103,
  time: NOW,
  reason: "test",
};

/** A person's exit of 10 AAPL held. */
export const EXIT: OrderRequest = {
  intentId: "1-2-test",
  symbol: "AAPL",
  side: "sell",
  quantity: 10,
  type: "limit",
  limitPrice: 99.99,
  timeInForce: "day",
  outsideRth: false,
  role: "exit",
  reduceOnly: true,
  source: { kind: "manual", who: "test" },
  time: NOW,
  reason: "test",
};
