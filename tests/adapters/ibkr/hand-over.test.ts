import { describe, expect, test } from "vitest";
import { HandOver, type Role } from "#adapters/ibkr/hand-over.ts";
import { createLockStep } from "#adapters/ibkr/lock-step.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { Micros } from "#shared/lib/time.ts";

const farm =
  (name: string) =>
  (time: Micros): EngineEvent => ({ kind: "farm", time, name, isUp: true });

/** A hand-over in lock-step whose runner works on a step until the test lets it go. */
function stepping() {
  const lockStep = createLockStep();
  const ready = new Set<Role>(["orders", "market", "history"]);
  const answered: Role[] = [];
  const steps: (readonly [time: Micros, ...names: string[]])[] = [];
  const works: (() => void)[] = [];
  const handOver = new HandOver({
    clock: lockStep.clock,
    lockStep,
    isReady: (role) => ready.has(role),
    answer: (role) => answered.push(role),
    onFatal: (error) => {
      throw error;
    },
  });
  handOver.sink = (events) => {
    steps.push([lockStep.clock.now(), ...events.map((event) => (event.kind === "farm" ? event.name : event.kind))]);
    return new Promise((resolve) => works.push(resolve));
  };
  const mark = (time: Micros, ...roles: readonly Role[]): void => {
    for (const role of roles) {
      handOver.mark(role, time);
      handOver.afterFrames();
    }
  };
  const finish = async (): Promise<void> => {
    works.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { handOver, ready, answered, steps, mark, finish };
}

describe("in lock-step", () => {
  test("a step is handed over when its marker is in on every connection, in the order of the connections", async () => {
    const { handOver, answered, steps, mark, finish } = stepping();
    handOver.emit("history", farm("h"));
    handOver.emit("orders", farm("o"));
    mark(5, "history", "market");
    expect(steps).toEqual([]);
    mark(5, "orders");
    expect(steps).toEqual([[5, "o", "h"]]);
    expect(answered).toEqual([]);
    await finish();
    expect(answered).toEqual(["orders", "market", "history"]);
  });

  test("the steps go on without a connection that is lost", async () => {
    const { handOver, ready, steps, mark } = stepping();
    mark(5, "orders", "market");
    ready.delete("history");
    handOver.forget("history");
    expect(steps).toEqual([[5]]);
  });

  test("a connection that is lost while a step is worked on owes no answer, nor does the one that replaces it", async () => {
    const { handOver, ready, answered, steps, mark, finish } = stepping();
    mark(5, "orders", "market", "history");
    ready.delete("market");
    handOver.forget("market");
    ready.add("market");
    handOver.mark("market", 6);
    await finish();
    expect(answered).toEqual(["orders", "history"]);
    mark(6, "orders", "history");
    expect(steps).toEqual([[5], [6]]);
    await finish();
    expect(answered).toEqual(["orders", "history", "orders", "market", "history"]);
  });
});

test("where time runs by itself, what the connections brought leaves with the frames, stamped then", () => {
  let now = 1;
  const seen: EngineEvent[] = [];
  const handOver = new HandOver({
    clock: { now: () => now },
    lockStep: undefined,
    isReady: () => true,
    answer: () => undefined,
    onFatal: () => undefined,
  });
  handOver.sink = async (events) => {
    seen.push(...events);
  };
  handOver.emit("market", farm("m"));
  handOver.emit("market", () => undefined);
  now = 7;
  handOver.afterFrames();
  handOver.afterFrames();
  expect(seen).toEqual([{ kind: "farm", time: 7, name: "m", isUp: true }]);
});
