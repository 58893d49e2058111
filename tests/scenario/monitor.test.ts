import { expect, onTestFinished, test } from "vitest";
import type { Monitor } from "#shared/contract/topics.ts";
import { present } from "#shared/lib/assert.ts";
import { startTestHost, until } from "#tests/support/host.ts";

test("the monitor tells what is measured: the loop's lag, rates since the last reading, and queues by the bounds in force", async () => {
  const running = await startTestHost({ "simulation.seed": 7, "simulation.date": "2026-11-23" });
  onTestFinished(() => running.stop());
  const view = await running.view();
  const readings: Monitor[] = [];
  view.client.subscribe("monitor", (rows) => readings.push(...rows));
  const isBusy = () => (readings.at(-1)?.rates.eventsPerSecond ?? 0) > 10;
  await until(() => readings.length >= 3 && isBusy(), "three readings of a market that moves");
  const last = present(readings.at(-1), "there is a reading");
  expect(last.queues.journal).toMatchObject({ bound: 10_000 });
  expect(last.queues.governor).toMatchObject({ bound: 12_000 });
  // Nothing bounds it, so nothing is shown as its bound.
  expect(last.queues.engine?.bound).toBeUndefined();
  const engine = present(
    last.health.find(({ name }) => name === "engine"),
    "the engine has a row",
  );
  expect(engine.detail).toMatch(/^\d+ events processed, loop late by \d+ ms at most$/);
  const lag = Number(/by (\d+) ms/.exec(engine.detail)?.[1]);
  expect(engine.state).toBe(lag > 250 ? "warning" : "ok");
});
