import { monitorEventLoopDelay } from "node:perf_hooks";
import { GOVERNOR_BOUND } from "#adapters/ibkr/pacing.ts";
import { QUEUE_BOUND } from "#adapters/store/store-facade.ts";
import { wallMs } from "#adapters/system/clock.ts";
import type { Trading } from "#app/trading.ts";
import type { Monitor } from "#shared/contract/topics.ts";

/** A loop that is late by more than this keeps ticks and answers waiting. */
const LATE_LOOP_MS = 250;

/** Readings of a running host; rates are of the time since the last reading. */
export function createMonitor(trading: Trading): () => Monitor {
  const loop = monitorEventLoopDelay();
  loop.enable();
  let before = { events: trading.runner.eventCount(), wall: wallMs() };
  return () => {
    const { events, wall } = { events: trading.runner.eventCount(), wall: wallMs() };
    const seconds = (wall - before.wall) / 1_000;
    const eventsPerSecond = seconds > 0 ? (events - before.events) / seconds : undefined;
    before = { events, wall };
    const lateMs = loop.max / 1e6;
    loop.reset();
    return readings(trading, { events, eventsPerSecond, lateMs });
  };
}

type Reading = { readonly events: number; readonly eventsPerSecond: number | undefined; readonly lateMs: number };

/** Health, latencies, rates and queues as they are; what is not known is left out. */
function readings(trading: Trading, { events, eventsPerSecond, lateMs }: Reading): Monitor {
  const { runner, broker, store, engine, clock } = trading;
  const { context } = engine;
  const counters = { ...broker.counters(), ...runner.telemetry.counts() };
  const { messagesLastSecond, governorQueue } = counters;
  const memory = process.memoryUsage();
  const failure = store.failure();
  const isLive = context.link === "live";
  return {
    time: clock.now(),
    latency: { ...runner.telemetry.latencies() },
    rates: {
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      ...(messagesLastSecond === undefined ? {} : { messagesLastSecond }),
    },
    queues: {
      engine: { depth: runner.queueDepth() },
      journal: { depth: store.pending(), bound: QUEUE_BOUND },
      ...(governorQueue === undefined ? {} : { governor: { depth: governorQueue, bound: GOVERNOR_BOUND } }),
    },
    counters,
    memory: { rssBytes: memory.rss, heapBytes: memory.heapUsed },
    health: [
      {
        name: "engine",
        state: lateMs > LATE_LOOP_MS ? "warning" : "ok",
        detail: `${events} events processed, loop late by ${Math.round(lateMs)} ms at most`,
      },
      {
        name: "journal",
        state: failure === undefined ? (context.isJournalStalled ? "warning" : "ok") : "down",
        detail: failure?.message ?? `${store.pending()} entries waiting`,
      },
      { name: "broker link", state: isLive ? "ok" : "down", detail: context.linkDetail, since: context.linkSince },
      {
        name: "market data",
        state: context.farmsDown.size === 0 ? "ok" : "warning",
        detail: context.farmsDown.size === 0 ? "farms are up" : `down: ${[...context.farmsDown].join(", ")}`,
      },
      { name: "guardian", state: "unknown", detail: "not part of this build yet" },
    ],
    connections: [...broker.connections()],
  };
}
