import fc from "fast-check";
import { engineSettings } from "#app/configuration/engine-settings.ts";
import { loadConfiguration } from "#app/configuration.ts";
import { Engine } from "#core/engine/engine.ts";
import type { Note } from "#core/engine/note.ts";
import type { LedgerState } from "#core/engine/snapshot.ts";
import type { JournalRow, Store } from "#runtime/store-port.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";
import type { Origin } from "#shared/model/command.ts";
import type { Order } from "#shared/model/order.ts";

const START = 1_381_152_600_000_000;
const BY: Origin = { who: "test", from: "cli" };

const loaded = loadConfiguration({ overrides: {}, env: {}, files: { profileFiles: () => [], read: () => undefined } });
if (loaded.kind === "refused") throw new Error("the defaults are a configuration");
const SETTINGS = engineSettings(loaded.config);

/** An engine with the default limits that has seen nothing. */
export function newEngine(changes: { readonly startsArmed?: boolean } = {}): Engine {
  const account = { accountId: "DU1", currency: "USD", calendar: "XNYS" };
  return new Engine({ ...SETTINGS, ...account, run: 1, build: "test", ...changes });
}

/** A journal as the store holds it: JSON on the disk, a snapshot if one was taken. */
export function storeOf(
  notes: readonly Note[],
  snapshot?: { readonly seq: number; readonly state: LedgerState },
): Store {
  const rows = notes.map((note, index) => JSON.parse(JSON.stringify(rowOf(note, index + 1))) as JournalRow);
  const store: Pick<Store, "loadSnapshot" | "readJournal"> = {
    loadSnapshot: async () =>
      snapshot === undefined
        ? undefined
        : { seq: snapshot.seq, time: 0, run: 1, stateHash: "", state: JSON.parse(JSON.stringify(snapshot.state)) },
    async *readJournal(query) {
      for (const row of rows) {
        if (row.seq > (query?.afterSeq ?? 0) && query?.kinds?.includes(row.kind) !== false) yield row;
      }
    },
  };
  return store as Store;
}

/** The time of the row at a place of the journal: a second each. */
export const timeOf = (seq: number): number => START + seq * SECOND;

function rowOf(note: Note, seq: number): JournalRow {
  const time = timeOf(seq);
  return { ...note, time, cause: "test", seq, wallTime: time, monotonic: seq, prevHash: "", hash: "" };
}

const refOf = (index: number): string => `RT-1-${index}-E`;

export function order(index: number, changes: Partial<Order> = {}): Order {
  return {
    symbol: index % 2 === 0 ? "AAPL" : "MSFT",
    side: index % 3 === 0 ? "sell" : "buy",
    quantity: 100,
    type: "limit",
    limitPrice: 50,
    timeInForce: "day",
    outsideRth: false,
    orderRef: refOf(index),
    intentId: `intent-${index}`,
    role: "entry",
    source: { kind: "strategy", strategyId: "baseline" },
    reason: "cross",
    status: "intent",
    filledQuantity: 0,
    pendingCancel: false,
    createdTime: START,
    updatedTime: START,
    ...changes,
  };
}

/** An entry with the stop that protects it. */
export function bracket(index: number): Note {
  const { side } = order(index);
  return intent(index, [
    order(index, {
      orderRef: `RT-1-${index}-S`,
      parentRef: refOf(index),
      role: "stop",
      side: side === "buy" ? "sell" : "buy",
    }),
  ]);
}

export function intent(index: number, children: readonly Order[] = []): Note {
  const made = order(index);
  const { intentId, symbol, side, quantity, role, reason } = made;
  return {
    kind: "INTENT",
    body: {
      decision: {
        intentId,
        time: START,
        verdict: "approved",
        symbol,
        side,
        quantity,
        role,
        source: "baseline",
        reason,
        orderRefs: [made.orderRef],
        failures: [],
        controls: 30,
        saw: {},
      },
      orders: [made, ...children],
      isOpening: true,
      notional: 5_000_000_000,
      likeness: `${symbol}|${side}`,
    },
  };
}

export function report(index: number, kind: "acknowledged" | "cancelled" | "rejected" | "pendingCancel"): Note {
  return {
    kind: "STATUS",
    body: { what: "report", report: { kind, orderRef: refOf(index), permId: index, text: kind } },
  };
}

export function execution(index: number, quantity: number, changes: Partial<Execution> = {}): Note {
  const { symbol, side } = order(index);
  const made: Execution = {
    execId: `X${index}.${quantity}.01`,
    orderRef: refOf(index),
    permId: index,
    clientId: 1,
    accountId: "DU1",
    symbol,
    side,
    quantity,
    price: 50.25,
    exchangeTime: START,
    cumulativeQuantity: quantity,
    ...changes,
  };
  return { kind: "EXECUTION", body: { execution: made } };
}

const kill: Note = { kind: "KILL", body: { mode: "stop", reason: "a person", origin: BY } };
/** A reading of the broker; the first one sets the balance before our first execution. */
const reconciled: Note = {
  kind: "RECONCILED",
  body: {
    generation: 1,
    reason: "start",
    opening: { cash: 1e12, positions: [{ symbol: "AAPL", quantity: 10, averageCost: 40 }] },
    verdicts: [{ orderRef: refOf(1), kind: "cancelledAway", text: "gone" }],
    foreign: [],
    differences: [{ symbol: "MSFT", local: 1, broker: 2 }],
  },
};
const which = fc.nat(5);
const what = fc.constantFrom("acknowledged", "cancelled", "rejected", "pendingCancel");

/** Any fact that the engine writes, about one of six orders that may be known or not. */
const fact: fc.Arbitrary<Note> = fc.oneof(
  which.map((index): Note => ({ kind: "SENT", body: { orderRef: refOf(index), wireId: index, generation: 1 } })),
  fc.tuple(which, what).map(([index, kind]) => report(index, kind)),
  fc.tuple(which, fc.integer({ min: 1, max: 60 })).map(([index, quantity]) => execution(index, quantity)),
  fc.tuple(which, fc.integer({ min: 1, max: 60 }), fc.nat(5_000_000)).map(
    ([index, quantity, commission]): Note => ({
      kind: "COMMISSION",
      body: { execId: `X${index}.${quantity}.01`, commission },
    }),
  ),
  which.map((index): Note => ({ kind: "CANCEL", body: { orderRef: refOf(index), reason: "test" } })),
  which.map(
    (index): Note => ({
      kind: "STATUS",
      body: { what: "unknown", orderRef: refOf(index), text: "silence", isSilence: true },
    }),
  ),
  fc.constant(kill),
  fc.constantFrom("arm", "rearm").map((one): Note => ({ kind: "ARM", body: { what: one, reason: "", origin: BY } })),
  fc.constant<Note>({ kind: "DISARM", body: { reason: "", origin: BY } }),
  fc.constantFrom("EXITS", "FLATTEN").map((grant): Note => ({ kind: "GRANT", body: { grant, symbol: "AAPL" } })),
  fc
    .boolean()
    .map((enabled): Note => ({ kind: "STRATEGY", body: { strategyId: "baseline", enabled, reason: "", origin: BY } })),
  fc.integer({ min: 1, max: 9 }).map(
    (to): Note => ({
      kind: "LIMIT_CHANGE",
      body: { key: "breakerThreshold", from: undefined, to, reason: "", origin: BY },
    }),
  ),
  fc.nat(9e9).map((equity): Note => ({ kind: "STATE", body: { what: "highWater", highWaterEquity: equity } })),
  fc.constant<Note>({
    kind: "STATE",
    body: { what: "session", date: "2013-10-07", startEquity: 1e12, highWaterEquity: 1e12 },
  }),
  fc.constant(reconciled),
);

/** An opening balance, then facts in any order; each of the orders is wished for at most once. */
export const facts: fc.Arbitrary<readonly Note[]> = fc
  .tuple(
    fc.array(fact, { maxLength: 40 }),
    fc.uniqueArray(fc.tuple(which, fc.nat(40)), { selector: ([index]) => index, maxLength: 6 }),
  )
  .map(([notes, intents]) => {
    const mixed = [reconciled, ...notes];
    for (const [index, place] of intents) mixed.splice(Math.min(place, mixed.length), 0, bracket(index));
    return mixed;
  });
