import { rmSync } from "node:fs";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { type GatewaySimulator, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { createRng, type Rng } from "#shared/lib/rng.ts";
import { MINUTE } from "#shared/lib/time.ts";
import { attachView, newFolder, until, type View } from "#tests/support/host.ts";
import { cli, type Running, runCli } from "#tests/support/processes.ts";

const ROUNDS = Number(process.env.ROBOTRADER_PROOF_KILLS ?? 50);
const SEED = process.env.ROBOTRADER_PROOF_SEED ?? String(Math.floor(performance.timeOrigin));
const SPEED = 60;
/** Of the kills: before the host is live, whatever it is doing then. The others fall while it trades. */
const EARLY_PART = 0.2;

const recoveryMs: number[] = [];
afterAll(() => {
  const sorted = recoveryMs.toSorted((a, b) => a - b);
  const rank = (part: number): string => `${Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN)} ms`;
  console.log(`spawn to reconciled, ${sorted.length} restarts: p50 ${rank(0.5)}, p90 ${rank(0.9)}, max ${rank(1)}`);
});

/** The broker: it lives in the test's own process, so that it outlives every host and can be asked what it saw. */
async function broker(): Promise<GatewaySimulator> {
  const calendar = present(createCalendar("XNYS"), "New York has a calendar");
  const session = present(calendar.sessionOn("2026-11-23"), "a Monday");
  const start = session.open + 30 * MINUTE;
  const source = createMarketGenerator({
    seed: 11,
    calendar,
    profiles: WATCHLIST,
    start,
    dailyDays: 90,
    minuteDays: 3,
  });
  const gateway = await startGateway({ source, speed: SPEED, accountId: "DUSIM0001" });
  onTestFinished(() => gateway.close());
  return gateway;
}

const FLAGS = ["--auto", "--speed", String(SPEED), "--interval", "1m", "--log-level", "warn"] as const;
// A day of fifty lives asks for more than a person would allow.
const LIMITS = ["risk.maxOrdersPerMinute=60", "risk.maxDailyTrades=1000", "risk.maxDailyNotional=100000000"] as const;

function startHost(gateway: GatewaySimulator, folder: string): Running {
  const limits = LIMITS.flatMap((limit) => ["--set", limit]);
  const at = ["--gateway", `127.0.0.1:${gateway.port}`, "--data-dir", folder];
  return runCli(["headless", ...FLAGS, ...at, ...limits]);
}

async function attachWhenUp(folder: string, host: Running): Promise<View> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attachView(folder);
    } catch (error) {
      if (attempt > 400 || host.child.exitCode !== null)
        throw new Error(`no host: ${host.output.stderr}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** A host that is live: read to the end and reconciled. */
async function liveHost(gateway: GatewaySimulator, folder: string): Promise<{ host: Running; view: View }> {
  const began = performance.now();
  const host = startHost(gateway, folder);
  const view = await attachWhenUp(folder, host);
  await until(() => view.rows("status")[0]?.link.state === "live", `the host is live: ${host.output.stderr}`);
  recoveryMs.push(performance.now() - began);
  return { host, view };
}

const WORKS: ReadonlySet<string> = new Set(["intent", "sent", "acked", "partial", "unknown"]);

/** Where the host's books and the broker's differ; while it trades one may be a moment ahead of the other. */
function differences(view: View, gateway: GatewaySimulator): readonly string[] {
  const ours = new Map(view.rows("positions").map(({ symbol, quantity }) => [symbol, quantity] as const));
  const theirs = new Map(gateway.holdings().map(({ symbol, quantity }) => [symbol, quantity] as const));
  const positions = [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((symbol) => {
    const [mine, broker] = [ours.get(symbol) ?? 0, theirs.get(symbol) ?? 0];
    return mine === broker ? [] : [`${symbol}: ours ${mine}, the broker's ${broker}`];
  });
  const mine = new Set(view.rows("orders").flatMap(({ orderRef, status }) => (WORKS.has(status) ? [orderRef] : [])));
  const broker = new Set(gateway.openOrders().map(({ orderRef }) => orderRef));
  const ghosts = [...mine].filter((ref) => !broker.has(ref)).map((ref) => `${ref} works only for us`);
  const unseen = [...broker].filter((ref) => !mine.has(ref)).map((ref) => `${ref} works only at the broker`);
  return [...positions, ...ghosts, ...unseen];
}

async function expectSameBooks(view: View, gateway: GatewaySimulator, when: string): Promise<void> {
  let last: readonly string[] = [];
  const agree = (): boolean => {
    last = differences(view, gateway);
    return last.length === 0;
  };
  await until(agree, when).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${last.join("; ")}`);
  });
}

/** What reached the broker: each order once, none again as a change of one that was there. */
function expectNothingTwice(gateway: GatewaySimulator): void {
  const { audit } = gateway;
  expect([...audit.placements()].filter(([, count]) => count > 1)).toEqual([]);
  expect([...audit.modifications()]).toEqual([]);
  expect(audit.quotaViolations).toBe(0);
}

/** One life: killed before it is live, or live, its books compared, and killed at a random moment of trading. */
async function liveAndDie(gateway: GatewaySimulator, folder: string, rng: Rng, round: number): Promise<void> {
  const isEarly = rng.next() < EARLY_PART;
  const milliseconds = isEarly ? rng.integer(0, 1_500) : rng.integer(0, 2_500);
  if (isEarly) {
    const host = startHost(gateway, folder);
    await Promise.race([host.exited, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
    return die(host);
  }
  const { host, view } = await liveHost(gateway, folder);
  try {
    await expectSameBooks(view, gateway, `books agree after restart ${round}`);
    await Promise.race([host.exited, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
  } finally {
    view.close();
    await die(host);
  }
}

async function die(host: Running): Promise<void> {
  expect(host.child.exitCode, host.output.stderr).toBe(null);
  host.child.kill("SIGKILL");
  await host.exited;
}

test(`a host killed at ${ROUNDS} random moments sends no order twice and has the broker's books after each restart`, async () => {
  console.log(`seed ${SEED}: ROBOTRADER_PROOF_SEED=${SEED} npm run test:proof`);
  const folder = newFolder("kill-nine");
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const rng = createRng(SEED);
  const gateway = await broker();
  for (let round = 0; round < ROUNDS; round += 1) {
    await liveAndDie(gateway, folder, rng, round);
    expectNothingTwice(gateway);
  }
  const { host, view } = await liveHost(gateway, folder);
  try {
    await view.command({ kind: "kill", mode: "stop", reason: "compare the books" });
    const isEntry = (role: string, status: string): boolean => role === "entry" && WORKS.has(status);
    await until(() => !view.rows("orders").some(({ role, status }) => isEntry(role, status)), "entries are gone");
    await expectSameBooks(view, gateway, "books agree at the end");
  } finally {
    view.close();
    host.child.kill("SIGTERM");
    await host.exited;
  }
  expect(host.child.exitCode, host.output.stderr).toBe(0);
  expectNothingTwice(gateway);
  const placed = gateway.audit.placements().size;
  console.log(`${placed} orders were placed in ${ROUNDS + 1} lives, ${gateway.executions().length} executions`);
  expect(placed).toBeGreaterThan(ROUNDS);
  const verified = await cli(["verify", folder, "--json"]);
  expect(verified.code, verified.stdout.slice(0, 500)).toBe(0);
}, 900_000);
