import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import type { RunEnd, StoreOpening } from "#runtime/store-port.ts";
import { canonical } from "#shared/lib/canonical.ts";
import type { Micros } from "#shared/lib/time.ts";
import { type AnchorFile, createKey, openAnchors, readAnchors, readKey } from "./anchors.ts";
import { type ChainHead, GENESIS } from "./chain.ts";
import { checkTail } from "./chain-check.ts";
import { type Database, openDatabase } from "./database.ts";
import { acquireInstanceLock, type InstanceLock, readHolder, startMark } from "./instance-lock.ts";
import { createJournalWriter, type JournalClocks, type JournalWriter, MACHINE_CLOCKS } from "./journal-writer.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./migrations.ts";
import { recordingName, runOfRecording, type StorePaths, storePaths } from "./paths.ts";
import { assertNotQuarantined, quarantine } from "./quarantine.ts";
import { type RecoveredRecording, recoverRecording } from "./recording-recovery.ts";
import { named } from "./store-error.ts";

export type JournalOptions = {
  readonly folder: string;
  /** Time of RUN_START, by the `Clock`. */
  readonly time: Micros;
  /** Facts of RUN_START: build, hashes of configuration, models, strategies and calendar, profile, seed. */
  readonly info: unknown;
  readonly nativeBinding?: string;
  readonly busyTimeoutMs?: number;
  /** Rows between two anchors; default 1,000. */
  readonly anchorRows?: number;
  readonly clocks?: JournalClocks;
};

/** The journal of one data directory, open for writing: synchronous, for the store's thread, tests and tools. */
export type Journal = {
  readonly opening: StoreOpening;
  readonly paths: StorePaths;
  readonly database: Database;
  readonly writer: JournalWriter;
  /** Anchors the head when enough rows came since the last anchor. */
  anchorIfDue(): void;
  /** Writes RUN_END and the last anchor, folds the write-ahead log into the database, lets go of the directory. */
  end(kind: "Ended" | "Quarantined"): void;
  /** Lets go of everything without a last word, as a crash would. */
  abandon(): void;
};

const ANCHOR_ROWS = 1_000;

/** Start-up steps 1, 3 and 5 of a data directory: lock, open, check, lease, RUN_START. Throws a `StoreError`. */
export function openJournal(options: JournalOptions): Journal {
  const paths = storePaths(options.folder);
  named(paths.folder, () => mkdirSync(paths.folder, { recursive: true, mode: 0o700 }));
  const lock = lockFor(paths.folder);
  let database: Database | undefined;
  try {
    assertNotQuarantined(paths);
    const { path, ...rest } = { path: paths.database, ...pick(options) };
    database = openDatabase({ path, ...rest });
    return openWith(options, paths, database, lock);
  } catch (error) {
    database?.close();
    lock?.release();
    throw error;
  }
}

function pick(options: JournalOptions): { nativeBinding?: string; busyTimeoutMs?: number } {
  const { nativeBinding, busyTimeoutMs } = options;
  return {
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
    ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }),
  };
}

/** The host takes the directory first; a journal opened without one takes it itself. */
function lockFor(folder: string): InstanceLock | undefined {
  const holder = readHolder(folder);
  const isHosts = holder?.role === "host" && holder.pid === process.pid && holder.startMark === startMark(process.pid);
  return isHosts ? undefined : acquireInstanceLock(folder, "store");
}

function openWith(
  options: JournalOptions,
  paths: StorePaths,
  database: Database,
  lock: InstanceLock | undefined,
): Journal {
  named(paths.database, () => upgrade(database, paths));
  const { anchors, head } = openChain(database, paths);
  const clocks = options.clocks ?? MACHINE_CLOCKS;
  const previous = previousRun(database);
  if (previous !== undefined && previous.end === undefined) assertIntact(database, paths);
  const run = takeLease(database, paths.folder);
  const writer = createJournalWriter({ database, head, run, time: options.time, clocks });
  const recovered = recoverRecording(database, paths.folder, previous?.run);
  const opening = start({ options, paths, database, writer, run, previous, recovered });
  anchors.add(writer.head(), run);
  const letGo = (): void => {
    anchors.close();
    database.close();
    lock?.release();
  };
  return {
    opening,
    paths,
    database,
    writer,
    anchorIfDue() {
      const rows = writer.head().seq - anchors.last.seq;
      if (rows >= (options.anchorRows ?? ANCHOR_ROWS)) anchors.add(writer.head(), run);
    },
    end(kind) {
      endRun(database, writer, run, kind);
      anchors.add(writer.head(), run);
      if (kind === "Quarantined") quarantine(paths, `run ${run} ended quarantined`);
      named(paths.database, () => database.pragma("wal_checkpoint(TRUNCATE)"));
      letGo();
    },
    abandon: letGo,
  };
}

/** Migrates; a journal that holds rows is copied beside itself first, which is the way back. */
function upgrade(database: Database, paths: StorePaths): void {
  const version = schemaVersion(database);
  const copy = `${paths.database}.schema-${version}`;
  const isUpgrade = version > 0 && version < SCHEMA_VERSION;
  if (isUpgrade && !existsSync(copy)) database.prepare("VACUUM INTO ?").run(copy);
  migrate(database);
}

/** Checks the chain from the last anchor on. A journal that fails is quarantined. */
function openChain(database: Database, paths: StorePaths): { readonly anchors: AnchorFile; readonly head: ChainHead } {
  const isNew = database.prepare("SELECT 1 FROM journal LIMIT 1").get() === undefined;
  if (isNew && !existsSync(paths.key)) createKey(paths.key);
  const key = readKey(paths.key);
  const reading = readAnchors(paths.anchors, key);
  const last = reading.anchors.at(-1);
  if (isNew && (last === undefined || last.seq === 0)) {
    return { anchors: openAnchors(paths.anchors, key, reading), head: { seq: 0, hash: GENESIS } };
  }
  if (reading.fault !== undefined || last === undefined) throw quarantine(paths, reading.fault ?? "no anchor");
  const { head, fault } = named(paths.database, () => checkTail(database, last));
  if (fault !== undefined) throw quarantine(paths, fault.detail);
  return { anchors: openAnchors(paths.anchors, key, reading), head };
}

type PreviousRun = { readonly run: number; readonly end: RunEnd | undefined };

function previousRun(database: Database): PreviousRun | undefined {
  const row = database
    .prepare<[], { run: number; kind: RunEnd | null }>(
      "SELECT r.run, e.kind FROM runs r LEFT JOIN run_ends e ON e.run = r.run ORDER BY r.run DESC LIMIT 1",
    )
    .get();
  return row === undefined ? undefined : { run: row.run, end: row.kind ?? undefined };
}

/** After an unclean end SQLite looks at every page. */
function assertIntact(database: Database, paths: StorePaths): void {
  const verdict = named(paths.database, () => String(database.pragma("integrity_check(1)", { simple: true })));
  if (verdict !== "ok") throw quarantine(paths, verdict);
}

/**
 * Raises the epoch: any other writer of this database finds it at its next commit and stops. A database restored from a
 * backup does not know its last runs; their recordings do, and no run number may come twice, since orderRefs name it.
 */
function takeLease(database: Database, folder: string): number {
  return named(database.name, () => {
    const epoch = database.prepare<[], number>("SELECT epoch FROM lease").pluck().get() ?? 0;
    const recorded = readdirSync(folder).map((name) => runOfRecording(name) ?? 0);
    const run = Math.max(epoch, ...recorded) + 1;
    database.prepare("UPDATE lease SET epoch = ?, pid = ?").run(run, process.pid);
    return run;
  });
}

type Start = {
  readonly options: JournalOptions;
  readonly paths: StorePaths;
  readonly database: Database;
  readonly writer: JournalWriter;
  readonly run: number;
  readonly previous: PreviousRun | undefined;
  readonly recovered: RecoveredRecording;
};

/** The first rows of a run, in one transaction. */
function start({ options, paths, database, writer, run, previous, recovered }: Start): StoreOpening {
  const { time, info } = options;
  const recording = recordingName(run);
  const previousEnd = previous === undefined ? undefined : (previous.end ?? "CrashedRecovered");
  const lifted = existsSync(paths.lifted) ? readFileSync(paths.lifted, "utf8") : undefined;
  writer.commit([
    () => {
      const { segment } = recovered;
      if (segment !== undefined) writer.insert({ time, kind: "SEGMENT", body: canonical(segment) });
      if (recovered.note !== undefined)
        writer.insert({ time, kind: "NOTE", body: canonical({ text: recovered.note }) });
      if (previous !== undefined && previous.end === undefined) {
        insertEnd(database, writer, { run: previous.run, kind: "CrashedRecovered", time });
      }
      if (lifted !== undefined) {
        const body = canonical({ text: "quarantine lifted", lifted });
        writer.insert({ time, kind: "NOTE", cause: "person", body });
      }
      const { node, electron, sqlite }: Readonly<Record<string, string | undefined>> = {
        ...process.versions,
        sqlite: sqliteVersion(database),
      };
      const facts = {
        run,
        recording,
        previousEnd,
        schema: SCHEMA_VERSION,
        node,
        electron,
        sqlite,
        info,
      };
      const startSeq = writer.insert({ time, kind: "RUN_START", body: canonical(facts) });
      database
        .prepare("INSERT INTO runs (run, startSeq, startTime, recording) VALUES (?, ?, ?, ?)")
        .run(run, startSeq, time, recording);
    },
  ]);
  rmSync(paths.lifted, { force: true });
  const startSeq = writer.head().seq;
  const { cutBytes } = recovered;
  return { run, startSeq, recording, cutBytes, ...(previousEnd === undefined ? {} : { previousEnd }) };
}

function sqliteVersion(database: Database): string {
  return database.prepare<[], string>("SELECT sqlite_version()").pluck().get() ?? "";
}

function insertEnd(
  database: Database,
  writer: JournalWriter,
  end: { readonly run: number; readonly kind: RunEnd; readonly time: Micros },
): void {
  const seq = writer.insert({ time: end.time, kind: "RUN_END", body: canonical({ run: end.run, end: end.kind }) });
  database
    .prepare("INSERT INTO run_ends (run, kind, seq, time) VALUES (?, ?, ?, ?)")
    .run(end.run, end.kind, seq, end.time);
}

function endRun(database: Database, writer: JournalWriter, run: number, kind: "Ended" | "Quarantined"): void {
  writer.commit([() => insertEnd(database, writer, { run, kind, time: writer.lastTime() })]);
}

/** Bytes of the write-ahead log; it is folded into the database when idle, and at a hard bound. */
export function walBytes(paths: StorePaths): number {
  return statSync(`${paths.database}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
