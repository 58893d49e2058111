import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openJournalReader } from "#adapters/store/journal-reader.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import type { NoteOf } from "#core/engine/note.ts";
import { present } from "#shared/lib/assert.ts";
import { createRng, type Rng } from "#shared/lib/rng.ts";
import { newFolder, startTestHost, type TestHost } from "#tests/support/host.ts";
import { cli } from "#tests/support/processes.ts";

const DAYS = Number(process.env.ROBOTRADER_PROOF_DAYS ?? 6);
const SEED = process.env.ROBOTRADER_PROOF_SEED ?? "first light";
const SAMPLE = join("assets", "sample-session");
const CLIENTS = [10, 11, 12] as const;

/** Faults stop in time for everything to converge before the close. */
const FIRST_SECOND = 9.6 * 3_600;
const LAST_SECOND = 15.5 * 3_600;

const timeText = (seconds: number): string =>
  [seconds / 3_600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");

/** Each draw switches a kind of fault on or off for its day, and says how often it comes. */
function script(rng: Rng): readonly object[] {
  const one = (): number => CLIENTS[rng.integer(0, 2)] ?? 10;
  const everyone = (): object => (rng.next() < 0.5 ? {} : { clientId: one() });
  const kinds: readonly (() => object)[] = [
    () => ({ fault: "closeLink", with: everyone() }),
    () => ({ fault: "resetInFrame", with: everyone() }),
    () => ({ fault: "outage", with: { seconds: rng.integer(1, 90) } }),
    () => ({ fault: "loseBroker", with: { seconds: rng.integer(1, 120), code: rng.next() < 0.5 ? 1101 : 1102 } }),
    () => ({ fault: "lostAcknowledgements", with: { orders: rng.integer(1, 3) } }),
    () => ({
      fault: "lateAcknowledgements",
      with: { milliseconds: rng.integer(100, 20_000), orders: rng.integer(1, 4) },
    }),
    () => ({ fault: "duplicateStatus", with: { seconds: rng.integer(60, 3_600) } }),
    () => ({ fault: "partialFills", with: { shares: rng.integer(1, 7), seconds: rng.integer(60, 3_600) } }),
    () => ({ fault: "latency", with: { milliseconds: rng.integer(0, 400) } }),
    () => ({ fault: "bytes", with: { kind: "unknownStatus", clientId: 10 } }),
    () => ({ fault: "bytes", with: { kind: rng.next() < 0.5 ? "negativeLength" : "unterminated", clientId: one() } }),
    () => ({ fault: "systemMessage", with: { code: rng.next() < 0.5 ? 2105 : 2103, text: "a farm is gone:usfarm" } }),
  ];
  const rules: object[] = [];
  for (const kind of kinds) {
    if (rng.next() < 0.4) continue;
    for (let count = rng.integer(1, 4); count > 0; count -= 1) {
      rules.push({ when: timeText(rng.integer(FIRST_SECOND, LAST_SECOND)), ...kind() });
    }
  }
  // A farm that is gone has come back by the end.
  rules.push({ when: "15:31:00", fault: "systemMessage", with: { code: 2104, text: "it is back:usfarm" } });
  return rules;
}

async function play(folder: string, rules: readonly object[]): Promise<TestHost> {
  const file = join(folder, "faults.json");
  writeFileSync(file, JSON.stringify(rules));
  const running = await startTestHost(
    {
      "simulation.replay": join(SAMPLE, "minute"),
      "simulation.daily": join(SAMPLE, "daily"),
      "simulation.speed": "max",
      "simulation.faults": file,
      "strategy.interval": "1m",
      "risk.maxOrdersPerMinute": 60,
      "risk.maxDailyTrades": 1_000,
      "risk.maxDailyNotional": 10_000_000,
    },
    { folder: join(folder, "data") },
  );
  const failed = new Promise<void>((resolve) => {
    const looking = setInterval(() => {
      if (running.fatal.length === 0) return;
      clearInterval(looking);
      resolve();
    }, 50);
    onTestFinished(() => clearInterval(looking));
  });
  await Promise.race([running.ended, failed]);
  return running;
}

type Report = {
  readonly journal: string;
  readonly decisionHash: string;
  readonly cash: number;
  readonly cashDifference: number;
  readonly reconciled: boolean;
  readonly fills: number;
  readonly positions: readonly { readonly symbol: string; readonly quantity: number }[];
};

/** No row of the journal says that an entry left in a generation that was not reconciled. */
function expectGate(journal: string): void {
  const reader = openJournalReader(join(journal, ".."));
  const reconciled = new Set<number>();
  const entries = new Set<string>();
  for (const { kind, body } of reader.rows({})) {
    if (kind === "RECONCILED") reconciled.add((body as NoteOf<"RECONCILED">["body"]).generation);
    if (kind === "INTENT") {
      for (const { role, orderRef } of (body as NoteOf<"INTENT">["body"]).orders)
        if (role === "entry") entries.add(orderRef);
    }
    if (kind !== "SENT") continue;
    const { orderRef, generation } = body as NoteOf<"SENT">["body"];
    if (entries.has(orderRef)) expect(reconciled.has(generation), `${orderRef} left reconciled`).toBe(true);
  }
  reader.close();
  expect(entries.size).toBeGreaterThan(0);
}

/** What the broker holds is held by a stop that rests at the broker. */
function expectProtected(running: TestHost): void {
  const gateway = present(running.host.gateway, "the simulator is ours");
  for (const { symbol, quantity } of gateway.positions()) {
    const stops = gateway.openOrders().filter((order) => order.symbol === symbol && order.type === "stop");
    const covered = stops.reduce((sum, order) => sum + order.quantity - order.filledQuantity, 0);
    expect(covered, `${quantity} ${symbol} are protected`).toBe(Math.abs(quantity));
  }
}

test.each(Array.from({ length: DAYS }, (_, day) => `${SEED}/${day}`))(
  "a day of faults, seed %s: nothing is sent twice, the books are the broker's, what is held is protected",
  { timeout: 240_000 },
  async (seed) => {
    const folder = newFolder("faulted");
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const rules = script(createRng(seed));
    const running = await play(folder, rules);
    const gateway = present(running.host.gateway, "the simulator is ours");
    expect(running.fatal).toEqual([]);
    const report = (await running.host.report()) as unknown as Report;
    const twice = [...gateway.audit.placements()].filter(([, count]) => count > 1);
    expect(twice, "no orderRef reached the gateway twice").toEqual([]);
    expect(gateway.audit.quotaViolations).toBe(0);
    const books = (positions: readonly { readonly symbol: string; readonly quantity: number }[]) =>
      Object.fromEntries(
        positions.filter(({ quantity }) => quantity !== 0).map((each) => [each.symbol, each.quantity]),
      );
    expect(books(report.positions), JSON.stringify(rules)).toEqual(books(gateway.positions()));
    expect(report.fills).toBe(gateway.executions().length);
    expect(report.fills).toBeGreaterThan(0);
    expect(Math.round(report.cash * 1e6)).toBe(gateway.cash());
    // The wire tells cash to the cent.
    expect(Math.abs(report.cashDifference)).toBeLessThanOrEqual(0.005);
    expect(report.reconciled).toBe(true);
    expectProtected(running);
    await running.stop();
    expectGate(report.journal);
    expect(verifyJournal(join(report.journal, "..")).faults).toEqual([]);
    const replayed = await cli(["replay", report.journal, "--json"]);
    expect(JSON.parse(replayed.stdout).decisionHash).toBe(report.decisionHash);
  },
);
