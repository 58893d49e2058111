import type { AllocateOrderIds, Clock, Timers } from "#runtime/ports.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { LockStep } from "./lock-step.ts";

/** What the adapter is made with. */
export type IbkrOptions = {
  readonly host: string;
  readonly port: number;
  /** orders = base, market and account = base + 1, history = base + 2. */
  readonly clientIdBase: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly allocateOrderIds: AllocateOrderIds;
  readonly guardAccount: (accountId: string) => string | undefined;
  readonly accountId: string | undefined;
  readonly seed: number | string;
  readonly lockStep: LockStep | undefined;
  /** Sessions of one-minute bars to read for each symbol, the running one counted. */
  readonly minuteDays: number;
  /** The broker's own time, whenever it is heard; one second of grain. */
  readonly onBrokerTime?: (time: Micros) => void;
  /** Wall milliseconds, monotonic. */
  readonly wallMs: () => number;
  readonly log: (line: string) => void;
  /** Events that could not be processed: what the broker said is lost to the engine, and the host must end. */
  readonly onFatal: (error: Error) => void;
};
