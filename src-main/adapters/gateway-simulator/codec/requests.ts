import { FieldReader } from "./field-reader.ts";
import { readPlaceOrder, type WireOrder } from "./place-order.ts";
import { readContract, readDeltaNeutral, readLegs, type WireContract } from "./wire-contract.ts";

/** What a client asks for, as far as the simulator serves it. */
export type Request =
  | { readonly kind: "startApi"; readonly clientId: number }
  | { readonly kind: "managedAccounts" }
  | { readonly kind: "nextOrderId" }
  | { readonly kind: "currentTime" }
  | MarketDataRequest
  | { readonly kind: "cancelMarketData"; readonly requestId: number }
  | { readonly kind: "marketDataType"; readonly type: number }
  | HistoryRequest
  | { readonly kind: "cancelHistory"; readonly requestId: number }
  | { readonly kind: "contractDetails"; readonly requestId: number; readonly contract: WireContract }
  | { readonly kind: "matchingSymbols"; readonly requestId: number; readonly pattern: string }
  | { readonly kind: "marketRule"; readonly ruleId: number }
  | { readonly kind: "placeOrder"; readonly order: WireOrder }
  | { readonly kind: "cancelOrder"; readonly orderId: number }
  | { readonly kind: "globalCancel" }
  | { readonly kind: "openOrders"; readonly isAll: boolean }
  | { readonly kind: "completedOrders" }
  | ExecutionsRequest
  | { readonly kind: "positions" }
  | { readonly kind: "cancelPositions" }
  | { readonly kind: "accountUpdates"; readonly isSubscribe: boolean; readonly account: string }
  | { readonly kind: "accountSummary"; readonly requestId: number; readonly tags: readonly string[] }
  | { readonly kind: "cancelAccountSummary"; readonly requestId: number }
  | { readonly kind: "pnl"; readonly requestId: number; readonly account: string }
  | { readonly kind: "cancelPnl"; readonly requestId: number }
  | { readonly kind: "pnlSingle"; readonly requestId: number; readonly account: string; readonly conId: number }
  | { readonly kind: "cancelPnlSingle"; readonly requestId: number };

export type MarketDataRequest = {
  readonly kind: "marketData";
  readonly requestId: number;
  readonly contract: WireContract;
  readonly genericTicks: readonly string[];
  readonly isSnapshot: boolean;
};

export type HistoryRequest = {
  readonly kind: "history";
  readonly requestId: number;
  readonly contract: WireContract;
  readonly end: string;
  readonly barSize: string;
  readonly duration: string;
  readonly isRegularHours: boolean;
  readonly whatToShow: string;
  readonly formatDate: number;
  readonly isKeptUpToDate: boolean;
};

/** Empty texts and client id 0 filter nothing. */
export type ExecutionsRequest = {
  readonly kind: "executions";
  readonly requestId: number;
  readonly clientId: number;
  readonly account: string;
  readonly time: string;
  readonly symbol: string;
  readonly secType: string;
  readonly exchange: string;
  readonly side: string;
};

type Read = (reader: FieldReader, version: number) => Request;

const withId =
  (kind: "cancelPnl" | "cancelPnlSingle"): Read =>
  (reader) => ({ kind, requestId: reader.integer() });

/** Requests that carry a version number which says nothing, then a request id. */
const withVersionAndId =
  (kind: "cancelMarketData" | "cancelHistory" | "cancelAccountSummary"): Read =>
  (reader) => {
    reader.skip(1);
    return { kind, requestId: reader.integer() };
  };

const bare =
  (request: Request): Read =>
  (reader) => {
    reader.skip(1);
    return request;
  };

/** The layouts of the requests that the simulator serves, by message id. */
const LAYOUTS: Readonly<Record<number, Read>> = {
  1: readMarketData,
  2: withVersionAndId("cancelMarketData"),
  3: (reader, version) => ({ kind: "placeOrder", order: readPlaceOrder(reader, version) }),
  4: readCancelOrder,
  5: bare({ kind: "openOrders", isAll: false }),
  6: (reader) => {
    reader.skip(1);
    return { kind: "accountUpdates", isSubscribe: reader.flag(), account: reader.text() };
  },
  7: readExecutions,
  8: (reader) => {
    reader.skip(2);
    return { kind: "nextOrderId" };
  },
  9: readContractDetails,
  16: bare({ kind: "openOrders", isAll: true }),
  17: bare({ kind: "managedAccounts" }),
  20: readHistory,
  25: withVersionAndId("cancelHistory"),
  49: bare({ kind: "currentTime" }),
  58: (reader, version) => {
    reader.skip(version >= 192 ? 2 : 1);
    return { kind: "globalCancel" };
  },
  59: (reader) => {
    reader.skip(1);
    return { kind: "marketDataType", type: reader.integer() };
  },
  61: bare({ kind: "positions" }),
  62: (reader) => {
    reader.skip(1);
    const requestId = reader.integer();
    reader.skip(1); // the group of accounts: there is one account
    return { kind: "accountSummary", requestId, tags: list(reader.text()) };
  },
  63: withVersionAndId("cancelAccountSummary"),
  64: bare({ kind: "cancelPositions" }),
  71: (reader) => {
    reader.skip(1);
    const clientId = reader.integer();
    reader.skip(1); // optional capabilities: none are known
    return { kind: "startApi", clientId };
  },
  81: (reader) => ({ kind: "matchingSymbols", requestId: reader.integer(), pattern: reader.text() }),
  91: (reader) => ({ kind: "marketRule", ruleId: reader.integer() }),
  92: (reader) => {
    const requestId = reader.integer();
    const account = reader.text();
    reader.skip(1);
    return { kind: "pnl", requestId, account };
  },
  93: withId("cancelPnl"),
  94: (reader) => {
    const requestId = reader.integer();
    const account = reader.text();
    reader.skip(1);
    return { kind: "pnlSingle", requestId, account, conId: reader.integer() };
  },
  95: withId("cancelPnlSingle"),
  99: (reader) => {
    reader.skip(1); // orders of this interface only: there are no others
    return { kind: "completedOrders" };
  },
};

/** The request in `fields`; undefined when its id is unknown or not served. Throws LayoutError on a wrong layout. */
export function readRequest(fields: readonly string[], version: number): Request | undefined {
  const id = fields[0] ?? "";
  const read = /^\d{1,3}$/.test(id) ? LAYOUTS[Number(id)] : undefined;
  if (read === undefined) return undefined;
  const reader = new FieldReader(fields);
  const request = read(reader, version);
  if (request.kind !== "placeOrder") reader.end();
  return request;
}

/** The request id or order id that an answer to a malformed request should carry; -1 when there is none. */
export function addresseeOf(fields: readonly string[]): number {
  const id = Number(fields[0]);
  const place = [3, 20, 81, 92, 93, 94, 95].includes(id) ? 1 : [1, 2, 7, 9, 25, 62, 63].includes(id) ? 2 : undefined;
  const text = place === undefined ? "" : (fields[place] ?? "");
  return /^\d{1,10}$/.test(text) ? Number(text) : -1;
}

function readMarketData(reader: FieldReader): Request {
  reader.skip(1);
  const requestId = reader.integer();
  const contract = readContract(reader);
  readLegs(reader, contract);
  readDeltaNeutral(reader);
  const genericTicks = list(reader.text());
  const isSnapshot = reader.flag();
  reader.flag(); // a regulatory snapshot costs money at the broker; here it is a snapshot like any other
  reader.skip(1);
  return { kind: "marketData", requestId, contract, genericTicks, isSnapshot };
}

function readCancelOrder(reader: FieldReader, version: number): Request {
  if (version < 192) reader.skip(1);
  const orderId = reader.integer();
  if (version >= 169) reader.skip(1);
  if (version >= 187 && version < 190) reader.skip(3);
  if (version >= 192) reader.skip(2);
  return { kind: "cancelOrder", orderId };
}

function readExecutions(reader: FieldReader): Request {
  reader.skip(1);
  const requestId = reader.integer();
  const clientId = reader.optionalInteger() ?? 0;
  const [account, time, symbol, secType] = [reader.text(), reader.text(), reader.text(), reader.text()];
  const [exchange, side] = [reader.text(), reader.text()];
  return { kind: "executions", requestId, clientId, account, time, symbol, secType, exchange, side };
}

function readContractDetails(reader: FieldReader, version: number): Request {
  reader.skip(1);
  const requestId = reader.integer();
  const contract = readContract(reader);
  reader.skip(3); // includeExpired, secIdType, secId
  if (version >= 176) reader.skip(1);
  return { kind: "contractDetails", requestId, contract };
}

function readHistory(reader: FieldReader): Request {
  const requestId = reader.integer();
  const contract = readContract(reader);
  reader.skip(1); // includeExpired
  const [end, barSize, duration] = [reader.text(), reader.text(), reader.text()];
  const isRegularHours = reader.flag();
  const whatToShow = reader.text();
  const formatDate = reader.optionalInteger() ?? 1;
  readLegs(reader, contract);
  const isKeptUpToDate = reader.flag();
  reader.skip(1);
  return {
    kind: "history",
    requestId,
    contract,
    end,
    barSize,
    duration,
    isRegularHours,
    whatToShow,
    formatDate,
    isKeptUpToDate,
  };
}

function list(text: string): readonly string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
