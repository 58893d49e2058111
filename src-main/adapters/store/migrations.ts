import { executionBook } from "./bodies.ts";
import type { Database } from "./database.ts";
import { StoreError } from "./store-error.ts";

type Migration = { readonly version: number; readonly name: string; readonly up: (database: Database) => void };

/** Triggers that refuse to change or remove rows of a table. */
function appendOnly(table: string): string {
  return ["UPDATE", "DELETE"]
    .map(
      (verb) => `CREATE TRIGGER ${table}_refuses_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
        BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
    )
    .join("\n");
}

const JOURNAL = `
  CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    wallTime INTEGER NOT NULL,
    monotonic INTEGER NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT,
    intentId TEXT,
    body TEXT NOT NULL,
    prevHash TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX journal_kind ON journal (kind, seq);
  ${appendOnly("journal")}
  CREATE TABLE intents (
    orderRef TEXT PRIMARY KEY,
    intentId TEXT NOT NULL,
    seq INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX journal_intent ON journal (intentId) WHERE kind = 'INTENT';
  ${appendOnly("intents")}
  CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    startSeq INTEGER NOT NULL,
    startTime INTEGER NOT NULL,
    recording TEXT NOT NULL
  ) STRICT;
  ${appendOnly("runs")}
  CREATE TABLE run_ends (
    run INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('Ended', 'CrashedRecovered', 'Quarantined')),
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL
  ) STRICT;
  ${appendOnly("run_ends")}
  CREATE TABLE order_ids (
    clientId INTEGER PRIMARY KEY,
    highWater INTEGER NOT NULL CHECK (highWater BETWEEN 0 AND 999999999)
  ) STRICT;
  CREATE TRIGGER order_ids_only_rise BEFORE UPDATE ON order_ids WHEN new.highWater <= old.highWater
    BEGIN SELECT RAISE(ABORT, 'order ids only rise'); END;
  CREATE TRIGGER order_ids_refuses_delete BEFORE DELETE ON order_ids
    BEGIN SELECT RAISE(ABORT, 'order ids only rise'); END;
  CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    pid INTEGER NOT NULL
  ) STRICT;
  CREATE TRIGGER lease_only_rises BEFORE UPDATE ON lease WHEN new.epoch <= old.epoch
    BEGIN SELECT RAISE(ABORT, 'the epoch of the lease only rises'); END;
  INSERT INTO lease (id, epoch, pid) VALUES (1, 0, 0);
`;

const EXECUTIONS = `
  CREATE TABLE executions (
    seq INTEGER PRIMARY KEY,
    accountId TEXT NOT NULL,
    stem TEXT NOT NULL,
    revision TEXT NOT NULL,
    execId TEXT NOT NULL,
    orderRef TEXT NOT NULL,
    symbol TEXT NOT NULL,
    exchangeTime INTEGER NOT NULL,
    UNIQUE (accountId, stem, revision)
  ) STRICT;
  CREATE INDEX executions_time ON executions (exchangeTime);
  CREATE INDEX executions_order ON executions (orderRef);
  ${appendOnly("executions")}
  CREATE TABLE commissions (
    seq INTEGER PRIMARY KEY,
    stem TEXT NOT NULL,
    commission INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX commissions_execution ON commissions (stem, seq);
  ${appendOnly("commissions")}
  CREATE VIEW fills AS
    SELECT e.*, j.time, j.body,
      (SELECT c.commission FROM commissions c WHERE c.stem = e.stem ORDER BY c.seq DESC LIMIT 1) AS commission
    FROM executions e JOIN journal j ON j.seq = e.seq
    WHERE e.revision = (SELECT max(r.revision) FROM executions r WHERE r.accountId = e.accountId AND r.stem = e.stem);
`;

const SNAPSHOTS = `
  CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    rowSeq INTEGER NOT NULL,
    run INTEGER NOT NULL,
    time INTEGER NOT NULL,
    state TEXT NOT NULL
  ) STRICT;
`;

/** In order, never edited: a change of the schema is a new entry. */
const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "journal, intents, runs, order ids, lease", up: (database) => database.exec(JOURNAL) },
  {
    version: 2,
    name: "executions and commissions",
    up: (database) => {
      database.exec(EXECUTIONS);
      bookJournalled(database);
    },
  },
  { version: 3, name: "snapshots", up: (database) => database.exec(SNAPSHOTS) },
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Books the executions and commissions of a journal that was written before it had tables for them. */
function bookJournalled(database: Database): void {
  const rows = database
    .prepare<[], { seq: number; kind: string; body: string }>(
      "SELECT seq, kind, body FROM journal WHERE kind IN ('EXECUTION', 'COMMISSION') ORDER BY seq",
    )
    .all();
  const { book } = executionBook(database);
  for (const row of rows) book(row.seq, row.kind, row.body);
}

/** The version of the schema; 0 for an empty file. */
export function schemaVersion(database: Database): number {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").get();
  if (table === undefined) return 0;
  return database.prepare<[], number>("SELECT max(version) FROM schema_version").pluck().get() ?? 0;
}

/**
 * Brings the schema up to `target`, each step in a transaction of its own. A schema newer than this build is refused and
 * left alone. Returns the steps taken.
 */
export function migrate(database: Database, target: number = SCHEMA_VERSION): readonly string[] {
  const version = schemaVersion(database);
  if (version > SCHEMA_VERSION) {
    throw new StoreError({
      code: "SCHEMA_NEWER",
      message: `the journal has schema ${version}, this build knows ${SCHEMA_VERSION}`,
      path: database.name,
      remedy: "Start the newer build, or restore the backup that was made before the upgrade.",
    });
  }
  const steps = MIGRATIONS.filter((step) => step.version > version && step.version <= target);
  for (const step of steps) {
    database
      .transaction(() => {
        database.exec(
          "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT",
        );
        step.up(database);
        database.prepare("INSERT INTO schema_version (version, name) VALUES (?, ?)").run(step.version, step.name);
      })
      .immediate();
  }
  return steps.map((step) => step.name);
}
