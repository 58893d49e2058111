import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type LocalStore, type OpenStoreOptions, openStore } from "#adapters/store/open-store.ts";
import type { JournalRow, Store } from "#runtime/store-port.ts";
import { OPENING_TIME } from "./entries.ts";

/** A data directory that lives as long as the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "robotrader-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function open(folder: string, options: Partial<OpenStoreOptions> = {}): LocalStore {
  const local = openStore({ folder, time: OPENING_TIME, info: { build: "test" }, ...options });
  onTestFinished(() => local.abandon());
  return local;
}

export async function rowsOf(store: Store, kinds?: readonly JournalRow["kind"][]): Promise<readonly JournalRow[]> {
  const rows: JournalRow[] = [];
  for await (const row of store.readJournal(kinds === undefined ? {} : { kinds })) rows.push(row);
  return rows;
}
