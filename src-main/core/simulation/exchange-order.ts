import type { Micros } from "#shared/lib/time.ts";
import type { OrderTerms, Side } from "#shared/model/order.ts";

/** Where an order stands at the exchange. `held`: not transmitted; `parked`: waits for its parent, trigger or session. */
export type ExchangeStatus = "held" | "parked" | "working" | "filled" | "cancelled" | "rejected";

/** An order as the exchange holds it. */
export type ExchangeOrder = OrderTerms & {
  readonly clientId: number;
  readonly orderId: number;
  readonly permId: number;
  readonly accountId: string;
  readonly orderRef: string;
  readonly parentId: number;
  readonly ocaGroup: string;
  readonly transmit: boolean;
  readonly status: ExchangeStatus;
  readonly filledQuantity: number;
  /** Sum of price x quantity of its fills, in currency units; the average price is this over the filled quantity. */
  readonly filledValue: number;
  readonly lastFillPrice: number;
  readonly isPendingCancel: boolean;
  /** A stop that has fired works as a market or limit order from then on. */
  readonly isTriggered: boolean;
  /** Commission charged so far in micro-units: the minimum is per order, not per fill. */
  readonly commission: number;
  readonly placedTime: Micros;
};

export type ExchangeExecution = {
  readonly execId: string;
  readonly order: ExchangeOrder;
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  readonly time: Micros;
  readonly cumulativeQuantity: number;
  readonly averagePrice: number;
  /** Micro-units. */
  readonly commission: number;
  /** Micro-units realised by this fill; undefined when it opened. */
  readonly realizedPnl: number | undefined;
};

/** What the exchange says, in order. `error` carries the broker's code. */
export type ExchangeReport =
  | { readonly kind: "opened"; readonly order: ExchangeOrder }
  | { readonly kind: "status"; readonly order: ExchangeOrder }
  | { readonly kind: "execution"; readonly execution: ExchangeExecution }
  | {
      readonly kind: "error";
      readonly clientId: number;
      readonly orderId: number;
      readonly code: number;
      readonly text: string;
    };

/** What a client asks for. `orderId` is the client's own number. */
export type PlaceRequest = OrderTerms & {
  readonly clientId: number;
  readonly orderId: number;
  readonly accountId: string;
  readonly orderRef: string;
  readonly parentId: number;
  readonly ocaGroup: string;
  readonly transmit: boolean;
};

export function averagePrice(order: ExchangeOrder): number {
  return order.filledQuantity === 0 ? 0 : order.filledValue / order.filledQuantity;
}

export function remaining(order: ExchangeOrder): number {
  return order.quantity - order.filledQuantity;
}

export function isDone(order: ExchangeOrder): boolean {
  return order.status === "filled" || order.status === "cancelled" || order.status === "rejected";
}
