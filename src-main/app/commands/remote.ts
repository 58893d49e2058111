import { wallMs } from "#adapters/system/clock.ts";
import { connectControl } from "#adapters/system/control-socket.ts";
import { createKillLatch } from "#adapters/system/latch.ts";
import { buildInfo } from "#app/build-info.ts";
import { dataDirectoryPath, writeInFolder } from "#app/data-directory.ts";
import { readRunFile } from "#app/run-file.ts";
import type { TopicName, TopicRow } from "#shared/contract/topics.ts";
import type { Command, CommandResult } from "#shared/model/command.ts";
import { type Client, connect, RequestError } from "#shared/rpc/client.ts";
import type { Port } from "#shared/rpc/port.ts";
import { CommandError, type CommonOptions, configurationOf, EXIT, print } from "./context.ts";

const PATIENCE_MS = 250;
const ANSWER_MS = 5_000;

type Attached = { readonly client: Client; readonly folder: string };

function folderOf(options: CommonOptions): string {
  const { profile } = configurationOf(options).config;
  return dataDirectoryPath({ profile, dataDirectory: options.dataDir });
}

async function attach(folder: string): Promise<Attached | undefined> {
  const port = await connectControl(folder, PATIENCE_MS);
  if (port === undefined) return undefined;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new CommandError("NO_ANSWER", `the host of ${folder} does not answer`)),
      ANSWER_MS,
    );
    const client: Client = connect(port, buildInfo(), wallMs, {
      onWelcome: () => {
        clearTimeout(timer);
        resolve({ client, folder });
      },
      onRefused: (reason) => reject(new CommandError("REFUSED", reason)),
      onLossy: () => client.credit(1),
    });
  });
}

async function attachOrFail(options: CommonOptions): Promise<Attached> {
  const folder = folderOf(options);
  const attached = await attach(folder);
  if (attached !== undefined) return attached;
  const run = readRunFile(folder);
  const stale = run === undefined ? "" : `; its run.json names process ${run.pid}, which does not answer`;
  throw new CommandError("NO_HOST", `no host answers in ${folder}${stale}`, EXIT.noHost);
}

function snapshot<T extends TopicName>(client: Client, topic: T): Promise<readonly TopicRow<T>[]> {
  return new Promise((resolve) => {
    const stop = client.subscribe(topic, (rows) => {
      setTimeout(() => stop(), 0);
      resolve(rows);
    });
  });
}

/** What the status bar shows, in the terminal. */
export async function status(options: CommonOptions): Promise<number> {
  const { client, folder } = await attachOrFail(options);
  const [state] = await snapshot(client, "status");
  const [account] = await snapshot(client, "account");
  const positions = (await snapshot(client, "positions")).filter((position) => position.quantity !== 0);
  const { report } = await client.request("report", {});
  client.close();
  const run = readRunFile(folder);
  const document = { host: { folder, ...run }, status: state, account, positions, report };
  print(options, document, () =>
    [
      `${state?.profile.toUpperCase()} ${state?.accountAlias} ${state?.tradingState}, link ${state?.link.state} (${state?.link.detail})`,
      `process ${run?.pid}${run?.port === undefined ? "" : `, workstation on port ${run.port}`}, journal ${String(report.journal)}`,
      `positions ${positions.length}, equity ${((account?.equity ?? 0) / 1e6).toFixed(2)}, day ${((account?.dayPnl ?? 0) / 1e6).toFixed(2)}`,
      ...(state?.causes ?? []).map(
        (cause) => `${cause.severity} ${cause.code}: ${cause.detail}; clears: ${cause.clears}`,
      ),
    ].join("\n"),
  );
  return EXIT.done;
}

async function send(options: CommonOptions, attached: Attached, command: Command): Promise<number> {
  const { client } = attached;
  client.ping();
  const started = wallMs();
  while (client.engineNow() === undefined && wallMs() - started < ANSWER_MS) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const result = await client.request("command", {
    commandId: crypto.randomUUID(),
    command,
    issueTime: Math.round(client.engineNow() ?? 0),
  });
  client.close();
  print(options, result, () => result.message);
  return result.accepted ? EXIT.done : EXIT.failed;
}

/** A fresh address of the running workstation; its code works once. */
export async function url(options: CommonOptions): Promise<number> {
  const { client, folder } = await attachOrFail(options);
  const answer = await client.request("loginUrl", {});
  client.close();
  if (answer.url === undefined) {
    throw new CommandError("NOT_SERVED", `the host of ${folder} does not serve the workstation; start it with --serve`);
  }
  print(options, { url: answer.url }, () => answer.url ?? "");
  return EXIT.done;
}

/** The same for a command that starts a host where one runs already; undefined when none answers. */
export async function runningUrl(folder: string): Promise<string | undefined> {
  const attached = await attach(folder);
  if (attached === undefined) return undefined;
  const { url: address } = await attached.client.request("loginUrl", {});
  attached.client.close();
  return address;
}

export type KillOptions = CommonOptions & {
  readonly panic?: boolean;
  readonly flatten?: boolean;
  readonly reason?: string;
};

/**
 * STOP, PANIC or PANIC + FLATTEN; never asks. Where no host answers the latch is written, so that the next start is KILLED:
 * none is there, it is hung, or it dies of it.
 */
export async function kill(options: KillOptions): Promise<number> {
  if (options.flatten === true && options.panic !== true) {
    throw new CommandError("BAD_OPTION", "--flatten goes with --panic; `flatten` alone closes positions", EXIT.usage);
  }
  const folder = folderOf(options);
  const reason = options.reason ?? "from the command line";
  const mode = options.panic === true ? (options.flatten === true ? "panicFlatten" : "panic") : "stop";
  const latch = (why: string): void =>
    writeInFolder(folder, () => createKillLatch(folder).engage(`kill ${why}: ${reason}`));
  const port = await connectControl(folder, PATIENCE_MS);
  if (port === undefined) {
    latch("without a running host");
    return latchedOnly(
      options,
      `no host answers in ${folder}: the next start is KILLED; nothing was sent to the broker`,
    );
  }
  const result = await killOver(port, { kind: "kill", mode, reason }, () => latch("without an answer of the host"));
  if (result === undefined) {
    const message = `the host of ${folder} does not answer: the next start is KILLED; this one acts when it wakes, which nobody can promise`;
    return latchedOnly(options, message);
  }
  print(options, result, () => result.message);
  return result.accepted ? EXIT.done : EXIT.failed;
}

function latchedOnly(options: CommonOptions, message: string): number {
  print(options, { accepted: false, latched: true, message }, () => message);
  return EXIT.latchedOnly;
}

/**
 * The kill goes out behind the greeting, without waiting for a welcome: a host that hangs finds it when it wakes. `latch`
 * is called as soon as the host is silent for longer than a living one would be.
 */
async function killOver(port: Port, command: Command, latch: () => void): Promise<CommandResult | undefined> {
  const client = connect(port, buildInfo(), wallMs, {
    onWelcome: () => undefined,
    onRefused: () => undefined,
    onLossy: () => undefined,
  });
  const timers: NodeJS.Timeout[] = [];
  const silence = new Promise<undefined>((resolve, reject) => {
    timers.push(setTimeout(() => resolve(undefined), ANSWER_MS));
    timers.push(
      setTimeout(() => {
        try {
          latch();
        } catch (error) {
          reject(error);
        }
      }, PATIENCE_MS),
    );
  });
  try {
    const request = client.request("command", { commandId: crypto.randomUUID(), command, issueTime: 0 });
    return await Promise.race([request, silence]);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    latch();
    return undefined;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    client.close();
  }
}

/** Closes every position, or one, by exits through the gate. */
export async function flatten(symbol: string | undefined, options: CommonOptions): Promise<number> {
  const attached = await attachOrFail(options);
  return send(options, attached, symbol === undefined ? { kind: "flatten" } : { kind: "flatten", symbol });
}

/** Releases the kill switch. */
export async function rearm(
  options: CommonOptions & { readonly phrase: string; readonly reason: string },
): Promise<number> {
  const attached = await attachOrFail(options);
  return send(options, attached, { kind: "rearm", phrase: options.phrase, reason: options.reason });
}

/** Arms the strategies; profile live wants its account id. */
export async function arm(options: CommonOptions & { readonly account?: string }): Promise<number> {
  const attached = await attachOrFail(options);
  return send(options, attached, {
    kind: "arm",
    ...(options.account === undefined ? {} : { accountId: options.account }),
  });
}
