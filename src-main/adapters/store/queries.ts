import { z } from "zod";
import type {
  FillFilter,
  JournalKind,
  JournalQuery,
  JournalRow,
  RunEnd,
  RunRow,
  Snapshot,
  StoredFill,
} from "#runtime/store-port.ts";
import { executionOf } from "./bodies.ts";
import { type ChainRow, sha256 } from "./chain.ts";
import type { Database } from "./database.ts";

/** Rows of one page: short readings, so that no reader holds the write-ahead log. */
export const PAGE_ROWS = 500;

function parsed(text: string): unknown {
  return JSON.parse(text);
}

/** The next page of rows behind `afterSeq`, oldest first. */
export function readPage(database: Database, query: JournalQuery): readonly JournalRow[] {
  const kinds = query.kinds === undefined ? null : JSON.stringify(query.kinds);
  return database
    .prepare<[number, string | null, string | null, number], ChainRow & { kind: JournalKind }>(
      "SELECT * FROM journal WHERE seq > ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY seq LIMIT ?",
    )
    .all(query.afterSeq ?? 0, kinds, kinds, PAGE_ROWS)
    .map((row) => ({
      seq: row.seq,
      time: row.time,
      wallTime: row.wallTime,
      monotonic: row.monotonic,
      kind: row.kind,
      ...(row.cause === null ? {} : { cause: row.cause }),
      ...(row.intentId === null ? {} : { intentId: row.intentId }),
      body: parsed(row.body),
      prevHash: row.prevHash,
      hash: row.hash,
    }));
}

type FillRow = {
  readonly seq: number;
  readonly time: number;
  readonly body: string;
  readonly commission: number | null;
};

const FILL_CONDITIONS = [
  ["accountId", "accountId = ?"],
  ["symbol", "symbol = ?"],
  ["orderRef", "orderRef = ?"],
  ["fromTime", "exchangeTime >= ?"],
  ["toTime", "exchangeTime <= ?"],
  ["afterSeq", "seq > ?"],
] as const;

/** Executions after corrections, each with the newest commission reported for it. */
export function queryFills(database: Database, filter: FillFilter): readonly StoredFill[] {
  const asked = FILL_CONDITIONS.filter(([field]) => filter[field] !== undefined);
  const where = asked.length === 0 ? "" : `WHERE ${asked.map(([, condition]) => condition).join(" AND ")}`;
  return database
    .prepare<unknown[], FillRow>(`SELECT seq, time, body, commission FROM fills ${where} ORDER BY seq LIMIT ?`)
    .all(...asked.map(([field]) => filter[field]), filter.limit ?? 1_000)
    .map((row) => ({
      seq: row.seq,
      time: row.time,
      execution: executionOf(row.body),
      ...(row.commission === null ? {} : { commission: row.commission }),
      body: parsed(row.body),
    }));
}

type RunRecord = {
  readonly run: number;
  readonly startSeq: number;
  readonly startTime: number;
  readonly body: string;
  readonly kind: RunEnd | null;
  readonly endSeq: number | null;
  readonly endTime: number | null;
};

/** Every run, oldest first. */
export function queryRuns(database: Database): readonly RunRow[] {
  return database
    .prepare<[], RunRecord>(
      `SELECT r.run, r.startSeq, r.startTime, j.body, e.kind, e.seq AS endSeq, e.time AS endTime
       FROM runs r JOIN journal j ON j.seq = r.startSeq LEFT JOIN run_ends e ON e.run = r.run ORDER BY r.run`,
    )
    .all()
    .map(({ run, startSeq, startTime, body, kind, endSeq, endTime }) => ({
      run,
      startSeq,
      startTime,
      info: parsed(body),
      ...(kind === null || endSeq === null || endTime === null ? {} : { end: { kind, seq: endSeq, time: endTime } }),
    }));
}

const snapshotBodySchema = z.object({ seq: z.number(), stateHash: z.string() });

/** The newest snapshot whose text still has the hash that the journal holds; older ones are the fallback. */
export function loadSnapshot(database: Database): Snapshot | undefined {
  const rows = database
    .prepare<[], { seq: number; run: number; time: number; state: string; body: string }>(
      "SELECT s.seq, s.run, s.time, s.state, j.body FROM snapshots s JOIN journal j ON j.seq = s.rowSeq ORDER BY s.seq DESC",
    )
    .all();
  for (const { seq, run, time, state, body } of rows) {
    const row = snapshotBodySchema.safeParse(parsed(body));
    if (!row.success || row.data.seq !== seq || row.data.stateHash !== sha256(state)) continue;
    return { seq, run, time, stateHash: row.data.stateHash, state: parsed(state) };
  }
  return undefined;
}
