import { createLogger, type Logger, type LogLevel } from "#adapters/system/logger.ts";
import { buildInfo } from "#app/build-info.ts";
import { systemFiles } from "#app/configuration/files.ts";
import { overridesOf } from "#app/configuration/layers.ts";
import { type LoadedConfiguration, loadConfiguration, problemText } from "#app/configuration.ts";
import { dataDirectoryPath, openDataDirectory } from "#app/data-directory.ts";

/** 0 done, 1 failed, 2 usage or configuration; 3 no host answers; 4 killed on disk only. */
export const EXIT = { done: 0, failed: 1, usage: 2, noHost: 3, latchedOnly: 4 } as const;

/** Options that every command has. */
export type CommonOptions = {
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly config?: string;
  readonly profile?: string;
  readonly set?: readonly string[];
} & Readonly<Record<string, unknown>>;

/** A command ends for a reason that the person must read; it is printed without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly code: string;

  constructor(code: string, message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** `key=value` of `--set`, split at the first equals sign. */
function settingsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at <= 0) throw new CommandError("BAD_OPTION", `--set ${pair}: it has the form key=value`, EXIT.usage);
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
}

/** The configuration in force for a command line; every problem at once when there is one. */
export function configurationOf(options: CommonOptions): LoadedConfiguration {
  const loaded = loadConfiguration({
    overrides: { ...settingsOf(options.set ?? []), ...overridesOf(options) },
    env: process.env,
    files: systemFiles({
      workingDirectory: process.cwd(),
      dataDirectory: (profile) => folderOf(options, profile),
      ...(options.config === undefined ? {} : { configFile: options.config }),
    }),
  });
  if (loaded.kind === "refused") throw new CommandError("CONFIGURATION", problemText(loaded.problems), EXIT.usage);
  return loaded;
}

/** Where the profile's data lie; undefined where a test run names none. */
function folderOf(options: CommonOptions, profile: LoadedConfiguration["config"]["profile"]): string | undefined {
  if (options.dataDir === undefined && process.env.VITEST !== undefined) return undefined;
  return dataDirectoryPath({ profile, dataDirectory: options.dataDir });
}

export type CommandContext = {
  readonly loaded: LoadedConfiguration;
  readonly folder: string;
  readonly build: string;
  readonly logger: Logger;
};

/** Configuration, an open data directory and a logger on standard error. */
export function prepare(options: CommonOptions, name: string): CommandContext {
  const loaded = configurationOf(options);
  const { profile, log } = loaded.config;
  const logger = createLogger({ level: log.level as LogLevel, name });
  for (const notice of loaded.notices) logger.warn(notice);
  const folder = openDataDirectory({ profile, dataDirectory: options.dataDir });
  return { loaded, folder, build: buildInfo(), logger };
}

/** The value of an option that is no key of the configuration. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new CommandError("BAD_OPTION", `--${name} ${text}: a whole number from 0 is needed`, EXIT.usage);
}

let isAnswered = false;

/** True once the command's document is out: what goes wrong later is told on standard error alone. */
export const hasAnswered = (): boolean => isAnswered;

/** One JSON document on standard output, or text for people. */
export function print(options: CommonOptions, document: unknown, text: () => string): void {
  isAnswered = true;
  process.stdout.write(options.json === true ? `${JSON.stringify(document, undefined, 2)}\n` : `${text()}\n`);
}
