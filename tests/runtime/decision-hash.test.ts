import { describe, expect, test } from "vitest";
import type { Effect } from "#core/engine/effect.ts";
import { createDecisionHash } from "#runtime/decision-hash.ts";

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const cancel = (orderRef: string): Effect => ({ kind: "cancel", orderRef, reason: "asked" });
const note = (kind: string, body: unknown = {}): Effect =>
  ({ kind: "journal", note: { kind, body, time: 1, cause: "bar", durability: "durable" } }) as unknown as Effect;

function hashOf(...steps: readonly (readonly [number, ...Effect[]])[]): string {
  const hash = createDecisionHash();
  for (const [time, ...effects] of steps) hash.update(time, effects);
  return hash.digest();
}

describe("the hash of a run's decisions", () => {
  test("of no decision is the SHA-256 of nothing, however many events passed", () => {
    expect(hashOf()).toBe(EMPTY);
    expect(hashOf([1], [2])).toBe(EMPTY);
  });

  test("is over one line a decision: its time and its canonical text", () => {
    // printf '5 {"kind":"cancel","orderRef":"a","reason":"asked"}\n' | sha256sum
    expect(hashOf([5, cancel("a")])).toBe("2531998134262d9d3afad72b1b44aec11a326b3dc7646e21d1e931b2b3e484f3");
  });

  test("moves with what was decided, with when, and with the order", () => {
    const known = [
      hashOf([5, cancel("a")], [6, cancel("b")]),
      hashOf([5, cancel("a")], [7, cancel("b")]),
      hashOf([5, cancel("b")], [6, cancel("a")]),
      hashOf([5, cancel("a")]),
      hashOf([5, cancel("a")], [6, { kind: "cancelAll", reason: "kill" }]),
    ];
    expect(new Set(known).size).toBe(known.length);
  });

  test("does not depend on how the effects of one instant were bundled, nor on the order of their fields", () => {
    const turned: Effect = { reason: "asked", orderRef: "b", kind: "cancel" };
    expect(hashOf([5, cancel("a")], [5, cancel("b")])).toBe(hashOf([5, cancel("a"), turned]));
  });

  test.each([
    ["a view's row", { kind: "publish", topic: "orders", key: "a", body: 1 }],
    ["a mark", { kind: "touch", topic: "quotes", key: "AAPL" }],
    ["a wake", { kind: "wakeAt", time: 9 }],
    ["the latch", { kind: "latch", engaged: true, reason: "x" }],
    ["a reading of the broker", { kind: "reconcile", reason: "periodic" }],
    ["a fill in the journal", note("EXECUTION")],
    ["a status in the journal", note("STATUS")],
  ] as readonly (readonly [string, Effect])[])("%s decides nothing", (_, effect) => {
    const hash = createDecisionHash();
    hash.update(1, [effect]);
    expect([hash.digest(), hash.count()]).toEqual([EMPTY, 0]);
  });

  test.each([
    ["a submission", { kind: "submit", orders: [] }],
    ["a cancel", cancel("a")],
    ["a global cancel", { kind: "cancelAll", reason: "kill" }],
    ["an intent", note("INTENT")],
    ["a denial", note("DENIED")],
  ] as readonly (readonly [string, Effect])[])("%s is a decision", (_, effect) => {
    const hash = createDecisionHash();
    hash.update(1, [effect]);
    expect(hash.count()).toBe(1);
    expect(hash.digest()).not.toBe(EMPTY);
  });

  test("may be read at any time and goes on", () => {
    const hash = createDecisionHash();
    hash.update(5, [cancel("a")]);
    const first = hash.digest();
    expect(hash.digest()).toBe(first);
    hash.update(6, [cancel("b")]);
    expect(hash.digest()).toBe(hashOf([5, cancel("a")], [6, cancel("b")]));
    expect(hash.count()).toBe(2);
  });

  test("cannot be taken over a decision with a number that is none: the run stops", () => {
    expect(() => hashOf([5, note("INTENT", { notional: Number.NaN })])).toThrow("a canonical number is finite");
  });
});
