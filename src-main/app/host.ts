import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { GatewaySimulator } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { type HttpServer, hasWorkstation, startHttp } from "#adapters/http/server.ts";
import { acquireInstanceLock } from "#adapters/store/instance-lock.ts";
import { createSharedClock, wallMs } from "#adapters/system/clock.ts";
import { listenControl } from "#adapters/system/control-socket.ts";
import { createWorkerPort } from "#adapters/system/worker-port.ts";
import { describeConfiguration } from "#app/configuration/describe.ts";
import type { LoadedConfiguration } from "#app/configuration.ts";
import { type EngineThread, startEngineThread } from "#app/engine-thread.ts";
import { startSimulation } from "#app/market.ts";
import { removeRunFile, writeRunFile } from "#app/run-file.ts";
import type { TimeSource } from "#app/trading.ts";
import { MILLISECOND } from "#shared/lib/time.ts";
import { parseAddress } from "#shared/model/account-guard.ts";
import type { Command, CommandResult, Origin } from "#shared/model/command.ts";
import type { Port } from "#shared/rpc/port.ts";

export type HostWorkers = { readonly engine: URL; readonly store: URL };

export type HostOptions = {
  readonly loaded: LoadedConfiguration;
  /** The data directory; it exists and is ours. */
  readonly folder: string;
  readonly workers: HostWorkers;
  readonly build: string;
  /** Folder of the built workstation; undefined: it is not served. */
  readonly workstation: string | undefined;
  readonly latencyMs?: number;
  readonly log: (line: string) => void;
  /** A replay has been played to its end. */
  readonly onEnd: () => void;
  readonly onFatal: (error: Error) => void;
};

export type Host = {
  readonly gatewayPort: number;
  readonly httpPort: number | undefined;
  /** The workstation's address with a fresh one-time code; undefined when it is not served. */
  loginUrl(): string | undefined;
  /** The simulator, when the host started it. */
  readonly gateway: GatewaySimulator | undefined;
  command(command: Command, origin: Origin): Promise<CommandResult>;
  report(): Promise<Readonly<Record<string, unknown>>>;
  stop(): Promise<void>;
};

const CLOCK_SYNC_MS = 20;
const RUNS_KEPT = 20;

/**
 * Everything of one installation in one process: simulator or broker, engine thread, control socket, workstation.
 *
 * @throws StoreError when another host holds the data directory, EngineRefusal when trading cannot start
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { config } = options.loaded;
  const lock = acquireInstanceLock(options.folder);
  const closers: (() => void | Promise<void>)[] = [() => lock.release()];
  // One that fails keeps none of the others from closing: the lock above all must be let go of.
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const joined = config.simulation.gateway === undefined ? undefined : parseAddress(config.simulation.gateway);
    const isEmbedded = config.profile === "simulation" && joined === undefined;
    const clock = createSharedClock();
    const simulator = isEmbedded ? await startEmbedded(options, clock, closers) : undefined;
    const address =
      simulator === undefined ? (joined ?? { host: config.ibkr.host, port: config.ibkr.port }) : undefined;
    const port = simulator?.gateway.port ?? address?.port ?? config.ibkr.port;
    const { speed } = config.simulation;
    const time: TimeSource = timeSource({
      options,
      isEmbedded,
      isLockStep: simulator?.isLockStep ?? false,
      buffer: clock.buffer,
    });
    const thread = await startEngineThread(
      options.workers.engine,
      {
        // An embedded simulator begins a new account at each start, so its journal begins anew too.
        folder: isEmbedded ? newRunFolder(options.folder) : options.folder,
        latchFolder: options.folder,
        config: { ...config, symbols: symbolsOf(options.loaded, simulator?.gateway) },
        host: address?.host ?? "127.0.0.1",
        port,
        accountId: config.profile === "simulation" ? config.simulation.account : undefined,
        time,
        build: options.build,
        storeWorker: options.workers.store.href,
        speed: config.profile === "simulation" ? speed : undefined,
        configuration: configurationRows(options.loaded),
      },
      { onLog: options.log, onFatal: options.onFatal },
    );
    closers.push(() => thread.stop());
    return await serveHost({ options, thread, gateway: simulator?.gateway, gatewayPort: port, closers, closeAll });
  } catch (error) {
    // Why it cannot start is what the person must read, not what failed on the way back.
    await Promise.allSettled([closeAll()]);
    throw error;
  }
}

/** A replay trades what was recorded, unless a person named the symbols. */
function symbolsOf(loaded: LoadedConfiguration, gateway: GatewaySimulator | undefined): string[] {
  const isNamed = loaded.sources.get("symbols")?.source !== "default";
  if (isNamed || gateway === undefined || loaded.config.simulation.replay === undefined)
    return [...loaded.config.symbols];
  return gateway.instruments.map((instrument) => instrument.symbol);
}

function configurationRows(loaded: LoadedConfiguration) {
  return describeConfiguration(loaded).map((row) => ({
    key: row.key,
    title: row.title,
    value: String(row.value),
    source: row.source,
    range: row.range,
    unit: row.unit,
    enforcedIn: Array.isArray(row.enforcedIn) ? row.enforcedIn.join(", ") : String(row.enforcedIn),
  }));
}

function timeSource(given: {
  readonly options: HostOptions;
  readonly isEmbedded: boolean;
  readonly isLockStep: boolean;
  readonly buffer: SharedArrayBuffer;
}): TimeSource {
  const { config } = given.options.loaded;
  const { speed } = config.simulation;
  if (config.profile !== "simulation") return { kind: "system" };
  if (given.isLockStep || speed === "max") return { kind: "lockStep" };
  if (given.isEmbedded) return { kind: "shared", buffer: given.buffer, speed };
  return { kind: "joined", speed };
}

async function startEmbedded(
  options: HostOptions,
  clock: ReturnType<typeof createSharedClock>,
  closers: (() => void | Promise<void>)[],
): Promise<{ readonly gateway: GatewaySimulator; readonly isLockStep: boolean }> {
  const { config } = options.loaded;
  const base = config.ibkr.clientIdBase;
  const isLockStep = config.simulation.speed === "max";
  const gateway = await startSimulation({
    config,
    speed: config.simulation.speed,
    now: Math.round(wallMs() * MILLISECOND),
    onLog: (line) => options.log(`simulator: ${line}`),
    onEnd: options.onEnd,
    ...(isLockStep ? { lockStepClientIds: [base, base + 1, base + 2] } : {}),
    ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
  });
  closers.push(() => gateway.close());
  const sync = (): void => {
    const { time, factor } = gateway.clock();
    clock.set(time, factor);
  };
  sync();
  const timer = setInterval(sync, CLOCK_SYNC_MS);
  closers.push(() => clearInterval(timer));
  return { gateway, isLockStep };
}

/** A journal of its own for each run of the embedded simulator; the oldest ones beyond twenty are removed. */
function newRunFolder(folder: string): string {
  const runs = join(folder, "runs");
  const stamp = new Date().toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  mkdirSync(runs, { recursive: true, mode: 0o700 });
  const known = readdirSync(runs).sort();
  for (const old of known.slice(0, Math.max(0, known.length - RUNS_KEPT + 1))) {
    rmSync(join(runs, old), { recursive: true, force: true });
  }
  let name = stamp;
  for (let n = 2; known.includes(name); n += 1) name = `${stamp}-${n}`;
  const run = join(runs, name);
  mkdirSync(run, { mode: 0o700 });
  return run;
}

async function serveHost(parts: {
  readonly options: HostOptions;
  readonly thread: EngineThread;
  readonly gateway: GatewaySimulator | undefined;
  readonly gatewayPort: number;
  readonly closers: (() => void | Promise<void>)[];
  readonly closeAll: () => Promise<void>;
}): Promise<Host> {
  const { options, thread, gateway, gatewayPort, closers, closeAll } = parts;
  const { config } = options.loaded;
  const bridge = (from: Origin["from"]) => (view: Port) =>
    bridgePorts(view, createWorkerPort(thread.connectView(from)));
  let http: HttpServer | undefined;
  const control = await listenControl(options.folder, (view) =>
    bridge("cli")(answeringLogin(view, () => http?.loginUrl())),
  );
  closers.push(() => control.close());
  const isServed = config.http.enabled && options.workstation !== undefined && hasWorkstation(options.workstation);
  if (isServed && options.workstation !== undefined) {
    const server = await startHttp({
      port: config.http.port,
      folder: options.workstation,
      onView: bridge("browser"),
      isHealthy: () => thread.isAnswering(),
      log: options.log,
    });
    http = server;
    closers.push(() => server.close());
  }
  writeRunFile(options.folder, {
    pid: process.pid,
    gatewayPort,
    startedAt: new Date().toISOString(),
    profile: config.profile,
    build: options.build,
    ...(http === undefined ? {} : { port: http.port }),
  });
  closers.push(() => removeRunFile(options.folder));
  return {
    gatewayPort,
    httpPort: http?.port,
    loginUrl: () => http?.loginUrl(),
    gateway,
    command: (command, origin) => thread.command(command, origin),
    report: () => thread.report(),
    stop: closeAll,
  };
}

const loginRequestSchema = z.object({ kind: z.literal("request"), id: z.number().int(), name: z.literal("loginUrl") });

/** A view of the control socket whose requests for a login address are answered here, where the codes are made. */
function answeringLogin(view: Port, loginUrl: () => string | undefined): Port {
  const answer = (frame: string): boolean => {
    if (!frame.includes('"loginUrl"')) return false;
    const asked = loginRequestSchema.safeParse(jsonOf(frame));
    if (!asked.success) return false;
    const url = loginUrl();
    view.send(JSON.stringify({ kind: "reply", id: asked.data.id, body: url === undefined ? {} : { url } }));
    return true;
  };
  return { ...view, onMessage: (listener) => view.onMessage((frame) => !answer(frame) && listener(frame)) };
}

/** Undefined for what is no JSON: the engine's side refuses it in the same words as ever. */
function jsonOf(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Frames pass through unread; the end of one side is the end of the other. */
function bridgePorts(view: Port, engine: Port): void {
  view.onMessage((frame) => engine.send(frame));
  engine.onMessage((frame) => view.send(frame));
  view.onState((state) => state.kind === "closed" && engine.close());
  engine.onState((state) => state.kind === "closed" && view.close());
}
