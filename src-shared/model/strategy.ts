import { z } from "zod";

/** A strategy as the workstation shows it. */
export const strategyViewSchema = z.object({
  id: z.string(),
  title: z.string(),
  version: z.string(),
  enabled: z.boolean(),
  symbols: z.array(z.string()),
  timeframe: z.string(),
  parameters: z.record(z.string(), z.number()),
  warmedUp: z.number().int().min(0),
  signals: z.number().int().min(0),
  lastSignalTime: z.number().int().optional(),
  lastSignal: z.string().optional(),
  error: z.string().optional(),
});
export type StrategyView = z.infer<typeof strategyViewSchema>;
