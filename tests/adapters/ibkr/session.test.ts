import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { encodeFrame, type Frame } from "#adapters/gateway-simulator/codec/frame.ts";
import { createIbkrBroker } from "#adapters/ibkr/broker.ts";
import { Session } from "#adapters/ibkr/session.ts";
import { createSystemClock, createTimers, wallMs } from "#adapters/system/clock.ts";
import type { Broker } from "#runtime/ports.ts";
import type { Rng } from "#shared/lib/rng.ts";
import { until } from "#tests/support/host.ts";
import { scriptedServer } from "../gateway-simulator/scripted-server.ts";
import { brokerRig } from "./broker-rig.ts";
import { approvedOrder } from "./order-builders.ts";

/** A broker of the adapter at any server. */
async function brokerAt(port: number): Promise<Broker> {
  const clock = createSystemClock();
  const broker = createIbkrBroker({
    host: "127.0.0.1",
    port,
    clientIdBase: 10,
    clock,
    timers: createTimers(clock, () => 1),
    allocateOrderIds: async (_clientId, atLeast) => atLeast,
    guardAccount: (accountId) => (accountId === "DUSIM0001" ? undefined : `account ${accountId} is not ours`),
    accountId: "DUSIM0001",
    seed: 1,
    lockStep: undefined,
    minuteDays: 2,
    wallMs,
    log: () => undefined,
    onFatal: () => undefined,
  });
  await broker.start(async () => undefined);
  onTestFinished(() => broker.stop());
  return broker;
}

const stateOf = (broker: Broker) => broker.connections()[0];

describe("a server version", () => {
  test("below 177 is looked at and never traded with", async () => {
    const { port } = await scriptedServer(176);
    const broker = await brokerAt(port);
    await until(() => stateOf(broker)?.state === "syncing", "the connection is ready");
    const [outcome] = await broker.submit([approvedOrder()]);
    expect(outcome).toMatchObject({
      kind: "orderNotSent",
      code: "VIEW_ONLY",
      detail: expect.stringMatching(/176.*update TWS/),
    });
  });

  test("above what is spoken here is refused with the remedy, and not tried again", async () => {
    const { port } = await scriptedServer(201);
    const broker = await brokerAt(port);
    await until(() => stateOf(broker)?.state === "refused", "the version is refused");
    expect(stateOf(broker)).toMatchObject({ detail: expect.stringMatching(/update/) });
    expect(stateOf(broker)).not.toHaveProperty("nextAttempt");
  });
});

test("an account that is told later is guarded like the first", async () => {
  const server = await scriptedServer(193);
  const broker = await brokerAt(server.port);
  await until(() => broker.connections().every(({ state }) => state === "syncing"), "the connections are ready");
  server.send([15, 1, "U7654321"]);
  await until(() => broker.connections().some(({ state }) => state === "refused"), "the account is refused");
});

test("a server that lets us in and drops us at once is tried again after 1, 2 and 4 seconds at most", async () => {
  const greeting: readonly Frame[] = [
    [15, 1, "DUSIM0001"],
    [9, 1, 1],
  ];
  const server = createServer((socket: Socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(Buffer.concat([encodeFrame([193, "20261124 09:30:00 EST"]), ...greeting.map(encodeFrame)]));
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const waits: number[] = [];
  const session: Session = new Session({
    role: "orders",
    host: "127.0.0.1",
    port: typeof address === "object" && address !== null ? address.port : 0,
    clientId: 10,
    rng: { next: () => 1 } as unknown as Rng,
    guardAccount: () => undefined,
    clock: createSystemClock(),
    wallMs,
    isLockStep: false,
    log: () => undefined,
    listen: () => undefined,
    onReady: () => undefined,
    onLate: () => undefined,
    onLost: () => queueMicrotask(() => waits.push(Math.round((session.nextAttemptAt ?? 0) - wallMs()))),
    afterFrames: () => undefined,
  });
  onTestFinished(() => {
    session.stop();
    server.close();
  });
  session.start();
  await until(() => waits.length === 3, "it is dropped three times");
  const expected = [1_000, 2_000, 4_000];
  expect(waits.map((wait, index) => Math.abs(wait - (expected[index] ?? 0)) < 200)).toEqual([true, true, true]);
});

describe("a server that falls silent", () => {
  test("is doubted within five seconds and given up within ten", async () => {
    const rig = await brokerRig({ speed: 1 });
    await rig.live();
    const links = () => rig.events.flatMap((event) => (event.kind === "link" ? [event] : []));
    const silentSince = performance.now();
    rig.gateway.faults.silence(true, 10);
    await until(() => links().at(-1)?.state === "degraded", "the link is degraded");
    const doubtedMs = performance.now() - silentSince;
    await until(() => links().at(-1)?.state === "down", "the link is down");
    const lostMs = performance.now() - silentSince;
    expect(links().at(-1)?.detail).toMatch(/^orders: .*half-open/);
    expect([doubtedMs < 5_500, lostMs > 9_000, lostMs < 10_500]).toEqual([true, true, true]);
  });

  test("and answers late is read again in the same generation before anything opens", async () => {
    const rig = await brokerRig({ speed: 1 });
    await rig.live();
    const states = () => rig.events.flatMap((event) => (event.kind === "link" ? [event.state] : []));
    rig.gateway.faults.silence(true, 11);
    await until(() => states().at(-1) === "degraded", "the link is degraded");
    rig.gateway.faults.silence(false, 11);
    // The answer that was on its way.
    rig.gateway.faults.bytes(encodeFrame([49, 1, 1]), 11);
    await rig.live();
    expect(states().slice(-3)).toEqual(["degraded", "syncing", "live"]);
    expect(rig.broker.counters().generation).toBe(1);
  });
});
