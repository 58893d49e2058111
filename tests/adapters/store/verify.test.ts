import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ChainRow, chainHash } from "#adapters/store/chain.ts";
import { type Database, openDatabase } from "#adapters/store/database.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { createRng, type Rng } from "#shared/lib/rng.ts";
import { execution, intent, note } from "./entries.ts";
import { open, temporaryFolder } from "./store-fixture.ts";

const ROWS = 300;
const FILES = ["journal.db", "journal.anchors", "journal.key"];

async function sealedJournal(): Promise<string> {
  const folder = temporaryFolder();
  const { store } = open(folder, { anchorRows: 50 });
  for (let index = 0; index < ROWS; index += 3) {
    const ref = `RT1-1-${index}-E00`;
    await store.append([note(index), intent(`i${index}`, ref), execution({ execId: `${index}.01` })]);
  }
  await store.allocateOrderId(1, 10);
  await store.close("Ended");
  return folder;
}

function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of FILES) copyFileSync(join(from, file), join(to, file));
}

/** Opens the database as an attacker would: without the triggers in the way. */
function attack(folder: string, change: (database: Database) => void): void {
  const database = openDatabase({ path: join(folder, "journal.db") });
  const triggers = database
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
  change(database);
  for (const { sql } of triggers) database.exec(sql);
  database.close();
}

function rowAt(database: Database, seq: number): ChainRow {
  const row = database.prepare<[number], ChainRow>("SELECT * FROM journal WHERE seq = ?").get(seq);
  if (row === undefined) throw new RangeError(`no row ${seq}`);
  return row;
}

const EDITS: Readonly<Record<string, (row: ChainRow) => string | number>> = {
  body: (row) => row.body.replace(/.$/, " }"),
  time: (row) => row.time + 1,
  wallTime: (row) => row.wallTime - 1,
  monotonic: (row) => row.monotonic + 1,
  kind: (row) => `${row.kind}_`,
  cause: (row) => `${row.cause}x`,
  intentId: (row) => `${row.intentId}x`,
  prevHash: (row) => row.prevHash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  hash: (row) => row.hash.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
};

function write(database: Database, row: ChainRow): void {
  database
    .prepare(
      "INSERT OR REPLACE INTO journal (seq, time, wallTime, monotonic, kind, cause, intentId, body, prevHash, hash) VALUES (@seq, @time, @wallTime, @monotonic, @kind, @cause, @intentId, @body, @prevHash, @hash)",
    )
    .run(row);
}

/** Each changes the journal somewhere and returns the first row that is no longer right. */
const TAMPERINGS: readonly ((database: Database, rng: Rng, head: number) => number)[] = [
  function edit(database, rng, head) {
    const seq = rng.integer(1, head);
    const columns = Object.keys(EDITS);
    const column = columns[rng.integer(0, columns.length - 1)] ?? "body";
    database.prepare(`UPDATE journal SET ${column} = ? WHERE seq = ?`).run(EDITS[column]?.(rowAt(database, seq)), seq);
    return seq;
  },
  function remove(database, rng, head) {
    const seq = rng.integer(1, head);
    database.prepare("DELETE FROM journal WHERE seq = ?").run(seq);
    return seq;
  },
  function swap(database, rng, head) {
    const seq = rng.integer(1, head - 1);
    const [a, b] = [rowAt(database, seq), rowAt(database, seq + 1)];
    database.prepare("DELETE FROM journal WHERE seq IN (?, ?)").run(seq, seq + 1);
    write(database, { ...b, seq });
    write(database, { ...a, seq: seq + 1 });
    return seq;
  },
  function insert(database, rng, head) {
    const seq = rng.integer(0, 1) === 0 ? head + 1 : 0;
    write(database, { ...rowAt(database, head), seq, kind: "NOTE", intentId: null, cause: "planted" });
    return seq === 0 ? 0 : seq;
  },
  function truncate(database, rng, head) {
    const seq = rng.integer(1, head);
    database.prepare("DELETE FROM journal WHERE seq >= ?").run(seq);
    return seq;
  },
  /** The attacker knows the chain and writes every later hash anew; only the anchors' key is missing. */
  function rewrite(database, rng, head) {
    const seq = rng.integer(1, head);
    let previous = rowAt(database, seq).prevHash;
    for (let at = seq; at <= head; at += 1) {
      const old = rowAt(database, at);
      const row = { ...old, ...(at === seq ? { time: old.time + 1 } : {}), prevHash: previous };
      previous = chainHash(row.prevHash, row);
      write(database, { ...row, hash: previous });
    }
    return seq;
  },
];

/** The proof run asks for 10,000. */
const TAMPERING_COUNT = Number(process.env.ROBOTRADER_PROOF_TAMPERINGS ?? 500);

test(`${TAMPERING_COUNT} random tamperings are all found, and the first bad row is named`, async () => {
  const sealed = await sealedJournal();
  const victim = temporaryFolder();
  const { head, rows, isValid } = verifyJournal(sealed);
  expect([isValid, rows]).toEqual([true, head.seq]);
  const rng = createRng("tampering");
  for (let round = 0; round < TAMPERING_COUNT; round += 1) {
    const tamper = TAMPERINGS[round % TAMPERINGS.length];
    copy(sealed, victim);
    let first = 0;
    attack(victim, (database) => {
      first = tamper?.(database, rng, head.seq) ?? 0;
    });
    const [fault] = verifyJournal(victim).faults;
    expect([tamper?.name, fault?.code]).toEqual([tamper?.name, "CHAIN"]);
    // A chain that was written anew fits until the next anchor: every 50 rows.
    if (tamper?.name === "rewrite") {
      expect(fault?.seq).toBeGreaterThanOrEqual(first);
      expect(fault?.seq).toBeLessThanOrEqual(first + 52);
    } else {
      expect([tamper?.name, fault?.seq]).toEqual([tamper?.name, first]);
    }
  }
}, 600_000);

test("a changed, removed or forged anchor is found without the rows", async () => {
  const folder = await sealedJournal();
  const path = join(folder, "journal.anchors");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(7);
  const codes = (): readonly string[] => verifyJournal(folder).faults.map((fault) => fault.code);
  for (let index = 0; index < lines.length - 1; index += 1) {
    writeFileSync(path, `${lines.filter((_, at) => at !== index).join("\n")}\n`);
    expect(codes()).toContain("ANCHORS");
    writeFileSync(
      path,
      `${lines.map((line, at) => (at === index ? line.replace(/"run":\d/, '"run":9') : line)).join("\n")}\n`,
    );
    expect(codes()).toContain("ANCHORS");
  }
  writeFileSync(join(folder, "journal.key"), `${"ab".repeat(32)}\n`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  expect(codes()).toContain("ANCHORS");
});

test("tables and triggers that no longer agree with the rows are found", async () => {
  const sealed = await sealedJournal();
  const victim = temporaryFolder();
  const codesAfter = (sql: string): readonly string[] => {
    copy(sealed, victim);
    attack(victim, (database) => database.exec(sql));
    return verifyJournal(victim).faults.map((fault) => fault.code);
  };
  expect(codesAfter("SELECT 1")).toEqual([]);
  expect(codesAfter("DELETE FROM executions WHERE stem = '30'")).toEqual(["PROJECTION"]);
  expect(codesAfter("UPDATE executions SET symbol = 'QQQ' WHERE stem = '30'")).toEqual(["PROJECTION"]);
  expect(codesAfter("DELETE FROM intents WHERE seq = 3")).toEqual(["PROJECTION"]);
  expect(codesAfter("UPDATE order_ids SET highWater = 3")).toEqual(["PROJECTION"]);
  copy(sealed, victim);
  const database = openDatabase({ path: join(victim, "journal.db") });
  database.exec("DROP TRIGGER journal_refuses_update");
  database.close();
  expect(verifyJournal(victim).faults).toMatchObject([
    { code: "SCHEMA", detail: expect.stringContaining("journal_refuses_update") },
  ]);
});

test("verifying changes nothing and needs no writer", async () => {
  const folder = await sealedJournal();
  const before = FILES.map((file) => readFileSync(join(folder, file)).toString("base64"));
  expect(verifyJournal(join(folder, "journal.db")).isValid).toBe(true);
  expect(FILES.map((file) => readFileSync(join(folder, file)).toString("base64"))).toEqual(before);
});
