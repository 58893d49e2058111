import type { Micros } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";

/** What moves virtual time: the answers of the clients, or real timers at a factor. */
export type Driver = {
  /** A client has been greeted; its frames wait to be flushed. */
  onReady(connection: Connection): void;
  /** A frame behind START_API. Returns true for a step answer, which counts in no quota. */
  isStepAnswer(connection: Connection, fields: readonly string[]): boolean;
  onFrame(connection: Connection, fields: readonly string[]): void;
  onClose(connection: Connection): void;
  /** Takes part in the lock-step. */
  isMember(connection: Connection): boolean;
  /** The clock on which this client's messages are counted. */
  quotaTime(connection: Connection): Micros;
  /** Seconds of the broker that one second of that clock stands for; the quota is as many times as large. */
  quotaFactor(): number;
  /** Virtual time, and how fast it runs: 0 while it stands still or waits for answers. */
  clock(): { readonly time: Micros; readonly factor: number };
  setSpeed(factor: number): void;
  pause(isPaused: boolean): void;
  stop(): void;
};

/** What a driver needs of the gateway. */
export type DriverHost = {
  dispatch(connection: Connection, fields: readonly string[]): void;
  /** Sends what waits on every connection that takes no part in the lock-step. */
  flushPlain(): void;
  /** Injected delay of every answer, in milliseconds. */
  latencyMs(): number;
  log(line: string): void;
  onEnd(): void;
};
