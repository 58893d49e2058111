import { z } from "zod";
import { alertSchema } from "#shared/model/alert.ts";
import { instrumentSchema } from "#shared/model/instrument.ts";
import { barSchema, dataQualitySchema, timeframeSchema } from "#shared/model/market.ts";
import { fillSchema, orderSchema } from "#shared/model/order.ts";
import { accountSchema, positionSchema } from "#shared/model/portfolio.ts";
import { decisionSchema, riskGaugeSchema, stateCauseSchema, tradingStateSchema } from "#shared/model/risk.ts";
import { strategyViewSchema } from "#shared/model/strategy.ts";

/** One row of the watchlist. Absent = unknown, drawn as a dash. */
export const quoteRowSchema = z.object({
  symbol: z.string(),
  bid: z.number().optional(),
  ask: z.number().optional(),
  bidSize: z.number().optional(),
  askSize: z.number().optional(),
  last: z.number().optional(),
  lastSize: z.number().optional(),
  /** Cumulative shares of the session, from what has been received. */
  volume: z.number().optional(),
  previousClose: z.number().optional(),
  open: z.number().optional(),
  high: z.number().optional(),
  low: z.number().optional(),
  averageDailyVolume: z.number().optional(),
  /** Receive time of the newest tick. Age is computed against the engine's clock. */
  time: z.number().int().optional(),
  quality: dataQualitySchema.optional(),
  /** Why no data comes, in words: the broker's refusal. */
  refusal: z.string().optional(),
  /** Validator flags that stand now: crossed, oneSided, wide, quarantined, stale. */
  flags: z.array(z.string()),
});
export type QuoteRow = z.infer<typeof quoteRowSchema>;

/** A completed or forming bar of one chart. */
export const barRowSchema = z.object({
  symbol: z.string(),
  timeframe: timeframeSchema,
  bar: barSchema,
  complete: z.boolean(),
});
export type BarRow = z.infer<typeof barRowSchema>;

export const statusSchema = z.object({
  profile: z.enum(["simulation", "paper", "live"]),
  accountAlias: z.string(),
  build: z.string(),
  /** Engine time; virtual in simulation. */
  time: z.number().int(),
  speed: z.union([z.number(), z.literal("max")]).optional(),
  tradingState: tradingStateSchema,
  causes: z.array(stateCauseSchema),
  armed: z.boolean(),
  strategiesOn: z.number().int(),
  link: z.object({ state: z.string(), since: z.number().int().optional(), detail: z.string() }),
  data: z.object({
    watched: z.number().int(),
    live: z.number().int(),
    stale: z.number().int(),
    refused: z.number().int(),
    oldestAgeMs: z.number().optional(),
  }),
  market: z.object({
    phase: z.enum(["open", "closed"]),
    sessionDate: z.string().optional(),
    open: z.number().int().optional(),
    close: z.number().int().optional(),
    nextOpen: z.number().int().optional(),
    isEarlyClose: z.boolean(),
  }),
  /** Micro-units; headroom to the first loss stage. */
  pnl: z.object({
    day: z.number().int().optional(),
    dayPercent: z.number().optional(),
    headroom: z.number().optional(),
  }),
  /** What one press of KILL does now. */
  kill: z.object({
    entries: z.number().int(),
    protective: z.number().int(),
    positions: z.number().int(),
    value: z.number().int(),
  }),
  alerts: z.object({ critical: z.number().int(), warning: z.number().int() }),
  orderPathP99Ms: z.number().optional(),
  messagesLastSecond: z.number().int().optional(),
});

export const distributionSchema = z.object({
  count: z.number().int(),
  p50: z.number().optional(),
  p90: z.number().optional(),
  p99: z.number().optional(),
  max: z.number().optional(),
});
export type Distribution = z.infer<typeof distributionSchema>;

export const monitorSchema = z.object({
  time: z.number().int(),
  /** Milliseconds of wall time, over the last five minutes. */
  latency: z.record(z.string(), distributionSchema),
  rates: z.record(z.string(), z.number()),
  queues: z.record(z.string(), z.object({ depth: z.number(), bound: z.number().optional() })),
  counters: z.record(z.string(), z.number()),
  memory: z.object({ rssBytes: z.number(), heapBytes: z.number() }),
  health: z.array(
    z.object({
      name: z.string(),
      state: z.enum(["ok", "warning", "down", "unknown"]),
      detail: z.string(),
      since: z.number().int().optional(),
    }),
  ),
  connections: z.array(
    z.object({
      role: z.string(),
      state: z.string(),
      since: z.number().int(),
      generation: z.number().int(),
      clientId: z.number().int(),
      serverVersion: z.number().int().optional(),
      detail: z.string(),
      nextAttempt: z.number().int().optional(),
    }),
  ),
});
export type Monitor = z.infer<typeof monitorSchema>;

export const instrumentRowSchema = instrumentSchema.extend({ isTradable: z.boolean(), refusal: z.string().optional() });
export type InstrumentRow = z.infer<typeof instrumentRowSchema>;

/**
 * Every stream that a view can subscribe to. `lossless`: numbered deltas, nothing dropped or merged. Otherwise the newest
 * value per key, at most ten a second. `key` names the field that identifies a row; a snapshot is the array of its rows.
 */
export const TOPICS = {
  status: { schema: statusSchema, lossless: false, key: () => "status" },
  quotes: { schema: quoteRowSchema, lossless: false, key: (row: QuoteRow) => row.symbol },
  formingBars: { schema: barRowSchema, lossless: false, key: (row: BarRow) => `${row.symbol}:${row.timeframe}` },
  account: { schema: accountSchema, lossless: false, key: () => "account" },
  monitor: { schema: monitorSchema, lossless: false, key: () => "monitor" },
  bars: { schema: barRowSchema, lossless: true, key: (row: BarRow) => `${row.symbol}:${row.timeframe}` },
  orders: { schema: orderSchema, lossless: true, key: (row: z.infer<typeof orderSchema>) => row.orderRef },
  fills: { schema: fillSchema, lossless: true, key: (row: z.infer<typeof fillSchema>) => row.execId },
  positions: { schema: positionSchema, lossless: true, key: (row: z.infer<typeof positionSchema>) => row.symbol },
  decisions: { schema: decisionSchema, lossless: true, key: (row: z.infer<typeof decisionSchema>) => row.intentId },
  risk: { schema: riskGaugeSchema, lossless: true, key: (row: z.infer<typeof riskGaugeSchema>) => row.code },
  alerts: { schema: alertSchema, lossless: true, key: (row: z.infer<typeof alertSchema>) => row.id },
  strategies: { schema: strategyViewSchema, lossless: true, key: (row: z.infer<typeof strategyViewSchema>) => row.id },
  instruments: { schema: instrumentRowSchema, lossless: true, key: (row: InstrumentRow) => row.symbol },
} as const;
export type TopicName = keyof typeof TOPICS;
export type TopicRow<T extends TopicName> = z.infer<(typeof TOPICS)[T]["schema"]>;
