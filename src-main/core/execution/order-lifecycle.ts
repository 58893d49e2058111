import type { Micros } from "#shared/lib/time.ts";
import type { OrderReport } from "#shared/model/broker.ts";
import { isTerminal, type Order, type OrderStatus } from "#shared/model/order.ts";

export type OrderAlarm = "overfill" | "lateFill" | "impossibleReport";

/** An order after a report, and what is odd about the report, if anything. */
export type Transition = { readonly order: Order; readonly alarm?: OrderAlarm };

/**
 * From which states a report may move the order, and where to. Fills are not in this table: they are booked in every
 * state. A pending cancel is a flag, not a state: the order may still fill.
 */
const TRANSITIONS: Readonly<
  Record<
    Exclude<OrderReport["kind"], "note" | "pendingCancel" | "filled" | "cancelRejected">,
    { readonly from: readonly OrderStatus[]; readonly to: OrderStatus }
  >
> = {
  acknowledged: { from: ["intent", "sent", "unknown"], to: "acked" },
  cancelled: { from: ["intent", "sent", "acked", "partial", "unknown"], to: "cancelled" },
  // TWS also answers a failed modify with these codes; an order that works already then lives on.
  rejected: { from: ["intent", "sent", "unknown"], to: "rejected" },
  // Rejected or held: the broker's word is ambiguous, so it is asked again and nothing is assumed.
  inactive: { from: ["sent", "acked", "partial"], to: "unknown" },
  unrecognised: { from: ["sent", "acked", "partial"], to: "unknown" },
};

/** Applies what the broker said of an order. Fills never come from here. */
export function applyReport(order: Order, report: OrderReport, time: Micros): Transition {
  const seen: Order = {
    ...order,
    updatedTime: time,
    ...(report.permId === undefined ? {} : { permId: report.permId }),
    ...(report.text === "" ? {} : { message: report.text }),
  };
  switch (report.kind) {
    case "note":
      return { order: seen };
    case "pendingCancel":
      return { order: { ...seen, pendingCancel: true } };
    // Filled, gone or foreign: the next reading of the broker tells which. Nothing is assumed.
    case "cancelRejected":
      return { order: { ...seen, pendingCancel: false } };
    // Terminal only once the executions add up to the quantity.
    case "filled":
      return { order: seen };
    default:
      return move(seen, report.kind, time);
  }
}

function move(order: Order, kind: keyof typeof TRANSITIONS, time: Micros): Transition {
  const { from, to } = TRANSITIONS[kind];
  if (order.status === to) return { order };
  if (!from.includes(order.status)) {
    // A routine repeat of "submitted" for an order that already filled in part is no news.
    const isRepeat = kind === "acknowledged" && (order.status === "partial" || isTerminal(order.status));
    return isRepeat ? { order } : { order, alarm: "impossibleReport" };
  }
  const isAck = to === "acked";
  const status = isAck && order.filledQuantity > 0 ? "partial" : to;
  return {
    order: {
      ...order,
      status,
      ...(isAck && order.ackedTime === undefined ? { ackedTime: time } : {}),
      ...(isTerminal(status) ? { pendingCancel: false } : {}),
    },
  };
}

/**
 * Books `quantity` shares at `price`. A fact from the broker is never refused: what is odd about it becomes an alarm, and
 * the status of a finished order does not move back.
 */
export function applyFill(order: Order, quantity: number, price: number, time: Micros): Transition {
  const filledQuantity = order.filledQuantity + quantity;
  const value = (order.averagePrice ?? 0) * order.filledQuantity + price * quantity;
  const filled: Order = {
    ...order,
    filledQuantity,
    averagePrice: value / filledQuantity,
    updatedTime: time,
  };
  if (filledQuantity > order.quantity) return { order: { ...filled, status: "filled" }, alarm: "overfill" };
  if (isTerminal(order.status) && order.status !== "filled") return { order: filled, alarm: "lateFill" };
  const isDone = filledQuantity === order.quantity;
  return {
    order: { ...filled, status: isDone ? "filled" : "partial", ...(isDone ? { pendingCancel: false } : {}) },
  };
}

/**
 * The broker keeps a bracket's child no larger than what its entry bought. News of that may come after the child's own fills:
 * then nothing of it is left to work.
 */
export function applyResized(order: Order, quantity: number, time: Micros): Order {
  const resized = { ...order, quantity, updatedTime: time };
  return order.filledQuantity >= quantity ? { ...resized, status: "filled", pendingCancel: false } : resized;
}

/**
 * The broker lists the order as filled with `filledQuantity` shares. Its executions were booked before: where they come to
 * that number the order has ended, at the size that the broker had for it. Without them it is not filled, whatever the list says.
 */
export function applyFilledAway(order: Order, filledQuantity: number, time: Micros): Order {
  if (isTerminal(order.status) || filledQuantity <= 0 || order.filledQuantity !== filledQuantity) return order;
  return applyResized(order, filledQuantity, time);
}

/** The bytes were handed to the socket. A report may have overtaken this news. */
export function applySent(order: Order, wireId: number, time: Micros): Order {
  const status = order.status === "intent" ? "sent" : order.status;
  return { ...order, status, wireId, sentTime: time, updatedTime: time };
}

/** No acknowledgement in time, or the link broke with the order in flight: only evidence ends this state. */
export function applyUnknown(order: Order, text: string, time: Micros): Order {
  const isOpen = order.status === "sent" || order.status === "acked" || order.status === "partial";
  return isOpen ? { ...order, status: "unknown", message: text, updatedTime: time } : order;
}

/** Nothing left, or two complete snapshots do not show it. It is never sent again. */
export function applyNotPlaced(order: Order, text: string, time: Micros): Order {
  const isUnsettled = order.status === "intent" || order.status === "sent" || order.status === "unknown";
  return isUnsettled
    ? { ...order, status: "notPlaced", message: text, updatedTime: time, pendingCancel: false }
    : order;
}

/** Our own last check before the wire refused it: expired, or no link. */
export function applyNotSent(order: Order, status: "expired" | "notPlaced", text: string, time: Micros): Order {
  return order.status === "intent" ? { ...order, status, message: text, updatedTime: time } : order;
}
