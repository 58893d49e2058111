import { roundToTick } from "#shared/lib/ticks.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import { type OrderRequest, type OrderRole, type OrderTerms, opposite, type Side } from "#shared/model/order.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import { CONTROLS } from "./checks.ts";
import { type Judged, judge } from "./control.ts";
import { collarReference, expectedEntryPrice, isOpening, type RiskLimits, type RiskView } from "./risk-view.ts";

declare const approved: unique symbol;

/** An order that passed every control. Only this file can make one, and only this type can be sent. */
export type ApprovedOrder = OrderTerms & {
  readonly [approved]: true;
  readonly orderRef: string;
  readonly intentId: string;
  readonly role: OrderRole;
  /** orderRef of the entry whose child this is. */
  readonly parentRef?: string;
  /** Children of one entry cancel each other (type 1, with block). */
  readonly ocaGroup?: string;
  /** Not a byte leaves after this instant. */
  readonly expiresAt: Micros;
};

/** `request` is the request as judged: rounded to ticks, protected, with its bracket. */
export type RiskDecision =
  | {
      readonly kind: "approved";
      readonly request: OrderRequest;
      readonly isOpening: boolean;
      /** The entry and its children in the order in which they must reach the broker. */
      readonly orders: readonly [ApprovedOrder, ...ApprovedOrder[]];
    }
  | {
      readonly kind: "denied";
      readonly request: OrderRequest;
      readonly isOpening: boolean;
      readonly failures: readonly RiskFailure[];
    };

/** Makes the identity of an order of a role; the sequence behind it is burnt by the call. */
export type MintOrderRef = (role: OrderRole) => string;

/**
 * The only door to the broker. Every control is evaluated, none is skipped, and the decision lists each failure.
 * `mint` is called only when the request passes.
 */
export function decide(asked: OrderRequest, view: RiskView, mint: MintOrderRef): RiskDecision {
  const request = shape(asked, view);
  const judged = judge(request, view);
  const failures = evaluate(judged, view);
  if (failures.length > 0) return { kind: "denied", request, isOpening: judged.isOpening, failures };
  return { kind: "approved", request, isOpening: judged.isOpening, orders: approve(request, view, mint) };
}

/** Every failure of every control that applies. Opening-only controls leave exits alone. */
function evaluate(judged: Judged, view: RiskView): readonly RiskFailure[] {
  return CONTROLS.flatMap((control) => {
    const applies = control.scope === "A" || (control.scope === "O" && judged.isOpening);
    return applies ? control.check(judged, view) : [];
  });
}

/**
 * What a broker is really asked for: a market order becomes a limit that pays at most a little more than the far side, an
 * exit's limit is drawn back to the collar, prices lie on ticks (buy down, sell up), and an entry carries its target.
 */
function shape(asked: OrderRequest, view: RiskView): OrderRequest {
  const instrument = view.instrument;
  if (instrument === undefined) return asked;
  const protectedRequest = protectMarket(asked, view, instrument);
  const collared = isOpening(asked, view) ? protectedRequest : collarExit(protectedRequest, view);
  return roundPrices(withTarget(collared, view), instrument);
}

function protectMarket(request: OrderRequest, view: RiskView, instrument: Instrument): OrderRequest {
  if (request.type !== "market") return request;
  const { bid, ask, last } = view.market;
  const [far, near] = request.side === "buy" ? [ask, bid] : [bid, ask];
  // An exit is shaped before it is refused: without a far side it goes by the last print, else by the side that is there.
  const reference = far ?? (isOpening(request, view) ? undefined : (last ?? near));
  if (reference === undefined || !(reference > 0)) return request;
  const direction = request.side === "buy" ? "down" : "up";
  const limitPrice = marketableLimit(request.side, reference, view.limits);
  return { ...request, type: "limit", limitPrice: roundToTick(instrument.priceBands, limitPrice, direction) };
}

/** The limit that an order at the market carries, before it is rounded to the tick in our favour. */
export function marketableLimit(side: Side, farSide: number, limits: RiskLimits): number {
  return farSide * (1 + ((side === "buy" ? 1 : -1) * limits.marketableLimitPercent) / 100);
}

function collarExit(request: OrderRequest, view: RiskView): OrderRequest {
  const reference = collarReference(view.market);
  if (request.limitPrice === undefined || reference === undefined) return request;
  const bound = reference * (1 + ((request.side === "buy" ? 1 : -1) * view.limits.collarPercent) / 100);
  const limitPrice = request.side === "buy" ? Math.min(request.limitPrice, bound) : Math.max(request.limitPrice, bound);
  return { ...request, limitPrice };
}

function withTarget(request: OrderRequest, view: RiskView): OrderRequest {
  if (request.role !== "entry" || request.takeProfit !== undefined) return request;
  const price = expectedEntryPrice(request, view.market);
  if (price === undefined) return request;
  const factor = 1 + ((request.side === "buy" ? 1 : -1) * view.limits.takeProfitPercent) / 100;
  return { ...request, takeProfit: price * factor };
}

function roundPrices(request: OrderRequest, instrument: Instrument): OrderRequest {
  const bands = instrument.priceBands;
  const isBuy = request.side === "buy";
  const round = (price: number, direction: "down" | "up"): number =>
    Number.isFinite(price) && price > 0 ? roundToTick(bands, price, direction) : price;
  const { limitPrice, stopPrice, stopLoss, takeProfit } = request;
  return {
    ...request,
    ...(limitPrice === undefined ? {} : { limitPrice: round(limitPrice, isBuy ? "down" : "up") }),
    ...(stopPrice === undefined ? {} : { stopPrice: round(stopPrice, isBuy ? "up" : "down") }),
    // The protective way: nearer to the entry, so that rounding never widens the loss.
    ...(stopLoss === undefined ? {} : { stopLoss: round(stopLoss, isBuy ? "up" : "down") }),
    ...(takeProfit === undefined ? {} : { takeProfit: round(takeProfit, isBuy ? "up" : "down") }),
  };
}

function approve(
  request: OrderRequest,
  view: RiskView,
  mint: MintOrderRef,
): readonly [ApprovedOrder, ...ApprovedOrder[]] {
  const expiresAt = request.time + view.limits.signalExpirySeconds * SECOND;
  const shared = { intentId: request.intentId, expiresAt };
  const parent = seal({ ...shared, ...termsOf(request), orderRef: mint(request.role), role: request.role });
  const children: ApprovedOrder[] = [];
  const child = (role: "stop" | "target", terms: Partial<OrderTerms> & Pick<OrderTerms, "type">): void => {
    const base: OrderTerms = {
      symbol: request.symbol,
      side: opposite(request.side),
      quantity: request.quantity,
      // Protection outlives the day: a position must never wake up without its stop.
      timeInForce: "gtc",
      outsideRth: false,
      ...terms,
    };
    const links = { parentRef: parent.orderRef, ocaGroup: `OCA-${parent.orderRef}` };
    children.push(seal({ ...shared, ...base, ...links, orderRef: mint(role), role }));
  };
  if (request.role === "entry" && request.takeProfit !== undefined) {
    child("target", { type: "limit", limitPrice: request.takeProfit });
  }
  if (request.role === "entry" && request.stopLoss !== undefined) {
    child("stop", { type: "stop", stopPrice: request.stopLoss });
  }
  return [parent, ...children];
}

function termsOf(request: OrderRequest): OrderTerms {
  return {
    symbol: request.symbol,
    side: request.side,
    quantity: request.quantity,
    type: request.type,
    timeInForce: request.timeInForce,
    outsideRth: request.outsideRth,
    ...(request.limitPrice === undefined ? {} : { limitPrice: request.limitPrice }),
    ...(request.stopPrice === undefined ? {} : { stopPrice: request.stopPrice }),
  };
}

function seal(order: Omit<ApprovedOrder, typeof approved>): ApprovedOrder {
  return order as ApprovedOrder;
}
