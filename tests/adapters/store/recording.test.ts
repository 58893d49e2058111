import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type RecordedInput, type RecordingEnd, readRecording } from "#adapters/store/recording-reader.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { note } from "./entries.ts";
import { open, rowsOf, temporaryFolder } from "./store-fixture.ts";

type Reading = { readonly inputs: readonly RecordedInput[]; readonly end: RecordingEnd | undefined };

async function read(path: string): Promise<Reading> {
  const inputs: RecordedInput[] = [];
  const ends: RecordingEnd[] = [];
  for await (const input of readRecording(path, (end) => ends.push(end))) inputs.push(input);
  return { inputs, end: ends[0] };
}

async function recorded(inputs: readonly RecordedInput[], folder = temporaryFolder()): Promise<string> {
  const { store } = open(folder);
  for (const { time, kind, text } of inputs) store.record(time, kind, text);
  await store.close("Ended");
  return join(folder, store.opening.recording);
}

const INPUTS = [1, 2, 3].map((index) => ({ time: index * 1_000, kind: "quote", text: `{"bid":${index}}` }));

test("what was recorded is read back in its order, bit by bit", async () => {
  const input = fc.record({
    time: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    kind: fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" }),
    text: fc.string({ maxLength: 200, unit: "grapheme" }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(input, { maxLength: 60 }), async (inputs) => {
      const { inputs: found, end } = await read(await recorded(inputs));
      expect(found).toEqual(inputs);
      expect(end?.tornBytes).toBe(0);
    }),
    { numRuns: 15 },
  );
});

test("a record longer than every buffer is kept whole", async () => {
  const inputs = [...INPUTS, { time: 5, kind: "snapshot", text: "é".repeat(700_000) }, ...INPUTS];
  expect((await read(await recorded(inputs))).inputs).toEqual(inputs);
});

test("a recording cut at any byte yields exactly its whole records", async () => {
  const path = await recorded(INPUTS);
  const bytes = readFileSync(path);
  const recordBytes = (bytes.length - 8) / 3;
  for (let size = 0; size <= bytes.length; size += 1) {
    writeFileSync(path, bytes.subarray(0, size));
    const whole = Math.max(0, Math.floor((size - 8) / recordBytes));
    const { inputs, end } = await read(path);
    expect(inputs).toEqual(INPUTS.slice(0, whole));
    expect(end?.tornBytes).toBe(size < 8 ? size : size - 8 - whole * recordBytes);
  }
});

test("a record whose bytes were changed ends the reading in front of it", async () => {
  const path = await recorded(INPUTS);
  const bytes = readFileSync(path);
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const { inputs, end } = await read(path);
  expect([inputs.length, end?.records]).toEqual([2, 2]);
  expect(end?.tornBytes).toBeGreaterThan(0);
});

test("the next opening cuts the torn record of a crash and hashes what is left", async () => {
  const folder = temporaryFolder();
  const crashed = open(folder);
  for (const { time, kind, text } of INPUTS) crashed.store.record(time, kind, text);
  await crashed.store.append([note(1)]);
  crashed.abandon();
  const path = join(folder, "events-000001.rec");
  appendFileSync(path, Buffer.from([200, 0, 0, 0, 1, 2, 3]));
  const { store } = open(folder);
  expect(store.opening).toMatchObject({ previousEnd: "CrashedRecovered", cutBytes: 7 });
  expect((await read(path)).inputs).toEqual(INPUTS);
  expect((await rowsOf(store, ["SEGMENT"])).map((row) => row.body)).toMatchObject([{ records: 3, recovered: true }]);
  await store.close("Ended");
  expect(verifyJournal(folder).isValid).toBe(true);
});

test("segments follow each other without a gap and cover the whole recording", async () => {
  const folder = temporaryFolder();
  const { store } = open(folder, { segmentRecords: 10 });
  for (let index = 0; index < 95; index += 1) {
    store.record(index, "quote", `q${index}`);
    await store.append([note(index)]);
  }
  await store.close("Ended");
  const reopened = open(folder).store;
  const segments = (await rowsOf(reopened, ["SEGMENT"])).map(
    (row) => row.body as { fromByte: number; toByte: number; records: number },
  );
  await reopened.close("Ended");
  expect(segments.map(({ records }) => records)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
  expect(segments.slice(1).map(({ fromByte }) => fromByte)).toEqual(segments.slice(0, -1).map(({ toByte }) => toByte));
  expect(segments.at(-1)?.toByte).toBe(readFileSync(join(folder, "events-000001.rec")).length);
  expect(verifyJournal(folder)).toMatchObject({ isValid: true, segments: 10 });
});

test("a changed, shortened or missing recording is told with the row that holds its hash", async () => {
  const folder = temporaryFolder();
  const path = await recorded(INPUTS, folder);
  const bytes = readFileSync(path);
  const faultOf = () => verifyJournal(folder).faults.map((fault) => [fault.code, fault.seq]);
  expect(faultOf()).toEqual([]);
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  expect(faultOf()).toEqual([["RECORDING_CHANGED", 2]]);
  truncateSync(path, 30);
  expect(faultOf()).toEqual([["RECORDING_CHANGED", 2]]);
});
