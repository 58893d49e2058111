import type { OrderType, Side, TimeInForce } from "#shared/model/order.ts";
import type { WireOrder } from "../codec/place-order.ts";

const TYPES: Readonly<Record<string, OrderType>> = { MKT: "market", LMT: "limit", STP: "stop", "STP LMT": "stopLimit" };
/** An order without a time in force lives for the day. */
const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = { "": "day", DAY: "day", GTC: "gtc", IOC: "ioc" };
const SIDES: Readonly<Record<string, Side>> = { BUY: "buy", SELL: "sell" };
/** Default and last: the exchange fires on the last price. Bid, ask, doubles and mid-points are not served. */
const SERVED_TRIGGER_METHODS: readonly number[] = [0, 2];
/** 0 and 1 are a bracket's own way, cancel with block; groups that reduce are not served. */
const SERVED_OCA_TYPES: readonly number[] = [0, 1];

export type Refusal = { readonly code: number; readonly text: string };

export type ReadTerms = {
  readonly side: Side;
  readonly quantity: number;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly limitPrice?: number;
  readonly stopPrice?: number;
};

const notServed = (what: string): Refusal => ({
  code: 201,
  text: `Order rejected - reason:${what} is not served by this simulator`,
});

const invalid = (cause: string): Refusal => ({ code: 321, text: `Error validating request.-'bW' : cause - ${cause}` });

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/**
 * The terms of an order that is served, or why it is not: never executed as something else. The children of a bracket
 * cancel each other by themselves, so that they may name their group; other groups are not served.
 */
export function termsOf(order: WireOrder, accountId: string, isBracketChild: boolean): ReadTerms | Refusal {
  const type = own(TYPES, order.orderType);
  const timeInForce = own(TIMES_IN_FORCE, order.tif);
  const side = own(SIDES, order.action);
  if (type === undefined) return notServed(`orderType ${order.orderType}`);
  if (timeInForce === undefined) return notServed(`tif ${order.tif}`);
  if (!["STK", ""].includes(order.contract.secType)) return notServed(`secType ${order.contract.secType}`);
  const [group] = order.present;
  if (group !== undefined) return notServed(group);
  if (order.ocaGroup !== "" && !isBracketChild) return notServed(`ocaGroup ${order.ocaGroup} without a parent`);
  if (!SERVED_OCA_TYPES.includes(order.ocaType)) return notServed(`ocaType ${order.ocaType}`);
  if (!SERVED_TRIGGER_METHODS.includes(order.triggerMethod)) return notServed(`triggerMethod ${order.triggerMethod}`);
  if (side === undefined) return invalid(`action ${order.action}`);
  if (order.account !== "" && order.account !== accountId) return invalid(`account ${order.account} is not managed`);
  const { quantity } = order;
  if (quantity === undefined || !Number.isSafeInteger(quantity) || quantity <= 0) {
    return invalid("the size of a stock order is a whole number above zero");
  }
  const needsLimit = type === "limit" || type === "stopLimit";
  const needsStop = type === "stop" || type === "stopLimit";
  if (needsLimit && !isPrice(order.limitPrice)) return invalid("a limit price above zero is missing");
  if (needsStop && !isPrice(order.auxPrice)) return invalid("a stop price above zero is missing");
  return {
    side,
    quantity,
    type,
    timeInForce,
    ...(needsLimit && order.limitPrice !== undefined ? { limitPrice: order.limitPrice } : {}),
    ...(needsStop && order.auxPrice !== undefined ? { stopPrice: order.auxPrice } : {}),
  };
}

export function isRefusal(terms: ReadTerms | Refusal): terms is Refusal {
  return "code" in terms;
}

function isPrice(price: number | undefined): boolean {
  return price !== undefined && Number.isFinite(price) && price > 0;
}
