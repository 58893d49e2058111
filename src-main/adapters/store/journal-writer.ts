import { performance } from "node:perf_hooks";
import type { JournalKind } from "#runtime/store-port.ts";
import { canonical } from "#shared/lib/canonical.ts";
import type { Micros } from "#shared/lib/time.ts";
import { executionBook, orderRefsOf } from "./bodies.ts";
import { type ChainFields, type ChainHead, chainHash, sha256 } from "./chain.ts";
import type { Database } from "./database.ts";
import { StoreError, storeError } from "./store-error.ts";

/** An entry on its way to the disk; `body` is canonical JSON text. */
export type EncodedEntry = {
  readonly time: Micros;
  readonly kind: JournalKind;
  readonly cause?: string;
  readonly intentId?: string;
  readonly body: string;
};

/** The machine's clocks; a simulation gives its own, so that equal runs give equal journals. */
export type JournalClocks = { readonly wall: () => Micros; readonly monotonic: () => Micros };

export const MACHINE_CLOCKS: JournalClocks = {
  wall: () => Date.now() * 1_000,
  monotonic: () => Math.round(performance.now() * 1_000),
};

export type Outcome = { readonly value: unknown } | { readonly error: StoreError };

/** Writes rows. Everything but `commit` and `head` may only be called by an operation inside `commit`. */
export type JournalWriter = {
  head(): ChainHead;
  /**
   * One transaction. An operation that is refused (duplicate, bad body) is undone alone and answered with its error;
   * any other error undoes all and is thrown.
   */
  commit(operations: readonly (() => unknown)[]): readonly Outcome[];
  insert(entry: EncodedEntry): number;
  reserve(clientId: number, atLeast: number, count: number): number;
  saveSnapshot(time: Micros, state: string): number;
  /** Time of the newest entry. */
  lastTime(): Micros;
};

export const HIGHEST_ORDER_ID = 999_999_999;
const SNAPSHOTS_KEPT = 3;
const REFUSALS: ReadonlySet<string> = new Set([
  "DUPLICATE_INTENT",
  "DUPLICATE_EXECUTION",
  "BODY_REFUSED",
  "ORDER_IDS_EXHAUSTED",
]);

export type WriterOptions = {
  readonly database: Database;
  readonly head: ChainHead;
  /** The epoch of this writer's lease: another one in the database means that this writer lost it. */
  readonly run: number;
  readonly time: Micros;
  readonly clocks: JournalClocks;
};

export function createJournalWriter(options: WriterOptions): JournalWriter {
  const { database, run } = options;
  const path = database.name;
  let head = options.head;
  let lastTime = options.time;
  const insertRow = database.prepare(
    "INSERT INTO journal (seq, time, wallTime, monotonic, kind, cause, intentId, body, prevHash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const project = projections(database);
  const insert = (entry: EncodedEntry): number => {
    const fields: ChainFields = {
      seq: head.seq + 1,
      time: entry.time,
      wallTime: options.clocks.wall(),
      monotonic: options.clocks.monotonic(),
      kind: entry.kind,
      cause: entry.cause ?? null,
      intentId: entry.intentId ?? null,
      body: entry.body,
    };
    const { seq, time, wallTime, monotonic, kind, cause, intentId, body } = fields;
    const hash = chainHash(head.hash, fields);
    project(fields);
    insertRow.run(seq, time, wallTime, monotonic, kind, cause, intentId, body, head.hash, hash);
    head = { seq, hash };
    lastTime = Math.max(lastTime, time);
    return seq;
  };
  const epoch = database.prepare<[], number>("SELECT epoch FROM lease").pluck();
  const inSavepoint = database.transaction((operation: () => unknown) => operation());
  const attempt = (operation: () => unknown): Outcome => {
    const before = head;
    try {
      return { value: inSavepoint(operation) };
    } catch (error) {
      head = before;
      if (error instanceof StoreError && REFUSALS.has(error.code)) return { error };
      throw error;
    }
  };
  const inTransaction = database.transaction((operations: readonly (() => unknown)[]) => {
    assertLease(epoch.get(), run, path);
    return operations.map(attempt);
  });
  return {
    head: () => head,
    lastTime: () => lastTime,
    commit(operations) {
      const before = head;
      try {
        return inTransaction.immediate(operations);
      } catch (error) {
        head = before;
        throw storeError(error, path);
      }
    },
    insert,
    reserve: orderIds(database, insert, () => lastTime),
    saveSnapshot: snapshots(database, insert, () => head.seq, run),
  };
}

function assertLease(epoch: number | undefined, run: number, path: string): void {
  if (epoch === run) return;
  throw new StoreError({
    code: "LEASE_LOST",
    message: `the lease has epoch ${epoch ?? "none"}, this writer has ${run}`,
    path,
    remedy: "Another instance took over this data directory: this one must stop.",
  });
}

/** Writes what tables besides the journal hold of a row. Called first: a refused row leaves the chain as it was. */
function projections(database: Database): (row: ChainFields) => void {
  const insertIntent = database.prepare("INSERT INTO intents (orderRef, intentId, seq) VALUES (?, ?, ?)");
  const seqOfRef = database.prepare<[string], number>("SELECT seq FROM intents WHERE orderRef = ?").pluck();
  const seqOfIntent = database
    .prepare<[string], number>("SELECT seq FROM journal WHERE kind = 'INTENT' AND intentId = ?")
    .pluck();
  const { book } = executionBook(database);
  const refuse = (what: string, earlier: number): StoreError =>
    new StoreError({
      code: "DUPLICATE_INTENT",
      message: `${what} already stands in row ${earlier}`,
      path: database.name,
      remedy: "Nothing was written and nothing may be sent. This is a bug of the program: report it with this text.",
    });
  return (row) => {
    if (row.kind === "EXECUTION" || row.kind === "COMMISSION") book(row.seq, row.kind, row.body);
    if (row.kind !== "INTENT") return;
    const { intentId, seq } = row;
    if (intentId === null) {
      const message = "an INTENT has an intentId";
      throw new StoreError({ code: "BODY_REFUSED", message, path: "INTENT", remedy: "This is a bug of the program." });
    }
    const earlier = seqOfIntent.get(intentId);
    if (earlier !== undefined) throw refuse(`intent ${intentId}`, earlier);
    for (const orderRef of orderRefsOf(row.body)) {
      const earlierRef = seqOfRef.get(orderRef);
      if (earlierRef !== undefined) throw refuse(`orderRef ${orderRef}`, earlierRef);
      insertIntent.run(orderRef, intentId, seq);
    }
  };
}

function orderIds(database: Database, insert: JournalWriter["insert"], now: () => Micros): JournalWriter["reserve"] {
  const highWater = database.prepare<[number], number>("SELECT highWater FROM order_ids WHERE clientId = ?").pluck();
  const raise = database.prepare(
    "INSERT INTO order_ids (clientId, highWater) VALUES (?, ?) ON CONFLICT (clientId) DO UPDATE SET highWater = excluded.highWater",
  );
  return (clientId, atLeast, count) => {
    const first = Math.max(highWater.get(clientId) ?? 0, atLeast - 1, 0) + 1;
    const last = first + count - 1;
    if (!(Number.isSafeInteger(first) && Number.isInteger(count) && count > 0 && last <= HIGHEST_ORDER_ID)) {
      throw new StoreError({
        code: "ORDER_IDS_EXHAUSTED",
        message: `client ${clientId} asked for ${count} ids from ${first}; the highest is ${HIGHEST_ORDER_ID}`,
        path: database.name,
        remedy: "Reset the API order id sequence in TWS or the Gateway, then use another client id.",
      });
    }
    raise.run(clientId, last);
    insert({ time: now(), kind: "ID_ALLOCATION", body: canonical({ clientId, first, count }) });
    return first;
  };
}

function snapshots(
  database: Database,
  insert: JournalWriter["insert"],
  headSeq: () => number,
  run: number,
): JournalWriter["saveSnapshot"] {
  const save = database.prepare("INSERT INTO snapshots (seq, rowSeq, run, time, state) VALUES (?, ?, ?, ?, ?)");
  const prune = database.prepare(
    `DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ${SNAPSHOTS_KEPT})`,
  );
  return (time, state) => {
    const seq = headSeq();
    const rowSeq = insert({ time, kind: "SNAPSHOT", body: canonical({ seq, stateHash: sha256(state) }) });
    save.run(seq, rowSeq, run, time, state);
    prune.run();
    return seq;
  };
}
