import { chmodSync } from "node:fs";
import { createRequire } from "node:module";
import type BetterSqlite3 from "better-sqlite3";
import { named, StoreError } from "./store-error.ts";

export type Database = BetterSqlite3.Database;

export type DatabaseOptions = {
  readonly path: string;
  readonly isReadOnly?: boolean;
  /** File of a build for an older Node-API; chosen by the host. */
  readonly nativeBinding?: string;
  /** How long a statement waits for another writer. */
  readonly busyTimeoutMs?: number;
};

/** Node-API level that the prebuilt module was compiled for; on an older runtime loading it kills the process. */
const REQUIRED_NODE_API = 10;

/** Stops with a readable error before an unloadable native module is touched. */
export function assertRuntime(nodeApi: number, nativeBinding: string | undefined): void {
  if (nodeApi >= REQUIRED_NODE_API || nativeBinding !== undefined) return;
  throw new StoreError({
    code: "RUNTIME_UNSUPPORTED",
    message: `this runtime has Node-API ${nodeApi}: attach to a headless host, or make the test build with npm run native:test`,
    path: process.execPath,
    remedy: "Use Node 24.",
  });
}

/** The only place that opens SQLite. Sets and asserts the pragmas that durability rests on. */
export function openDatabase(options: DatabaseOptions): Database {
  const { path, isReadOnly = false, busyTimeoutMs = 2_000 } = options;
  return named(path, () => {
    const database = connect(options.nativeBinding, path, {
      timeout: busyTimeoutMs,
      readonly: isReadOnly,
      fileMustExist: isReadOnly,
    });
    try {
      if (!isReadOnly) secure(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** A database without a file, to compare a schema with. */
export function openInMemory(nativeBinding?: string): Database {
  return connect(nativeBinding, ":memory:", {});
}

function connect(nativeBinding: string | undefined, path: string, options: BetterSqlite3.Options): Database {
  assertRuntime(Number(process.versions.napi), nativeBinding);
  // Required late: merely loading the module kills a runtime that the line above refuses.
  const Constructor: typeof BetterSqlite3 = createRequire(import.meta.url)("better-sqlite3");
  return new Constructor(path, { ...options, ...(nativeBinding === undefined ? {} : { nativeBinding }) });
}

/** [pragma, wanted value as text]. Re-opening a WAL database silently gives synchronous=NORMAL, hence set and read back. */
const PRAGMAS: readonly (readonly [name: string, wanted: string, observed: string])[] = [
  ["journal_mode", "WAL", "wal"],
  ["synchronous", "FULL", "2"],
  ["wal_autocheckpoint", "0", "0"],
  // The log shrinks when it starts anew, so that its size says how much is not yet folded in.
  ["journal_size_limit", "0", "0"],
  ["foreign_keys", "ON", "1"],
  ["fullfsync", "ON", "1"],
  ["checkpoint_fullfsync", "ON", "1"],
];

function secure(database: Database): void {
  for (const [name, wanted] of PRAGMAS) database.pragma(`${name} = ${wanted}`);
  assertPragmas(database);
  if (process.platform !== "win32") chmodSync(database.name, 0o600);
}

/** Throws PRAGMA_REFUSED when any pragma does not hold on this connection. */
export function assertPragmas(database: Database): void {
  for (const [name, wanted, observed] of PRAGMAS) {
    const value = String(database.pragma(name, { simple: true }));
    if (value === observed) continue;
    throw new StoreError({
      code: "PRAGMA_REFUSED",
      message: `${name} is ${value}, wanted ${wanted}`,
      path: database.name,
      remedy: "Put the data directory on a local disk: network file systems cannot keep the journal.",
    });
  }
}
