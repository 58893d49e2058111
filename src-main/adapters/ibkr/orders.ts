import {
  type Contract,
  OrderAction,
  type Execution as WireExecution,
  type Order as WireOrder,
  TimeInForce as WireTimeInForce,
  OrderType as WireType,
} from "@stoqey/ib";
import type { ApprovedOrder } from "#core/risk/risk-engine.ts";
import { assert } from "#shared/lib/assert.ts";
import { MICROS_PER_UNIT, type Micros6, roundToMicros } from "#shared/lib/money.ts";
import type { BrokerOrder, Execution, OrderReport } from "#shared/model/broker.ts";
import type { OrderTerms, OrderType, TimeInForce } from "#shared/model/order.ts";
import { symbolOf } from "./contracts.ts";
import { parseExecutionTime } from "./execution-time.ts";

const TYPE_OUT: Readonly<Record<OrderType, WireType>> = {
  market: WireType.MKT,
  limit: WireType.LMT,
  stop: WireType.STP,
  stopLimit: WireType.STP_LMT,
};
const TIF_OUT: Readonly<Record<TimeInForce, WireTimeInForce>> = {
  day: WireTimeInForce.DAY,
  gtc: WireTimeInForce.GTC,
  ioc: WireTimeInForce.IOC,
};
const TYPE_IN: Readonly<Record<string, OrderType>> = {
  MKT: "market",
  LMT: "limit",
  STP: "stop",
  "STP LMT": "stopLimit",
};
const TIF_IN: Readonly<Record<string, TimeInForce>> = { DAY: "day", GTC: "gtc", IOC: "ioc" };

/** Cancel every other order of the group, with block: a family can never fill twice. */
const CANCEL_WITH_BLOCK = 1;
/** Broker-side stops fire on the last price, whatever the account's preset says. */
const TRIGGER_LAST = 2;

/**
 * An approved order as it goes on the wire. Every field that a preset of the workstation could fill in is explicit. The
 * library writes NaN as text, so what is not a number stops here.
 */
export function encodeOrder(
  order: ApprovedOrder,
  link: { readonly parentId: number; readonly transmit: boolean; readonly account: string },
): WireOrder {
  assert(Number.isInteger(order.quantity) && order.quantity > 0, "an order has a whole quantity above zero");
  for (const price of [order.limitPrice, order.stopPrice]) {
    assert(price === undefined || (Number.isFinite(price) && price > 0), "an order's prices are finite and above zero");
  }
  assert(!/limit/i.test(order.type) || order.limitPrice !== undefined, "a limit order has a limit price");
  assert(!order.type.startsWith("stop") || order.stopPrice !== undefined, "a stop order has a stop price");
  return {
    action: order.side === "buy" ? OrderAction.BUY : OrderAction.SELL,
    totalQuantity: order.quantity,
    orderType: TYPE_OUT[order.type],
    tif: TIF_OUT[order.timeInForce],
    outsideRth: order.outsideRth,
    account: link.account,
    orderRef: order.orderRef,
    transmit: link.transmit,
    parentId: link.parentId,
    triggerMethod: TRIGGER_LAST,
    ...(order.limitPrice === undefined ? {} : { lmtPrice: order.limitPrice }),
    ...(order.stopPrice === undefined ? {} : { auxPrice: order.stopPrice }),
    ...(order.ocaGroup === undefined ? {} : { ocaGroup: order.ocaGroup, ocaType: CANCEL_WITH_BLOCK }),
  };
}

/** What an order status says; undefined for one that is no news. Fills are never taken from here. */
export function reportOfStatus(status: string): OrderReport["kind"] | undefined {
  switch (status) {
    case "PendingSubmit":
    case "ApiPending":
      return undefined;
    case "PreSubmitted":
    case "Submitted":
      return "acknowledged";
    case "PendingCancel":
      return "pendingCancel";
    case "Cancelled":
    case "ApiCancelled":
      return "cancelled";
    case "Filled":
      return "filled";
    case "Inactive":
      return "inactive";
    default:
      return "unrecognised";
  }
}

/** An execution in our terms; undefined when the broker's text cannot be read, which is an alarm, not a guess. */
export function executionOf(contract: Contract, execution: WireExecution): Execution | undefined {
  const { execId, side, shares, price, time, acctNumber } = execution;
  const exchangeTime = parseExecutionTime(String(time ?? ""));
  if (execId === undefined || shares === undefined || price === undefined || exchangeTime === undefined)
    return undefined;
  const symbol = symbolOf(contract);
  const total = execution.cumQty ?? shares;
  const isSound = isAmount(price) && isShares(shares) && isShares(total) && isExact(price * shares) && execId !== "";
  if (symbol === undefined || !isSound || (side !== "BOT" && side !== "SLD")) return undefined;
  return {
    execId,
    orderRef: execution.orderRef ?? "",
    permId: execution.permId ?? 0,
    clientId: execution.clientId ?? 0,
    accountId: acctNumber ?? "",
    symbol,
    side: side === "BOT" ? "buy" : "sell",
    quantity: shares,
    price,
    exchangeTime,
    cumulativeQuantity: total,
  };
}

/** Above this the broker's "unset" begins (the largest double, also rounded on its way). */
const UNSET_FROM = 1e300;
const isAmount = (value: unknown): boolean => Number(value) > 0 && Number(value) < UNSET_FROM;
const isShares = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
/** The books are exact up to here: what is above is no amount of money but a number that was never set. */
const isExact = (units: number): boolean => Math.abs(units) * MICROS_PER_UNIT < Number.MAX_SAFE_INTEGER;

/** Money of the broker in millionths; undefined for what is not set, and for what cannot be an amount. */
export function amountOf(units: number | undefined): Micros6 | undefined {
  return units !== undefined && isExact(units) ? roundToMicros(units) : undefined;
}

/** An order of the broker's lists; undefined for types that we never place, which are shown as foreign by symbol alone. */
export function brokerOrderOf(input: {
  readonly orderId: number;
  readonly contract: Contract;
  readonly order: WireOrder;
  readonly status: string;
}): BrokerOrder {
  const { orderId, contract, order, status } = input;
  const terms: OrderTerms = {
    symbol: symbolOf(contract) ?? "",
    // A short sale (SSHORT, SLONG) sells too.
    side: order.action === OrderAction.BUY ? "buy" : "sell",
    quantity: isAmount(order.totalQuantity) ? Math.max(1, Math.round(Number(order.totalQuantity))) : 1,
    type: TYPE_IN[String(order.orderType)] ?? "limit",
    timeInForce: TIF_IN[String(order.tif)] ?? "day",
    outsideRth: order.outsideRth === true,
    ...(isAmount(order.lmtPrice) ? { limitPrice: Number(order.lmtPrice) } : {}),
    ...(isAmount(order.auxPrice) ? { stopPrice: Number(order.auxPrice) } : {}),
  };
  return {
    orderRef: order.orderRef ?? "",
    permId: order.permId ?? 0,
    clientId: order.clientId ?? 0,
    orderId,
    terms,
    status,
    filledQuantity: Number(order.filledQuantity ?? 0) || 0,
    // An order that was never transmitted rests at the workstation as Inactive with nothing filled.
    transmitted: !(status === "Inactive" && !Number(order.filledQuantity ?? 0)),
  };
}
