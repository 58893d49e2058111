import { z } from "zod";

export const sideSchema = z.enum(["buy", "sell"]);
export type Side = z.infer<typeof sideSchema>;

export const orderTypeSchema = z.enum(["market", "limit", "stop", "stopLimit"]);
export type OrderType = z.infer<typeof orderTypeSchema>;

export const timeInForceSchema = z.enum(["day", "gtc", "ioc"]);
export type TimeInForce = z.infer<typeof timeInForceSchema>;

/** What an order is for. Its letter stands in the orderRef: E S T X F G. */
export const orderRoleSchema = z.enum(["entry", "stop", "target", "exit", "flatten", "guardian"]);
export type OrderRole = z.infer<typeof orderRoleSchema>;

/** Who asked for it. */
export const orderSourceSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("strategy"), strategyId: z.string() }),
  z.object({ kind: z.literal("manual"), who: z.string() }),
  z.object({ kind: z.literal("system"), why: z.string() }),
  z.object({ kind: z.literal("foreign") }),
]);
export type OrderSource = z.infer<typeof orderSourceSchema>;

/** `controls.md` 4.3. Pending cancel is a flag, not a state: the order may still fill. */
export const orderStatusSchema = z.enum([
  "intent",
  "denied",
  "expired",
  "sent",
  "acked",
  "partial",
  "filled",
  "cancelled",
  "rejected",
  "notPlaced",
  "unknown",
]);
export type OrderStatus = z.infer<typeof orderStatusSchema>;

/** The terms that the broker is asked for. Prices lie on ticks when they leave the risk engine. */
export const orderTermsSchema = z.object({
  symbol: z.string(),
  side: sideSchema,
  quantity: z.number().int().positive(),
  type: orderTypeSchema,
  limitPrice: z.number().positive().optional(),
  stopPrice: z.number().positive().optional(),
  timeInForce: timeInForceSchema,
  outsideRth: z.boolean(),
});
export type OrderTerms = z.infer<typeof orderTermsSchema>;

/** A wish for an order, from a strategy, a person or the system. Only the risk engine turns it into an order. */
export const orderRequestSchema = orderTermsSchema.extend({
  /** Unique for ever; a repeated intent id is denied as a duplicate. */
  intentId: z.string().min(1),
  role: orderRoleSchema,
  source: orderSourceSchema,
  /** Time of the signal or of the person's command; the intent expires against it. */
  time: z.number().int(),
  reason: z.string(),
  /** True: may only lower |position|, never cross zero. */
  reduceOnly: z.boolean(),
  /** Native protective children of an entry. An entry without `stopLoss` is denied (STOP_REQUIRED). */
  stopLoss: z.number().positive().optional(),
  takeProfit: z.number().positive().optional(),
});
export type OrderRequest = z.infer<typeof orderRequestSchema>;

/** One order as the engine knows it. */
export const orderSchema = orderTermsSchema.extend({
  orderRef: z.string(),
  intentId: z.string(),
  role: orderRoleSchema,
  source: orderSourceSchema,
  reason: z.string(),
  /** orderRef of the entry whose bracket this order belongs to. */
  parentRef: z.string().optional(),
  status: orderStatusSchema,
  filledQuantity: z.number().int().min(0),
  /** Display only: sum of execution values over quantity. */
  averagePrice: z.number().optional(),
  permId: z.number().optional(),
  wireId: z.number().optional(),
  pendingCancel: z.boolean(),
  createdTime: z.number().int(),
  sentTime: z.number().int().optional(),
  ackedTime: z.number().int().optional(),
  updatedTime: z.number().int(),
  /** Last words of the broker or of our own gate, in plain text. */
  message: z.string().optional(),
});
export type Order = z.infer<typeof orderSchema>;

/** One execution, booked once per execId stem. */
export const fillSchema = z.object({
  execId: z.string(),
  orderRef: z.string(),
  symbol: z.string(),
  side: sideSchema,
  quantity: z.number().int().positive(),
  price: z.number().positive(),
  time: z.number().int(),
  /** Integer micro-units; absent until the broker reports it. Unknown is not zero. */
  commission: z.number().int().optional(),
  source: orderSourceSchema,
  role: orderRoleSchema,
});
export type Fill = z.infer<typeof fillSchema>;

const TERMINAL: ReadonlySet<OrderStatus> = new Set([
  "denied",
  "expired",
  "filled",
  "cancelled",
  "rejected",
  "notPlaced",
]);

/** True when no further fill is expected. A fill that comes nevertheless is booked and raises an alarm. */
export function isTerminal(status: OrderStatus): boolean {
  return TERMINAL.has(status);
}

export function opposite(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}

/** +quantity for a buy, -quantity for a sell. */
export function signed(side: Side, quantity: number): number {
  return side === "buy" ? quantity : -quantity;
}
