import { z } from "zod";

/** A holding. Money in integer micro-units of the currency; quantity signed, in shares. */
export const positionSchema = z.object({
  symbol: z.string(),
  quantity: z.number().int(),
  /** Total cost of the open FIFO lots, commissions not included; negative for shorts. */
  cost: z.number().int(),
  /** Display only: cost / quantity in currency units; absent when flat. */
  averageCost: z.number().optional(),
  realizedPnl: z.number().int(),
  commissions: z.number().int(),
  /** Last accepted mark; absent when none is known. */
  mark: z.number().optional(),
  markTime: z.number().int().optional(),
  unrealizedPnl: z.number().int().optional(),
  /** Working protective stop at the broker: price and quantity it covers. */
  stopPrice: z.number().optional(),
  protectedQuantity: z.number().int().min(0),
});
export type Position = z.infer<typeof positionSchema>;

/** The account by our own ledger, beside what the broker reports. Absent means unknown. */
export const accountSchema = z.object({
  accountId: z.string(),
  currency: z.string(),
  cash: z.number().int(),
  realizedPnl: z.number().int(),
  unrealizedPnl: z.number().int(),
  commissions: z.number().int(),
  equity: z.number().int(),
  dayPnl: z.number().int(),
  sessionStartEquity: z.number().int(),
  highWaterEquity: z.number().int(),
  brokerNetLiquidation: z.number().int().optional(),
  brokerCash: z.number().int().optional(),
  excessLiquidity: z.number().int().optional(),
  brokerTime: z.number().int().optional(),
});
export type Account = z.infer<typeof accountSchema>;
