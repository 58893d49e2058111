import { z } from "zod";

/** What a strategy wants to hold: -1 fully short, 0 flat, +1 fully long. Sizing belongs to portfolio and risk. */
export const signalSchema = z.object({
  id: z.string(),
  time: z.number().int(),
  strategyId: z.string(),
  symbol: z.string(),
  direction: z.number().min(-1).max(1),
  reason: z.string(),
  /** The feature values that the strategy saw, by name. Journalled with the decision. */
  features: z.record(z.string(), z.number()),
});
export type Signal = z.infer<typeof signalSchema>;
