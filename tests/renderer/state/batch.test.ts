import { expect, test } from "vitest";
import { Batch } from "#renderer/state/batch.ts";

test("a burst of changes is applied in order and at once, and the next burst again", () => {
  const waits: (() => void)[] = [];
  const states = [""];
  const batch = new Batch<string>(
    (change) => states.push(change(states.at(-1) ?? "")),
    (_, action) => waits.push(action),
  );
  for (const letter of "abc") batch.add((state) => state + letter);
  expect([states, waits.length]).toEqual([[""], 1]);
  for (const action of waits.splice(0)) action();
  batch.add((state) => `${state}d`);
  for (const action of waits.splice(0)) action();
  expect(states).toEqual(["", "abc", "abcd"]);
});
