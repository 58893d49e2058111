import { describe, expect, test } from "vitest";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { until } from "#tests/support/host.ts";
import { load } from "#tests/support/warm-up.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";

const SYMBOLS = WATCHLIST.map(({ symbol }) => symbol);
const DETAILS = { ask: "9", answer: "10" };
const HISTORY = { ask: "20", answer: "17" };
/** Longer than any test waits. */
const NEVER_MS = 600_000;

const frames = ({ gateway }: BrokerRig, wanted: "in" | "out", message: string) =>
  gateway.audit.frames().filter(({ fields, direction }) => direction === wanted && String(fields[0]) === message);

/** Most history requests that were open at once, as the gateway saw them. */
function mostOpen({ gateway }: BrokerRig): number {
  const open = new Set<string>();
  let most = 0;
  for (const { fields, direction } of gateway.audit.frames()) {
    const [message, id] = fields.map(String);
    if (direction === "in" && message === HISTORY.ask) open.add(id ?? "");
    if (direction === "out" && message === HISTORY.answer) open.delete(id ?? "");
    most = Math.max(most, open.size);
  }
  return most;
}

describe("nineteen symbols", () => {
  test("are all asked for before the first is answered", async () => {
    expect(SYMBOLS).toHaveLength(19);
    const rig = await brokerRig({ speed: 60 });
    await rig.live();
    rig.gateway.faults.latencyMs = NEVER_MS;
    rig.broker.watch(SYMBOLS);
    await until(() => frames(rig, "in", DETAILS.ask).length === 19, "every symbol is asked for");
    expect(frames(rig, "out", DETAILS.answer)).toEqual([]);
  });

  test.each([1, 60])(
    "load with five histories open at once and never more, within the message rate, at speed %i",
    {
      timeout: 60_000,
    },
    async (speed) => {
      const rig = await brokerRig({ latencyMs: 20, speed });
      await rig.live();
      await load(rig, SYMBOLS);
      expect(mostOpen(rig)).toBe(5);
      expect(rig.gateway.audit.quotaViolations).toBe(0);
      expect(rig.gateway.audit.highestRate).toBeLessThanOrEqual(50);
    },
  );
});
