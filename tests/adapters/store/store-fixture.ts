import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type LocalStore, type OpenStoreOptions, openStore } from "#adapters/store/open-store.ts";
import type { JournalEntry, JournalRow, Store } from "#runtime/store-port.ts";

/** 2024-01-02T14:30:00Z. */
export const OPENING_TIME = 1_704_205_800_000_000;

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

export function note(index: number, durability: JournalEntry["durability"] = "grouped"): JournalEntry {
  return { time: OPENING_TIME + index, kind: "NOTE", cause: "test", body: { index, text: `n${index}` }, durability };
}

export function intent(intentId: string, ...orderRefs: readonly string[]): JournalEntry {
  const orders = orderRefs.map((orderRef) => ({ orderRef, symbol: "SPY", quantity: 100 }));
  return { time: OPENING_TIME, kind: "INTENT", cause: "signal", intentId, body: { orders }, durability: "durable" };
}

type ExecutionWish = {
  readonly execId: string;
  readonly quantity?: number;
  readonly price?: number;
  readonly symbol?: string;
};

export function execution({ execId, quantity = 100, price = 470.25, symbol = "SPY" }: ExecutionWish): JournalEntry {
  const report = {
    execId,
    orderRef: "RT1-1-1-E00",
    permId: 7,
    clientId: 1,
    accountId: "DUSIM1",
    symbol,
    side: "buy",
    quantity,
    price,
    exchangeTime: OPENING_TIME + 5,
    cumulativeQuantity: quantity,
  };
  return {
    time: OPENING_TIME + 6,
    kind: "EXECUTION",
    cause: "execution",
    body: { execution: report },
    durability: "grouped",
  };
}

export async function rowsOf(store: Store, kinds?: readonly JournalRow["kind"][]): Promise<readonly JournalRow[]> {
  const rows: JournalRow[] = [];
  for await (const row of store.readJournal(kinds === undefined ? {} : { kinds })) rows.push(row);
  return rows;
}
