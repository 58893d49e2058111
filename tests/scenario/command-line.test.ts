import { expect, test } from "vitest";
import { CONFIG_KEYS } from "#shared/model/config.ts";
import { cli } from "#tests/support/processes.ts";

test("every option that the table of the configuration names is one of the command line", async () => {
  const { code, stdout } = await cli(["start", "--help"]);
  expect(code).toBe(0);
  const named = CONFIG_KEYS.flatMap(({ option }) => option ?? []);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((option) => !new RegExp(`${option}\\b`).test(stdout))).toEqual([]);
});

test("an option of the table reaches its key", async () => {
  const { stdout } = await cli(["headless", "--max-concurrent", "0", "--faults", "", "--json"]);
  const { error } = JSON.parse(stdout);
  expect(error.code).toBe("CONFIGURATION");
  expect(error.message).toMatch(/execution\.maxConcurrentParents.*1 to 50/);
});

test("doctor finds a refused configuration among the other findings", async () => {
  const { code, stdout } = await cli([
    "doctor",
    "--set",
    "risk.maxOpenPositions=999",
    "--data-dir",
    "/tmp/none",
    "--json",
  ]);
  const { isWell, findings } = JSON.parse(stdout) as {
    isWell: boolean;
    findings: { what: string; state: string; detail: string }[];
  };
  expect([code, isWell]).toEqual([1, false]);
  expect(findings.find(({ what }) => what === "configuration")).toMatchObject({
    state: "problem",
    detail: expect.stringMatching(/risk\.maxOpenPositions.*999.*1 to 100/),
  });
  expect(findings.map(({ what }) => what)).toEqual(
    expect.arrayContaining(["Node.js", "data directory", "journal", "workstation port"]),
  );
});
