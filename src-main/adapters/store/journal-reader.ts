import type { FillFilter, JournalQuery, JournalRow, RunRow, StoredFill } from "#runtime/store-port.ts";
import { openDatabase } from "./database.ts";
import { storePaths } from "./paths.ts";
import { queryFills, queryRuns, readPage } from "./queries.ts";

/** A journal that is only read, beside its writer or long after it: for replay, export and reports. */
export type JournalReader = {
  /** Rows in order, in pages: no reading holds the write-ahead log for long. */
  rows(query?: JournalQuery): Generator<JournalRow, void, undefined>;
  runs(): readonly RunRow[];
  fills(filter?: FillFilter): readonly StoredFill[];
  close(): void;
};

/** Opens the journal of a data directory for reading. Throws a `StoreError` when there is none. */
export function openJournalReader(folder: string, nativeBinding?: string): JournalReader {
  const binding = nativeBinding === undefined ? {} : { nativeBinding };
  const database = openDatabase({ path: storePaths(folder).database, isReadOnly: true, ...binding });
  return {
    *rows(query = {}) {
      let afterSeq = query.afterSeq ?? 0;
      for (;;) {
        const page = readPage(database, { ...query, afterSeq });
        const last = page.at(-1);
        if (last === undefined) return;
        yield* page;
        afterSeq = last.seq;
      }
    },
    runs: () => queryRuns(database),
    fills: (filter = {}) => queryFills(database, filter),
    close: () => database.close(),
  };
}
