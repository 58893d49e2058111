import type { Micros } from "#shared/lib/time.ts";
import type { OrderTerms, Side } from "#shared/model/order.ts";

/** Link to the broker as the engine sees it. Orders may open only while `live`. */
export type LinkState = "down" | "connecting" | "syncing" | "live" | "degraded";

/** One execution as the broker reports it: the only source of fills. Idempotent by `execId`. */
export type Execution = {
  readonly execId: string;
  /** Empty for orders that are not ours. */
  readonly orderRef: string;
  readonly permId: number;
  readonly clientId: number;
  readonly accountId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  readonly exchangeTime: Micros;
  readonly cumulativeQuantity: number;
};

/** What the broker says about one of our orders. Fills are never taken from here. */
export type OrderReport = {
  readonly kind:
    | "acknowledged"
    | "filled"
    | "cancelled"
    | "rejected"
    | "cancelRejected"
    | "pendingCancel"
    | "inactive"
    | "note"
    | "unrecognised";
  readonly orderRef: string;
  readonly permId?: number;
  readonly code?: number;
  readonly text: string;
};

/** An order that the broker lists, ours (with orderRef) or foreign. */
export type BrokerOrder = {
  readonly orderRef: string;
  readonly permId: number;
  readonly clientId: number;
  readonly orderId: number;
  readonly terms: OrderTerms;
  readonly status: string;
  readonly filledQuantity: number;
  readonly transmitted: boolean;
};

export type BrokerPosition = {
  readonly accountId: string;
  readonly symbol: string;
  readonly quantity: number;
  readonly averageCost: number;
};

/** One complete reading of the broker: every part was read to its End message in one generation. */
export type BrokerSnapshot = {
  readonly generation: number;
  /** When it was begun: what has happened since may be in it or not. */
  readonly begun: Micros;
  readonly openOrders: readonly BrokerOrder[];
  readonly completedOrders: readonly BrokerOrder[];
  readonly executions: readonly Execution[];
  readonly positions: readonly BrokerPosition[];
};
