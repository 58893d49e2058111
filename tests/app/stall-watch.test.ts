import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { watchStalls } from "#app/stall-watch.ts";
import { until } from "#tests/support/host.ts";

const LIMIT_MS = 150;

let stop: () => void = () => undefined;
afterEach(() => stop());

test("a journal that does not acknowledge is told once, and once more when it writes again", async () => {
  const told: (number | undefined)[] = [];
  let since: number | undefined = performance.now();
  stop = watchStalls(
    () => (since === undefined ? 0 : performance.now() - since),
    LIMIT_MS,
    (waited) => told.push(waited),
  );
  await until(() => told.length === 1, "the stall is told");
  expect(told[0]).toBeGreaterThan(LIMIT_MS);
  since = undefined;
  await until(() => told.length === 2, "its end is told");
  expect(told[1]).toBeUndefined();
});

test("a thread that was held up itself reads the acknowledgement that has arrived and blames nobody", async () => {
  const told: (number | undefined)[] = [];
  let since: number | undefined = performance.now();
  let reads = 0;
  stop = watchStalls(
    () => {
      reads += 1;
      return since === undefined ? 0 : performance.now() - since;
    },
    LIMIT_MS,
    (waited) => told.push(waited),
  );
  const { port1, port2 } = new MessageChannel();
  port1.on("message", () => {
    since = undefined;
  });
  // Behind the messages of a turn: the watch's own timer is due before those of the next turn are read.
  setImmediate(() => {
    port2.postMessage("acknowledged");
    const busyUntil = performance.now() + 400;
    while (performance.now() < busyUntil);
  });
  await until(() => reads >= 4, "the watch has looked");
  port1.close();
  expect(told).toEqual([]);
});
