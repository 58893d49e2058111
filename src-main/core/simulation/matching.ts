import type { Micros } from "#shared/lib/time.ts";
import type { Trade } from "#shared/model/market.ts";
import type { ExchangeOrder } from "./exchange-order.ts";

/** Best prices with the size that is still there, and the last print. */
export type Book = {
  readonly bid: number | undefined;
  readonly ask: number | undefined;
  bidSize: number;
  askSize: number;
  readonly last: number | undefined;
  readonly lastTime: Micros;
};

export type Match = {
  readonly isTriggered: boolean;
  /** A limit that the far quote does not meet: it now stands in the book itself. */
  readonly rests: boolean;
  readonly fill?: { readonly quantity: number; readonly price: number; readonly takes: "bid" | "ask" | "none" };
};

/** A resting limit takes at most this share of a print that trades through it. */
const PARTICIPATION = 0.1;

/** The market at hand for one order. */
export type Situation = {
  readonly book: Book;
  readonly trade: Trade | undefined;
  /** The last price that may fire a stop. */
  readonly last: number | undefined;
  /** The quantity that the order may fill. */
  readonly cap: number;
  /** The order stood in the book before this quote or print came. */
  readonly isResting: boolean;
};

/**
 * What one order does against the market at hand. A stop fires on the last price; an aggressive order takes the displayed
 * size of the far quote and no more. A resting limit is met at its limit: by a print through its price, or by a far quote
 * that comes to it, whose owner would have traded with it before quoting any better price.
 */
export function matchOrder(order: ExchangeOrder, situation: Situation): Match {
  const { trade, last } = situation;
  const isTriggered = order.isTriggered || fires(order, trade?.price ?? last);
  const isStop = order.type === "stop" || order.type === "stopLimit";
  if (isStop && !isTriggered) return { isTriggered: false, rests: false };
  const limit = order.type === "limit" || order.type === "stopLimit" ? order.limitPrice : undefined;
  const far = farQuote(order, situation.book);
  const isMarketable = far.price !== undefined && isAcceptable(order, far.price, limit);
  const rests = limit !== undefined && far.price !== undefined && !isMarketable;
  if (isMarketable && far.price !== undefined && far.size >= 1) {
    const price = situation.isResting && limit !== undefined ? limit : far.price;
    const quantity = Math.min(situation.cap, Math.floor(far.size));
    return { isTriggered, rests, fill: { quantity, price, takes: far.takes } };
  }
  const met = limit === undefined || trade === undefined ? undefined : meetPrint(order, trade, limit, situation.cap);
  return met === undefined ? { isTriggered, rests } : { isTriggered, rests, fill: met };
}

function fires(order: ExchangeOrder, last: number | undefined): boolean {
  if (order.stopPrice === undefined || last === undefined) return false;
  return order.side === "sell" ? last <= order.stopPrice : last >= order.stopPrice;
}

function farQuote(order: ExchangeOrder, book: Book) {
  return order.side === "buy"
    ? ({ price: book.ask, size: book.askSize, takes: "ask" } as const)
    : ({ price: book.bid, size: book.bidSize, takes: "bid" } as const);
}

function isAcceptable(order: ExchangeOrder, price: number, limit: number | undefined): boolean {
  return limit === undefined || (order.side === "buy" ? price <= limit : price >= limit);
}

function meetPrint(order: ExchangeOrder, trade: Trade, limit: number, cap: number): Match["fill"] {
  const isThrough = order.side === "buy" ? trade.price < limit : trade.price > limit;
  if (!isThrough || trade.size < 1) return undefined;
  const share = Math.max(1, Math.floor(trade.size * PARTICIPATION));
  return { quantity: Math.min(cap, share), price: limit, takes: "none" };
}
