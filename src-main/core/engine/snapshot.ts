import type { PortfolioState } from "#core/portfolio/portfolio.ts";
import type { BreakerState } from "#core/risk/circuit-breaker.ts";
import type { Micros6 } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";
import type { Order } from "#shared/model/order.ts";
import type { StateCause } from "#shared/model/risk.ts";

/** Counters that start again with each session. */
export type SessionBook = {
  date: string | undefined;
  startEquity: Micros6 | undefined;
  entries: number;
  notional: Micros6;
};

/** Shape of the state below. A snapshot of another shape is left aside: the journal holds everything that it does. */
export const SNAPSHOT_VERSION = 3;

/** The durable state as plain data: what a snapshot holds and the state hash is taken over. */
export type LedgerState = {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly portfolio: PortfolioState;
  readonly orders: readonly Order[];
  readonly executions: readonly Execution[];
  readonly commissions: readonly (readonly [string, Micros6])[];
  readonly strategyPositions: readonly (readonly [string, number])[];
  readonly causes: readonly StateCause[];
  readonly grants: readonly string[];
  readonly session: SessionBook;
  readonly highWaterEquity: Micros6 | undefined;
  readonly acknowledgedEquity: Micros6 | undefined;
  readonly isArmed: boolean;
  readonly isOpened: boolean;
  readonly strategies: readonly (readonly [string, boolean])[];
  readonly limits: readonly (readonly [string, number])[];
  readonly frozen: readonly (readonly [string, number])[];
  readonly contained: readonly string[];
  readonly adopted: readonly string[];
  readonly entryTimes: readonly Micros[];
  readonly likes: readonly (readonly [string, Micros])[];
  readonly breaker: BreakerState;
  readonly heldSince: readonly (readonly [string, Micros])[];
};
