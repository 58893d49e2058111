import type { Engine } from "#core/engine/engine.ts";
import type { Note } from "#core/engine/note.ts";
import { type LedgerState, SNAPSHOT_VERSION } from "#core/engine/snapshot.ts";
import type { JournalRow, Store } from "./store-port.ts";

/** Rows that are notes of the engine; the store writes the others itself. */
export const NOTE_KINDS: readonly Note["kind"][] = [
  "INTENT",
  "SENT",
  "STATUS",
  "EXECUTION",
  "COMMISSION",
  "CANCEL",
  "KILL",
  "GRANT",
  "ARM",
  "DISARM",
  "STRATEGY",
  "LIMIT_CHANGE",
  "RECONCILED",
  "STATE",
];

export type Recovered = { readonly snapshotSeq: number; readonly folded: number };

/**
 * Brings the engine back to what the journal says: the newest snapshot, then every fact after it. A start and a crash are
 * recovered the same way; the recording of inputs is not needed.
 */
export async function recover(engine: Engine, store: Store): Promise<Recovered> {
  const newest = await store.loadSnapshot();
  const snapshot = (newest?.state as LedgerState | undefined)?.version === SNAPSHOT_VERSION ? newest : undefined;
  if (snapshot !== undefined) engine.restore(snapshot.state as LedgerState);
  let folded = 0;
  for await (const row of store.readJournal({ afterSeq: snapshot?.seq ?? 0, kinds: NOTE_KINDS })) {
    engine.fold(noteOf(row), row.time);
    folded += 1;
  }
  engine.begin();
  return { snapshotSeq: snapshot?.seq ?? 0, folded };
}

/** A row was written from a note by this program; the hash chain vouches for it. */
export function noteOf(row: JournalRow): Note {
  return { kind: row.kind, body: row.body } as Note;
}
