import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Profile } from "#shared/model/account-guard.ts";

/** Where configuration is read from. */
export type ConfigurationFiles = {
  /** Path of `--config`; it must exist. */
  readonly configFile?: string;
  /** Paths that are tried when no `--config` is given; at most one of them may exist. */
  readonly profileFiles: (profile: Profile) => readonly string[];
  readonly dotEnvFile?: string;
  /** The text of a file; undefined when it is not there; throws when it cannot be read. */
  readonly read: (path: string) => string | undefined;
};

/** Larger than any honest configuration. */
const MAX_BYTES = 1_000_000;

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

function readBounded(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new Error("not a file");
    if (stat.size > MAX_BYTES) throw new Error(`${stat.size} bytes; more than ${MAX_BYTES} are not read`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** The files of this machine: `robotrader.<profile>.json` in the data directory or the working directory, and `.env`. */
export function systemFiles(given: {
  readonly workingDirectory: string;
  /** Undefined when there is none for the profile yet. */
  readonly dataDirectory: (profile: Profile) => string | undefined;
  readonly configFile?: string;
}): ConfigurationFiles {
  const { workingDirectory, dataDirectory, configFile } = given;
  return {
    ...(configFile === undefined ? {} : { configFile }),
    profileFiles: (profile) => {
      const folders = [dataDirectory(profile), workingDirectory].filter((folder) => folder !== undefined);
      return [...new Set(folders.map((folder) => join(folder, `robotrader.${profile}.json`)))];
    },
    dotEnvFile: join(workingDirectory, ".env"),
    read: readBounded,
  };
}
