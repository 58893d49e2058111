import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Engine } from "#core/engine/engine.ts";
import { Ledger } from "#core/engine/ledger.ts";
import type { Note } from "#core/engine/note.ts";
import { NOTE_KINDS, recover } from "#runtime/recovery.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { bracket, execution, facts, intent, newEngine, report, storeOf, timeOf } from "./journal.ts";

/** An engine to which the facts happened one after the other. */
function engineAfter(notes: readonly Note[]): Engine {
  const engine = newEngine();
  notes.forEach((note, index) => {
    engine.fold(note, timeOf(index + 1));
  });
  return engine;
}

async function recovered(notes: readonly Note[], snapshotAt?: number): Promise<Engine> {
  const engine = newEngine();
  const state = snapshotAt === undefined ? undefined : engineAfter(notes.slice(0, snapshotAt)).snapshot();
  await recover(engine, state === undefined ? storeOf(notes) : storeOf(notes, { seq: snapshotAt ?? 0, state }));
  return engine;
}

/** Everything that is durable, and what is looked after because of it. */
function booksOf(engine: Engine): string {
  const { ledger } = engine.context;
  const open = ledger.openOrders().map(({ orderRef }) => orderRef);
  const used = [0, 1, 2, 3, 4, 5].filter((index) => ledger.orders.hasIntent(`intent-${index}`));
  return canonical({ state: engine.snapshot(), open: open.sort(), used });
}

const WORKING = [intent(1), report(1, "acknowledged"), execution(1, 40)];

describe("recovery", () => {
  test("of a new data directory is an engine as it was made", async () => {
    const engine = newEngine();
    expect(await recover(engine, storeOf([]))).toEqual({ snapshotSeq: 0, folded: 0 });
    expect(booksOf(engine)).toBe(booksOf(newEngine()));
  });

  test("brings back an order that works, what it filled and what is held", async () => {
    const engine = await recovered(WORKING);
    const { ledger } = engine.context;
    expect(ledger.openOrders()).toMatchObject([{ orderRef: "RT-1-1-E", status: "partial", filledQuantity: 40 }]);
    expect(ledger.portfolio.quantity("MSFT")).toBe(40);
    expect(ledger.strategyPosition("baseline", "MSFT")).toBe(40);
    expect(engine.context.time).toBe(timeOf(3));
  });

  test("starts at the snapshot and folds only what came after it", async () => {
    const state = engineAfter(WORKING.slice(0, 2)).snapshot();
    expect(await recover(newEngine(), storeOf(WORKING, { seq: 2, state }))).toEqual({ snapshotSeq: 2, folded: 1 });
  });

  test("from any snapshot of any journal ends in the same books as the whole journal", async () => {
    await fc.assert(
      fc.asyncProperty(facts, fc.nat(50), async (notes, at) => {
        const live = engineAfter(notes);
        live.begin();
        expect(booksOf(await recovered(notes))).toBe(booksOf(live));
        expect(booksOf(await recovered(notes, Math.min(at, notes.length)))).toBe(booksOf(live));
      }),
      { numRuns: 200 },
    );
  });

  test("leaves a snapshot of another shape aside and folds the whole journal", async () => {
    const state = { ...engineAfter(WORKING).snapshot(), version: 1 as never };
    const engine = newEngine();
    expect(await recover(engine, storeOf(WORKING, { seq: 2, state }))).toEqual({ snapshotSeq: 0, folded: 3 });
    expect(booksOf(engine)).toBe(booksOf(engineAfter(WORKING)));
  });

  test("from a snapshot knows its working orders", async () => {
    const engine = await recovered(WORKING, WORKING.length);
    expect(engine.context.ledger.openOrders().map(({ orderRef }) => orderRef)).toEqual(["RT-1-1-E"]);
  });

  test("from a snapshot cuts a bracket's stop to what its entry filled, as it would have without a restart", async () => {
    const notes: Note[] = [bracket(1), ...WORKING.slice(1), report(1, "cancelled")];
    const stopAfter = (engine: Engine) => engine.context.ledger.orders.get("RT-1-1-S")?.quantity;
    expect(stopAfter(await recovered(notes))).toBe(40);
    expect(stopAfter(await recovered(notes, 3))).toBe(40);
  });

  test("from a snapshot knows the intents that were used", async () => {
    const engine = await recovered(WORKING, WORKING.length);
    expect(engine.context.ledger.orders.hasIntent("intent-1")).toBe(true);
  });
});

describe("a start after recovery", () => {
  const arm: Note = { kind: "ARM", body: { what: "arm", reason: "", origin: { who: "test", from: "cli" } } };
  const disarm: Note = { kind: "DISARM", body: { reason: "", origin: { who: "test", from: "cli" } } };
  const kill: Note = { kind: "KILL", body: { mode: "stop", reason: "", origin: { who: "test", from: "cli" } } };

  test.each([
    ["armed by its profile, whatever the last run ended with", true, [disarm], true],
    ["disarmed by its profile, although the last run was armed", false, [arm], false],
    ["disarmed while a kill stands", true, [kill], false],
  ] as const)("is %s", async (_, startsArmed, notes, isArmed) => {
    const engine = newEngine({ startsArmed });
    await recover(engine, storeOf(notes));
    expect(engine.context.ledger.isArmed).toBe(isArmed);
  });

  test("keeps the kill itself", async () => {
    const engine = await recovered([kill]);
    expect(engine.snapshot().causes).toMatchObject([{ code: "KILL", severity: "KILLED", since: timeOf(1) }]);
  });
});

describe("the rows that are read", () => {
  test("are notes that change the books; a denial, a command and an alert change none", () => {
    const idle: readonly Note["kind"][] = ["DENIED", "COMMAND", "ALERT"];
    expect(NOTE_KINDS.filter((kind) => idle.includes(kind))).toEqual([]);
    const ledger = new Ledger({ threshold: 3, timeoutSeconds: 60 });
    const before = canonical(ledger.toState());
    for (const kind of idle) ledger.apply({ kind, body: {} } as Note, 1);
    expect(canonical(ledger.toState())).toBe(before);
  });

  test("leave out what the store wrote for itself", async () => {
    const own = { kind: "RUN_START", body: { build: "x" } } as unknown as Note;
    const engine = newEngine();
    expect(await recover(engine, storeOf([own, ...WORKING, own]))).toEqual({ snapshotSeq: 0, folded: 3 });
  });
});
