import type { StoreErrorCode, StoreFailure } from "#runtime/store-port.ts";

/** What happened, where, and what a person can do about it. */
export class StoreError extends Error implements StoreFailure {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  readonly path: string;
  readonly remedy: string;

  constructor(failure: StoreErrorText, cause?: unknown) {
    super(`${failure.code}: ${failure.message} (${failure.path}). ${failure.remedy}`, { cause });
    this.code = failure.code;
    this.path = failure.path;
    this.remedy = failure.remedy;
    this.detail = failure.message;
  }

  /** The message without code, path and remedy. */
  readonly detail: string;
}

/** A `StoreError` as data: crosses a thread. */
export type StoreErrorText = {
  readonly code: StoreErrorCode;
  readonly message: string;
  readonly path: string;
  readonly remedy: string;
};

export function errorText(error: StoreError): StoreErrorText {
  return { code: error.code, message: error.detail, path: error.path, remedy: error.remedy };
}

type Translation = { readonly code: StoreErrorCode; readonly remedy: string };

const UNWRITABLE: Translation = {
  code: "DIRECTORY_UNWRITABLE",
  remedy: "Give this user read and write permission on the data directory, or choose another one.",
};
const FULL: Translation = { code: "DISK_FULL", remedy: "Free space on this disk, then start again. Nothing was lost." };
const LOCKED: Translation = {
  code: "DATABASE_LOCKED",
  remedy: "Another program holds the database open for writing: close it, then start again.",
};
const CORRUPT: Translation = {
  code: "DATABASE_CORRUPT",
  remedy: "Run `robotrader verify`, then restore the last backup. Do not edit the file.",
};
const OTHER: Translation = { code: "IO_FAILED", remedy: "Check the disk and its cables, then start again." };

/** First matching prefix of the code of a system or SQLite error. */
const TRANSLATIONS: readonly (readonly [prefix: string, translation: Translation])[] = [
  ["EACCES", UNWRITABLE],
  ["EPERM", UNWRITABLE],
  ["EROFS", UNWRITABLE],
  ["ENOTDIR", UNWRITABLE],
  ["EEXIST", UNWRITABLE],
  ["SQLITE_READONLY", UNWRITABLE],
  ["SQLITE_CANTOPEN", UNWRITABLE],
  ["SQLITE_PERM", UNWRITABLE],
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EFBIG", FULL],
  ["SQLITE_FULL", FULL],
  ["SQLITE_BUSY", LOCKED],
  ["SQLITE_LOCKED", LOCKED],
  ["SQLITE_CORRUPT", CORRUPT],
  ["SQLITE_NOTADB", CORRUPT],
];

/** The named error for anything that a disk or SQLite threw. */
export function storeError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  const [, translation] = TRANSLATIONS.find(([prefix]) => code.startsWith(prefix)) ?? ["", OTHER];
  return new StoreError({ ...translation, message, path }, error);
}

/** Runs `work`; whatever it throws comes out as a `StoreError` about `path`. */
export function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, path);
  }
}
