import type { RiskLimits } from "#core/risk/risk-view.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Timeframe } from "#shared/model/market.ts";

/** What an engine is made for. Parsed and checked by the host; plain data, so that a replay can be made with the same. */
export type EngineOptions = {
  /** Serial number of the run; the lease epoch. Stands in every orderRef. */
  readonly run: number;
  readonly profile: "simulation" | "paper" | "live";
  readonly accountId: string;
  readonly currency: string;
  readonly calendar: string;
  readonly symbols: readonly string[];
  /** Bars on which strategies decide. */
  readonly interval: Exclude<Timeframe, "1d">;
  readonly strategies: readonly { readonly id: string; readonly parameters: Readonly<Record<string, number>> }[];
  readonly limits: RiskLimits;
  readonly sizing: { readonly positionPercent: number; readonly riskPercent: number };
  readonly orderTimeoutSeconds: number;
  readonly positionTimeoutHours: number;
  /** Profile simulation starts armed; paper and live start disarmed. */
  readonly startsArmed: boolean;
  /** Average daily volume to assume where fewer than 20 daily bars are known; simulation and tests only. */
  readonly assumeAdv?: number;
  readonly build: string;
};

/** Deadlines of the order flow, in event time. */
export const ACK_DEADLINE_SECONDS = 5;
export const CANCEL_DEADLINE_SECONDS = 1;
export const EXIT_DEADLINE_SECONDS = 2;
export const PROTECTION_DEADLINE_SECONDS = 2;
export const RECONCILE_INTERVAL_SECONDS = 60;
export const LINK_ALARM_SECONDS = 30;

/** The newest bars kept per symbol and timeframe: enough for every recursive kernel to forget its seed. */
export const BARS_KEPT = 3_000;

export type Deadline = { readonly due: Micros; readonly name: string; readonly key: string };
