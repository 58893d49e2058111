import { expect, test } from "vitest";
import { until } from "#tests/support/host.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";

const SYMBOLS = ["AAPL", "NVDA", "TSLA"];

/** Symbols of the market-data requests that the gateway saw, from frame `from` on. */
function subscriptions({ gateway }: BrokerRig, from = 0): readonly string[] {
  return gateway.audit
    .frames()
    .slice(from)
    .filter(({ direction, fields }) => direction === "in" && String(fields[0]) === "1")
    .map(({ fields }) => String(fields[4]))
    .sort();
}

test("connects as three clients, reads the broker before it is live, and subscribes each symbol once", async () => {
  const rig = await brokerRig({}, SYMBOLS);
  await rig.live();
  const states = rig.events.flatMap((event) => (event.kind === "link" ? [event.state] : []));
  expect(states).toEqual(["connecting", "syncing", "live"]);
  const read = rig.events.findIndex(({ kind }) => kind === "brokerSnapshot");
  const live = rig.events.findIndex((event) => event.kind === "link" && event.state === "live");
  expect(read).toBeGreaterThanOrEqual(0);
  expect(read).toBeLessThan(live);
  await until(() => subscriptions(rig).length >= 3, "three subscriptions");
  expect(subscriptions(rig)).toEqual(SYMBOLS);
  expect(rig.broker.connections().map(({ role, state }) => [role, state])).toEqual([
    ["orders", "live"],
    ["market", "live"],
    ["history", "live"],
  ]);
});

test("after each lost socket every subscription is made again, once, by new request ids", {
  timeout: 40_000,
}, async () => {
  const rig = await brokerRig({}, SYMBOLS);
  await rig.live();
  await until(() => subscriptions(rig).length === 3, "three subscriptions");
  for (let round = 0; round < 3; round += 1) {
    const from = rig.gateway.audit.frames().length;
    const seen = rig.events.length;
    rig.gateway.faults.closeLink();
    await until(
      () => rig.events.slice(seen).some((event) => event.kind === "link" && event.state === "live"),
      "live again",
    );
    await until(() => subscriptions(rig, from).length >= 3, "subscribed again");
    expect(subscriptions(rig, from)).toEqual(SYMBOLS);
  }
  const ids = rig.gateway.audit
    .frames()
    .flatMap(({ direction, fields }) => (direction === "in" && String(fields[0]) === "1" ? [String(fields[2])] : []));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => Number(id) >= 1_000_000_000)).toBe(true);
});

test("a symbol that nobody knows is refused by name, and the others are served", async () => {
  const rig = await brokerRig({}, ["AAPL", "ZZZZ"]);
  await rig.live();
  await until(() => rig.events.some(({ kind }) => kind === "dataRefused"), "a refusal");
  const refused = rig.events.filter((event) => event.kind === "dataRefused");
  expect(refused).toMatchObject([{ symbol: "ZZZZ", code: 200 }]);
  await until(
    () => rig.events.some((event) => event.kind === "historyEnd" && event.symbol === "AAPL"),
    "AAPL's history",
  );
});

test("nothing is submitted over a link that is down, and no id is burnt for it", async () => {
  const rig = await brokerRig({}, ["AAPL"]);
  await rig.live();
  const before = rig.blocks.length;
  rig.gateway.faults.silence(true);
  rig.gateway.faults.closeLink();
  const isDown = (): boolean => rig.events.filter((event) => event.kind === "link").at(-1)?.state !== "live";
  await until(isDown, "the link is lost");
  const events = await rig.broker.submit([{ orderRef: "RT1-1-1-E82", role: "entry" } as never]);
  expect(events).toMatchObject([{ kind: "orderNotSent", orderRef: "RT1-1-1-E82" }]);
  expect(rig.blocks).toHaveLength(before);
  expect(rig.gateway.audit.placements().size).toBe(0);
});
