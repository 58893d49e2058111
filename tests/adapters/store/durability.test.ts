import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openAnchors, readAnchors } from "#adapters/store/anchors.ts";
import { GENESIS } from "#adapters/store/chain.ts";
import { assertPragmas, assertRuntime, openDatabase } from "#adapters/store/database.ts";
import { acquireInstanceLock, isAlive, LOCK_FILE, readHolder } from "#adapters/store/instance-lock.ts";
import { openJournal } from "#adapters/store/journal.ts";
import { createJournalWriter, MACHINE_CLOCKS } from "#adapters/store/journal-writer.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "#adapters/store/migrations.ts";
import { recordingName } from "#adapters/store/paths.ts";
import { liftQuarantine } from "#adapters/store/quarantine.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { execution, note, OPENING_TIME } from "./entries.ts";
import { open, rowsOf, temporaryFolder } from "./store-fixture.ts";

const OPTIONS = { time: OPENING_TIME, info: {} };
const databaseIn = (folder: string): string => join(folder, "journal.db");

test("WAL and synchronous=FULL hold at the first opening and at every later one", () => {
  const path = databaseIn(temporaryFolder());
  for (let round = 0; round < 3; round += 1) {
    const database = openDatabase({ path });
    const values = ["journal_mode", "synchronous", "wal_autocheckpoint"].map((name) =>
      database.pragma(name, { simple: true }),
    );
    expect(values).toEqual(["wal", 2, 0]);
    database.exec("CREATE TABLE IF NOT EXISTS t (a)");
    database.close();
  }
});

test("a pragma that does not hold is refused by name", () => {
  const database = openDatabase({ path: databaseIn(temporaryFolder()) });
  database.pragma("synchronous = NORMAL");
  expect(() => assertPragmas(database)).toThrow(/PRAGMA_REFUSED: synchronous is 1, wanted FULL/);
  database.close();
});

test("a runtime below Node-API 10 is told to attach before the native module is touched", () => {
  expect(() => assertRuntime(9, undefined)).toThrow(
    /this runtime has Node-API 9: attach to a headless host, or make the test build with npm run native:test/,
  );
  expect(() => assertRuntime(9, "/a/build.node")).not.toThrow();
  expect(() => assertRuntime(10, undefined)).not.toThrow();
});

test("rows of journal, executions, commissions, intents and runs cannot be changed or removed", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder);
  const body = { execId: "a.01", commission: 1 };
  const commission = { time: OPENING_TIME, kind: "COMMISSION", body, durability: "grouped" } as const;
  await store.append([execution({ execId: "a.01" }), commission]);
  await store.allocateOrderId(1, 5);
  await store.close("Ended");
  const database = openDatabase({ path: databaseIn(folder) });
  for (const table of ["journal", "executions", "commissions", "runs", "run_ends"]) {
    expect(() => database.exec(`DELETE FROM ${table}`)).toThrow(/append-only/);
    expect(() => database.exec(`UPDATE ${table} SET seq = 9`.replace("runs SET seq", "runs SET startSeq"))).toThrow(
      /append-only/,
    );
  }
  expect(() => database.exec("UPDATE order_ids SET highWater = 4")).toThrow(/only rise/);
  expect(() => database.exec("DELETE FROM order_ids")).toThrow(/only rise/);
  database.close();
});

test("a journal of schema 1 is copied, migrated, and its executions are booked from its rows", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "journal.key"), `${"0".repeat(64)}\n`, { mode: 0o600 });
  const key = Buffer.alloc(32);
  const old = openDatabase({ path: databaseIn(folder) });
  migrate(old, 1);
  // What schema 1 wrote: rows alone. The writer of today needs the later tables, so the row is chained by a plain insert.
  const head = firstRows(old, [execution({ execId: "old.01", quantity: 40 })]);
  const anchors = openAnchors(join(folder, "journal.anchors"), key, readAnchors(join(folder, "journal.anchors"), key));
  anchors.add(head, 0);
  anchors.close();
  expect(schemaVersion(old)).toBe(1);
  old.close();
  const { store } = open(folder);
  expect((await store.queryFills()).map((fill) => [fill.seq, fill.execution.quantity])).toEqual([[1, 40]]);
  await store.close("Ended");
  expect(verifyJournal(folder)).toMatchObject({ isValid: true });
  expect(existsSync(`${databaseIn(folder)}.schema-1`)).toBe(true);
});

/** Writes rows with today's writer in memory and copies them into a journal of schema 1. */
function firstRows(target: ReturnType<typeof openDatabase>, entries: readonly ReturnType<typeof note>[]) {
  const source = openDatabase({ path: join(temporaryFolder(), "rows.db") });
  migrate(source);
  const head = { seq: 0, hash: GENESIS };
  const writer = createJournalWriter({ database: source, head, run: 0, time: OPENING_TIME, clocks: MACHINE_CLOCKS });
  writer.commit(
    entries.map(
      ({ time, kind, body }) =>
        () =>
          writer.insert({ time, kind, body: canonical(body) }),
    ),
  );
  const rows = source.prepare("SELECT * FROM journal").all();
  source.close();
  const insert = target.prepare(
    "INSERT INTO journal (seq, time, wallTime, monotonic, kind, cause, intentId, body, prevHash, hash) VALUES (@seq, @time, @wallTime, @monotonic, @kind, @cause, @intentId, @body, @prevHash, @hash)",
  );
  for (const row of rows) insert.run(row);
  return writer.head();
}

test("a journal of a newer build is refused and left as it is", async () => {
  const folder = temporaryFolder();
  await open(folder).store.close("Ended");
  const database = openDatabase({ path: databaseIn(folder) });
  database.prepare("INSERT INTO schema_version (version, name) VALUES (?, 'of tomorrow')").run(SCHEMA_VERSION + 1);
  database.close();
  const before = readFileSync(databaseIn(folder));
  expect(() => open(folder)).toThrow(/SCHEMA_NEWER: the journal has schema 4, this build knows 3/);
  expect(readFileSync(databaseIn(folder)).equals(before)).toBe(true);
});

test("a broken chain is quarantined until the journal verifies again and a person lifts it", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder);
  await store.append([note(1)]);
  await store.close("Ended");
  const good = readFileSync(databaseIn(folder));
  const database = openDatabase({ path: databaseIn(folder) });
  database.exec("DROP TRIGGER journal_refuses_delete; DELETE FROM journal WHERE seq = 3");
  database.close();
  expect(() => open(folder)).toThrow(/QUARANTINED: .*row 3 is gone/);
  expect(() => open(folder)).toThrow(/QUARANTINED/);
  expect(() => liftQuarantine(folder, "ann", "restored")).toThrow(/QUARANTINED: .*rows 3 to 3 are gone/);
  writeFileSync(databaseIn(folder), good);
  expect(() => open(folder)).toThrow(/QUARANTINED/);
  liftQuarantine(folder, "ann", "restored from backup");
  const next = open(folder).store;
  expect((await rowsOf(next, ["NOTE"])).at(-1)).toMatchObject({ cause: "person", body: { text: "quarantine lifted" } });
  await next.close("Ended");
});

test("a run that ends quarantined shuts the journal, and the run after the lifting says so", async () => {
  const folder = temporaryFolder();
  await open(folder).store.close("Quarantined");
  expect(() => open(folder)).toThrow(/QUARANTINED: the journal is quarantined: run 1 ended quarantined/);
  liftQuarantine(folder, "ann", "state hash explained");
  const { store } = open(folder);
  expect(store.opening.previousEnd).toBe("Quarantined");
  await store.close("Ended");
});

test("a removed file of anchors or a replaced key quarantines or stops the opening", async () => {
  const folder = temporaryFolder();
  await open(folder).store.close("Ended");
  const key = join(folder, "journal.key");
  const kept = readFileSync(key);
  if (process.platform !== "win32") {
    expect(statSync(key).mode & 0o777).toBe(0o600);
    chmodSync(key, 0o644);
    expect(() => open(folder)).toThrow(/KEY_UNSAFE: others may read the key: its mode is 644.*chmod 600/);
    chmodSync(key, 0o600);
  }
  writeFileSync(key, `${"11".repeat(32)}\n`);
  expect(() => open(folder)).toThrow(/QUARANTINED: .*anchor 1 was changed/);
  writeFileSync(key, kept);
  liftQuarantine(folder, "ann", "key restored");
  await open(folder).store.close("Ended");
});

test("a full disk ends the store by name: what waits is rejected, what was acknowledged is kept", async () => {
  const folder = temporaryFolder();
  const journal = openJournal({ folder, ...OPTIONS });
  const { writer, database } = journal;
  const wide = { time: OPENING_TIME, kind: "NOTE", body: canonical({ text: "x".repeat(50_000) }) } as const;
  writer.commit([() => writer.insert(wide)]);
  const { seq } = writer.head();
  database.pragma(`max_page_count = ${String(database.pragma("page_count", { simple: true }))}`);
  expect(() => writer.commit([() => writer.insert(wide)])).toThrow(/DISK_FULL/);
  expect(writer.head().seq).toBe(seq);
  database.pragma("max_page_count = 1000000");
  writer.commit([() => writer.insert(wide)]);
  journal.end("Ended");
  expect(verifyJournal(folder)).toMatchObject({ isValid: true, rows: seq + 2 });
});

test("a database held by another writer is refused by name", async () => {
  const folder = temporaryFolder();
  await open(folder).store.close("Ended");
  const other = openDatabase({ path: databaseIn(folder) });
  other.exec("BEGIN IMMEDIATE");
  expect(() => open(folder, { busyTimeoutMs: 20 })).toThrow(/DATABASE_LOCKED/);
  other.exec("COMMIT");
  other.close();
  await open(folder).store.close("Ended");
});

test("a writer whose lease was taken stops at its next commit and tells it", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder);
  const failures: string[] = [];
  store.onFailure((failure) => failures.push(failure.code));
  const other = openDatabase({ path: databaseIn(folder) });
  other.exec("UPDATE lease SET epoch = epoch + 1");
  other.close();
  const lost = [store.append([note(1)]), store.append([note(2)])];
  for (const call of lost) await expect(call).rejects.toMatchObject({ code: "LEASE_LOST" });
  await expect(store.append([note(3)])).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect([failures, store.failure()?.code, store.pending()]).toEqual([["LEASE_LOST"], "LEASE_LOST", 0]);
});

test("a data directory that is a file is refused with a remedy", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  expect(() => open(file)).toThrow(/DIRECTORY_UNWRITABLE.*choose another/);
});

const cannotDropRights = process.platform === "win32" || process.getuid?.() !== 0;

test.skipIf(cannotDropRights)(
  "a data directory of another user is refused with a remedy (needs to start as root)",
  () => {
    const folder = temporaryFolder();
    const script = `
    const { openStore } = await import(${JSON.stringify(new URL("../../../src-main/adapters/store/open-store.ts", import.meta.url).href)});
    process.setuid(65534);
    try { openStore({ folder: ${JSON.stringify(folder)}, time: 1, info: {} }); } catch (error) { console.log(error.code, error.remedy); }
  `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(/^DIRECTORY_UNWRITABLE Give this user/), ""]);
  },
);

test("a run number is never given twice, also when an older database was put back", async () => {
  const folder = temporaryFolder();
  await open(folder).store.close("Ended");
  writeFileSync(join(folder, recordingName(41)), "");
  const { store } = open(folder);
  expect(store.opening.run).toBe(42);
  await store.close("Ended");
});

test("the lock of a process that is gone, or whose pid another one has now, is stale", () => {
  const folder = temporaryFolder();
  const lock = acquireInstanceLock(folder);
  expect(isAlive(lock.holder)).toBe(true);
  expect(() => acquireInstanceLock(folder)).toThrow(new RegExp(`INSTANCE_RUNNING.*process ${process.pid}`));
  lock.release();
  expect(readHolder(folder)).toBeUndefined();
  const gone = { ...lock.holder, pid: 4_190_000, token: "gone" };
  writeFileSync(join(folder, LOCK_FILE), JSON.stringify(gone));
  acquireInstanceLock(folder).release();
  const reused = { ...lock.holder, startMark: "another boot/1", token: "reused" };
  writeFileSync(join(folder, LOCK_FILE), JSON.stringify(reused));
  if (process.platform === "linux") acquireInstanceLock(folder).release();
  writeFileSync(join(folder, LOCK_FILE), "torn");
  acquireInstanceLock(folder).release();
});

test("the host's own lock lets its store in", async () => {
  const folder = temporaryFolder();
  const lock = acquireInstanceLock(folder);
  await open(folder).store.close("Ended");
  expect(readHolder(folder)).toEqual(lock.holder);
  lock.release();
});
