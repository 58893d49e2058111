#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { buildInfo } from "#app/build-info.ts";
import { CommandError, type CommonOptions, EXIT, hasAnswered } from "#app/commands/context.ts";
import { leaveOnSignal } from "#app/commands/ending.ts";
import { DataDirectoryError } from "#app/data-directory.ts";
import { EngineRefusal } from "#app/engine-thread.ts";

/** Errors that are answers: a sentence for the person, never a stack. */
const NAMED = new Set([
  "StoreError",
  "RecordedFileError",
  "SimulationError",
  "FaultScriptError",
  "RangeError",
  "RequestError",
]);

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** A command with the options that all have. Modules are loaded when their command is asked for. */
function define(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .description(summary)
    .option("--json", "print one JSON document on standard output; logs stay on standard error")
    .option("--data-dir <folder>", "where journal, latch and lock lie")
    .option("--config <file>", "configuration file, JSON")
    .option("--profile <name>", "simulation (default), paper or live")
    .option("--set <key=value>", "set one key of the configuration; may be repeated", collect, [])
    .option("--log-level <level>", "debug, info, warn, error or silent");
}

function withSimulation(command: Command): Command {
  return command
    .option("--seed <number>", "seed of the generated market")
    .option("--speed <factor>", "1 to 1000, or max for lock-step")
    .option("--replay <folder>", "play recorded days instead of the generated market")
    .option("--daily <folder>", "daily bars served as history")
    .option("--date <day>", "the day that is played, YYYY-MM-DD")
    .option("--start-time <time>", "where in the session it begins, HH:MM in New York")
    .option("--assume-adv <shares>", "average volume where fewer than 20 daily bars are known")
    .option("--faults <file>", "fault script of the simulator, JSON")
    .option("--latency-ms <milliseconds>", "delay of every answer of the simulator")
    .option("--port <port>", "port of the simulator");
}

function withHost(command: Command): Command {
  return withSimulation(command)
    .option("--gateway <host:port>", "join a running simulator")
    .option("--interval <bars>", "bars on which strategies decide: 1m, 5m, 15m, 1h")
    .option("--strategies <ids>", "strategies that are loaded, comma-separated")
    .option("--symbols <list>", "symbols, comma-separated")
    .option("--max-concurrent <orders>", "parent orders under way at once")
    .option("--http-port <port>", "port of the workstation");
}

/** `--symbols` is a key of the configuration that has no option of its own in the table. */
function withSymbols<T extends CommonOptions>(options: T): T {
  const symbols = options.symbols;
  return typeof symbols === "string" ? { ...options, set: [...(options.set ?? []), `symbols=${symbols}`] } : options;
}

function createProgram(finish: (code: number) => void): Command {
  const program = new Command("robotrader").version(buildInfo()).exitOverride().showHelpAfterError();
  const action =
    <A extends unknown[]>(run: (...args: A) => number | Promise<number>) =>
    async (...args: A): Promise<void> =>
      finish(await run(...args));
  withHost(define(program, "start", "start the workstation: host, browser, and a window where there is a display"))
    .option("--browser", "serve the browser only, open no window")
    .action(
      action(async (options: CommonOptions) => (await import("#app/commands/start.ts")).start(withSymbols(options))),
    );
  withHost(define(program, "headless", "trade without a window"))
    .option("--auto", "arm what the configuration arms and run session after session")
    .option("--once", "one cycle of decisions, then end")
    .option("--exit-at-end", "end when the replay has been played")
    .option("--serve", "serve the workstation too")
    .action(
      action(async (options: CommonOptions) =>
        (await import("#app/commands/headless.ts")).headless(withSymbols(options)),
      ),
    );
  withSimulation(define(program, "gateway", "run the gateway simulator alone, for any client"))
    .option("--lock-step <ids>", "client ids that take part in lock-step, comma-separated")
    .option("--max-version <version>", "upper end of the negotiated server version")
    .action(action(async (options: CommonOptions) => (await import("#app/commands/gateway.ts")).gateway(options)));
  remoteCommands(program, action);
  define(program, "doctor", "look for everything that would keep it from trading").action(
    action(async (options: CommonOptions) => (await import("#app/commands/doctor.ts")).doctor(options)),
  );
  define(program, "config", "print each effective value, its source and its range").action(
    action(async (options: CommonOptions) => (await import("#app/commands/offline.ts")).config(options)),
  );
  define(program, "replay", "play a run's recording through a fresh engine")
    .argument("<journal>", "journal.db or its folder")
    .option("--run <number>", "which run of the journal; the last one by default")
    .action(
      action(async (journal: string, options: CommonOptions) =>
        (await import("#app/commands/offline.ts")).replay(journal, options),
      ),
    );
  define(program, "verify", "check a journal's chain, anchors and recordings offline")
    .argument("<journal>", "journal.db or its folder")
    .action(
      action(async (journal: string, options: CommonOptions) =>
        (await import("#app/commands/offline.ts")).verify(journal, options),
      ),
    );
  return program;
}

function remoteCommands(
  program: Command,
  action: <A extends unknown[]>(run: (...args: A) => number | Promise<number>) => (...args: A) => Promise<void>,
): void {
  const remote = () => import("#app/commands/remote.ts");
  define(program, "status", "what the running host does").action(
    action(async (options: CommonOptions) => (await remote()).status(options)),
  );
  define(program, "url", "a fresh address of the running workstation").action(
    action(async (options: CommonOptions) => (await remote()).url(options)),
  );
  define(program, "kill", "STOP at once: entries are cancelled, stops stay; never asks")
    .option("--panic", "cancel everything, protective stops too")
    .option("--flatten", "with --panic: close every position as well")
    .option("--reason <text>", "why, for the journal")
    .action(action(async (options: CommonOptions) => (await remote()).kill(options)));
  define(program, "flatten", "close every position, or one")
    .argument("[symbol]", "one symbol")
    .action(
      action(async (symbol: string | undefined, options: CommonOptions) => (await remote()).flatten(symbol, options)),
    );
  define(program, "rearm", "release the kill switch")
    .requiredOption("--phrase <words>", "RE-ARM")
    .requiredOption("--reason <text>", "why, for the journal")
    .action(
      action(async (options: CommonOptions & { phrase: string; reason: string }) => (await remote()).rearm(options)),
    );
  define(program, "arm", "arm the strategies")
    .option("--account <id>", "the account id; needed in profile live")
    .action(action(async (options: CommonOptions) => (await remote()).arm(options)));
}

/** Commander has told the person on standard error; a program that asked for JSON gets its one document too. */
function explainUsage(error: CommanderError, argv: readonly string[]): number {
  if (error.exitCode === 0) return EXIT.done;
  const message = error.message.replace(/^error: /, "");
  if (argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: { code: "USAGE", message } })}\n`);
  return EXIT.usage;
}

/** Prints why it ended, in the form that was asked for, and returns the exit code. */
function explain(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError) return explainUsage(error, argv);
  const isNamed = error instanceof Error && (NAMED.has(error.name) || error instanceof DataDirectoryError);
  const exitCode = error instanceof CommandError ? error.exitCode : EXIT.failed;
  if (!(error instanceof CommandError || error instanceof EngineRefusal || isNamed)) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "FAILED";
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof Error && "remedy" in error ? String(error.remedy) : undefined;
  if (argv.includes("--json") && !hasAnswered())
    process.stdout.write(`${JSON.stringify({ error: { code, message, remedy } })}\n`);
  process.stderr.write(`robotrader: ${message}\n${remedy === undefined ? "" : `remedy: ${remedy}\n`}`);
  return exitCode;
}

async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  try {
    await createProgram((code) => {
      exitCode = code;
    }).parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    return explain(error, argv);
  }
}

leaveOnSignal(process.argv[2]);
const exitCode = await main(process.argv.slice(2));
// Standard output may be a pipe: what was written must be out before the process ends.
process.stdout.write("", () => process.exit(exitCode));
