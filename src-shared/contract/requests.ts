import { z } from "zod";
import { commandResultSchema, commandSchema, ticketSchema } from "#shared/model/command.ts";
import { barSchema, timeframeSchema } from "#shared/model/market.ts";
import { decisionSchema } from "#shared/model/risk.ts";

/**
 * What a view may ask. `command` is the only request that changes anything; the rest only read.
 * Requests and replies are parsed on both sides; strict objects.
 */
export const REQUESTS = {
  /** Idempotent by `commandId`: the same id gives the same answer, never a second effect. */
  command: {
    request: z.strictObject({
      commandId: z.uuid(),
      command: commandSchema,
      /** Engine time at which the person acted; older than 2 s is refused (kill and the cancel of an entry excepted). */
      issueTime: z.number().int(),
    }),
    response: commandResultSchema,
  },
  /** The gate's answer without sending: every control, its headroom, and nothing reserved. */
  preview: {
    request: z.strictObject({ ticket: ticketSchema }),
    response: z.object({
      decision: decisionSchema,
      /** The five nearest controls that pass. */
      nearest: z.array(
        z.object({ code: z.string(), unit: z.string(), headroom: z.number(), limit: z.number().optional() }),
      ),
      notional: z.number().optional(),
      atRisk: z.number().optional(),
      estimatedCommission: z.number().optional(),
    }),
  },
  /** Completed bars, ascending, at most 5,000. */
  bars: {
    request: z.strictObject({
      symbol: z.string().max(8),
      timeframe: timeframeSchema,
      count: z.number().int().min(1).max(5000),
    }),
    response: z.object({ bars: z.array(barSchema) }),
  },
  /** The engine's own feature kernels over the same bars, aligned to them; undefined values are absent. */
  features: {
    request: z.strictObject({
      symbol: z.string().max(8),
      timeframe: timeframeSchema,
      names: z.array(z.string().max(40)).min(1).max(12),
      count: z.number().int().min(1).max(5000),
    }),
    response: z.object({
      starts: z.array(z.number().int()),
      /** `null` stands for undefined: JSON has no hole. */
      series: z.record(z.string(), z.array(z.number().nullable())),
    }),
  },
  /** Effective configuration: every key, its value, its source and its range. */
  configuration: {
    request: z.strictObject({}),
    response: z.object({
      rows: z.array(
        z.object({
          key: z.string(),
          title: z.string(),
          value: z.string(),
          source: z.string(),
          range: z.string(),
          unit: z.string(),
          enforcedIn: z.string(),
        }),
      ),
    }),
  },
  /** A fresh one-time address of the workstation; answered by the host, and on its control socket alone. */
  loginUrl: { request: z.strictObject({}), response: z.object({ url: z.string().optional() }) },
  /** The run's report so far: the document that `headless --json` prints. */
  report: { request: z.strictObject({}), response: z.object({ report: z.record(z.string(), z.unknown()) }) },
} as const;
export type RequestName = keyof typeof REQUESTS;
export type RequestOf<N extends RequestName> = z.infer<(typeof REQUESTS)[N]["request"]>;
export type ResponseOf<N extends RequestName> = z.infer<(typeof REQUESTS)[N]["response"]>;
