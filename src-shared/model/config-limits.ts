import { z } from "zod";
import { alias, fractionAlias, integer, number, percentAlias } from "./config-field.ts";

/** How large a position a signal may ask for. */
export const sizingSection = z.strictObject({
  positionPercent: number({
    title: "Size of one position",
    unit: "%",
    default: 2,
    min: 0.1,
    max: 10,
    aliases: [fractionAlias("RISK_MAX_POSITION_PCT")],
    enforcedIn: ["sizing"],
  }),
  riskPercent: number({
    title: "Loss at the stop of one position",
    unit: "%",
    default: 1,
    min: 0.05,
    max: 5,
    enforcedIn: ["sizing"],
  }),
  correlationFrom: number({
    title: "Correlation to held symbols from which size shrinks",
    unit: "correlation",
    default: 0.7,
    min: 0,
    max: 0.95,
    aliases: [alias("CORRELATION_MAX"), alias("RISK_CORRELATION_LIMIT")],
    enforcedIn: ["sizing"],
    isEnforced: false,
  }),
});

/** Which market data an opening order may rely on. */
export const dataSection = z.strictObject({
  stalenessSeconds: number({
    title: "Age of a symbol's quote, at most (a busy symbol must be fresher)",
    unit: "s",
    default: 60,
    min: 1,
    max: 60,
    aliases: [alias("DATA_STALENESS_SECONDS")],
    enforcedIn: ["DATA_STALE"],
  }),
  feedStalenessSeconds: number({
    title: "Silence of the whole feed, at most",
    unit: "s",
    default: 5,
    min: 1,
    max: 60,
    enforcedIn: ["DATA_STALE"],
  }),
  maxSpreadPercent: number({
    title: "Spread of the quote, of its middle",
    unit: "% of price",
    default: 1,
    min: 0.01,
    max: 5,
    aliases: [percentAlias("MAX_SPREAD_PERCENT")],
    enforcedIn: ["SPREAD_WIDE"],
  }),
});

export const breakerSection = z.strictObject({
  threshold: integer({
    title: "Failures in a row that open a circuit breaker",
    unit: "failures",
    default: 5,
    min: 1,
    max: 50,
    aliases: [alias("CIRCUIT_BREAKER_THRESHOLD")],
    enforcedIn: ["BREAKER_OPEN"],
  }),
  timeoutSeconds: number({
    title: "Time until an open circuit breaker is probed",
    unit: "s",
    default: 300,
    min: 10,
    max: 3_600,
    aliases: [alias("CIRCUIT_BREAKER_TIMEOUT")],
    enforcedIn: ["BREAKER_OPEN"],
  }),
});

export const executionSection = z.strictObject({
  orderTimeoutSeconds: number({
    title: "Time after which an unfilled entry is cancelled",
    unit: "s",
    default: 30,
    min: 5,
    max: 300,
    aliases: [alias("EXECUTION_ORDER_TIMEOUT")],
    enforcedIn: ["order timeout"],
  }),
  positionTimeoutHours: number({
    title: "Age of a position that raises an alert",
    unit: "h",
    default: 24,
    min: 1,
    max: 168,
    aliases: [alias("EXECUTION_POSITION_TIMEOUT")],
    enforcedIn: ["position timeout"],
  }),
  maxConcurrentParents: integer({
    title: "Parent orders under way at once",
    unit: "orders",
    default: 10,
    min: 1,
    max: 50,
    option: "--max-concurrent",
    enforcedIn: ["OPEN_ORDERS"],
  }),
});
