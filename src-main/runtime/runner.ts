import type { Effect } from "#core/engine/effect.ts";
import type { Engine } from "#core/engine/engine.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { JournalNote } from "#core/engine/note.ts";
import type { CommandResult } from "#shared/model/command.ts";
import { createDecisionHash, type DecisionHash } from "./decision-hash.ts";
import type { Broker, Clock, Timers } from "./ports.ts";
import type { JournalEntry, Store } from "./store-port.ts";
import { Telemetry } from "./telemetry.ts";
import { Wakes } from "./wakes.ts";

/** The latch file beside the journal: either one alone means KILLED. Written before anything else happens. */
export type Latch = { engage(reason: string): void; release(reason: string): void };

/** Where the engine's publications go. */
export type PublicationSink = {
  publish(topic: string, key: string, body: unknown): void;
  touch(topic: string, key: string): void;
};

export type RunnerParts = {
  readonly engine: Engine;
  readonly broker: Broker;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly latch: Latch;
  readonly publications: PublicationSink;
  /** Wall time in milliseconds, monotonic; for telemetry only, never for a decision. */
  readonly stopwatch: () => number;
  readonly onReply: (result: CommandResult) => void;
  /** The run cannot go on: the store is lost, or an invariant is broken. */
  readonly onFatal: (error: Error) => void;
};

type Queued = { readonly event: EngineEvent; readonly arrived: number };

/**
 * The whole shell loop: take the next event, record it, process it, journal what it caused, perform the effects. Effects
 * that reach the broker wait until their cause is on disk, in order; the engine goes on meanwhile.
 */
export class Runner {
  readonly telemetry = new Telemetry();
  readonly hash: DecisionHash = createDecisionHash();
  private readonly parts: RunnerParts;
  private readonly wakes: Wakes;
  private readonly queue: Queued[] = [];
  private isPumping = false;
  private isStopped = false;
  private brokerWork: Promise<void> = Promise.resolve();
  private processed = 0;

  constructor(parts: RunnerParts) {
    this.parts = parts;
    this.wakes = new Wakes(parts.timers, () => this.enqueue({ kind: "timer", time: parts.clock.now() }));
  }

  /** Events of the broker. Resolves when everything that they caused is done: the step of a lock-step ends with it. */
  readonly sink = async (events: readonly EngineEvent[]): Promise<void> => {
    const arrived = this.parts.stopwatch();
    this.push(events);
    this.pump();
    await this.settle();
    this.telemetry.latency("settle", this.parts.stopwatch() - arrived);
  };

  enqueue(event: EngineEvent): void {
    this.push([event]);
    this.pump();
  }

  /** Events processed, and waiting. */
  eventCount(): number {
    return this.processed;
  }

  queueDepth(): number {
    return this.queue.length;
  }

  /** Waits until no event waits and no broker effect is under way, or the run has ended. */
  async settle(): Promise<void> {
    for (;;) {
      const work = this.brokerWork;
      await work;
      this.pump();
      if (work === this.brokerWork && (this.isStopped || this.queue.length === 0)) return;
    }
  }

  /** No event is taken any more; what is under way is finished. */
  async stop(): Promise<void> {
    this.wakes.stop();
    await this.settle();
    this.isStopped = true;
  }

  /** A run that has ended takes nothing any more: what comes now is read from the broker by the next one. */
  private push(events: readonly EngineEvent[]): void {
    if (this.isStopped) return;
    const arrived = this.parts.stopwatch();
    for (const event of events) this.queue.push({ event, arrived });
  }

  private pump(): void {
    if (this.isPumping || this.isStopped) return;
    this.isPumping = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.take(next);
    } catch (error) {
      this.fail(error);
    } finally {
      this.isPumping = false;
    }
  }

  private take({ event, arrived }: Queued): void {
    const { engine, store, stopwatch } = this.parts;
    store.record(event.time, event.kind, JSON.stringify(event));
    const started = stopwatch();
    const effects = engine.process(event);
    this.processed += 1;
    this.telemetry.latency("process", stopwatch() - started);
    this.hash.update(event.time, effects);
    this.perform(effects, arrived);
  }

  private perform(effects: readonly Effect[], arrived: number): void {
    const notes: JournalNote[] = [];
    const brokerEffects: Effect[] = [];
    const broken: unknown[] = [];
    for (const effect of effects) {
      switch (effect.kind) {
        case "journal":
          notes.push(effect.note);
          break;
        case "latch":
          try {
            this.latch(effect.engaged, effect.reason);
          } catch (error) {
            broken.push(error);
          }
          break;
        case "wakeAt":
          this.wakes.at(effect.time);
          break;
        case "publish":
          this.parts.publications.publish(effect.topic, effect.key, effect.body);
          break;
        case "touch":
          this.parts.publications.touch(effect.topic, effect.key);
          break;
        case "reply":
          this.parts.onReply(effect.result);
          break;
        case "alert":
          this.telemetry.count(`alerts.${effect.alert.severity}`);
          break;
        default:
          brokerEffects.push(effect);
      }
    }
    const written = notes.length === 0 ? undefined : this.journal(notes);
    if (brokerEffects.length > 0) this.afterJournal(written, brokerEffects, arrived);
    // A latch that cannot be written ends the run, but not before the kill is on disk and its cancels have left.
    for (const error of broken) this.brokerWork = this.brokerWork.then(() => this.fail(error));
  }

  private latch(isEngaged: boolean, reason: string): void {
    if (isEngaged) this.parts.latch.engage(reason);
    else this.parts.latch.release(reason);
  }

  private journal(notes: readonly JournalNote[]): Promise<void> {
    const { store, stopwatch } = this.parts;
    const started = stopwatch();
    const isDurable = notes.some((note) => note.durability === "durable");
    const written = store.append(notes.map(entryOf)).then(
      () => {
        if (isDurable) this.telemetry.latency("journal", stopwatch() - started);
      },
      (error: unknown) => {
        this.fail(error);
        throw error;
      },
    );
    // A lost journal ends the run through `fail`; broker effects behind it see the rejection and never leave.
    written.catch(() => undefined);
    return written;
  }

  private afterJournal(written: Promise<void> | undefined, effects: readonly Effect[], arrived: number): void {
    this.brokerWork = this.brokerWork.then(async () => {
      try {
        await written;
        if (this.isStopped) return;
        for (const effect of effects) await this.send(effect, arrived);
        this.pump();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  private async send(effect: Effect, arrived: number): Promise<void> {
    const { broker, stopwatch } = this.parts;
    const started = stopwatch();
    switch (effect.kind) {
      case "submit": {
        const outcome = await broker.submit(effect.orders);
        this.telemetry.latency("submit", stopwatch() - started);
        this.telemetry.latency("tickToOrder", stopwatch() - arrived);
        this.push(outcome);
        return;
      }
      case "cancel":
        this.push(await broker.cancel(effect.orderRef));
        return;
      case "cancelAll":
        this.push(await broker.cancelAll());
        return;
      case "reconcile":
        broker.reconcile();
        return;
      case "confirmReconciled":
        broker.confirmReconciled(effect.generation);
        return;
      default:
        throw new Error(`effect ${effect.kind} does not reach the broker`);
    }
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.queue.length = 0;
    this.wakes.stop();
    this.parts.onFatal(error instanceof Error ? error : new Error(String(error)));
  }
}

function entryOf(note: JournalNote): JournalEntry {
  const { time, kind, cause, body, durability, intentId } = note;
  return { time, kind, cause, body, durability, ...(intentId === undefined ? {} : { intentId }) };
}
