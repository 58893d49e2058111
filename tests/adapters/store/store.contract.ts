import { expect, test } from "vitest";
import type { Store } from "#runtime/store-port.ts";
import { execution, intent, note, OPENING_TIME } from "./entries.ts";
import { rowsOf, temporaryFolder } from "./store-fixture.ts";

export type OpenForContract = (folder: string, queueBound?: number) => Promise<Store>;

/** What every store promises, in its own thread or in the caller's. */
export function describeStore(open: OpenForContract): void {
  describeRows(open);
  describeRefusals(open);
  describeBooking(open);
  describeRuns(open);
}

function describeRows(open: OpenForContract): void {
  test("a new data directory begins with RUN_START and no earlier run", async () => {
    const store = await open(temporaryFolder());
    expect(store.opening).toMatchObject({ run: 1, startSeq: 1, recording: "events-000001.rec", cutBytes: 0 });
    expect(store.opening.previousEnd).toBeUndefined();
    const [first] = await rowsOf(store);
    expect(first).toMatchObject({ seq: 1, kind: "RUN_START", body: { run: 1, info: { build: "test" } } });
    await store.close("Ended");
  });

  test("rows stand in the order of the calls, whatever their durability", async () => {
    const store = await open(temporaryFolder());
    const calls = [note(1), note(2, "durable"), note(3), note(4), note(5, "durable")].map((entry) =>
      store.append([entry]),
    );
    const seqs = (await Promise.all(calls)).map(({ lastSeq }) => lastSeq);
    expect(seqs).toEqual([2, 3, 4, 5, 6]);
    const rows = await rowsOf(store, ["NOTE"]);
    expect(rows.map((row) => row.body)).toEqual([1, 2, 3, 4, 5].map((index) => ({ index, text: `n${index}` })));
    await store.close("Ended");
  });
}

function describeRefusals(open: OpenForContract): void {
  test("a second intent with a known orderRef is refused by name, and nothing of its call is written", async () => {
    const store = await open(temporaryFolder());
    await store.append([intent("i1", "RT1-1-1-E00", "RT1-1-2-S00")]);
    const refused = store.append([note(1), intent("i2", "RT1-1-2-S00")]);
    const neighbour = store.append([note(2)]);
    await expect(refused).rejects.toMatchObject({ name: "StoreError", code: "DUPLICATE_INTENT" });
    await expect(store.append([intent("i1", "RT1-1-3-E00")])).rejects.toMatchObject({ code: "DUPLICATE_INTENT" });
    expect(await neighbour).toEqual({ lastSeq: 3 });
    expect((await rowsOf(store)).map((row) => row.kind)).toEqual(["RUN_START", "INTENT", "NOTE"]);
    await store.close("Ended");
  });
}

function describeBooking(open: OpenForContract): void {
  test("an execution is booked once; a correction replaces it and the journal keeps both", async () => {
    const store = await open(temporaryFolder());
    await store.append([execution({ execId: "0001.7f.01", quantity: 100 })]);
    await expect(store.append([execution({ execId: "0001.7f.01" })])).rejects.toMatchObject({
      code: "DUPLICATE_EXECUTION",
    });
    await store.append([
      execution({ execId: "0001.7f.02", quantity: 60 }),
      execution({ execId: "0001.80.01", quantity: 5 }),
    ]);
    const fills = await store.queryFills();
    expect(fills.map((fill) => [fill.execution.execId, fill.execution.quantity])).toEqual([
      ["0001.7f.02", 60],
      ["0001.80.01", 5],
    ]);
    // An older version that arrives late is kept in the journal and does not come back.
    await store.append([execution({ execId: "0001.80.00", quantity: 4 })]);
    expect((await store.queryFills()).map((fill) => fill.execution.quantity)).toEqual([60, 5]);
    expect(await rowsOf(store, ["EXECUTION"])).toHaveLength(4);
    await store.close("Ended");
  });

  test("a commission is unknown until reported, and the newest report counts", async () => {
    const store = await open(temporaryFolder());
    const commission = (micros: number) =>
      store.append([
        {
          time: OPENING_TIME,
          kind: "COMMISSION",
          body: { execId: "a.1.01", commission: micros },
          durability: "grouped",
        },
      ]);
    await store.append([execution({ execId: "a.1.01" })]);
    expect((await store.queryFills())[0]?.commission).toBeUndefined();
    await commission(1_000_000);
    await commission(1_050_000);
    expect((await store.queryFills({ symbol: "SPY" }))[0]?.commission).toBe(1_050_000);
    expect(await store.queryFills({ symbol: "QQQ" })).toEqual([]);
    // A correction keeps the commission of its execution until a newer one is reported.
    await store.append([execution({ execId: "a.1.02", quantity: 90 })]);
    expect((await store.queryFills()).map((fill) => [fill.execution.quantity, fill.commission])).toEqual([
      [90, 1_050_000],
    ]);
    await store.close("Ended");
  });

  test("a body that the store must read and cannot is refused by name", async () => {
    const store = await open(temporaryFolder());
    const bare = { time: OPENING_TIME, kind: "EXECUTION", body: { execId: "x" }, durability: "grouped" } as const;
    await expect(store.append([bare])).rejects.toMatchObject({ code: "BODY_REFUSED" });
    await expect(store.append([intent("i1")])).rejects.toMatchObject({ code: "BODY_REFUSED" });
    await store.close("Ended");
  });
}

function describeRuns(open: OpenForContract): void {
  test("order ids rise for ever per client, above what the broker says, over closing and opening", async () => {
    const folder = temporaryFolder();
    const first = await open(folder);
    expect(await first.allocateOrderId(1, 500)).toBe(500);
    expect(await first.reserveOrderIds(1, 1, 3)).toBe(501);
    expect(await first.allocateOrderId(2, 1)).toBe(1);
    await first.close("Ended");
    const second = await open(folder);
    expect(await second.allocateOrderId(1, 480)).toBe(504);
    await expect(second.reserveOrderIds(1, 999_999_999, 2)).rejects.toMatchObject({ code: "ORDER_IDS_EXHAUSTED" });
    expect(await second.allocateOrderId(1, 999_999_999)).toBe(999_999_999);
    await expect(second.allocateOrderId(1, 1)).rejects.toMatchObject({ code: "ORDER_IDS_EXHAUSTED" });
    await second.close("Ended");
  });

  test("a snapshot stands for the entries appended before it", async () => {
    const folder = temporaryFolder();
    const store = await open(folder);
    expect(await store.loadSnapshot()).toBeUndefined();
    store.append([note(1)]).catch(() => undefined);
    const saved = store.saveSnapshot(OPENING_TIME, { cash: 5 });
    store.append([note(2)]).catch(() => undefined);
    expect(await saved).toBe(2);
    await store.close("Ended");
    const next = await open(folder);
    expect(await next.loadSnapshot()).toMatchObject({ seq: 2, run: 1, state: { cash: 5 } });
    await next.close("Ended");
  });

  test("the run before is told as Ended, with its rows", async () => {
    const folder = temporaryFolder();
    const first = await open(folder);
    await first.append([note(1)]);
    await first.close("Ended");
    const second = await open(folder);
    expect(second.opening).toMatchObject({ run: 2, previousEnd: "Ended" });
    expect((await second.queryRuns()).map((run) => [run.run, run.end?.kind])).toEqual([
      [1, "Ended"],
      [2, undefined],
    ]);
    await second.close("Ended");
    await expect(second.append([note(2)])).rejects.toMatchObject({ code: "CLOSED" });
  });

  test("above its bound the queue refuses instead of growing", async () => {
    const store = await open(temporaryFolder(), 3);
    const accepted = store.append([note(1), note(2), note(3)]);
    expect(store.pending()).toBe(3);
    expect(store.waitingMs()).toBeGreaterThanOrEqual(0);
    await expect(store.append([note(4)])).rejects.toMatchObject({ code: "JOURNAL_STALL" });
    await accepted;
    expect(store.pending()).toBe(0);
    expect(store.waitingMs()).toBe(0);
    await store.close("Ended");
  });

  test("a data directory in use is refused with the pid of its holder", async () => {
    const folder = temporaryFolder();
    const store = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({
      code: "INSTANCE_RUNNING",
      message: expect.stringContaining(String(process.pid)),
    });
    await store.close("Ended");
    await (await open(folder)).close("Ended");
  });
}
