import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { newFolder } from "#tests/support/host.ts";
import { cli } from "#tests/support/processes.ts";

const data = process.env.ROBOTRADER_TEST_DATA ?? "";
const hasData = data !== "" && existsSync(join(data, "minute-lean"));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Position = { readonly symbol: string; readonly quantity: number; readonly averageCost: number };
type Report = {
  readonly events: number;
  readonly signals: number;
  readonly orders: number;
  readonly fills: number;
  readonly commissions: number;
  readonly realizedPnl: number;
  readonly unrealizedPnl: number;
  readonly cash: number;
  readonly equity: number;
  readonly positions: readonly Position[];
  readonly reconciled: boolean;
  readonly journal: string;
  readonly decisionHash: string;
  readonly latencyMs: { readonly tickToOrder: { readonly p50: number; readonly p99: number } };
  readonly gateway: { readonly positions: readonly Position[]; readonly cash: number; readonly executions: number };
};

async function runDay(...flags: readonly string[]): Promise<Report> {
  const folder = newFolder("day");
  folders.push(folder);
  const args = ["headless", "--auto", "--speed", "max", "--exit-at-end", "--json", "--data-dir", folder, ...flags];
  const { code, stdout, stderr } = await cli(args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

const quantities = (positions: readonly Position[]) =>
  Object.fromEntries(
    positions.filter(({ quantity }) => quantity !== 0).map(({ symbol, quantity }) => [symbol, quantity]),
  );

/** Fills, positions and cash are the gateway's, and the equation of the books holds to the cent. */
function expectTrueBooks(report: Report): void {
  expect(report.reconciled).toBe(true);
  expect(report.fills).toBeGreaterThan(0);
  expect(report.fills).toBe(report.gateway.executions);
  expect(quantities(report.positions)).toEqual(quantities(report.gateway.positions));
  expect(report.cash).toBe(report.gateway.cash);
  const { equity, realizedPnl, unrealizedPnl, commissions } = report;
  expect(equity - 100_000).toBeCloseTo(realizedPnl + unrealizedPnl - commissions, 2);
  expect(report.latencyMs.tickToOrder.p99).toBeGreaterThan(0);
}

async function expectReplayed(report: Report): Promise<void> {
  const replayed = await cli(["replay", report.journal, "--json"]);
  expect(replayed.code, replayed.stderr).toBe(0);
  expect((JSON.parse(replayed.stdout) as { decisionHash: string }).decisionHash).toBe(report.decisionHash);
  const verified = await cli(["verify", report.journal, "--json"]);
  expect(verified.code, verified.stderr).toBe(0);
}

describe("a recorded day, headless, in lock-step over the wire", () => {
  test("the shipped session: true books, the same decisions twice and from the journal", {
    timeout: 120_000,
  }, async () => {
    const sample = join("assets", "sample-session");
    const flags = ["--replay", join(sample, "minute"), "--daily", join(sample, "daily")];
    const first = await runDay(...flags);
    expectTrueBooks(first);
    const second = await runDay(...flags);
    expect(second.decisionHash).toBe(first.decisionHash);
    await expectReplayed(first);
    const other = await runDay(...flags, "--strategies", "momentum");
    expect(other.decisionHash).not.toBe(first.decisionHash);
  });

  test.skipIf(!hasData)(
    "SPY, BAC and IBM of 2013-10-07 [needs ROBOTRADER_TEST_DATA]",
    { timeout: 120_000 },
    async () => {
      const flags = [
        "--replay",
        join(data, "minute-lean"),
        "--daily",
        join(data, "daily-lean-raw"),
        "--date",
        "2013-10-07",
      ];
      const first = await runDay(...flags);
      expectTrueBooks(first);
      expect((await runDay(...flags)).decisionHash).toBe(first.decisionHash);
      await expectReplayed(first);
    },
  );
});
