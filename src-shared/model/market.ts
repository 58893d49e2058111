import { z } from "zod";

export const TIMEFRAMES = ["1m", "5m", "15m", "1h", "1d"] as const;
export const timeframeSchema = z.enum(TIMEFRAMES);
export type Timeframe = z.infer<typeof timeframeSchema>;

/** Where a price comes from. Strategies trade on `live` only. */
export const dataQualitySchema = z.enum(["live", "delayed", "frozen"]);
export type DataQuality = z.infer<typeof dataQualitySchema>;

/** Best bid and offer. A side without interest is absent; sizes are in shares. */
export const quoteSchema = z.object({
  symbol: z.string(),
  time: z.number().int(),
  bid: z.number().positive().optional(),
  ask: z.number().positive().optional(),
  bidSize: z.number().min(0),
  askSize: z.number().min(0),
  quality: dataQualitySchema,
});
export type Quote = z.infer<typeof quoteSchema>;

/** One print. */
export const tradeSchema = z.object({
  symbol: z.string(),
  time: z.number().int(),
  price: z.number().positive(),
  size: z.number().min(0),
});
export type Trade = z.infer<typeof tradeSchema>;

/** Open, high, low, close and volume of [start, start + timeframe). `start` in UTC microseconds, volume in shares. */
export const barSchema = z.object({
  start: z.number().int(),
  open: z.number().positive(),
  high: z.number().positive(),
  low: z.number().positive(),
  close: z.number().positive(),
  volume: z.number().min(0),
});
export type Bar = z.infer<typeof barSchema>;
