import type { BrokerOrder, BrokerSnapshot } from "#shared/model/broker.ts";
import { isTerminal, type Order } from "#shared/model/order.ts";

/** What a complete reading of the broker says about one order that our journal holds as unfinished. */
export type Verdict = {
  readonly orderRef: string;
  readonly kind: "matched" | "filledAway" | "cancelledAway" | "rejectedAway" | "absent";
  readonly permId?: number;
  /** Shares that the broker says were filled; of `filledAway` only. */
  readonly filledQuantity?: number;
  readonly text: string;
};

/** Our books and the broker's list differ for one symbol. */
export type PositionDifference = { readonly symbol: string; readonly local: number; readonly broker: number };

export type Reconciliation = {
  readonly verdicts: readonly Verdict[];
  readonly foreign: readonly BrokerOrder[];
  readonly differences: readonly PositionDifference[];
  /** orderRefs of parents that the broker holds untransmitted: leftovers of a broken family. */
  readonly untransmitted: readonly string[];
  /** orderRefs that have ended by our journal and work at the broker. */
  readonly revived: readonly string[];
};

/**
 * Compares the journal's unfinished orders and our positions with one complete broker snapshot whose executions have been
 * booked already. Exactly one verdict per unfinished order; it never trades to repair.
 */
export function reconcile(input: {
  readonly orders: readonly Order[];
  readonly positions: ReadonlyMap<string, number>;
  readonly snapshot: BrokerSnapshot;
}): Reconciliation {
  const { orders, positions, snapshot } = input;
  const open = byRef(snapshot.openOrders);
  const completed = byRef(snapshot.completedOrders);
  const known = new Set(orders.map((order) => order.orderRef));
  const ended = new Set(orders.filter((order) => isTerminal(order.status)).map((order) => order.orderRef));
  return {
    verdicts: orders.filter((order) => !isTerminal(order.status)).map((order) => verdictOf(order, open, completed)),
    foreign: snapshot.openOrders.filter((order) => !known.has(order.orderRef)),
    differences: differencesOf(positions, snapshot),
    untransmitted: snapshot.openOrders
      .filter((order) => known.has(order.orderRef) && !order.transmitted)
      .map((order) => order.orderRef),
    revived: snapshot.openOrders
      .filter((order) => ended.has(order.orderRef) && order.transmitted)
      .map((order) => order.orderRef),
  };
}

function byRef(orders: readonly BrokerOrder[]): ReadonlyMap<string, BrokerOrder> {
  return new Map(orders.filter((order) => order.orderRef !== "").map((order) => [order.orderRef, order]));
}

function verdictOf(
  order: Order,
  open: ReadonlyMap<string, BrokerOrder>,
  completed: ReadonlyMap<string, BrokerOrder>,
): Verdict {
  const working = open.get(order.orderRef);
  if (working !== undefined) {
    return { orderRef: order.orderRef, kind: "matched", permId: working.permId, text: `working: ${working.status}` };
  }
  const done = completed.get(order.orderRef);
  if (done === undefined) return { orderRef: order.orderRef, kind: "absent", text: "not in the broker's lists" };
  const shared = { orderRef: order.orderRef, permId: done.permId, text: `completed: ${done.status}` };
  if (done.status === "Filled") return { ...shared, kind: "filledAway", filledQuantity: done.filledQuantity };
  return { ...shared, kind: done.status === "Inactive" ? "rejectedAway" : "cancelledAway" };
}

function differencesOf(local: ReadonlyMap<string, number>, snapshot: BrokerSnapshot): readonly PositionDifference[] {
  const broker = new Map<string, number>();
  for (const position of snapshot.positions) {
    broker.set(position.symbol, (broker.get(position.symbol) ?? 0) + position.quantity);
  }
  const symbols = [...new Set([...local.keys(), ...broker.keys()])].sort();
  return symbols
    .map((symbol) => ({ symbol, local: local.get(symbol) ?? 0, broker: broker.get(symbol) ?? 0 }))
    .filter(({ local: ours, broker: theirs }) => ours !== theirs);
}
