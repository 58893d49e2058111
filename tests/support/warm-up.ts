import { type BrokerRig, startBrokerRig } from "#tests/support/broker-rig.ts";
import { until } from "#tests/support/host.ts";

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

/** Loads symbols on a live rig until each is warm; wall milliseconds. */
export async function load(rig: BrokerRig, symbols: readonly string[]): Promise<number> {
  const from = rig.events.length;
  const began = performance.now();
  rig.broker.watch(symbols);
  await until(() => symbols.every((symbol) => warm(rig, from).has(symbol)), `${symbols.join(",")} are warm`, 60_000);
  return performance.now() - began;
}

/** The same symbols one after the other and together, each on a gateway of its own; wall milliseconds. */
export async function compareWarmUp(given: {
  readonly symbols: readonly string[];
  readonly latencyMs: number;
  readonly speed: number;
}): Promise<{ readonly oneByOneMs: number; readonly togetherMs: number; readonly highestRate: number }> {
  const { symbols, latencyMs, speed } = given;
  const first = await startBrokerRig({ latencyMs, speed });
  await first.live();
  let oneByOneMs = 0;
  for (const symbol of symbols) oneByOneMs += await load(first, [symbol]);
  await first.stop();
  const second = await startBrokerRig({ latencyMs, speed });
  await second.live();
  const togetherMs = await load(second, symbols);
  await second.stop();
  const { highestRate } = second.gateway.audit;
  return { oneByOneMs, togetherMs, highestRate };
}
