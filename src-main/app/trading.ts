import { createIbkrBroker } from "#adapters/ibkr/broker.ts";
import { createLockStep } from "#adapters/ibkr/lock-step.ts";
import { createStore } from "#adapters/store/store-client.ts";
import { StoreError } from "#adapters/store/store-error.ts";
import {
  createSharedClock,
  createSystemClock,
  createTimers,
  type SharedClock,
  wallMs,
} from "#adapters/system/clock.ts";
import { createKillLatch } from "#adapters/system/latch.ts";
import { engineSettings } from "#app/configuration/engine-settings.ts";
import { watchStalls } from "#app/stall-watch.ts";
import { Engine } from "#core/engine/engine.ts";
import { type EngineOptions, MINUTE_DAYS } from "#core/engine/options.ts";
import { reportView } from "#core/engine/views.ts";
import type { Broker, Clock, Disposer, Timers } from "#runtime/ports.ts";
import { recover } from "#runtime/recovery.ts";
import { type PublicationSink, Runner } from "#runtime/runner.ts";
import type { Store } from "#runtime/store-port.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import { accountGuard } from "#shared/model/account-guard.ts";
import type { Command, CommandResult, Origin } from "#shared/model/command.ts";
import type { Configuration } from "#shared/model/config.ts";

/** How time runs: the machine's, a simulator's at a factor, or the simulator's steps. */
export type TimeSource =
  | { readonly kind: "system" }
  | { readonly kind: "shared"; readonly buffer: SharedArrayBuffer; readonly speed: number }
  /** A simulator in another process: its clock is read from the broker's time and goes on at the factor. */
  | { readonly kind: "joined"; readonly speed: number }
  | { readonly kind: "lockStep" };

export type TradingOptions = {
  /** Where journal and recording lie. */
  readonly folder: string;
  /** Where the kill latch lies; it outlives the run. */
  readonly latchFolder: string;
  readonly config: Configuration;
  readonly host: string;
  readonly port: number;
  readonly accountId: string | undefined;
  readonly time: TimeSource;
  readonly build: string;
  readonly storeWorker: URL;
  readonly publications: PublicationSink;
  readonly log: (line: string) => void;
  readonly onFatal: (error: Error) => void;
};

/** The trading core with everything around it: engine, broker, store and the loop between them. */
export type Trading = {
  readonly engine: Engine;
  readonly runner: Runner;
  readonly broker: Broker;
  readonly store: Store;
  readonly clock: Clock;
  command(commandId: string, command: Command, origin: Origin): Promise<CommandResult>;
  report(): Readonly<Record<string, unknown>>;
  /** SIGTERM and the end of a replay: entries are cancelled, stops stay, everything is on disk. */
  stop(): Promise<void>;
};

const STOP_PATIENCE_MS = 2_000;
/** In lock-step time waits for the journal and nothing grows stale: only a journal that hangs ends the run. */
const LOCK_STEP_HANG_MS = 10_000;

function timeOf(source: TimeSource) {
  if (source.kind === "lockStep") {
    const lockStep = createLockStep();
    return { clock: lockStep.clock, timers: lockStep.timers, lockStep, onBrokerTime: undefined };
  }
  if (source.kind === "system") {
    const clock = createSystemClock();
    return { clock, timers: createTimers(clock, () => 1), lockStep: undefined, onBrokerTime: undefined };
  }
  const shared = createSharedClock(source.kind === "shared" ? source.buffer : undefined);
  if (source.kind === "joined") shared.set(0, 0);
  const { clock } = shared;
  const timers = createTimers(clock, shared.factor);
  if (source.kind === "shared") return { clock, timers, lockStep: undefined, onBrokerTime: undefined };
  return { clock, timers, lockStep: undefined, onBrokerTime: follow(shared, source.speed) };
}

/** Broker time has a grain of one second: our clock is set where it lies outside of what that leaves open. */
function follow(shared: SharedClock, speed: number): (time: Micros) => void {
  return (time) => {
    const now = shared.clock.now();
    const isBehind = now < time;
    const isAhead = now > time + SECOND + 0.2 * speed * SECOND;
    if (isBehind || isAhead) shared.set(time + SECOND / 2, speed);
  };
}

/** Opens the store, recovers, and starts to connect. Rejects with the store's named error when it cannot be opened. */
export async function startTrading(options: TradingOptions): Promise<Trading> {
  const { config, folder } = options;
  const { clock, timers, lockStep, onBrokerTime } = timeOf(options.time);
  const settings: Omit<EngineOptions, "run"> = {
    ...engineSettings(config),
    accountId: options.accountId ?? "",
    currency: "USD",
    calendar: "XNYS",
    build: options.build,
    ...("speed" in options.time ? { wallSecond: options.time.speed } : {}),
  };
  const store = await createStore({
    folder,
    time: clock.now(),
    info: { engine: settings, profile: config.profile, build: options.build },
    workerUrl: options.storeWorker,
  });
  const engine = new Engine({ ...settings, run: store.opening.run });
  const recovered = await recover(engine, store);
  options.log(
    `run ${store.opening.run}: journal open, ${recovered.folded} facts after snapshot ${recovered.snapshotSeq}` +
      (store.opening.previousEnd === undefined ? "" : `, previous run: ${store.opening.previousEnd}`),
  );
  await store.saveSnapshot(clock.now(), engine.snapshot());
  const broker = createIbkrBroker({
    host: options.host,
    port: options.port,
    clientIdBase: config.ibkr.clientIdBase,
    clock,
    timers,
    allocateOrderIds: (clientId, atLeast, count) => store.reserveOrderIds(clientId, atLeast, count),
    guardAccount: (accountId) =>
      accountGuard({
        profile: config.profile,
        accountId,
        port: options.port,
        approvedAccounts: config.ibkr.approvedAccounts,
      }),
    accountId: options.accountId,
    seed: store.opening.run,
    lockStep,
    minuteDays: MINUTE_DAYS[config.strategy.interval],
    ...(onBrokerTime === undefined ? {} : { onBrokerTime }),
    wallMs,
    log: options.log,
    onFatal: options.onFatal,
  });
  return connect({ options, engine, broker, store, clock, timers });
}

async function connect(parts: {
  readonly options: TradingOptions;
  readonly engine: Engine;
  readonly broker: Broker;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
}): Promise<Trading> {
  const { options, engine, broker, store, clock, timers } = parts;
  const latch = createKillLatch(options.latchFolder);
  const waiting = new Map<string, (result: CommandResult) => void>();
  let isBroken = false;
  const runner = new Runner({
    engine,
    broker,
    store,
    clock,
    timers,
    latch,
    publications: options.publications,
    stopwatch: wallMs,
    onReply: (result) => {
      waiting.get(result.commandId)?.(result);
      waiting.delete(result.commandId);
    },
    onFatal: (error) => {
      isBroken = true;
      options.onFatal(error);
    },
  });
  const command = (commandId: string, body: Command, origin: Origin): Promise<CommandResult> =>
    new Promise((resolve) => {
      waiting.set(commandId, resolve);
      runner.enqueue({ kind: "command", time: clock.now(), commandId, command: body, origin });
    });
  const latched = latch.read();
  if (latched !== undefined && !engine.context.ledger.causes.has("KILL|account")) {
    const kill: Command = { kind: "kill", mode: "stop", reason: `latch file: ${latched}` };
    await command(`latch-${store.opening.run}`, kill, { who: "latch file", from: "host" });
  }
  broker.restore(
    [...engine.context.ledger.orders.values()].map(({ orderRef, wireId, permId }) => ({
      orderRef,
      ...(wireId === undefined ? {} : { wireId }),
      ...(permId === undefined ? {} : { permId }),
    })),
  );
  broker.watch(engine.context.options.symbols);
  await broker.start(runner.sink);
  const stopWatching = reportStalls(parts, runner);
  return {
    engine,
    runner,
    broker,
    store,
    clock,
    command,
    report: () => reportOf({ engine, runner, store, folder: options.folder }),
    stop: async () => {
      stopWatching();
      if (options.time.kind !== "lockStep" && !isBroken) await cancelEntries(engine, command);
      await broker.stop();
      await runner.stop();
      // What broke the run may have broken its state: no snapshot, no clean end. The next start folds the facts.
      if (isBroken) return;
      await store.saveSnapshot(clock.now(), engine.snapshot());
      await store.close("Ended");
    },
  };
}

/** Entries are not left behind: nobody would watch them. Stops rest at the broker and stay. */
async function cancelEntries(
  engine: Engine,
  command: (commandId: string, command: Command, origin: Origin) => Promise<CommandResult>,
): Promise<void> {
  const { ledger } = engine.context;
  const entries = (): number => ledger.openOrders().filter((order) => order.role === "entry").length;
  if (entries() === 0 || engine.context.link !== "live") return;
  for (const order of ledger.openOrders()) {
    if (order.role !== "entry") continue;
    await command(
      crypto.randomUUID(),
      { kind: "cancelOrder", orderRef: order.orderRef },
      { who: "host", from: "host" },
    );
  }
  const until = wallMs() + STOP_PATIENCE_MS;
  while (entries() > 0 && wallMs() < until) await new Promise((resolve) => setTimeout(resolve, 20));
}

function reportStalls(parts: { options: TradingOptions; store: Store; clock: Clock }, runner: Runner): Disposer {
  const { store, clock, options } = parts;
  const isLockStep = options.time.kind === "lockStep";
  const { stallMilliseconds } = options.config.journal;
  return watchStalls(
    () => store.waitingMs(),
    isLockStep ? Math.max(stallMilliseconds, LOCK_STEP_HANG_MS) : stallMilliseconds,
    (waitedMs) => {
      const stalled = waitedMs !== undefined;
      const detail = stalled ? `the journal has not acknowledged for ${Math.round(waitedMs)} ms` : "it writes again";
      if (stalled && isLockStep) options.onFatal(stallError(detail, options.folder));
      else runner.enqueue({ kind: "journalStall", time: clock.now(), stalled, detail });
    },
  );
}

function stallError(message: string, path: string): StoreError {
  const remedy = "The disk hangs: check it, or take another folder by --data-dir.";
  return new StoreError({ code: "JOURNAL_STALL", message, path, remedy });
}

/** What `headless --json` prints and the parity of two runs is read from. */
function reportOf(parts: { engine: Engine; runner: Runner; store: Store; folder: string }) {
  const { engine, runner, store, folder } = parts;
  const latency = (name: "tickToOrder" | "process" | "journal") => {
    const { count, p50, p99, max } = runner.telemetry.distribution(name);
    return { count, p50, p99, max };
  };
  return {
    run: store.opening.run,
    accountId: engine.context.options.accountId,
    time: engine.context.time,
    events: runner.eventCount(),
    ...reportView(engine.context, engine.broker.cashDifference()),
    journal: `${folder}/journal.db`,
    recording: `${folder}/${store.opening.recording}`,
    decisionHash: runner.hash.digest(),
    decisionsHashed: runner.hash.count(),
    latencyMs: { tickToOrder: latency("tickToOrder"), process: latency("process"), journal: latency("journal") },
  };
}
