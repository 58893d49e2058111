import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BarSizeSetting,
  type Contract,
  type ErrorCode,
  EventName,
  type Order,
  OrderAction,
  OrderType,
  SecType,
  TimeInForce,
  WhatToShow,
} from "@stoqey/ib";
import { describe, expect, onTestFinished, test } from "vitest";
import { newFolder, until } from "#tests/support/host.ts";
import { runCli } from "#tests/support/processes.ts";
import { connectLibrary, type Library, once } from "./library-client.ts";

const ACCOUNT = "DUSIM0001";
const stock = (symbol: string): Contract => ({ symbol, secType: SecType.STK, exchange: "SMART", currency: "USD" });

const GENERATED = ["--seed", "7", "--date", "2026-11-23", "--start-time", "11:02"];

/** `robotrader gateway` as a process of its own; its port. */
async function startProcess(version: number, market: readonly string[] = GENERATED): Promise<number> {
  const flags = ["--json", "--log-level", "error", "--speed", "60", "--max-version", String(version)];
  const running = runCli(["gateway", ...flags, ...market]);
  onTestFinished(async () => {
    running.child.kill();
    await running.exited;
  });
  await until(() => running.output.stdout.trimEnd().endsWith("}"), "the gateway says its port");
  const { port, error } = JSON.parse(running.output.stdout);
  expect(error).toBeUndefined();
  return Number(port);
}

const order = (terms: Partial<Order>): Order => ({
  action: OrderAction.BUY,
  totalQuantity: 10,
  orderType: OrderType.LMT,
  tif: TimeInForce.DAY,
  transmit: true,
  account: ACCOUNT,
  ...terms,
});

/** The code that an id was answered with. */
async function errorOf(client: Library, id: number): Promise<number> {
  const isOf = (values: readonly unknown[]): boolean => values[2] === id;
  const known = client.of(EventName.error).find(isOf);
  if (known !== undefined) return Number(known[1]);
  const [, code] = await once<[Error, ErrorCode, number]>(
    client.api,
    EventName.error,
    (_error, _code, of) => of === id,
  );
  return code;
}

async function askReference({ api, until: told, ...client }: Library): Promise<void> {
  api.reqManagedAccts();
  api.reqIds(1);
  api.reqCurrentTime();
  api.reqMatchingSymbols(1_000_000_001, "AA");
  api.reqContractDetails(1_000_000_002, stock("AAPL"));
  await told(EventName.contractDetailsEnd);
  const [, details] = client.of(EventName.contractDetails)[0] as [
    number,
    { contract: Contract; marketRuleIds: string },
  ];
  api.reqContractDetails(1_000_000_003, { conId: details.contract.conId ?? 0 });
  await told(EventName.contractDetailsEnd, 2);
  api.reqMarketRule(Number(details.marketRuleIds.split(",")[0]));
  await told(EventName.marketRule);
  await told(EventName.symbolSamples);
  await told(EventName.managedAccounts, 2);
  await told(EventName.nextValidId, 2);
  await told(EventName.currentTime);
}

async function askMarket(client: Library): Promise<void> {
  const { api } = client;
  api.reqMarketDataType(3);
  api.reqMktData(1_000_000_010, stock("AAPL"), "233,236", false, false);
  api.reqMktData(1_000_000_011, stock("NVDA"), "", true, false);
  await client.until(EventName.tickSnapshotEnd);
  for (const event of [EventName.marketDataType, EventName.tickPrice, EventName.tickSize, EventName.tickGeneric]) {
    await client.until(event);
  }
  await once(api, EventName.tickString, (id, type) => id === 1_000_000_010 && Number(type) === 48);
  api.cancelMktData(1_000_000_010);
  api.cancelMktData(1_000_000_019);
  expect(await errorOf(client, 1_000_000_019)).toBe(300);
  api.reqMktData(1_000_000_012, stock("NONE"), "", false, false);
  expect(await errorOf(client, 1_000_000_012)).toBe(200);
}

async function askBars(client: Library): Promise<void> {
  const { api } = client;
  const bars = (id: number, duration: string, size: BarSizeSetting, format: 1 | 2, isKept = false): void => {
    api.reqHistoricalData(id, stock("AAPL"), "", duration, size, WhatToShow.TRADES, 1, format, isKept);
  };
  const sizes = [
    BarSizeSetting.MINUTES_ONE,
    BarSizeSetting.MINUTES_FIVE,
    BarSizeSetting.MINUTES_FIFTEEN,
    BarSizeSetting.HOURS_ONE,
  ];
  sizes.forEach((size, index) => {
    bars(1_000_000_020 + 2 * index, "2 D", size, 1);
    bars(1_000_000_021 + 2 * index, "1 W", size, 2);
  });
  bars(1_000_000_030, "20 D", BarSizeSetting.DAYS_ONE, 1);
  for (const id of [20, 21, 22, 23, 24, 25, 26, 27, 30].map((place) => 1_000_000_000 + place)) {
    const isEnd = (of: unknown, time: unknown): boolean => of === id && String(time).startsWith("finished");
    const ended = client.of(EventName.historicalData).some(([of, time]) => isEnd(of, time));
    if (!ended) await once(api, EventName.historicalData, isEnd);
    expect(client.of(EventName.historicalData).filter(([of]) => of === id).length, String(id)).toBeGreaterThan(2);
  }
  bars(1_000_000_040, "1 D", BarSizeSetting.MINUTES_FIVE, 2, true);
  await once(api, EventName.historicalDataUpdate, (id) => id === 1_000_000_040);
  api.cancelHistoricalData(1_000_000_040);
  expect(await errorOf(client, 1_000_000_040)).toBe(162);
  bars(1_000_000_041, "1 D", BarSizeSetting.SECONDS_ONE, 2);
  expect(await errorOf(client, 1_000_000_041)).toBe(321);
  api.reqHistoricalData(
    1_000_000_042,
    stock("AAPL"),
    "19990101-00:00:00",
    "1 D",
    BarSizeSetting.MINUTES_ONE,
    WhatToShow.TRADES,
    1,
    2,
    false,
  );
  expect(await errorOf(client, 1_000_000_042)).toBe(162);
}

/** Every served type and time in force, a bracket, a modify, cancels, a what-if, and what is refused. */
async function trade(client: Library): Promise<void> {
  const { api } = client;
  const place = (terms: Partial<Order>, id = client.nextOrderId()): number => {
    api.placeOrder(id, stock("AAPL"), order(terms));
    return id;
  };
  const status = (id: number, wanted: string) =>
    once(api, EventName.orderStatus, (of, text) => of === id && text === wanted);
  const market = place({ orderType: OrderType.MKT, orderRef: "market" });
  await status(market, "Filled");
  const ioc = place({ tif: TimeInForce.IOC, lmtPrice: 50 });
  await status(ioc, "Cancelled");
  const resting = place({ tif: TimeInForce.GTC, lmtPrice: 50, orderRef: "resting" });
  const stop = place({ orderType: OrderType.STP, action: OrderAction.SELL, auxPrice: 20 });
  const stopLimit = place({ orderType: OrderType.STP_LMT, action: OrderAction.SELL, auxPrice: 20, lmtPrice: 19 });
  await status(stopLimit, "PreSubmitted");
  const modified = once<[number, Contract, Order]>(
    api,
    EventName.openOrder,
    (id, _c, terms) => id === resting && terms.lmtPrice === 51,
  );
  place({ tif: TimeInForce.GTC, lmtPrice: 51, orderRef: "resting" }, resting);
  await modified;
  const figures = once<[number, Contract, Order, { initMarginChange: number; commission: number }]>(
    api,
    EventName.openOrder,
    (id) => id === whatIf,
  );
  const whatIf = place({ whatIf: true, lmtPrice: 100 });
  expect((await figures)[3]).toMatchObject({ initMarginChange: 1_000, commission: 1 });
  const parent = place({ lmtPrice: 1_000, transmit: false });
  place({ action: OrderAction.SELL, lmtPrice: 2_000, parentId: parent, transmit: false });
  const child = place({ action: OrderAction.SELL, orderType: OrderType.STP, auxPrice: 1, parentId: parent });
  await status(parent, "Filled");
  api.cancelOrder(child);
  await status(child, "Cancelled");
  api.cancelOrder(child);
  const refused: readonly (readonly [Partial<Order>, number])[] = [
    [{ orderType: OrderType.TRAIL, auxPrice: 1 }, 201],
    [{ tif: TimeInForce.FOK, lmtPrice: 50 }, 201],
    [{ lmtPrice: 50.001 }, 110],
    [{ lmtPrice: 50, totalQuantity: 1_000_000 }, 201],
  ];
  for (const [terms, code] of refused) expect(await errorOf(client, place(terms))).toBe(code);
  place({ lmtPrice: 50 }, market);
  expect(await errorOf(client, market)).toBe(103);
  api.cancelOrder(999_999);
  expect(await errorOf(client, 999_999)).toBe(10_147);
  api.reqOpenOrders();
  await client.until(EventName.openOrderEnd);
  const gone = status(stop, "Cancelled");
  api.reqGlobalCancel();
  await gone;
  api.reqAllOpenOrders();
  await client.until(EventName.openOrderEnd, 2);
  api.reqCompletedOrders(false);
  await client.until(EventName.completedOrdersEnd);
  expect(client.of(EventName.completedOrder).length).toBeGreaterThanOrEqual(6);
}

async function askAccount(client: Library): Promise<void> {
  const { api } = client;
  const [, details] = client.of(EventName.contractDetails)[0] as [number, { contract: Contract }];
  const conId = details.contract.conId ?? 0;
  api.reqExecutions(1_000_000_050, {});
  api.reqExecutions(1_000_000_051, {
    symbol: "AAPL",
    side: "BUY",
    secType: SecType.STK,
    acctCode: ACCOUNT,
    time: "20261123-00:00:00",
  });
  await client.until(EventName.execDetailsEnd, 2);
  expect(client.of(EventName.execDetails).filter(([id]) => id === 1_000_000_051).length).toBeGreaterThan(1);
  api.reqPositions();
  await client.until(EventName.positionEnd);
  expect(client.of(EventName.position)).not.toEqual([]);
  api.cancelPositions();
  api.reqAccountUpdates(true, ACCOUNT);
  await client.until(EventName.accountDownloadEnd);
  for (const event of [EventName.updateAccountValue, EventName.updatePortfolio, EventName.updateAccountTime]) {
    await client.until(event);
  }
  api.reqAccountUpdates(false, ACCOUNT);
  api.reqAccountSummary(1_000_000_052, "All", "NetLiquidation,TotalCashValue,BuyingPower");
  await client.until(EventName.accountSummaryEnd);
  expect(client.of(EventName.accountSummary)).toHaveLength(3);
  api.cancelAccountSummary(1_000_000_052);
  api.reqPnL(1_000_000_053, ACCOUNT);
  api.reqPnLSingle(1_000_000_054, ACCOUNT, "", conId);
  await client.until(EventName.pnl);
  await client.until(EventName.pnlSingle);
  api.cancelPnL(1_000_000_053);
  api.cancelPnLSingle(1_000_000_054);
}

describe.each([178, 193])("the client library at server version %i and a gateway of its own process", (version) => {
  test("every message of the stage goes there and back without one complaint", async () => {
    const client = await connectLibrary(await startProcess(version), 21);
    expect(client.api.serverVersion).toBe(version);
    await askReference(client);
    await askMarket(client);
    await askBars(client);
    await trade(client);
    await askAccount(client);
    expect(client.complaints).toEqual([]);
  });
});

test("a recorded day of two hundred thousand ticks is played", async () => {
  const folder = newFolder("ticks");
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const rows = Array.from({ length: 200_000 }, () => "2020-12-15T10:00:00,28,100\n");
  writeFileSync(join(folder, "AAPL_20201215_trade.csv"), `time_ny,price,size\n${rows.join("")}`);
  const client = await connectLibrary(await startProcess(193, ["--replay", folder]), 21);
  expect(client.complaints).toEqual([]);
});
