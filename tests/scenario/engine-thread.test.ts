import { expect, onTestFinished, test } from "vitest";
import { type EngineThreadData, startEngineThread } from "#app/engine-thread.ts";
import { until } from "#tests/support/host.ts";

/** A thread that answers until it is given a command, and then never again. */
const HANGS_BY_COMMAND = `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ kind, id }) => {
    if (kind === "command") for (;;);
    parentPort.postMessage({ kind: "answer", id });
  });
  parentPort.postMessage({ kind: "started" });
`;

test("an engine whose loop hangs is seen not to answer", { timeout: 30_000 }, async () => {
  const entry = new URL(`data:text/javascript,${encodeURIComponent(HANGS_BY_COMMAND)}`);
  const events = { onLog: () => undefined, onFatal: () => undefined };
  const thread = await startEngineThread(entry, {} as EngineThreadData, events);
  const command = thread.command({ kind: "disarm", reason: "" }, { who: "test", from: "host" });
  onTestFinished(async () => {
    await Promise.allSettled([thread.stop(), command]);
  }, 20_000);
  expect(thread.isAnswering()).toBe(true);
  await until(() => !thread.isAnswering(), "the silence is seen", 5_000);
});

test("an engine that is asked for nothing else goes on answering", { timeout: 30_000 }, async () => {
  const entry = new URL(`data:text/javascript,${encodeURIComponent(HANGS_BY_COMMAND)}`);
  const thread = await startEngineThread(entry, {} as EngineThreadData, {
    onLog: () => undefined,
    onFatal: () => undefined,
  });
  onTestFinished(() => thread.stop());
  const began = performance.now();
  // Longer than an answer may be late: only beats that come keep it healthy.
  await until(() => performance.now() - began > 2_000, "two seconds are over");
  expect(thread.isAnswering()).toBe(true);
});
