import { type Contract, EventName, type Order, OrderAction, OrderType, SecType, TimeInForce } from "@stoqey/ib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type GatewaySimulator, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { connectLibrary, type Library, once } from "./library-client.ts";
import { generatedMarket } from "./scripted-market.ts";

async function start(maxVersion: number): Promise<{ gateway: GatewaySimulator; client: Library }> {
  const gateway = await startGateway({ source: generatedMarket("library"), speed: 50, maxVersion });
  onTestFinished(() => gateway.close());
  return { gateway, client: await connectLibrary(gateway.port, 10) };
}

const stock = (symbol: string): Contract => ({ symbol, secType: SecType.STK, exchange: "SMART", currency: "USD" });

const order = (action: OrderAction, quantity: number, extra: Partial<Order>): Order => ({
  action,
  totalQuantity: quantity,
  orderType: OrderType.LMT,
  tif: TimeInForce.DAY,
  transmit: true,
  account: "DUSIM0001",
  ...extra,
});

describe.each([178, 193])("the client library at server version %i", (version) => {
  test("connects, reads reference data, quotes and bars without one complaint", async () => {
    const { client } = await start(version);
    const { api } = client;
    expect(api.serverVersion).toBe(version);
    const details = once<[number, { contract: Contract; minTick: number; marketRuleIds: string }]>(
      api,
      EventName.contractDetails,
    );
    api.reqContractDetails(1_000_000_001, stock("AAPL"));
    const [, found] = await details;
    expect(found.contract).toMatchObject({ symbol: "AAPL", currency: "USD", primaryExch: "NASDAQ" });
    const rule = once<[number, { lowEdge: number; increment: number }[]]>(api, EventName.marketRule);
    api.reqMarketRule(Number(found.marketRuleIds.split(",")[0]));
    expect((await rule)[1]).toEqual([
      { lowEdge: 0, increment: 0.0001 },
      { lowEdge: 1, increment: 0.01 },
    ]);
    const samples = once(api, EventName.symbolSamples);
    api.reqMatchingSymbols(1_000_000_002, "AA");
    await samples;
    const price = once<[number, number, number]>(
      api,
      EventName.tickPrice,
      (id, field) => id === 1_000_000_003 && field === 4,
    );
    api.reqMarketDataType(1);
    api.reqMktData(1_000_000_003, stock("AAPL"), "", false, false);
    expect((await price)[2]).toBeGreaterThan(50);
    const bars: number[] = [];
    api.on(EventName.historicalData, (id, time, _open, _high, _low, close) => {
      if (id === 1_000_000_004 && !String(time).startsWith("finished")) bars.push(close);
    });
    const update = once(api, EventName.historicalDataUpdate, (id) => id === 1_000_000_004);
    api.reqHistoricalData(1_000_000_004, stock("AAPL"), "", "1 D", "1 min" as never, "TRADES" as never, 1, 2, true);
    await update;
    expect(bars.length).toBeGreaterThanOrEqual(29);
    expect(client.complaints).toEqual([]);
  });

  test("places a bracket, is filled once, and lists orders, executions and positions without one complaint", async () => {
    const { gateway, client } = await start(version);
    const { api } = client;
    const parent = client.nextOrderId();
    const [target, stop] = [client.nextOrderId(), client.nextOrderId()];
    const filled = once<[number, Contract, { shares: number; orderRef: string }]>(
      api,
      EventName.execDetails,
      (id) => id === -1,
    );
    const commission = once<[{ commission: number }]>(api, EventName.commissionReport);
    const shared = { orderRef: "RT1-1-1-Eaa" };
    api.placeOrder(parent, stock("AAPL"), order(OrderAction.BUY, 10, { ...shared, lmtPrice: 1_000, transmit: false }));
    api.placeOrder(
      target,
      stock("AAPL"),
      order(OrderAction.SELL, 10, { lmtPrice: 2_000, parentId: parent, transmit: false }),
    );
    api.placeOrder(
      stop,
      stock("AAPL"),
      order(OrderAction.SELL, 10, { orderType: OrderType.STP, auxPrice: 1, parentId: parent, orderRef: "RT1-1-3-Sbb" }),
    );
    const [, , execution] = await filled;
    expect(execution).toMatchObject({ shares: 10, orderRef: "RT1-1-1-Eaa" });
    expect((await commission)[0].commission).toBe(1);
    expect(gateway.holdings()).toMatchObject([{ symbol: "AAPL", quantity: 10 }]);
    const listed: string[] = [];
    api.on(EventName.openOrder, (_id, _contract, terms) => listed.push(String(terms.orderType)));
    const end = once(api, EventName.openOrderEnd);
    api.reqAllOpenOrders();
    await end;
    expect(listed.sort()).toEqual(["LMT", "STP"]);
    const positions = once(api, EventName.positionEnd);
    api.reqPositions();
    await positions;
    const executions = once(api, EventName.execDetailsEnd);
    api.reqExecutions(1_000_000_009, {});
    await executions;
    const cancelled = once(api, EventName.orderStatus, (id, status) => id === stop && status === "Cancelled");
    api.cancelOrder(stop);
    await cancelled;
    const completed = once<[Contract, Order, { status: string }]>(
      api,
      EventName.completedOrder,
      (_contract, terms) => terms.orderRef === "RT1-1-3-Sbb",
    );
    api.reqCompletedOrders(false);
    expect((await completed)[2].status).toBe("Cancelled");
    const account = once(api, EventName.accountDownloadEnd);
    api.reqAccountUpdates(true, "DUSIM0001");
    await account;
    const summary = once(api, EventName.accountSummaryEnd);
    api.reqAccountSummary(1_000_000_010, "All", "NetLiquidation,TotalCashValue");
    await summary;
    const pnl = once(api, EventName.pnl);
    api.reqPnL(1_000_000_011, "DUSIM0001", "");
    await pnl;
    expect(client.complaints).toEqual([]);
  });

  test("a thousand what-if orders leave no trace", async () => {
    const { gateway, client } = await start(version);
    const before = { cash: gateway.cash(), orders: gateway.openOrders().length, fills: gateway.executions().length };
    const price = once<[number, number]>(
      client.api,
      EventName.tickPrice,
      (id, field) => id === 1_000_000_003 && field === 4,
    );
    client.api.reqMktData(1_000_000_003, stock("AAPL"), "", false, false);
    await price;
    let answers = 0;
    const done = once<[number, Contract, Order, { initMarginChange?: number }]>(
      client.api,
      EventName.openOrder,
      (_id, _contract, _order, state) => {
        answers += Number(state.initMarginChange) > 0 ? 1 : 0;
        return answers === 1_000;
      },
    );
    for (let i = 0; i < 1_000; i += 1) {
      const types = [OrderType.LMT, OrderType.STP, OrderType.STP_LMT, OrderType.MKT];
      const whatIf = { whatIf: true, orderType: types[i % 4], lmtPrice: 150, auxPrice: 150 } as Partial<Order>;
      client.api.placeOrder(client.nextOrderId(), stock("AAPL"), order(OrderAction.BUY, 5, whatIf));
      // Fifty messages a second of virtual time, which runs fifty times as fast as the wall's.
      if (i % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 25));
    }
    await done;
    expect({ cash: gateway.cash(), orders: gateway.openOrders().length, fills: gateway.executions().length }).toEqual(
      before,
    );
    expect(client.complaints).toEqual([]);
  });
});
