import type { EngineEvent } from "#core/engine/event.ts";
import type { Clock, EventSink } from "#runtime/ports.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { LockStep } from "./lock-step.ts";
import type { Pending } from "./market-data.ts";

/** Connections in the order in which what they bring is handed over. */
export const ROLES = ["orders", "market", "history"] as const;
export type Role = (typeof ROLES)[number];

type Parts = {
  readonly clock: Clock;
  readonly lockStep: LockStep | undefined;
  readonly isReady: (role: Role) => boolean;
  /** Answers the step on one connection. */
  readonly answer: (role: Role) => void;
  readonly onFatal: (error: Error) => void;
};

/**
 * What the connections brought, on its way to the runner: at once where time runs by itself, and in lock-step a whole step
 * when its marker is in on every connection that is there, stamped with the step's time.
 */
export class HandOver {
  sink: EventSink = async () => undefined;
  private readonly parts: Parts;
  private readonly pending: Readonly<Record<Role, Pending[]>> = { orders: [], market: [], history: [] };
  private readonly markers = new Set<Role>();
  private markerTime: Micros = 0;
  /** Connections whose marker is being worked on; one that is lost meanwhile owes no answer, nor does its successor. */
  private stepping: Set<Role> | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  emit(role: Role, event: Pending): void {
    this.pending[role].push(event);
  }

  /** The step marker of one connection, in virtual microseconds. */
  mark(role: Role, time: Micros): void {
    this.markers.add(role);
    this.markerTime = Math.max(this.markerTime, time);
  }

  /** A connection is gone: steps go on with the others. */
  forget(role: Role): void {
    this.markers.delete(role);
    this.stepping?.delete(role);
    this.stepWhenComplete();
  }

  /** All frames of one read are in. */
  afterFrames(): void {
    if (this.parts.lockStep === undefined) this.flush();
    else this.stepWhenComplete();
  }

  /** Outside a read: after our own acts, once the call that made them has returned. A step takes them along. */
  soon(): void {
    const isStepping = this.parts.lockStep !== undefined && ROLES.some((role) => this.parts.isReady(role));
    if (!isStepping) setImmediate(() => this.flush());
  }

  private flush(): void {
    const events = this.take();
    if (events.length === 0) return;
    this.sink(events).catch((error: unknown) => this.fail("events could not be processed", error));
  }

  private take(): readonly EngineEvent[] {
    const time = this.parts.clock.now();
    const events: EngineEvent[] = [];
    for (const role of ROLES) {
      for (const pending of this.pending[role].splice(0)) {
        const event = pending(time);
        if (event !== undefined) events.push(event);
      }
    }
    return events;
  }

  private stepWhenComplete(): void {
    const { lockStep } = this.parts;
    const ready = ROLES.filter((role) => this.parts.isReady(role));
    if (lockStep === undefined || this.stepping !== undefined || ready.length === 0) return;
    if (ready.some((role) => !this.markers.has(role))) return;
    const stepping = new Set(ready);
    this.stepping = stepping;
    this.markers.clear();
    lockStep.advance(this.markerTime);
    this.sink(this.take())
      .then(() => {
        this.stepping = undefined;
        for (const role of stepping) this.parts.answer(role);
      })
      .catch((error: unknown) => this.fail("a step failed", error));
  }

  private fail(what: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.parts.onFatal(new Error(`${what}: ${text}`, { cause: error }));
  }
}
