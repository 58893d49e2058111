import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type StorePaths, storePaths } from "./paths.ts";
import { named, StoreError } from "./store-error.ts";
import { verifyJournal } from "./verify.ts";

/** Shuts the journal for writing until a person has looked at it. */
export function quarantine(paths: StorePaths, why: string): StoreError {
  named(paths.quarantine, () => writeFileSync(paths.quarantine, `${why}\n`, { mode: 0o600 }));
  return quarantined(paths, why);
}

/** Throws when the journal is quarantined. */
export function assertNotQuarantined(paths: StorePaths): void {
  if (!existsSync(paths.quarantine)) return;
  throw quarantined(paths, named(paths.quarantine, () => readFileSync(paths.quarantine, "utf8")).trim());
}

function quarantined(paths: StorePaths, why: string): StoreError {
  return new StoreError({
    code: "QUARANTINED",
    message: `the journal is quarantined: ${why}`,
    path: paths.database,
    remedy: "It can be read, not written. Run `robotrader verify`; restore the last backup, or lift the quarantine.",
  });
}

/**
 * Opens a quarantined journal for writing again, once the whole of it verifies. The next opening journals who and why.
 * Throws QUARANTINED with the first bad row while the journal does not verify.
 */
export function liftQuarantine(folder: string, who: string, reason: string): void {
  const paths = storePaths(folder);
  const { faults } = verifyJournal(folder);
  const [first] = faults;
  if (first !== undefined) throw quarantined(paths, first.detail);
  const why = existsSync(paths.quarantine) ? readFileSync(paths.quarantine, "utf8").trim() : "";
  named(paths.lifted, () => writeFileSync(paths.lifted, JSON.stringify({ who, reason, why }), { mode: 0o600 }));
  rmSync(paths.quarantine, { force: true });
}
