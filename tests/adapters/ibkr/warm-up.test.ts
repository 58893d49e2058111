import { describe, expect, test } from "vitest";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { until } from "#tests/support/host.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";

const SYMBOLS = WATCHLIST.map(({ symbol }) => symbol);
const LATENCY_MS = 100;

/** Symbols that can be traded since event `from`: described, with days and minutes delivered. */
function warm({ events }: BrokerRig, from: number): ReadonlySet<string> {
  const seen = new Map<string, Set<string>>();
  const note = (symbol: string, what: string): void => {
    seen.set(symbol, (seen.get(symbol) ?? new Set()).add(what));
  };
  for (const event of events.slice(from)) {
    if (event.kind === "historyEnd") note(event.symbol, event.timeframe);
    if (event.kind === "instrument") note(event.instrument.symbol, "instrument");
  }
  return new Set([...seen].filter(([, what]) => what.size === 3).map(([symbol]) => symbol));
}

async function load(rig: BrokerRig, symbols: readonly string[]): Promise<number> {
  const from = rig.events.length;
  const began = performance.now();
  rig.broker.watch(symbols);
  await until(() => symbols.every((symbol) => warm(rig, from).has(symbol)), `${symbols.join(",")} are warm`, 30_000);
  return performance.now() - began;
}

async function measure(speed: number): Promise<{ ratio: number; gateways: readonly BrokerRig["gateway"][] }> {
  const oneByOne = await brokerRig({ latencyMs: LATENCY_MS, speed });
  await oneByOne.live();
  let sequential = 0;
  for (const symbol of SYMBOLS) sequential += await load(oneByOne, [symbol]);
  const together = await brokerRig({ latencyMs: LATENCY_MS, speed });
  await together.live();
  const parallel = await load(together, SYMBOLS);
  const ratio = sequential / parallel;
  process.stdout.write(
    `warm-up of 19 symbols, ${LATENCY_MS} ms, speed ${speed}: one by one ${(sequential / 1_000).toFixed(2)} s, together ${(parallel / 1_000).toFixed(2)} s, ${ratio.toFixed(1)} x\n`,
  );
  return { ratio, gateways: [oneByOne.gateway, together.gateway] };
}

function expectWithinPacing(gateways: readonly BrokerRig["gateway"][]): void {
  for (const { audit } of gateways) {
    expect(audit.quotaViolations).toBe(0);
    expect(audit.highestRate).toBeLessThanOrEqual(50);
  }
}

describe("with 100 ms of latency", () => {
  test("and 60 times the clock and the quota, 19 symbols warm up at least three times faster than one by one", {
    timeout: 90_000,
  }, async () => {
    expect(SYMBOLS).toHaveLength(19);
    const { ratio, gateways } = await measure(60);
    expect(ratio).toBeGreaterThanOrEqual(3);
    expectWithinPacing(gateways);
  });

  // 78 messages need two windows of 40, so that it takes 1.8 s at least: about twice as fast as one by one, not three times.
  test("and the clock of the wall, the message rate is what bounds it, and nothing exceeds it", {
    timeout: 90_000,
  }, async () => {
    const { ratio, gateways } = await measure(1);
    expect(ratio).toBeGreaterThan(1);
    expectWithinPacing(gateways);
  });
});
