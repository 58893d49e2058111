import { type Host, startHost } from "#app/host.ts";
import { productFile, workerUrls } from "#app/places.ts";
import { buildWorkstation } from "#app/workstation.ts";
import type { Configuration } from "#shared/model/config.ts";
import { type CommandContext, CommandError, type CommonOptions, EXIT, prepare, print, wholeNumber } from "./context.ts";
import { broken, createEnding, type Ending } from "./ending.ts";

export type HeadlessOptions = CommonOptions & {
  readonly auto?: boolean;
  readonly once?: boolean;
  readonly exitAtEnd?: boolean;
  readonly serve?: boolean;
  readonly latencyMs?: string;
};

/** Trades without a window until it is told to stop, or until a replay has been played. */
export async function headless(options: HeadlessOptions): Promise<number> {
  const context = prepare(options, "headless");
  checkOptions(options, context.loaded.config);
  const latencyMs = wholeNumber("latency-ms", options.latencyMs);
  const isServed = options.serve === true;
  if (isServed) await buildWorkstation(workstationFolder(), (line) => context.logger.info(line));
  const ending = createEnding();
  const host = await startHost({
    loaded: context.loaded,
    folder: context.folder,
    workers: workerUrls(),
    build: context.build,
    workstation: isServed ? workstationFolder() : undefined,
    log: (line) => context.logger.info(line),
    onEnd: () => options.exitAtEnd === true && ending.end("the replay has ended"),
    onFatal: (error) => ending.fail(error),
    ...(latencyMs === undefined ? {} : { latencyMs }),
  });
  if (options.auto === true) await arm(host, context);
  announce(host, context);
  if (options.once === true) void waitForCycle(host).then(() => ending.end("one cycle is done"));
  return finish({ host, options, context, ending });
}

/** Where `npm run build` puts the workstation. */
export function workstationFolder(): string {
  return productFile("out/renderer");
}

function checkOptions(options: HeadlessOptions, config: Configuration): void {
  if (options.exitAtEnd === true && config.simulation.replay === undefined) {
    throw new CommandError("BAD_OPTION", "--exit-at-end needs --replay: the generated market has no end", EXIT.usage);
  }
}

/** Profile simulation starts armed; elsewhere `--auto` arms, and live needs a person who types the account id. */
async function arm(host: Host, { loaded, logger }: CommandContext): Promise<void> {
  const { profile } = loaded.config;
  if (profile === "live") logger.warn("not armed: profile live is armed by a person, with 'robotrader arm --account'");
  if (profile !== "paper") return;
  const { accepted, message } = await host.command({ kind: "arm" }, { who: "--auto", from: "cli" });
  if (!accepted) logger.warn(`not armed: ${message}`);
}

function announce(host: Host, { logger, loaded }: CommandContext): void {
  const { profile, simulation } = loaded.config;
  const speed = profile === "simulation" ? `, speed ${simulation.speed}` : "";
  logger.info(`profile ${profile}${speed}, gateway on port ${host.gatewayPort}`);
  const url = host.loginUrl();
  if (url !== undefined) process.stderr.write(`RoboTrader is served at ${url}\n`);
}

type Progress = {
  readonly decisions?: { readonly approved: number; readonly denied: number };
  readonly workingEntries?: number;
  readonly reconciled?: boolean;
};

/** One cycle: the first decisions, then until their entries have filled or timed out and the books agree with the broker's. */
async function waitForCycle(host: Host): Promise<void> {
  const decided = ({ decisions }: Progress): number => (decisions?.approved ?? 0) + (decisions?.denied ?? 0);
  // Decisions before the first reconciliation are all refused: they are no cycle.
  let before: number | undefined;
  for (;;) {
    const now = (await host.report()) as Progress;
    if (now.reconciled === true) before ??= decided(now);
    if (before !== undefined && decided(now) > before && now.workingEntries === 0 && now.reconciled === true) return;
    await new Promise((resolve) => setTimeout(resolve, CYCLE_LOOK_MS));
  }
}

async function finish(parts: {
  readonly host: Host;
  readonly options: HeadlessOptions;
  readonly context: CommandContext;
  readonly ending: Ending;
}): Promise<number> {
  const { host, options, context, ending } = parts;
  const { reason, error } = await ending.wait;
  context.logger.info(`ending: ${reason}`);
  if (error !== undefined) throw await broken(host, error);
  const { report, gateway } = await lastReport(host);
  const { maxRSS } = process.resourceUsage();
  const memory = { rssMegabytes: megabytes(process.memoryUsage.rss()), peakMegabytes: megabytes(maxRSS * 1_024) };
  print(options, { ...report, ...gateway, memory }, () => reportText(report));
  return EXIT.done;
}

/** What the run came to; the host ends in order whether or not it still answers. */
async function lastReport(host: Host) {
  try {
    return { report: await host.report(), gateway: gatewayReport(host) };
  } finally {
    await host.stop();
  }
}

/** How often a cycle's progress is looked at. */
const CYCLE_LOOK_MS = 250;

const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

/** The simulator's own books, the second witness beside ours. */
function gatewayReport(host: Host): Readonly<Record<string, unknown>> {
  const { gateway } = host;
  if (gateway === undefined) return {};
  const positions = gateway
    .holdings()
    .filter((holding) => holding.quantity !== 0)
    .map(({ symbol, quantity, averageCost }) => ({ symbol, quantity, averageCost }));
  return { gateway: { positions, cash: gateway.cash() / 1e6, executions: gateway.executions().length } };
}

function reportText(report: Readonly<Record<string, unknown>>): string {
  const { events, signals, ordersSent, fills, commissions, realizedPnl, unrealizedPnl, cash, equity, reconciled } =
    report;
  return [
    `events ${String(events)}, signals ${String(signals)}, orders ${String(ordersSent)}, fills ${String(fills)}`,
    `cash ${String(cash)}, equity ${String(equity)}, realised ${String(realizedPnl)}, unrealised ${String(unrealizedPnl)}, commissions ${String(commissions)}`,
    `reconciled ${String(reconciled)}, journal ${String(report.journal)}`,
    `decisionHash ${String(report.decisionHash)}`,
  ].join("\n");
}
