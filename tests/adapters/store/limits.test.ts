import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readAnchors, readKey } from "#adapters/store/anchors.ts";
import { splitExecId } from "#adapters/store/bodies.ts";
import { openDatabase } from "#adapters/store/database.ts";
import { openJournal, walBytes } from "#adapters/store/journal.ts";
import { openJournalReader } from "#adapters/store/journal-reader.ts";
import { storePaths } from "#adapters/store/paths.ts";
import { createStore } from "#adapters/store/store-client.ts";
import { createFacade } from "#adapters/store/store-facade.ts";
import { execIdStem } from "#core/portfolio/portfolio.ts";
import { note, OPENING_TIME } from "./entries.ts";
import { open, temporaryFolder } from "./store-fixture.ts";

const MEBIBYTE = 1024 * 1024;
const opening = { run: 1, startSeq: 1, recording: "events-000001.rec", cutBytes: 0 };

function wide(index: number) {
  return { ...note(index), body: { text: "x".repeat(MEBIBYTE) } };
}

test("the write-ahead log stays near its bound of 16 MiB while rows pour in", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder);
  const paths = storePaths(folder);
  const sizes: number[] = [];
  for (let index = 0; index < 48; index += 1) {
    await store.append([wide(index)]);
    sizes.push(walBytes(paths));
  }
  expect(Math.max(...sizes)).toBeGreaterThan(8 * MEBIBYTE);
  expect(Math.max(...sizes)).toBeLessThan(19 * MEBIBYTE);
  await store.close("Ended");
  expect(walBytes(paths)).toBe(0);
});

test("recorded bytes that no disk takes are bounded: the recording stalls by name", () => {
  const { store } = createFacade({ opening, folder: "/nowhere", post: () => undefined });
  const text = "x".repeat(8 * MEBIBYTE);
  const fill = () => {
    for (let index = 0; index < 20; index += 1) store.record(1, "quote", text);
  };
  expect(fill).toThrow(/RECORDING_STALL/);
});

test("ten thousand entries may wait, the next one is refused", async () => {
  const { store } = createFacade({ opening, folder: "/nowhere", post: () => undefined });
  for (let index = 0; index < 100; index += 1) store.append(Array(100).fill(note(index))).catch(() => undefined);
  expect(store.pending()).toBe(10_000);
  await expect(store.append([note(1)])).rejects.toMatchObject({ code: "JOURNAL_STALL" });
});

test("a store whose thread ends before it opened is lost by name", async () => {
  const workerUrl = new URL("data:text/javascript,process.exit(3)");
  const options = { folder: temporaryFolder(), time: OPENING_TIME, info: {}, workerUrl };
  await expect(createStore(options)).rejects.toMatchObject({ code: "WORKER_LOST" });
});

test("a store whose thread ends later rejects what waits and tells it once", async () => {
  const script = `import { parentPort } from "node:worker_threads";
    parentPort.postMessage({ kind: "opened", opening: ${JSON.stringify(opening)} });
    parentPort.on("message", () => process.exit(0));`;
  const workerUrl = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const store = await createStore({ folder: temporaryFolder(), time: OPENING_TIME, info: {}, workerUrl });
  const failures: string[] = [];
  store.onFailure((failure) => failures.push(failure.code));
  await expect(store.append([note(1)])).rejects.toMatchObject({ code: "WORKER_LOST" });
  await expect(store.append([note(2)])).rejects.toMatchObject({ code: "WORKER_LOST" });
  expect(() => store.record(1, "quote", "")).toThrow(/WORKER_LOST/);
  expect(failures).toEqual(["WORKER_LOST"]);
});

test("an anchor is written every so many rows and at both ends of a run", () => {
  const folder = temporaryFolder();
  const journal = openJournal({ folder, time: OPENING_TIME, info: {}, anchorRows: 10 });
  for (let index = 0; index < 35; index += 1) {
    journal.writer.commit([() => journal.writer.insert({ time: 1, kind: "NOTE", body: "{}" })]);
    journal.anchorIfDue();
  }
  journal.end("Ended");
  const { anchors, key } = storePaths(folder);
  expect(readAnchors(anchors, readKey(key)).anchors.map(({ seq }) => seq)).toEqual([0, 1, 11, 21, 31, 37]);
});

test("a journal is read beside its writer and after it, in pages and by kind", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder);
  await store.append(Array.from({ length: 1_234 }, (_, index) => note(index)));
  const reader = openJournalReader(folder);
  expect([...reader.rows()].map((row) => row.seq)).toEqual(Array.from({ length: 1_235 }, (_, index) => index + 1));
  expect([...reader.rows({ afterSeq: 1_200, kinds: ["NOTE"] })]).toHaveLength(35);
  expect(reader.runs()).toHaveLength(1);
  await store.close("Ended");
  reader.close();
  expect(() => openJournalReader(temporaryFolder())).toThrow(/DIRECTORY_UNWRITABLE|CANTOPEN/);
});

test("equal calls under equal clocks give an equal chain", async () => {
  const heads = await Promise.all(
    [1, 2].map(async () => {
      const folder = temporaryFolder();
      const clocks = { wall: () => OPENING_TIME, monotonic: () => 0 };
      const { store } = open(folder, { clocks });
      for (let index = 0; index < 20; index += 1) await store.append([note(index)]);
      await store.close("Ended");
      const database = openDatabase({ path: join(folder, "journal.db"), isReadOnly: true });
      const head = database.prepare("SELECT hash FROM journal ORDER BY seq DESC").pluck().get();
      database.close();
      return head;
    }),
  );
  expect(heads[0]).toBe(heads[1]);
});

test("the store and the books take the same part of an execId for its stem", () => {
  const part = fc.string({ maxLength: 6, unit: fc.constantFrom("a", "0", "1", ".", "-") });
  fc.assert(fc.property(part, (execId) => splitExecId(execId).stem === execIdStem(execId)));
  expect(splitExecId("0000e0d5.65f1.01.02")).toEqual({ stem: "0000e0d5.65f1.01", revision: "02" });
});
