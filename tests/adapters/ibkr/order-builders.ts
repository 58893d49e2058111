import { type Contract, type Order, OrderAction, type Execution as WireExecution } from "@stoqey/ib";
import type { ApprovedOrder } from "#core/risk/risk-engine.ts";

/** Later than any clock of a test. */
const NEVER = Number.MAX_SAFE_INTEGER;

type Terms = { [K in Exclude<keyof ApprovedOrder, symbol>]?: ApprovedOrder[K] | undefined };

/** An order as the risk engine approves it; a field given as undefined is left out. Buys 100 AAPL for 10 at most. */
export function approvedOrder(terms: Terms = {}): ApprovedOrder {
  const order = {
    symbol: "AAPL",
    side: "buy",
    quantity: 100,
    type: "limit",
    limitPrice: 10,
    timeInForce: "day",
    outsideRth: false,
    orderRef: "E-1",
    intentId: "intent-1",
    role: "entry",
    expiresAt: NEVER,
    ...terms,
  };
  const present = Object.entries(order).filter(([, value]) => value !== undefined);
  // Only the risk engine can make one; the adapter is tested without it.
  return Object.fromEntries(present) as unknown as ApprovedOrder;
}

export const AAPL: Contract = { symbol: "AAPL", conId: 100_001 };

/** An order as the library reads it from the broker's lists. */
export function listedOrder(fields: Partial<Order> = {}): Order {
  return {
    action: OrderAction.BUY,
    totalQuantity: 100,
    orderType: "LMT",
    lmtPrice: 10,
    tif: "DAY",
    orderRef: "E-1",
    permId: 77,
    clientId: 10,
    ...fields,
  } as Order;
}

/** An execution as the library reads it. */
export function wireExecution(fields: Partial<Record<keyof WireExecution, unknown>> = {}): WireExecution {
  return {
    execId: "0001.01",
    time: "20261124 10:00:00 US/Eastern",
    acctNumber: "DUSIM0001",
    side: "BOT",
    shares: 40,
    price: 10.01,
    permId: 77,
    clientId: 10,
    cumQty: 40,
    orderRef: "E-1",
    ...fields,
  } as WireExecution;
}
