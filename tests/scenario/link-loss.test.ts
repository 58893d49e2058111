import { afterEach, expect, test } from "vitest";
import { present } from "#shared/lib/assert.ts";
import { startTestHost, type TestHost, until, type View } from "#tests/support/host.ts";

const LIVELY = {
  "simulation.seed": 7,
  "simulation.speed": 60,
  "simulation.date": "2026-11-23",
  "strategy.interval": "1m",
};
const hosts: TestHost[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop();
});

const linkOf = (view: View): string | undefined => view.rows("status")[0]?.link.state;

test("a socket that dies in the session is reconnected, reconciled, and every subscription restored once", async () => {
  const running = await startTestHost(LIVELY);
  hosts.push(running);
  const view = await running.view();
  const gateway = present(running.host.gateway, "the simulator is ours");
  await until(() => view.rows("fills").length >= 3, "three fills before the link breaks");
  const acceptsBefore = gateway.audit.accepts;
  for (let round = 0; round < 3; round += 1) {
    const before = view.rows("orders").length;
    gateway.faults.closeLink();
    await until(() => linkOf(view) !== "live", "the loss is seen");
    await until(() => linkOf(view) === "live", "the link is live again");
    await until(() => view.rows("orders").length > before, "trading goes on", 30_000);
  }
  // Three roles, three rounds, one accept each: no storm and no bare probe.
  expect(gateway.audit.accepts - acceptsBefore).toBe(9);
  expect(gateway.audit.acceptsWithoutStart).toBe(0);
  // Each orderRef reached the simulator at most once.
  expect([...gateway.audit.placements().values()].filter((count) => count > 1)).toEqual([]);
  await until(() => matches(view, gateway), "positions agree with the broker's");
  expect(running.fatal).toEqual([]);
}, 120_000);

test("an order that is decided while the link is down is refused at once and never sent later", async () => {
  const running = await startTestHost(LIVELY);
  hosts.push(running);
  const view = await running.view();
  const gateway = present(running.host.gateway, "the simulator is ours");
  await until(() => linkOf(view) === "live", "the link is live");
  gateway.faults.silence(true);
  gateway.faults.closeLink();
  await until(() => linkOf(view) === "down" || linkOf(view) === "connecting", "the loss is seen");
  const ask = gateway.audit.placements().size;
  const result = await view.command({
    kind: "placeOrder",
    ticket: {
      symbol: "AAPL",
      side: "buy",
      quantity: 1,
      type: "limit",
      limitPrice: 100,
      timeInForce: "day",
      outsideRth: false,
      reduceOnly: false,
      stopLoss: 99,
    },
  });
  expect(result.accepted).toBe(false);
  expect(result.failures.map((failure) => failure.code)).toContain("CONN_STATE");
  gateway.faults.silence(false);
  await until(() => linkOf(view) === "live", "the link is live again", 40_000);
  const manual = view.rows("orders").filter((order) => order.source.kind === "manual");
  expect(manual).toEqual([]);
  expect(gateway.audit.placements().size).toBeGreaterThanOrEqual(ask);
}, 120_000);

function matches(view: View, gateway: { holdings(): readonly { symbol: string; quantity: number }[] }): boolean {
  const ours = new Map(view.rows("positions").map((position) => [position.symbol, position.quantity] as const));
  return gateway.holdings().every((holding) => (ours.get(holding.symbol) ?? 0) === holding.quantity);
}
