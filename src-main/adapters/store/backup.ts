import { constants, copyFileSync, mkdirSync } from "node:fs";
import { openDatabase } from "./database.ts";
import { storePaths } from "./paths.ts";
import { named } from "./store-error.ts";
import { type Verification, verifyJournal } from "./verify.ts";

/**
 * Copies the journal, its anchors and their key into the new folder `target`, beside a running writer, and verifies the
 * copy's rows. Throws when `target` holds a copy already. Recordings are not copied: recovery does not need them, and the verification names them as gone.
 */
export function backupJournal(folder: string, target: string): Verification {
  const from = storePaths(folder);
  const to = storePaths(target);
  named(target, () => {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    // Anchors first: an anchor of a row that the copied database does not have yet would read as a truncation.
    copyFileSync(from.key, to.key, constants.COPYFILE_EXCL);
    copyFileSync(from.anchors, to.anchors, constants.COPYFILE_EXCL);
  });
  const database = openDatabase({ path: from.database, isReadOnly: true });
  try {
    named(to.database, () => database.prepare("VACUUM INTO ?").run(to.database));
  } finally {
    database.close();
  }
  return verifyJournal(target);
}
