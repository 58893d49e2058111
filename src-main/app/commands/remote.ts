import { wallMs } from "#adapters/system/clock.ts";
import { connectControl } from "#adapters/system/control-socket.ts";
import { buildInfo } from "#app/build-info.ts";
import { dataDirectoryPath } from "#app/data-directory.ts";
import { requestKill } from "#app/kill-request.ts";
import { readRunFile } from "#app/run-file.ts";
import type { TopicName, TopicRow } from "#shared/contract/topics.ts";
import type { Command } from "#shared/model/command.ts";
import { type Client, connect } from "#shared/rpc/client.ts";
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

/** STOP, PANIC or PANIC + FLATTEN; never asks. */
export async function kill(options: KillOptions): Promise<number> {
  if (options.flatten === true && options.panic !== true) {
    throw new CommandError("BAD_OPTION", "--flatten goes with --panic; `flatten` alone closes positions", EXIT.usage);
  }
  const folder = folderOf(options);
  const reason = options.reason ?? "from the command line";
  const mode = options.panic === true ? (options.flatten === true ? "panicFlatten" : "panic") : "stop";
  const outcome = await requestKill(folder, { kind: "kill", mode, reason }, buildInfo());
  if (typeof outcome === "object") {
    print(options, outcome, () => outcome.message);
    return outcome.accepted ? EXIT.done : EXIT.failed;
  }
  const message =
    outcome === "noHost"
      ? `no host answers in ${folder}: the next start is KILLED; nothing was sent to the broker`
      : `the host of ${folder} does not answer: the next start is KILLED; this one acts when it wakes, which nobody can promise`;
  print(options, { accepted: false, latched: true, message }, () => message);
  return EXIT.latchedOnly;
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
