import { z } from "zod";
import { orderTypeSchema, sideSchema, timeInForceSchema } from "#shared/model/order.ts";

/** What a person asks for in the ticket. Stop and target become native children of the entry. */
export const ticketSchema = z.strictObject({
  symbol: z.string().min(1).max(8),
  side: sideSchema,
  quantity: z.number().int().positive().max(10_000_000),
  type: orderTypeSchema,
  limitPrice: z.number().positive().finite().optional(),
  stopPrice: z.number().positive().finite().optional(),
  timeInForce: timeInForceSchema,
  outsideRth: z.boolean(),
  reduceOnly: z.boolean(),
  stopLoss: z.number().positive().finite().optional(),
  takeProfit: z.number().positive().finite().optional(),
});
export type Ticket = z.infer<typeof ticketSchema>;

export const killModeSchema = z.enum(["stop", "panic", "panicFlatten"]);
export type KillMode = z.infer<typeof killModeSchema>;

/** The words that a person types to re-arm after a kill. */
export const REARM_PHRASE = "RE-ARM";

/** A person's act. It reaches the engine as an event like any other: same gate, same journal. */
export const commandSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("placeOrder"), ticket: ticketSchema }),
  z.strictObject({ kind: z.literal("cancelOrder"), orderRef: z.string().min(1).max(40) }),
  z.strictObject({ kind: z.literal("closePosition"), symbol: z.string().min(1).max(8) }),
  /** Everything flat by exits through the gate, or one symbol. While KILLED it is a FLATTEN grant. */
  z.strictObject({ kind: z.literal("flatten"), symbol: z.string().min(1).max(8).optional() }),
  z.strictObject({ kind: z.literal("kill"), mode: killModeSchema, reason: z.string().max(500) }),
  z.strictObject({ kind: z.literal("rearm"), phrase: z.string().max(40), reason: z.string().max(500) }),
  /** `accountId` must be typed in profile live. */
  z.strictObject({ kind: z.literal("arm"), accountId: z.string().max(40).optional() }),
  z.strictObject({ kind: z.literal("disarm"), reason: z.string().max(500) }),
  z.strictObject({ kind: z.literal("setStrategy"), strategyId: z.string().min(1).max(60), enabled: z.boolean() }),
  z.strictObject({
    kind: z.literal("setLimit"),
    key: z.string().min(1).max(80),
    value: z.number().finite(),
    reason: z.string().max(500),
  }),
]);
export type Command = z.infer<typeof commandSchema>;

/** Who gave a command, and from where. Journalled with it. */
export const originSchema = z.strictObject({
  who: z.string().max(60),
  from: z.enum(["window", "browser", "cli", "host"]),
});
export type Origin = z.infer<typeof originSchema>;

/** The engine's answer to a command. A refusal is data. */
export const commandResultSchema = z.object({
  commandId: z.string(),
  accepted: z.boolean(),
  message: z.string(),
  orderRefs: z.array(z.string()),
  failures: z.array(
    z.object({
      code: z.string(),
      detail: z.string(),
      allowed: z.union([z.number(), z.string()]).optional(),
      requested: z.union([z.number(), z.string()]).optional(),
      headroom: z.number().optional(),
    }),
  ),
});
export type CommandResult = z.infer<typeof commandResultSchema>;
