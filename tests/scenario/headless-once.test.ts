import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { newFolder } from "#tests/support/host.ts";
import { cli } from "#tests/support/processes.ts";

test("one cycle: decisions once the broker is reconciled, their entries settled, books equal, then the end", {
  timeout: 90_000,
}, async () => {
  const folder = newFolder("once");
  const flags = ["--seed", "7", "--date", "2026-11-23", "--interval", "1m", "--data-dir", folder, "--json"];
  const { code, stdout, stderr } = await cli(["headless", "--once", ...flags]);
  rmSync(folder, { recursive: true, force: true });
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.decisions.approved + report.decisions.denied).toBeGreaterThan(0);
  expect(report).toMatchObject({ reconciled: true, workingEntries: 0 });
  expect(report.cash).toBe(report.gateway.cash);
  expect(report.fills).toBe(report.gateway.executions);
});
