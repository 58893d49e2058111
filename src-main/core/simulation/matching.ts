import type { Trade } from "#shared/model/market.ts";
import type { ExchangeOrder } from "./exchange-order.ts";

/** Best prices with the size that is still there, and the last print. */
export type Book = {
  readonly bid: number | undefined;
  readonly ask: number | undefined;
  bidSize: number;
  askSize: number;
  readonly last: number | undefined;
};

export type Match = {
  readonly isTriggered: boolean;
  readonly fill?: { readonly quantity: number; readonly price: number; readonly takes: "bid" | "ask" | "none" };
};

/** A resting limit takes at most this share of a print that trades through it. */
const PARTICIPATION = 0.1;

/**
 * What one order does against the market at hand. `cap` is the quantity it may fill. A stop fires on the last price; an
 * aggressive order takes the displayed size of the far quote and no more; a resting limit needs a print through its price.
 */
export function matchOrder(order: ExchangeOrder, book: Book, trade: Trade | undefined, cap: number): Match {
  const isTriggered = order.isTriggered || fires(order, trade?.price ?? book.last);
  const isStop = order.type === "stop" || order.type === "stopLimit";
  if (isStop && !isTriggered) return { isTriggered: false };
  const limit = order.type === "limit" || order.type === "stopLimit" ? order.limitPrice : undefined;
  const taken = takeQuote(order, book, limit, cap);
  if (taken !== undefined) return { isTriggered, fill: taken };
  const met = limit === undefined || trade === undefined ? undefined : meetPrint(order, trade, limit, cap);
  return met === undefined ? { isTriggered } : { isTriggered, fill: met };
}

function fires(order: ExchangeOrder, last: number | undefined): boolean {
  if (order.stopPrice === undefined || last === undefined) return false;
  return order.side === "sell" ? last <= order.stopPrice : last >= order.stopPrice;
}

function takeQuote(order: ExchangeOrder, book: Book, limit: number | undefined, cap: number): Match["fill"] {
  const isBuy = order.side === "buy";
  const price = isBuy ? book.ask : book.bid;
  const size = isBuy ? book.askSize : book.bidSize;
  if (price === undefined || size < 1) return undefined;
  const isMarketable = limit === undefined || (isBuy ? price <= limit : price >= limit);
  if (!isMarketable) return undefined;
  return { quantity: Math.min(cap, Math.floor(size)), price, takes: isBuy ? "ask" : "bid" };
}

function meetPrint(order: ExchangeOrder, trade: Trade, limit: number, cap: number): Match["fill"] {
  const isThrough = order.side === "buy" ? trade.price < limit : trade.price > limit;
  if (!isThrough || trade.size < 1) return undefined;
  const share = Math.max(1, Math.floor(trade.size * PARTICIPATION));
  return { quantity: Math.min(cap, share), price: limit, takes: "none" };
}
