import type { EngineEvent } from "#core/engine/event.ts";
import type { ApprovedOrder } from "#core/risk/risk-engine.ts";
import type { Micros } from "#shared/lib/time.ts";

/** The time that decisions are made by: the machine's, or the virtual time of a simulation. */
export type Clock = { now(): Micros };

/** Cancels a timer. */
export type Disposer = () => void;

/** Timers on the `Clock`. In lock-step they fire at the first step marker at or after their time, in due order. */
export type Timers = {
  at(time: Micros, action: () => void): Disposer;
};

/** How the adapter hands events over. In lock-step the adapter awaits it before it answers the step. */
export type EventSink = (events: readonly EngineEvent[]) => Promise<void>;

/** Persists before it resolves; `count` consecutive ids, strictly rising for ever, all >= `atLeast`. Returns the first. */
export type AllocateOrderIds = (clientId: number, atLeast: number, count: number) => Promise<number>;

/** What the connection looks like to an operator. */
export type ConnectionView = {
  readonly role: string;
  readonly state: string;
  readonly since: Micros;
  readonly generation: number;
  readonly clientId: number;
  readonly serverVersion?: number;
  readonly detail: string;
  readonly nextAttempt?: Micros;
};

/** What the broker can be asked. Every answer comes back as an event through the sink. */
export type Broker = {
  /** Connects and keeps connected until `stop`. */
  start(sink: EventSink): Promise<void>;
  /**
   * Writes one family of orders. Resolves with what is known at once: `orderSent` per order whose bytes left, or
   * `orderNotSent`. An order that waits for the message governor reports later through the sink. Never throws for a link
   * that is down, never queues for a later connection.
   */
  submit(orders: readonly ApprovedOrder[]): Promise<readonly EngineEvent[]>;
  cancel(orderRef: string): Promise<readonly EngineEvent[]>;
  cancelAll(): Promise<readonly EngineEvent[]>;
  /** Starts a full reading of the broker; ends in a `brokerSnapshot` event, or in none when the link fails. */
  reconcile(): void;
  confirmReconciled(generation: number): void;
  /** Desired market data: level 1, one-minute bars kept up to date, daily history. */
  watch(symbols: readonly string[]): void;
  connections(): readonly ConnectionView[];
  /** Frames per sliding second and other counters for the monitor. */
  counters(): Readonly<Record<string, number>>;
  /** Binds orderRefs of earlier runs to what is known of them, before `start`. */
  restore(known: readonly { readonly orderRef: string; readonly wireId?: number; readonly permId?: number }[]): void;
  stop(): Promise<void>;
};
