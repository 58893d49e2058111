import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Profile } from "#shared/model/account-guard.ts";

/** The folder cannot be used. The message names the folder, the cause and what to do. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
  readonly folder: string;

  constructor(folder: string, message: string) {
    super(message);
    this.folder = folder;
  }
}

/** What the place of the default folder depends on. */
export type Machine = {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
};

const thisMachine = (): Machine => ({ platform: process.platform, env: process.env, home: homedir() });

/** Holds the name of the profile whose journal lies here. */
const PROFILE_FILE = "profile";

/** The folder that desktop, headless host and commands share when nobody names one. */
export function defaultDataDirectory(profile: Profile, machine: Machine = thisMachine()): string {
  const { platform, env, home } = machine;
  if (platform === "darwin") return join(home, "Library", "Application Support", "robotrader", profile);
  if (platform === "win32") return join(env.APPDATA ?? join(home, "AppData", "Roaming"), "robotrader", profile);
  // The XDG base directory specification has relative paths ignored.
  const given = env.XDG_DATA_HOME;
  const base = given !== undefined && isAbsolute(given) ? given : join(home, ".local", "share");
  return join(base, "robotrader", profile);
}

/**
 * The data directory, absolute, without touching it.
 *
 * @param given.dataDirectory what `--data-dir` says; undefined takes the default of the profile
 * @throws DataDirectoryError under the test runner when no folder is named: a test must not meet a person's journal
 */
export function dataDirectoryPath(
  given: { readonly profile: Profile; readonly dataDirectory?: string | undefined },
  machine: Machine = thisMachine(),
): string {
  if (given.dataDirectory === "") throw new DataDirectoryError("", "--data-dir is empty; name a folder");
  if (given.dataDirectory !== undefined) return resolve(given.dataDirectory);
  const folder = defaultDataDirectory(given.profile, machine);
  if (machine.env.VITEST !== undefined)
    throw new DataDirectoryError(folder, `a test must name a data directory; the default folder ${folder} is refused`);
  return folder;
}

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the disk",
  ENOTDIR: "a part of the path is a file",
  EEXIST: "a file of that name is in the way",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "nothing can be made in its parent",
};

/** A sentence for an error of the file system. */
export function folderFailure(folder: string, error: unknown): DataDirectoryError {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const cause = CAUSES[code] ?? (error instanceof Error ? error.message : String(error));
  const advice = "choose another with --data-dir, or give this user the right to write there";
  return new DataDirectoryError(folder, `data directory ${folder} cannot be used: ${cause}; ${advice}`);
}

/** Longest path of a local socket that every Unix takes, in bytes: macOS has 104 with the closing zero (sys/un.h). */
const LONGEST_SOCKET_PATH = 103;
const LONGEST_FOLDER = LONGEST_SOCKET_PATH - "/control.sock".length;

/** Step by step: asked to make a whole path, Node tries for ever where the file system answers "no such file" (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * Runs `write` in a folder that is made when it is not there: the latch of a kill needs no profile, no lock and no journal.
 *
 * @throws DataDirectoryError
 */
export function writeInFolder(folder: string, write: () => void): void {
  try {
    makeFolder(folder);
    write();
  } catch (error) {
    throw folderFailure(folder, error);
  }
}

/** The profile that a folder belongs to; undefined for a new one. */
function ownerOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, PROFILE_FILE), "utf8").trim();
  } catch (error) {
    if (typeof error === "object" && error !== null && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * The data directory, made with mode 0700 when it is not there, writable, and of this profile: journals of different
 * profiles never share a folder.
 *
 * @throws DataDirectoryError
 */
export function openDataDirectory(
  given: { readonly profile: Profile; readonly dataDirectory?: string | undefined },
  machine: Machine = thisMachine(),
): string {
  const folder = dataDirectoryPath(given, machine);
  if (machine.platform !== "win32" && Buffer.byteLength(folder) > LONGEST_FOLDER)
    throw new DataDirectoryError(
      folder,
      `data directory ${folder} cannot be used: its path has more than ${LONGEST_FOLDER} bytes, and the control socket in it would have too long a name; choose another with --data-dir`,
    );
  let owner: string | undefined;
  try {
    makeFolder(folder);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error("not a folder"), { code: "EEXIST" });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    owner = ownerOf(folder);
    if (owner === undefined) writeFileSync(join(folder, PROFILE_FILE), `${given.profile}\n`, { mode: 0o600 });
  } catch (error) {
    throw folderFailure(folder, error);
  }
  if (owner !== undefined && owner !== given.profile)
    throw new DataDirectoryError(
      folder,
      `data directory ${folder} belongs to profile ${JSON.stringify(owner)}, not ${given.profile}; name another with --data-dir`,
    );
  return folder;
}
