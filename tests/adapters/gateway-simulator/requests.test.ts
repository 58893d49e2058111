import {
  type Contract,
  EventName,
  type IBApi,
  type Order,
  OrderAction,
  OrderConditionType,
  OrderType,
  SecType,
  TimeInForce,
} from "@stoqey/ib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LayoutError } from "#adapters/gateway-simulator/codec/field-reader.ts";
import { addresseeOf, readRequest } from "#adapters/gateway-simulator/codec/requests.ts";
import { connectLibrary } from "./library-client.ts";
import { placeOrder } from "./raw-client.ts";
import { scriptedServer } from "./scripted-server.ts";

const VERSIONS = [178, 193] as const;
const STOCK: Contract = { conId: 7, symbol: "AAPL", secType: SecType.STK, exchange: "SMART", currency: "USD" };

/** What the library sends for `ask`, as frames of fields. */
async function sentBy(version: number, ask: (api: IBApi) => void): Promise<readonly (readonly string[])[]> {
  const server = await scriptedServer(version);
  const library = await connectLibrary(server.port, 10);
  ask(library.api);
  library.api.reqMarketRule(999);
  while (server.received.at(-1)?.[0] !== "91" || server.received.at(-1)?.[1] !== "999") {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(library.of(EventName.error)).toEqual([]);
  return server.received.slice(1, -1);
}

const FULL: Order = {
  action: OrderAction.SELL,
  totalQuantity: 250,
  orderType: OrderType.STP_LMT,
  lmtPrice: 184.25,
  auxPrice: 184.5,
  tif: TimeInForce.GTC,
  account: "DUSIM0001",
  orderRef: "rt-1-S-12",
  transmit: true,
  parentId: 11,
  outsideRth: true,
};

test.each(VERSIONS)("at %i every request of the first stage is read as it was asked", async (version) => {
  const frames = await sentBy(version, (api) => {
    api.reqManagedAccts();
    api.reqIds();
    api.reqCurrentTime();
    api.reqContractDetails(1_000_000_001, { ...STOCK, primaryExch: "NASDAQ" });
    api.reqMatchingSymbols(1_000_000_002, "APP");
    api.reqMarketRule(26);
    api.reqMarketDataType(3);
    api.reqMktData(1_000_000_003, STOCK, "233,236", false, false);
    api.cancelMktData(1_000_000_003);
    api.reqHistoricalData(1_000_000_004, STOCK, "", "2 D", "1 min" as never, "TRADES" as never, 1, 2, true);
    api.cancelHistoricalData(1_000_000_004);
    api.cancelOrder(12, {});
    api.reqGlobalCancel({});
    api.reqOpenOrders();
    api.reqAllOpenOrders();
    api.reqCompletedOrders(false);
    api.reqExecutions(1_000_000_005, { clientId: "10", symbol: "AAPL", time: "20261124-09:30:00" });
    api.reqPositions();
    api.cancelPositions();
    api.reqAccountUpdates(true, "DUSIM0001");
    api.reqAccountSummary(1_000_000_006, "All", "NetLiquidation,BuyingPower");
    api.cancelAccountSummary(1_000_000_006);
    api.reqPnL(1_000_000_007, "DUSIM0001", "");
    api.cancelPnL(1_000_000_007);
    api.reqPnLSingle(1_000_000_008, "DUSIM0001", "", 7);
    api.cancelPnLSingle(1_000_000_008);
  });
  expect(frames.map((fields) => readRequest(fields, version))).toMatchObject([
    { kind: "managedAccounts" },
    { kind: "nextOrderId" },
    { kind: "currentTime" },
    {
      kind: "contractDetails",
      requestId: 1_000_000_001,
      contract: { conId: 7, symbol: "AAPL", primaryExchange: "NASDAQ" },
    },
    { kind: "matchingSymbols", requestId: 1_000_000_002, pattern: "APP" },
    { kind: "marketRule", ruleId: 26 },
    { kind: "marketDataType", type: 3 },
    {
      kind: "marketData",
      requestId: 1_000_000_003,
      contract: { conId: 7, symbol: "AAPL", secType: "STK", exchange: "SMART", currency: "USD" },
      genericTicks: ["233", "236"],
      isSnapshot: false,
    },
    { kind: "cancelMarketData", requestId: 1_000_000_003 },
    {
      kind: "history",
      requestId: 1_000_000_004,
      end: "",
      duration: "2 D",
      barSize: "1 min",
      whatToShow: "TRADES",
      isRegularHours: true,
      formatDate: 2,
      isKeptUpToDate: true,
    },
    { kind: "cancelHistory", requestId: 1_000_000_004 },
    { kind: "cancelOrder", orderId: 12 },
    { kind: "globalCancel" },
    { kind: "openOrders", isAll: false },
    { kind: "openOrders", isAll: true },
    { kind: "completedOrders" },
    {
      kind: "executions",
      requestId: 1_000_000_005,
      clientId: 10,
      symbol: "AAPL",
      time: "20261124-09:30:00",
      account: "",
    },
    { kind: "positions" },
    { kind: "cancelPositions" },
    { kind: "accountUpdates", isSubscribe: true, account: "DUSIM0001" },
    { kind: "accountSummary", requestId: 1_000_000_006, tags: ["NetLiquidation", "BuyingPower"] },
    { kind: "cancelAccountSummary", requestId: 1_000_000_006 },
    { kind: "pnl", requestId: 1_000_000_007, account: "DUSIM0001" },
    { kind: "cancelPnl", requestId: 1_000_000_007 },
    { kind: "pnlSingle", requestId: 1_000_000_008, conId: 7 },
    { kind: "cancelPnlSingle", requestId: 1_000_000_008 },
  ]);
});

test.each([
  { version: 178, count: 114 },
  { version: 193, count: 118 },
])(
  "at $version a plain stock order has $count fields, whatIf is at 84, and every term is read",
  async ({ version, count }) => {
    const [plain = [], asked = []] = await sentBy(version, (api) => {
      api.placeOrder(12, STOCK, FULL);
      api.placeOrder(13, STOCK, { ...FULL, whatIf: true });
    });
    expect(plain).toHaveLength(count);
    expect(readRequest(plain, version)).toMatchObject({
      kind: "placeOrder",
      order: {
        orderId: 12,
        contract: { conId: 7, symbol: "AAPL" },
        action: "SELL",
        quantity: 250,
        orderType: "STP LMT",
        limitPrice: 184.25,
        auxPrice: 184.5,
        tif: "GTC",
        account: "DUSIM0001",
        orderRef: "rt-1-S-12",
        transmit: true,
        parentId: 11,
        outsideRth: true,
        whatIf: false,
        whatIfIndex: 84,
        present: [],
      },
    });
    expect(readRequest(asked, version)).toMatchObject({
      order: { orderId: 13, whatIf: true, whatIfIndex: 84, present: [] },
    });
  },
);

const leg = (conId: number) => ({
  conId,
  ratio: 1,
  action: OrderAction.BUY,
  exchange: "SMART",
  openClose: 0,
  shortSaleSlot: 0,
  designatedLocation: "",
  exemptCode: -1,
});

/** Orders with each variable group, and the name by which the simulator refuses it. */
const GROUPS: readonly {
  readonly name: string;
  readonly contract?: Partial<Contract>;
  readonly order: Partial<Order>;
}[] = [
  {
    name: "comboLegs",
    contract: { secType: SecType.BAG, comboLegs: [leg(1), leg(2)] },
    order: {
      orderComboLegs: [{ price: 1.5 }, { price: 2.5 }],
      smartComboRoutingParams: [{ tag: "NonGuaranteed", value: "1" }],
    },
  },
  { name: "deltaNeutralOrderType", order: { deltaNeutralOrderType: "LMT", deltaNeutralConId: 9 } },
  { name: "scalePriceIncrement", order: { scalePriceIncrement: 0.05, scaleInitPosition: 3 } },
  { name: "hedgeType", order: { hedgeType: "D", hedgeParam: "0.5" } },
  { name: "deltaNeutralContract", contract: { deltaNeutralContract: { conId: 3, delta: 0.5, price: 10 } }, order: {} },
  {
    name: "algoStrategy",
    order: { algoStrategy: "Twap", algoParams: [{ tag: "startTime", value: "09:00:00 US/Eastern" }] },
  },
  {
    name: "conditions",
    order: {
      conditions: [
        {
          type: OrderConditionType.Price,
          conjunctionConnection: "a",
          isMore: true,
          strValue: "10",
          conId: 1,
          exchange: "SMART",
          triggerMethod: 0,
        },
        {
          type: OrderConditionType.Time,
          conjunctionConnection: "o",
          isMore: true,
          strValue: "20261124 10:00:00 US/Eastern",
        },
        { type: OrderConditionType.Margin, conjunctionConnection: "a", isMore: false, strValue: "30" },
        {
          type: OrderConditionType.Execution,
          conjunctionConnection: "a",
          secType: "STK",
          exchange: "SMART",
          symbol: "AAPL",
        },
        {
          type: OrderConditionType.Volume,
          conjunctionConnection: "a",
          isMore: true,
          strValue: "100",
          conId: 1,
          exchange: "SMART",
        },
        {
          type: OrderConditionType.PercentChange,
          conjunctionConnection: "a",
          isMore: true,
          strValue: "5",
          conId: 1,
          exchange: "SMART",
        },
      ] as never,
      conditionsIgnoreRth: true,
    },
  },
  { name: "goodTillDate", order: { goodTillDate: "20261125 10:00:00 US/Eastern" } },
  { name: "displaySize", order: { displaySize: 100 } },
  { name: "trailingPercent", order: { trailingPercent: 2 } },
  { name: "cashQty", order: { cashQty: 500 } },
];

test.each(VERSIONS.flatMap((version) => GROUPS.map((group) => ({ version, ...group }))))(
  "at $version an order with $name is read to its last field and named",
  async ({ version, name, contract, order }) => {
    const [fields = []] = await sentBy(version, (api) => {
      api.placeOrder(12, { ...STOCK, ...contract }, { ...FULL, ...order, whatIf: true, extOperator: "" });
    });
    const request = readRequest(fields, version);
    expect(request).toMatchObject({ kind: "placeOrder", order: { whatIf: true, orderRef: "rt-1-S-12" } });
    expect(request?.kind === "placeOrder" && request.order.present).toContain(name);
  },
);

test.each(
  VERSIONS.flatMap((version) =>
    [
      { orderType: OrderType.PEG_BENCH, exchange: "SMART", extra: { referenceContractId: 5, peggedChangeAmount: 1 } },
      { orderType: OrderType.PEG_MID, exchange: "SMART", extra: { midOffsetAtWhole: 0.01, midOffsetAtHalf: 0.005 } },
      {
        orderType: OrderType.PEG_BEST,
        exchange: "IBKRATS",
        extra: { minTradeQty: 100, minCompeteSize: 100, competeAgainstBestOffset: 0.02 },
      },
      {
        orderType: OrderType.PEG_BEST,
        exchange: "IBKRATS",
        extra: { competeAgainstBestOffset: Number.POSITIVE_INFINITY, midOffsetAtWhole: 0.01, midOffsetAtHalf: 0.005 },
      },
    ].map((peg) => ({ version, ...peg })),
  ),
)(
  "at $version a $orderType order to $exchange is read to its last field",
  async ({ version, orderType, exchange, extra }) => {
    const [fields = []] = await sentBy(version, (api) => {
      api.placeOrder(12, { ...STOCK, exchange }, { ...FULL, orderType, ...extra });
    });
    expect(readRequest(fields, version)).toMatchObject({ kind: "placeOrder", order: { orderType, orderId: 12 } });
  },
);

test("a missing field, a field too many and a word for a number are refused with their place", () => {
  expect(() => readRequest(["1", "11", "7"], 193)).toThrow(LayoutError);
  expect(() => readRequest(["49", "1", "2"], 193)).toThrow("1 fields are left over from field 2 on");
  expect(() => readRequest(["91", "NaN"], 193)).toThrow('field 1 is "NaN", expected an integer');
});

test("a request that is not served is told from one that is malformed", () => {
  expect(readRequest(["97", "1"], 193)).toBeUndefined();
  expect(readRequest(["", "1"], 193)).toBeUndefined();
  expect(readRequest(["constructor"], 193)).toBeUndefined();
  expect([addresseeOf(["20", "1000000004"]), addresseeOf(["1", "11", "7"]), addresseeOf(["49", "1"])]).toEqual([
    1_000_000_004, 7, -1,
  ]);
});

test("whatever a field says, a request is read, refused by its layout, or not served: never anything else", () => {
  const ids = fc.constantFrom("1", "2", "3", "4", "6", "7", "9", "20", "25", "58", "62", "81", "91", "94", "99");
  const field = fc.oneof(fc.constantFrom("", "0", "1", "-1", "1e9", "2147483647", "BAG", "NaN"), fc.string());
  const noise = fc.tuple(ids, fc.array(field, { maxLength: 140 })).map(([id, fields]) => [id, ...fields]);
  const whole = placeOrder(193, { orderId: 1, limit: 5 }).map(String);
  const bent = fc
    .array(fc.tuple(fc.integer({ min: 1, max: whole.length - 1 }), field), { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce((fields, [place, text]) => fields.with(place, text), whole));
  fc.assert(
    fc.property(fc.oneof(noise, bent), fc.constantFrom(...VERSIONS), (fields, version) => {
      try {
        readRequest(fields, version);
      } catch (error) {
        expect(error).toBeInstanceOf(LayoutError);
      }
    }),
    { numRuns: 20_000 },
  );
});
