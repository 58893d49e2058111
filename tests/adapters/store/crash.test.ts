import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { readRecording } from "#adapters/store/recording-reader.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { note } from "./entries.ts";
import { open, rowsOf, temporaryFolder } from "./store-fixture.ts";

const CHILD = new URL("./append-forever.ts", import.meta.url).pathname;
const WORKER = new URL("../../../src-main/workers/store.worker.ts", import.meta.url).href;

type Acknowledged = { readonly seq: number; readonly index: number };

/** Starts the child, kills it with SIGKILL behind `count` acknowledgements, returns all that it printed. */
async function killedAfter(folder: string, count: number): Promise<readonly Acknowledged[]> {
  const child = spawn(process.execPath, [CHILD, folder, WORKER], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: Acknowledged[] = [];
  const exit = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const [seq = 0, index = 0] = line.split(" ").map(Number);
    acknowledged.push({ seq, index });
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  expect((await exit)[1]).toBe("SIGKILL");
  return acknowledged;
}

test("every row acknowledged before a kill -9 is there, the chain holds, and the next run says CrashedRecovered", async () => {
  const folder = temporaryFolder();
  for (const [round, count] of [7, 40, 111].entries()) {
    const acknowledged = await killedAfter(folder, count);
    expect(acknowledged.length).toBeGreaterThanOrEqual(count);
    const { store } = open(folder);
    expect(store.opening).toMatchObject({ run: 2 * round + 2, previousEnd: "CrashedRecovered" });
    const rows = new Map((await rowsOf(store, ["NOTE"])).map((row) => [row.seq, row.body]));
    for (const { seq, index } of acknowledged) expect(rows.get(seq)).toEqual(note(index).body);
    await store.close("Ended");
    expect(verifyJournal(folder)).toMatchObject({ isValid: true, faults: [] });
  }
});

test("what caused an acknowledged row is in the recording of a killed process", async () => {
  const folder = temporaryFolder();
  const acknowledged = await killedAfter(folder, 60);
  const texts: string[] = [];
  for await (const { text } of readRecording(join(folder, "events-000001.rec"))) texts.push(text);
  expect(texts.length).toBeGreaterThanOrEqual(acknowledged.length);
  expect(texts.slice(0, acknowledged.length)).toEqual(acknowledged.map(({ index }) => `recorded ${index}`));
  const { store } = open(folder);
  expect((await rowsOf(store, ["SEGMENT"]))[0]?.body).toMatchObject({
    file: "events-000001.rec",
    index: 0,
    recovered: true,
  });
  await store.close("Ended");
  expect(verifyJournal(folder)).toMatchObject({ isValid: true, segments: 1 });
});

test("the lock of a killed process is taken over", async () => {
  const folder = temporaryFolder();
  await killedAfter(folder, 1);
  const { store } = open(folder);
  expect(store.opening.run).toBe(2);
  await store.close("Ended");
});
