import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INITIAL, reduceRows, reduceSingle, type State } from "#renderer/state/store.ts";
import type { TopicRow } from "#shared/contract/topics.ts";

type Alert = TopicRow<"alerts">;

const alert = (id: string, message = "words"): Alert => ({ id, time: 1, severity: "info", code: "TEST", message });
const ids = (state: State): readonly string[] => [...state.alerts.keys()];
const reduced = (...steps: readonly (readonly ["snapshot" | "delta", ...Alert[]])[]): State =>
  steps.reduce<State>((state, [kind, ...rows]) => reduceRows(state, "alerts", rows, kind), INITIAL);

describe("rows of a topic", () => {
  test("a snapshot replaces everything, a row that it lacks is gone", () => {
    expect(ids(reduced(["delta", alert("a"), alert("b")], ["snapshot", alert("b"), alert("c")]))).toEqual(["b", "c"]);
    expect(ids(reduced(["delta", alert("a")], ["snapshot"]))).toEqual([]);
  });

  test("a delta adds what is new at the end and changes what is known", () => {
    const state = reduced(["snapshot", alert("a"), alert("b")], ["delta", alert("a", "changed"), alert("c")]);
    expect(state.alerts.size).toBe(3);
    expect(ids(state).at(-1)).toBe("c");
    expect(state.alerts.get("a")?.message).toBe("changed");
  });

  test("in one frame the last of a key counts", () => {
    expect(reduced(["delta", alert("a", "1"), alert("a", "2")]).alerts.get("a")?.message).toBe("2");
  });

  test.each([
    ["orders", "orderRef", 2_000],
    ["fills", "execId", 5_000],
    ["positions", "symbol", 200],
    ["decisions", "intentId", 5_000],
    ["risk", "code", 100],
    ["alerts", "id", 1_000],
    ["strategies", "id", 100],
    ["instruments", "symbol", 500],
  ] as const)("%s are known by their %s, the newest %d of them", (topic, key, bound) => {
    const rows = Array.from({ length: bound + 2 }, (_, index) => ({ [key]: String(index) }));
    const state = reduceRows(INITIAL, topic, rows as never, "delta");
    expect(state[topic].size).toBe(bound);
    expect([...state[topic].keys()].at(0)).toBe("2");
    expect([...state[topic].keys()].at(-1)).toBe(String(bound + 1));
    const others = Object.keys(INITIAL).filter((name) => name !== topic) as (keyof State)[];
    for (const other of others) expect(state[other]).toBe(INITIAL[other]);
  });

  test("a row that has just changed is not the one that is dropped", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => alert(String(index)));
    const state = reduced(["snapshot", ...many], ["delta", alert("0", "changed"), alert("new")]);
    expect(state.alerts.get("0")?.message).toBe("changed");
  });

  test("the state of before is left as it was, for those who still draw it", () => {
    const before = reduced(["snapshot", alert("a")]);
    const rows = [...before.alerts];
    reduceRows(before, "alerts", [alert("a", "changed"), alert("b")], "delta");
    reduceRows(before, "alerts", [], "snapshot");
    expect([...before.alerts]).toEqual(rows);
    expect(INITIAL.alerts.size).toBe(0);
  });

  test("any cut of the same changes into frames ends in the same rows, in the same order", () => {
    const row = fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.string()).map(([id, text]) => alert(id, text));
    fc.assert(
      fc.property(fc.array(row), fc.array(fc.nat(5)), (rows, cuts) => {
        let [state, rest] = [INITIAL, rows];
        for (const cut of [...cuts, rows.length]) {
          state = reduceRows(state, "alerts", rest.slice(0, cut), "delta");
          rest = rest.slice(cut);
        }
        expect([...state.alerts]).toEqual([...reduced(["delta", ...rows]).alerts]);
        expect(Object.fromEntries(state.alerts)).toEqual(Object.fromEntries(rows.map((one) => [one.id, one])));
      }),
    );
  });
});

describe("a topic of one row", () => {
  const status = (time: number) => ({ time }) as TopicRow<"status">;

  test("is its newest row", () => {
    expect(reduceSingle(INITIAL, "status", [status(1), status(2)]).status).toEqual({ time: 2 });
  });

  test("stays as it was when a frame brings none", () => {
    const state = reduceSingle(INITIAL, "status", [status(1)]);
    expect(reduceSingle(state, "status", [])).toBe(state);
    expect(INITIAL.status).toBeUndefined();
  });

  test("changes nothing else", () => {
    const state = reduceSingle(INITIAL, "monitor", [{ time: 1 } as TopicRow<"monitor">]);
    expect({ ...state, monitor: undefined }).toEqual(INITIAL);
  });
});
