import { rmSync, statSync, truncateSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKillLatch } from "#adapters/system/latch.ts";
import { newFolder, startTestHost, until } from "#tests/support/host.ts";
import { cli, type Running, runCli } from "#tests/support/processes.ts";

const BUILD_MS = 120_000;

let folder: string;
let running: Running | undefined;
beforeEach(() => {
  folder = newFolder("commands");
});
afterEach(() => {
  running?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("headless --serve builds what is stale and prints the address of the workstation", {
  timeout: BUILD_MS,
}, async () => {
  const { child, output, exited } = runCli(["headless", "--serve", "--http-port", "0", "--data-dir", folder]);
  running = { child, output, exited };
  await until(
    () => /served at http:\/\/127\.0\.0\.1:\d+\/#code=/.test(output.stderr),
    "the address is printed",
    BUILD_MS,
  );
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("start --json prints one document, with the address, once the workstation is served", {
  timeout: BUILD_MS,
}, async () => {
  const { child, output, exited } = runCli(["start", "--json", "--browser", "--http-port", "0", "--data-dir", folder]);
  running = { child, output, exited };
  await until(() => output.stdout.endsWith("}\n"), "the document is printed", BUILD_MS);
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
  expect(JSON.parse(output.stdout)).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#code=/),
    isRunning: false,
    folder,
    pid: child.pid,
  });
});

test("headless --auto says why it is not armed", { timeout: 40_000 }, async () => {
  createKillLatch(folder).engage("yesterday");
  const { child, output, exited } = runCli([
    ...["headless", "--auto", "--profile", "paper", "--set", "ibkr.port=1"],
    ...["--data-dir", folder],
  ]);
  running = { child, output, exited };
  await until(() => output.stderr.includes("not armed: killed: re-arm first"), "the refusal is told");
  child.kill("SIGTERM");
  expect(await exited).toBe(0);
});

test("replay says that a recording is damaged, and fails where the run had ended in order", {
  timeout: 40_000,
}, async () => {
  const recorded = await startTestHost({ "simulation.seed": 3, "simulation.date": "2026-11-23" }, { folder });
  const { journal, recording } = await recorded.host.report();
  await recorded.host.stop();
  const path = String(recording);
  truncateSync(path, statSync(path).size - 5);
  const { code, stdout } = await cli(["replay", String(journal)]);
  expect(stdout).toMatch(/events, cut: the last \d+ bytes of the recording are no whole records/);
  expect(code).toBe(1);
});
