import { wallMs } from "#adapters/system/clock.ts";
import type { Trading } from "#app/trading.ts";
import type { Monitor } from "#shared/contract/topics.ts";

const QUEUE_BOUND = 10_000;
const GOVERNOR_BOUND = 2_000;

let lastEvents = 0;
let lastWall = 0;

/** Health, latencies, rates and queues as they are; what is not known is left out. */
export function monitorOf(trading: Trading): Monitor {
  const { runner, broker, store, engine, clock } = trading;
  const { context } = engine;
  const events = runner.eventCount();
  const wall = wallMs();
  const seconds = (wall - lastWall) / 1_000;
  const eventsPerSecond = lastWall === 0 || seconds <= 0 ? undefined : (events - lastEvents) / seconds;
  lastEvents = events;
  lastWall = wall;
  const counters = { ...broker.counters(), ...runner.telemetry.counts() };
  const memory = process.memoryUsage();
  const failure = store.failure();
  const isLive = context.link === "live";
  return {
    time: clock.now(),
    latency: { ...runner.telemetry.latencies() },
    rates: {
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      messagesLastSecond: counters.messagesLastSecond ?? 0,
    },
    queues: {
      engine: { depth: runner.queueDepth(), bound: QUEUE_BOUND },
      journal: { depth: store.pending(), bound: QUEUE_BOUND },
      governor: { depth: counters.governorQueue ?? 0, bound: GOVERNOR_BOUND },
    },
    counters,
    memory: { rssBytes: memory.rss, heapBytes: memory.heapUsed },
    health: [
      { name: "engine", state: "ok", detail: `${events} events processed` },
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
