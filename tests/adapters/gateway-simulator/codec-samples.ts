import * as account from "#adapters/gateway-simulator/codec/account-messages.ts";
import type { Frame } from "#adapters/gateway-simulator/codec/frame.ts";
import * as market from "#adapters/gateway-simulator/codec/market-messages.ts";
import * as orders from "#adapters/gateway-simulator/codec/order-messages.ts";
import * as reference from "#adapters/gateway-simulator/codec/reference-messages.ts";
import * as session from "#adapters/gateway-simulator/codec/session-messages.ts";
import type { WireContract } from "#adapters/gateway-simulator/codec/wire-contract.ts";

export const APPLE: WireContract = {
  conId: 265598,
  symbol: "AAPL",
  secType: "STK",
  lastTradeDateOrMonth: "",
  strike: 0,
  right: "",
  multiplier: "",
  exchange: "SMART",
  primaryExchange: "NASDAQ",
  currency: "USD",
  localSymbol: "AAPL",
  tradingClass: "NMS",
};

export const WORKING: orders.OrderState = {
  contract: APPLE,
  orderId: 41,
  clientId: 10,
  permId: 1_000_007,
  parentId: 40,
  action: "SELL",
  quantity: 300,
  orderType: "STP LMT",
  limitPrice: 184.5,
  auxPrice: 185,
  tif: "GTC",
  ocaGroup: "1000006",
  account: "DUSIM0001",
  orderRef: "rt-1-S-41",
  outsideRth: true,
  triggerMethod: 0,
  status: "PreSubmitted",
};

export const COMPLETED = {
  ...WORKING,
  status: "Filled",
  filledQuantity: 300,
  completedTime: "20261124 10:00:00 US/Eastern",
  completedStatus: "Filled Size: 300",
  parentPermId: 1_000_006,
};

export const DETAILS: reference.ContractDetails = {
  contract: APPLE,
  minTick: 0.0001,
  orderTypes: "LMT,MKT,STP,STPLMT",
  validExchanges: "SMART,NASDAQ",
  marketRuleIds: "26,26",
  longName: "Apple",
  industry: "technology",
  category: "technology",
  timeZone: "US/Eastern",
  tradingHours: "20261124:0400-20261124:2000",
  liquidHours: "20261124:0930-20261124:1600",
  secIds: [["ISIN", "US0378331005"]],
  stockType: "COMMON",
  sizeIncrement: 1,
};

const WHAT_IF: orders.WhatIfFigures = {
  initialBefore: 1000,
  maintenanceBefore: 900,
  equityBefore: 50_000,
  initialChange: 250.5,
  maintenanceChange: 200,
  equityChange: -1,
  commission: 1,
  currency: "USD",
};

const BAR = {
  date: "1384000000",
  bar: { start: 0, open: 10, high: 14, low: 9, close: 12, volume: 500 },
  average: 11.25,
  count: 7,
};

/** One message of each kind that the simulator sends. */
export function samples(version: number): readonly Frame[] {
  const fill: orders.Fill = {
    execId: "0000e0d5.00000001.01.01",
    time: "20261124 10:00:00 US/Eastern",
    exchange: "NASDAQ",
    quantity: 100,
    price: 185.25,
    cumulativeQuantity: 200,
    averagePrice: 185.125,
  };
  const figures = { daily: -12.5, unrealized: -10, realized: -2.5 };
  return [
    session.errorMessage(41, 201, "Order rejected - reason:because", version),
    session.errorMessage(-1, 2104, "Market data farm connection is OK:usfarm", version),
    session.managedAccounts(["DUSIM0001", "DUSIM0002"]),
    session.nextValidId(77),
    session.currentTime(1_381_152_600_123_456),
    market.marketDataType(1_000_000_001, 1),
    market.tickPrice(1_000_000_001, market.TICK.bid, 184.99, 400),
    market.tickSize(1_000_000_001, market.TICK.volume, 123_456),
    market.tickGeneric(1_000_000_001, market.TICK.halted, 0),
    market.tickString(1_000_000_001, market.TICK.lastTimestamp, "1384000000"),
    market.snapshotEnd(1_000_000_001),
    market.historicalData(1_000_000_002, "20261123 09:30:00", "20261124 09:30:00", [BAR, BAR]),
    market.historicalUpdate(1_000_000_002, BAR),
    reference.contractDetails(1_000_000_003, DETAILS, version),
    reference.contractDetailsEnd(1_000_000_003),
    reference.symbolSamples(1_000_000_004, [{ contract: APPLE, longName: "Apple" }], version),
    reference.marketRule(26, [
      { lowEdge: 0, increment: 0.0001 },
      { lowEdge: 1, increment: 0.01 },
    ]),
    orders.openOrder(WORKING, version),
    orders.openOrder(WORKING, version, WHAT_IF),
    orders.orderStatus(WORKING, { filled: 100, remaining: 200, average: 185, last: 185.25 }),
    orders.openOrderEnd(),
    orders.completedOrder(COMPLETED, version),
    orders.completedOrdersEnd(),
    orders.execDetails(-1, WORKING, fill, version),
    orders.execDetails(1_000_000_005, WORKING, fill, version),
    orders.executionsEnd(1_000_000_005),
    orders.commissionReport(fill.execId, 1, "USD", undefined),
    orders.commissionReport(fill.execId, 1.25, "USD", -42.5),
    account.position("DUSIM0001", APPLE, -300, 185.125),
    account.positionEnd(),
    account.accountValue("NetLiquidation", "100000.00", "USD", "DUSIM0001"),
    account.portfolioValue(
      {
        contract: APPLE,
        quantity: 5,
        marketPrice: 2,
        marketValue: 10,
        averageCost: 1.5,
        unrealizedPnl: 2.5,
        realizedPnl: 0,
      },
      "DUSIM0001",
    ),
    account.accountTime("09:45"),
    account.accountDownloadEnd("DUSIM0001"),
    account.accountSummary(1_000_000_006, "DUSIM0001", "NetLiquidation", "100000.00", "USD"),
    account.accountSummaryEnd(1_000_000_006),
    account.pnl(1_000_000_007, figures),
    account.pnlSingle(1_000_000_008, 300, figures, 55_000),
    account.pnlSingle(1_000_000_008, 300, figures, undefined),
  ];
}
