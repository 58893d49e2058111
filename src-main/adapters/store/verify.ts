import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type AnchorReading, readAnchors, readKey } from "./anchors.ts";
import { executionOf, orderRefsOf, splitExecId } from "./bodies.ts";
import type { ChainHead } from "./chain.ts";
import { checkChain } from "./chain-check.ts";
import { type Database, openDatabase, openInMemory } from "./database.ts";
import { migrate, schemaVersion } from "./migrations.ts";
import { storePaths } from "./paths.ts";
import { hashRange } from "./recording-reader.ts";
import { StoreError, storeError } from "./store-error.ts";

export type VerificationFault = {
  readonly code:
    | "KEY"
    | "ANCHORS"
    | "CHAIN"
    | "SCHEMA"
    | "PROJECTION"
    | "RECORDING_GONE"
    | "RECORDING_CHANGED"
    | "UNREADABLE";
  /** The first bad row, where the fault is one of a row. */
  readonly seq?: number;
  readonly detail: string;
};

export type Verification = {
  readonly isValid: boolean;
  /** Rows found good before the first bad one. */
  readonly rows: number;
  readonly head: ChainHead;
  readonly anchors: number;
  readonly segments: number;
  /** The most telling first: rows, then anchors, then what hangs on them. */
  readonly faults: readonly VerificationFault[];
};

export type VerifyOptions = {
  /** Key of the anchors when it is not in the data directory. */
  readonly key?: Uint8Array;
  readonly nativeBinding?: string;
};

/**
 * Checks a journal without changing it: every row's number and hash, every anchor and its HMAC, the triggers and tables
 * that hang on the rows, and the recordings' segments. `path` is the data directory or its `journal.db`. What it cannot
 * see: rows behind the last anchor removed together with nothing else, which is why a run's end is anchored too.
 */
export function verifyJournal(path: string, options: VerifyOptions = {}): Verification {
  const folder = existsSync(path) && statSync(path).isDirectory() ? path : dirname(path);
  const paths = storePaths(folder);
  const binding = options.nativeBinding === undefined ? {} : { nativeBinding: options.nativeBinding };
  const database = openDatabase({ path: paths.database, isReadOnly: true, ...binding });
  try {
    const { reading, faults: anchorFaults } = anchorsOf(folder, options.key);
    const chain = checkChain(database, reading.anchors);
    const rowFaults = chain.fault === undefined ? [] : [{ code: "CHAIN" as const, ...chain.fault }];
    // What hangs on the rows is only worth reading when the rows are good.
    const isChained = chain.fault === undefined;
    const recordings = isChained ? checkSegments(database, folder) : { segments: 0, faults: [] };
    const faults: readonly VerificationFault[] = [
      ...rowFaults,
      ...anchorFaults,
      ...checkSchema(database, options.nativeBinding),
      ...(isChained ? checkProjections(database) : []),
      ...recordings.faults,
    ];
    return {
      isValid: faults.length === 0,
      rows: chain.rows,
      head: chain.head,
      anchors: reading.anchors.length,
      segments: recordings.segments,
      faults,
    };
  } catch (error) {
    const { message } = storeError(error, paths.database);
    const head = { seq: 0, hash: "" };
    return {
      isValid: false,
      rows: 0,
      head,
      anchors: 0,
      segments: 0,
      faults: [{ code: "UNREADABLE", detail: message }],
    };
  } finally {
    database.close();
  }
}

type AnchorCheck = { readonly reading: AnchorReading; readonly faults: readonly VerificationFault[] };

function anchorsOf(folder: string, given: Uint8Array | undefined): AnchorCheck {
  const paths = storePaths(folder);
  try {
    const reading = readAnchors(paths.anchors, given ?? readKey(paths.key));
    const faults = reading.fault === undefined ? [] : [{ code: "ANCHORS" as const, detail: reading.fault }];
    return { reading, faults };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { reading: { anchors: [], wholeBytes: 0 }, faults: [{ code: "KEY", detail: error.message }] };
  }
}

const SCHEMA_OBJECTS = "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY type, name";

/** Tables, indexes and triggers must be those that this build's migrations make for the journal's version. */
function checkSchema(database: Database, nativeBinding: string | undefined): readonly VerificationFault[] {
  const expected = inMemory(schemaVersion(database), nativeBinding);
  const list = (one: Database): readonly string[] => one.prepare<[], string>(SCHEMA_OBJECTS).pluck().all();
  const [wanted, found] = [list(expected), list(database)];
  expected.close();
  const missing = wanted.find((text) => !found.includes(text));
  const foreign = found.find((text) => !wanted.includes(text));
  const odd = missing ?? foreign;
  if (odd === undefined) return [];
  return [
    { code: "SCHEMA", detail: `${missing === undefined ? "foreign" : "missing or changed"}: ${odd.split(":")[0]}` },
  ];
}

function inMemory(version: number, nativeBinding: string | undefined): Database {
  const database = openInMemory(nativeBinding);
  migrate(database, version);
  return database;
}

type Derived = { readonly name: string; readonly wanted: ReadonlyMap<string, number>; readonly found: string };

/** Executions, intents and order ids must be exactly what the journal's rows say. */
function checkProjections(database: Database): readonly VerificationFault[] {
  const rows = database
    .prepare<[], { seq: number; kind: string; body: string }>(
      "SELECT seq, kind, body FROM journal WHERE kind IN ('EXECUTION', 'INTENT', 'ID_ALLOCATION') ORDER BY seq",
    )
    .all();
  const executions = new Map<string, number>();
  const intents = new Map<string, number>();
  const orderIds = new Map<string, number>();
  for (const { seq, kind, body } of rows) {
    if (kind === "EXECUTION") executions.set(executionKey(body), seq);
    if (kind === "INTENT") for (const orderRef of orderRefsOf(body)) intents.set(orderRef, seq);
    if (kind === "ID_ALLOCATION") {
      const { clientId, first, count } = allocationSchema.parse(JSON.parse(body));
      orderIds.set(String(clientId), first + count - 1);
    }
  }
  const tables: readonly Derived[] = [
    { name: "intents", wanted: intents, found: "SELECT orderRef AS key, seq AS value FROM intents" },
    {
      name: "order_ids",
      wanted: orderIds,
      found: "SELECT CAST(clientId AS TEXT) AS key, highWater AS value FROM order_ids",
    },
    {
      name: "executions",
      wanted: executions,
      found:
        "SELECT json_array(accountId, stem, revision, execId, orderRef, symbol, exchangeTime) AS key, seq AS value FROM executions",
    },
  ];
  const known = schemaVersion(database) >= 2 ? tables : tables.slice(0, 2);
  return known.flatMap((table) => compare(database, table));
}

const allocationSchema = z.object({ clientId: z.number(), first: z.number(), count: z.number() });

function executionKey(body: string): string {
  const { accountId, execId, orderRef, symbol, exchangeTime } = executionOf(body);
  const { stem, revision } = splitExecId(execId);
  return JSON.stringify([accountId, stem, revision, execId, orderRef, symbol, exchangeTime]);
}

function compare(database: Database, table: Derived): readonly VerificationFault[] {
  const found = new Map(
    database
      .prepare<[], { key: string; value: number }>(table.found)
      .all()
      .map(({ key, value }) => [key, value]),
  );
  for (const [key, value] of table.wanted) {
    if (found.get(key) !== value) {
      return [{ code: "PROJECTION", detail: `${table.name} lacks or changed ${key}, which the journal holds` }];
    }
  }
  for (const key of found.keys()) {
    if (!table.wanted.has(key)) {
      return [{ code: "PROJECTION", detail: `${table.name} has ${key}, which the journal does not hold` }];
    }
  }
  return [];
}

const segmentSchema = z.object({
  file: z.string().regex(/^[\w.-]+$/),
  index: z.number(),
  fromByte: z.number(),
  toByte: z.number(),
  sha256: z.string(),
});

type SegmentCheck = { readonly segments: number; readonly faults: readonly VerificationFault[] };

/** A recording may be gone (it is not needed for recovery): that is said, and is not silently good. */
function checkSegments(database: Database, folder: string): SegmentCheck {
  const rows = database
    .prepare<[], { seq: number; body: string }>("SELECT seq, body FROM journal WHERE kind = 'SEGMENT' ORDER BY seq")
    .all();
  const faults = rows.flatMap(({ seq, body }): readonly VerificationFault[] => {
    const segment = segmentSchema.safeParse(JSON.parse(body));
    if (!segment.success) return [{ code: "RECORDING_CHANGED", seq, detail: `row ${seq} names no segment` }];
    const { file, index, fromByte, toByte, sha256 } = segment.data;
    if (!existsSync(join(folder, file))) {
      return [
        { code: "RECORDING_GONE", seq, detail: `${file} is gone; row ${seq} holds the hash of its segment ${index}` },
      ];
    }
    if (hashRange(join(folder, file), fromByte, toByte) === sha256) return [];
    return [{ code: "RECORDING_CHANGED", seq, detail: `segment ${index} of ${file} is not what row ${seq} says` }];
  });
  return { segments: rows.length, faults };
}
