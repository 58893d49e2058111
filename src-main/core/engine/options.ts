import type { RiskLimits } from "#core/risk/risk-view.ts";
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
  /**
   * Virtual seconds in one second of the wall. Deadlines of the link and of acknowledgements last at least that long, so
   * that a pause of the machine does not look like a dead link. Absent: time is real, or waits for us.
   */
  readonly wallSecond?: number;
};

/** Deadlines of orders and link, in seconds of event time. */
export const DEADLINES = {
  acknowledgement: 5,
  cancel: 1,
  cancelOverdue: 3,
  exit: 2,
  exitGivenUp: 10,
  protection: 2,
  evidence: 2,
  linkAlarm: 30,
} as const;
/** On an accelerated clock no deadline is shorter than this on the wall. To connect takes the wall's time at any speed. */
export const WALL_SECONDS: Readonly<Record<keyof typeof DEADLINES, number>> = {
  acknowledgement: 1,
  cancel: 1,
  cancelOverdue: 1,
  exit: 1,
  exitGivenUp: 1,
  protection: 1,
  evidence: 1,
  linkAlarm: 10,
};
export const RECONCILE_INTERVAL_SECONDS = 60;

/**
 * Sessions of minutes to read at the start, the running one counted as the first: those before it warm up every strategy,
 * also where one of them is a half day. A regular day has 26 bars of a quarter of an hour and 7 of an hour.
 */
export const MINUTE_DAYS: Readonly<Record<EngineOptions["interval"], number>> = { "1m": 2, "5m": 2, "15m": 3, "1h": 6 };

/** The newest bars kept per symbol and timeframe: enough for every recursive kernel to forget its seed. */
export const BARS_KEPT = 3_000;
