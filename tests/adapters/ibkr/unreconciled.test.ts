import { describe, expect, test } from "vitest";
import type { EngineEvent } from "#core/engine/event.ts";
import { until } from "#tests/support/host.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";
import { approvedOrder } from "./order-builders.ts";

const SPEED = 60;
const entry = approvedOrder({ orderRef: "E-1", limitPrice: 20 });
const exit = approvedOrder({ orderRef: "X-1", role: "exit", side: "sell", limitPrice: 400 });

function linksOf({ events }: BrokerRig): readonly string[] {
  return events.flatMap((event) => (event.kind === "link" ? [event.state] : []));
}

function linkOf(rig: BrokerRig): string | undefined {
  return linksOf(rig).at(-1);
}

function snapshots({ events }: BrokerRig): number {
  return events.filter((event) => event.kind === "brokerSnapshot").length;
}

const outcome = (events: readonly EngineEvent[]) =>
  events.map((event) => (event.kind === "orderNotSent" ? [event.orderRef, event.code] : [event.kind]));

/** Neither entry nor exit leaves, and both are told so at once. */
async function expectNothingSent(rig: BrokerRig, code: string): Promise<void> {
  const placed = rig.gateway.audit.placements().size;
  expect(outcome(await rig.broker.submit([entry]))).toEqual([["E-1", code]]);
  expect(outcome(await rig.broker.submit([exit]))).toEqual([["X-1", code]]);
  expect(rig.gateway.audit.placements().size).toBe(placed);
}

describe("nothing is sent", () => {
  test("before there is a connection", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await expectNothingSent(rig, "NotConnected");
    await rig.live();
    expect(rig.gateway.audit.placements().size).toBe(0);
  });

  test("before the reading of the broker is confirmed, nor later of what was asked before", async () => {
    const rig = await brokerRig({ speed: SPEED }, [], false);
    await until(() => snapshots(rig) === 1, "the broker is read");
    expect(linkOf(rig)).toBe("syncing");
    await expectNothingSent(rig, "UNRECONCILED");
    rig.broker.confirmReconciled(1);
    await rig.live();
    expect(rig.gateway.audit.placements().size).toBe(0);
    expect(outcome(await rig.broker.submit([entry]))).toEqual([["orderSent"]]);
  });

  test("by the word of an older generation", async () => {
    const rig = await brokerRig({ speed: SPEED }, [], false);
    await until(() => snapshots(rig) === 1, "the broker is read");
    rig.gateway.faults.resetInFrame();
    await until(() => snapshots(rig) === 2, "it is read again");
    rig.broker.confirmReconciled(1);
    await expectNothingSent(rig, "UNRECONCILED");
    rig.broker.confirmReconciled(3);
    await expectNothingSent(rig, "UNRECONCILED");
    rig.broker.confirmReconciled(2);
    expect(outcome(await rig.broker.submit([entry]))).toEqual([["orderSent"]]);
  });

  test.each([10, 11, 12])(
    "after the socket of client %i was killed, until the broker was read again",
    async (clientId) => {
      const rig = await brokerRig({ speed: SPEED });
      await rig.live();
      rig.gateway.faults.resetInFrame(clientId);
      await until(() => linkOf(rig) === "down", "the link is down");
      await expectNothingSent(rig, clientId === 10 ? "NotConnected" : "UNRECONCILED");
      await rig.live();
      expect(rig.gateway.audit.placements().size).toBe(0);
      expect(outcome(await rig.broker.submit([entry]))).toEqual([["orderSent"]]);
    },
  );

  // The first order of a run waits until its block of ids is on disk.
  test.each([
    ["a socket that carries no order died", (rig: BrokerRig) => rig.gateway.faults.resetInFrame(11), "down"],
    ["the broker lost its own link", (rig: BrokerRig) => rig.gateway.faults.loseBroker(), "degraded"],
  ] as const)("when %s while its id was written to disk", async (_what, breakLink, state) => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    let isWritten: () => void = () => undefined;
    rig.disk = new Promise((resolve) => {
      isWritten = resolve;
    });
    const submitted = rig.broker.submit([entry]);
    breakLink(rig);
    await until(() => linkOf(rig) === state, `the link is ${state}`);
    isWritten();
    expect(outcome(await submitted)).toEqual([["E-1", "UNRECONCILED"]]);
    expect(rig.gateway.audit.placements().size).toBe(0);
  });

  test("whose time is over", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const late = approvedOrder({ orderRef: "E-1", expiresAt: rig.gateway.now() - 1 });
    expect(outcome(await rig.broker.submit([late]))).toEqual([["E-1", "INTENT_EXPIRED"]]);
    expect(rig.gateway.audit.placements().size).toBe(0);
  });
});

describe("while the broker has lost its own link", () => {
  test("exits may leave, entries may not", async () => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    rig.gateway.faults.loseBroker();
    await until(() => linkOf(rig) === "degraded", "1100 is heard");
    expect(outcome(await rig.broker.submit([entry]))).toEqual([["E-1", "UNRECONCILED"]]);
    expect(outcome(await rig.broker.submit([exit]))).toEqual([["orderSent"]]);
    await until(() => rig.gateway.audit.placements().size === 1, "the exit has arrived");
    expect([...rig.gateway.audit.placements().keys()]).toEqual(["X-1"]);
  });

  test.each([1101, 1102] as const)("and has it back by %i, entries wait until it was read again", async (code) => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    rig.gateway.faults.loseBroker();
    await until(() => linkOf(rig) === "degraded", "1100 is heard");
    rig.gateway.faults.restoreBroker(code);
    await rig.live();
    expect(snapshots(rig)).toBeGreaterThanOrEqual(2);
    expect(outcome(await rig.broker.submit([entry]))).toEqual([["orderSent"]]);
  });

  test.each([1101, 1102] as const)("and has it back at once by %i, the link goes live again", async (code) => {
    const rig = await brokerRig({ speed: SPEED });
    await rig.live();
    const before = linksOf(rig).length;
    rig.gateway.faults.loseBroker();
    rig.gateway.faults.restoreBroker(code);
    // All three states may pass between two looks at the last of them.
    await until(() => linksOf(rig).length === before + 3, "the link is live again");
    expect(linksOf(rig).slice(before)).toEqual(["degraded", "syncing", "live"]);
  });
});
