import { z } from "zod";

export const tradingStateSchema = z.enum(["ACTIVE", "REDUCING", "HALTED", "KILLED"]);
export type TradingState = z.infer<typeof tradingStateSchema>;

/** Every reason for which an order can be refused: one closed list (`controls.md` 2). */
export const RISK_CODES = [
  "KILL_LATCHED",
  "STATE_REDUCING",
  "ORDER_QTY_MAX",
  "ORDER_NOTIONAL_MAX",
  "PRICE_COLLAR",
  "MARKET_PROTECT",
  "TICK_LOT",
  "DATA_STALE",
  "SPREAD_WIDE",
  "PX_ANOMALY",
  "DUPLICATE",
  "MSG_THROTTLE",
  "ORDER_RATE",
  "OPEN_ORDERS",
  "POS_LIMIT",
  "GROSS_NET",
  "CONCENTRATION",
  "BUYING_POWER",
  "DAILY_LOSS",
  "DRAWDOWN",
  "POSITION_LOSS",
  "SESSION",
  "RESTRICTED",
  "INTENT_EXPIRED",
  "UNRECONCILED",
  "CONN_STATE",
  "LIVE_GATE",
  "NOT_FINITE",
  "STOP_REQUIRED",
  "TAKE_PROFIT",
  "DAILY_TRADES",
  "DAILY_NOTIONAL",
  "LIQUIDITY",
  "BREAKER_OPEN",
  "JOURNAL_STALL",
  "CRASH_LOOP",
  "REDUCE_ONLY",
  "SIZE_ZERO",
  "UNKNOWN_ADV",
  "UNKNOWN_SYMBOL",
  "DISARMED",
  "STRATEGY_OFF",
] as const;
export const riskCodeSchema = z.enum(RISK_CODES);
export type RiskCode = z.infer<typeof riskCodeSchema>;

/** One failed control. `headroom` = allowed - requested; numbers absent where the rule has none. */
export const riskFailureSchema = z.object({
  code: riskCodeSchema,
  detail: z.string(),
  allowed: z.union([z.number(), z.string()]).optional(),
  requested: z.union([z.number(), z.string()]).optional(),
  headroom: z.number().optional(),
});
export type RiskFailure = z.infer<typeof riskFailureSchema>;

/** One control as the risk console shows it: the limit that is shown is the limit that blocks. */
export const riskGaugeSchema = z.object({
  code: riskCodeSchema,
  title: z.string(),
  scope: z.enum(["A", "O", "S"]),
  unit: z.string(),
  /** Worst case including working orders; absent = unknown, shown as a dash. */
  value: z.number().optional(),
  limit: z.number().optional(),
  headroom: z.number().optional(),
  configKey: z.string().optional(),
  denialsToday: z.number().int().min(0),
  lastDenialTime: z.number().int().optional(),
  notApplicable: z.string().optional(),
});
export type RiskGauge = z.infer<typeof riskGaugeSchema>;

/** Why a scope is not ACTIVE. States are derived from causes, never written. */
export const stateCauseSchema = z.object({
  code: z.enum([
    "KILL",
    "DAILY_LOSS",
    "DRAWDOWN",
    "LINK",
    "UNRECONCILED",
    "JOURNAL_STALL",
    "CLOCK",
    "POSITION_LOSS",
    "CONSECUTIVE_LOSS",
    "CRASH_LOOP",
    "DISARMED",
  ]),
  /** `account`, `strategy:<id>` or `symbol:<symbol>`. */
  scope: z.string(),
  severity: tradingStateSchema,
  since: z.number().int(),
  detail: z.string(),
  clears: z.string(),
});
export type StateCause = z.infer<typeof stateCauseSchema>;

/** The gate's answer, as journalled and shown. `controls` counts what was evaluated. */
export const decisionSchema = z.object({
  intentId: z.string(),
  time: z.number().int(),
  verdict: z.enum(["approved", "denied"]),
  symbol: z.string(),
  side: z.enum(["buy", "sell"]),
  quantity: z.number().int(),
  role: z.string(),
  source: z.string(),
  reason: z.string(),
  orderRefs: z.array(z.string()),
  failures: z.array(riskFailureSchema),
  controls: z.number().int().min(0),
  /** What the decision saw: quote, position, equity, features. */
  saw: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type Decision = z.infer<typeof decisionSchema>;
