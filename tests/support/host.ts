import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wallMs } from "#adapters/system/clock.ts";
import { connectControl } from "#adapters/system/control-socket.ts";
import { type LoadedConfiguration, loadConfiguration, problemText } from "#app/configuration.ts";
import { type Host, type HostOptions, startHost } from "#app/host.ts";
import { workerUrls } from "#app/places.ts";
import type { TopicName, TopicRow } from "#shared/contract/topics.ts";
import { present } from "#shared/lib/assert.ts";
import type { Command, CommandResult } from "#shared/model/command.ts";
import { type Client, connect } from "#shared/rpc/client.ts";

export type Settings = Readonly<Record<string, string | number>>;

/** The configuration of a test: defaults and what the test names, nothing of this machine. */
export function configure(settings: Settings): LoadedConfiguration {
  const loaded = loadConfiguration({
    overrides: Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)])),
    env: {},
    files: { profileFiles: () => [], read: () => undefined },
  });
  if (loaded.kind === "refused") throw new Error(problemText(loaded.problems));
  return loaded;
}

export type TestHost = {
  readonly host: Host;
  readonly folder: string;
  readonly log: string[];
  readonly fatal: Error[];
  readonly ended: Promise<void>;
  /** A view attached over the control socket. */
  view(): Promise<View>;
  stop(): Promise<void>;
};

export type View = {
  readonly client: Client;
  readonly rows: <T extends TopicName>(topic: T) => readonly TopicRow<T>[];
  command(command: Command): Promise<CommandResult>;
  close(): void;
};

export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `robotrader-${name}-`));
}

/** A whole host on a fresh data directory: simulator, engine thread, journal, control socket. */
export async function startTestHost(
  settings: Settings,
  given: { readonly folder?: string; readonly options?: Partial<HostOptions> } = {},
): Promise<TestHost> {
  const folder = given.folder ?? newFolder("host");
  const log: string[] = [];
  const fatal: Error[] = [];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const host = await startHost({
    loaded: configure({ "http.enabled": "false", ...settings }),
    folder,
    workers: workerUrls(),
    build: "test",
    workstation: undefined,
    log: (line) => log.push(line),
    onEnd: end,
    onFatal: (error) => fatal.push(error),
    ...given.options,
  });
  const views: View[] = [];
  return {
    host,
    folder,
    log,
    fatal,
    ended,
    view: async () => {
      const view = await attachView(folder);
      views.push(view);
      return view;
    },
    stop: async () => {
      for (const view of views) view.close();
      await host.stop();
      if (given.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const WATCHED: readonly TopicName[] = [
  "status",
  "orders",
  "fills",
  "positions",
  "decisions",
  "alerts",
  "account",
  "strategies",
];

/** Attaches to the host of a folder and keeps every row of the topics that tests look at. */
export async function attachView(folder: string): Promise<View> {
  const port = present(await connectControl(folder, 2_000), "a host answers");
  const rows = new Map<TopicName, Map<string, unknown>>();
  const client = await new Promise<Client>((resolve, reject) => {
    const opened: Client = connect(port, "test", wallMs, {
      onWelcome: () => resolve(opened),
      onRefused: (reason) => reject(new Error(reason)),
      onLossy: () => opened.credit(1),
    });
  });
  const keys: Readonly<Record<string, string>> = {
    orders: "orderRef",
    fills: "execId",
    positions: "symbol",
    decisions: "intentId",
    alerts: "id",
    strategies: "id",
  };
  for (const topic of WATCHED) {
    rows.set(topic, new Map());
    client.subscribe(topic, (changed) => {
      for (const row of changed) rows.get(topic)?.set(keyOf(row, keys[topic]), row);
    });
  }
  const pinging = setInterval(() => client.ping(), 500);
  client.ping();
  return {
    client,
    rows: (topic) => [...(rows.get(topic)?.values() ?? [])] as never,
    command: async (command) => {
      await until(() => client.engineNow() !== undefined, "the engine's time is known");
      return client.request("command", {
        commandId: crypto.randomUUID(),
        command,
        issueTime: Math.round(client.engineNow() ?? 0),
      });
    },
    close: () => {
      clearInterval(pinging);
      client.close();
    },
  };
}

function keyOf(row: unknown, field: string | undefined): string {
  return field === undefined ? "one" : String((row as Readonly<Record<string, unknown>>)[field]);
}

/** Waits for something that must become true; fails with what it waited for. */
export async function until(isTrue: () => boolean, what: string, milliseconds = 20_000): Promise<void> {
  const limit = performance.now() + milliseconds;
  while (!isTrue()) {
    if (performance.now() > limit) throw new Error(`waited ${milliseconds / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
