import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { present } from "#shared/lib/assert.ts";
import { newFolder, startTestHost, type TestHost, until } from "#tests/support/host.ts";

const LIVELY = {
  "simulation.seed": 7,
  "simulation.speed": 60,
  "simulation.date": "2026-11-23",
  "strategy.interval": "1m",
};
const hosts: TestHost[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function start(folder: string): Promise<TestHost> {
  const running = await startTestHost(LIVELY, { folder });
  hosts.push(running);
  return running;
}

function cli(...args: readonly string[]) {
  const env = { ...process.env, VITEST: undefined };
  return spawnSync(process.execPath, ["src-main/app/cli.ts", ...args], { encoding: "utf8", env });
}

test("one press stops every opening order, keeps the stops, lets exits through, and outlives a restart", async () => {
  const folder = newFolder("kill");
  folders.push(folder);
  const first = await start(folder);
  const view = await first.view();
  await until(() => view.rows("positions").some((position) => position.quantity > 0), "something is held", 40_000);
  const killed = await view.command({ kind: "kill", mode: "stop", reason: "test" });
  expect(killed.accepted).toBe(true);
  await until(() => view.rows("status")[0]?.tradingState === "KILLED", "the state is KILLED");
  expect(existsSync(join(folder, "KILLED.latch"))).toBe(true);
  await until(
    () => !view.rows("orders").some((order) => order.role === "entry" && isOpen(order.status)),
    "entries are gone",
  );
  const gateway = present(first.host.gateway, "the simulator is ours");
  const entriesSent = entryCount(gateway.audit.placements());
  const held = view.rows("positions").filter((position) => position.quantity > 0);
  // Six decisions of every strategy pass: not one entry leaves.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect(entryCount(gateway.audit.placements())).toBe(entriesSent);
  const stops = view.rows("orders").filter((order) => order.role === "stop" && isOpen(order.status));
  expect(new Set(stops.map((order) => order.symbol)).size).toBeGreaterThan(0);
  const refused = await view.command({
    kind: "placeOrder",
    ticket: {
      symbol: "AAPL",
      side: "buy",
      quantity: 1,
      type: "market",
      timeInForce: "day",
      outsideRth: false,
      reduceOnly: false,
      stopLoss: 1,
    },
  });
  expect(refused.failures.map((failure) => failure.code)).toContain("KILL_LATCHED");
  const symbol = present(
    held.find((position) => stops.some((order) => order.symbol === position.symbol)),
    "a protected position",
  ).symbol;
  expect((await view.command({ kind: "closePosition", symbol })).accepted).toBe(true);
  await until(
    () => view.rows("positions").find((position) => position.symbol === symbol)?.quantity === 0,
    "the exit is filled",
  );
  await first.stop();
  hosts.length = 0;
  const second = await start(folder);
  const again = await second.view();
  await until(() => again.rows("status")[0]?.tradingState === "KILLED", "a restart is KILLED");
  await until(() => again.rows("status")[0]?.link.state === "live", "the link is live");
  expect((await again.command({ kind: "rearm", phrase: "RE-ARM", reason: "" })).message).toContain("reason");
  expect((await again.command({ kind: "rearm", phrase: "please", reason: "x" })).accepted).toBe(false);
  expect((await again.command({ kind: "rearm", phrase: "RE-ARM", reason: "the test is over" })).accepted).toBe(true);
  await until(() => again.rows("status")[0]?.tradingState === "ACTIVE", "it is ACTIVE again");
  expect(again.rows("status")[0]?.armed).toBe(false);
  expect(existsSync(join(folder, "KILLED.latch"))).toBe(false);
}, 180_000);

test("the command line finds the running host and kills it; without a host the next start is KILLED", async () => {
  const folder = newFolder("kill-cli");
  folders.push(folder);
  const none = cli("kill", "--data-dir", folder, "--json");
  expect(none.status).toBe(4);
  expect(JSON.parse(none.stdout)).toMatchObject({ latched: true });
  const running = await start(folder);
  const view = await running.view();
  await until(() => view.rows("status")[0]?.tradingState === "KILLED", "the latch on disk rules the start");
  await until(() => view.rows("status")[0]?.link.state === "live", "the link is live");
  // Synchronous children would block this process, in which the host runs: they are given a turn of their own.
  const status = await asyncCli("status", "--data-dir", folder, "--json");
  expect(JSON.parse(status)).toMatchObject({ status: { tradingState: "KILLED" } });
}, 120_000);

async function asyncCli(...args: readonly string[]): Promise<string> {
  const { spawn } = await import("node:child_process");
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["src-main/app/cli.ts", ...args], {
      env: { ...process.env, VITEST: undefined },
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
    });
    child.on("error", reject);
    child.on("exit", () => resolve(output));
  });
}

function isOpen(status: string): boolean {
  return ["intent", "sent", "acked", "partial", "unknown"].includes(status);
}

/** Frames of entries that the simulator received, by the role letter of their reference. */
function entryCount(placements: ReadonlyMap<string, number>): number {
  return [...placements.keys()].filter((orderRef) => /-E[0-9a-f]{2}$/.test(orderRef)).length;
}
