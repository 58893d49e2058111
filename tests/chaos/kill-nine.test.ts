import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { createRng } from "#shared/lib/rng.ts";
import { readBrokerBooks } from "#tests/support/broker-books.ts";
import { attachView, newFolder, until, type View } from "#tests/support/host.ts";
import { cli, type Running, runCli } from "#tests/support/processes.ts";

const ROUNDS = Number(process.env.ROBOTRADER_PROOF_KILLS ?? 50);
const SEED = process.env.ROBOTRADER_PROOF_SEED ?? String(Math.floor(performance.timeOrigin));
const SPEED = "60";

async function startGateway(): Promise<{ readonly running: Running; readonly port: number }> {
  const running = runCli([
    "gateway",
    "--json",
    "--speed",
    SPEED,
    "--seed",
    "11",
    "--date",
    "2026-11-23",
    "--log-level",
    "warn",
  ]);
  await until(() => running.output.stdout.trimEnd().endsWith("}"), "the gateway says its port");
  return { running, port: Number(JSON.parse(running.output.stdout).port) };
}

function startHost(port: number, folder: string): Running {
  const flags = [
    "--gateway",
    `127.0.0.1:${port}`,
    "--speed",
    SPEED,
    "--interval",
    "1m",
    "--data-dir",
    folder,
    "--log-level",
    "warn",
  ];
  return runCli(["headless", "--auto", ...flags]);
}

async function attachWhenUp(folder: string, host: Running): Promise<View> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attachView(folder);
    } catch (error) {
      if (attempt > 100 || host.child.exitCode !== null)
        throw new Error(`no host: ${host.output.stderr}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const isLive = (view: View): boolean => view.rows("status")[0]?.link.state === "live";

test(`a host killed at ${ROUNDS} random moments sends no order twice and ends with the broker's books`, async () => {
  const folder = newFolder("kill-nine");
  const rng = createRng(SEED);
  const { running: gateway, port } = await startGateway();
  console.log(`seed ${SEED}: ROBOTRADER_PROOF_SEED=${SEED} npm run test:proof`);
  const recoveryMs: number[] = [];
  let last: Running | undefined;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const host = startHost(port, folder);
      // Some die before they are up, some while they read the broker, most in the middle of trading.
      const milliseconds = rng.next() < 0.2 ? rng.integer(0, 900) : rng.integer(900, 3_500);
      await Promise.race([host.exited, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
      expect(host.child.exitCode, host.output.stderr).toBe(null);
      host.child.kill("SIGKILL");
      await host.exited;
      expect(gateway.child.exitCode, gateway.output.stderr).toBe(null);
    }
    const started = performance.now();
    const host = startHost(port, folder);
    last = host;
    const view = await attachWhenUp(folder, host);
    await until(() => isLive(view), "reconciled after the last restart");
    recoveryMs.push(performance.now() - started);
    await view.command({ kind: "kill", mode: "stop", reason: "compare the books" });
    await until(
      () => !view.rows("orders").some((order) => order.role === "entry" && isOpen(order.status)),
      "entries are gone",
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await compare(view, port);
    view.close();
    host.child.kill("SIGTERM");
    expect(await host.exited).toBe(0);
    const verified = await cli(["verify", folder, "--json"]);
    expect(verified.code, verified.stdout.slice(0, 500)).toBe(0);
    console.log(`start to reconciled: ${recoveryMs.map((value) => `${Math.round(value)} ms`).join(", ")}`);
  } finally {
    last?.child.kill("SIGKILL");
    gateway.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}, 600_000);

async function compare(view: View, port: number): Promise<void> {
  const books = await readBrokerBooks(port);
  const refs = [...books.openRefs, ...books.completedRefs].filter((ref) => ref !== "");
  expect(refs.length).toBeGreaterThan(5);
  expect(new Set(refs).size, "each orderRef stands in the broker's lists once").toBe(refs.length);
  await until(
    () => differences(view, books.positions).length === 0,
    `positions equal: ${differences(view, books.positions).join("; ")}`,
  );
  const ours = view
    .rows("orders")
    .filter((order) => isOpen(order.status))
    .map((order) => order.orderRef);
  expect(ours.sort()).toEqual([...books.openRefs].sort());
  const sums = new Map<string, number>();
  for (const { symbol, signed } of books.executions) sums.set(symbol, (sums.get(symbol) ?? 0) + signed);
  for (const [symbol, quantity] of books.positions) expect(sums.get(symbol) ?? 0, symbol).toBe(quantity);
}

function differences(view: View, broker: ReadonlyMap<string, number>): readonly string[] {
  const ours = new Map(view.rows("positions").map((position) => [position.symbol, position.quantity] as const));
  const symbols = new Set([...ours.keys(), ...broker.keys()]);
  return [...symbols].flatMap((symbol) => {
    const [local, theirs] = [ours.get(symbol) ?? 0, broker.get(symbol) ?? 0];
    return local === theirs ? [] : [`${symbol}: ours ${local}, broker ${theirs}`];
  });
}

function isOpen(status: string): boolean {
  return ["intent", "sent", "acked", "partial", "unknown"].includes(status);
}
