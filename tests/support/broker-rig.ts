import {
  type GatewayOptions,
  type GatewaySimulator,
  startGateway,
} from "#adapters/gateway-simulator/gateway-simulator.ts";
import { createIbkrBroker } from "#adapters/ibkr/broker.ts";
import { createSharedClock, createTimers, wallMs } from "#adapters/system/clock.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { Broker } from "#runtime/ports.ts";
import { generatedMarket } from "#tests/adapters/gateway-simulator/scripted-market.ts";
import { until } from "#tests/support/host.ts";

export type BrokerRig = {
  readonly broker: Broker;
  readonly gateway: GatewaySimulator;
  readonly events: EngineEvent[];
  readonly log: string[];
  /** Blocks of order ids that were handed out: client, first, count. */
  readonly blocks: (readonly [clientId: number, first: number, count: number])[];
  /** What a block of order ids waits for before it is handed out, as the disk would let it wait. */
  disk: Promise<void>;
  /** Resolves when the broker's link is live: read to the end and confirmed. */
  live(): Promise<void>;
  stop(): Promise<void>;
};

/** The adapter against the simulator over TCP, without an engine: events are kept, readings are confirmed at once. */
export async function startBrokerRig(
  options: Partial<GatewayOptions> = {},
  symbols: readonly string[] = [],
  /** Off: the link stays in `syncing` until the test confirms it. */
  isConfirming = true,
  minuteDays = 2,
): Promise<BrokerRig> {
  const gateway = await startGateway({
    source: generatedMarket("adapter"),
    speed: 1,
    accountId: "DUSIM0001",
    ...options,
  });
  const shared = createSharedClock();
  const sync = (): void => shared.set(gateway.clock().time, gateway.clock().factor);
  sync();
  const syncing = setInterval(sync, 10);
  const events: EngineEvent[] = [];
  const log: string[] = [];
  const blocks: (readonly [number, number, number])[] = [];
  let nextId = 0;
  const state = (): string | undefined => events.filter((event) => event.kind === "link").at(-1)?.state;
  const live = () => until(() => state() === "live", "the link is live");
  const broker = createIbkrBroker({
    host: "127.0.0.1",
    port: gateway.port,
    clientIdBase: 10,
    clock: shared.clock,
    timers: createTimers(shared.clock, shared.factor),
    allocateOrderIds: async (clientId, atLeast, count) => {
      await rig.disk;
      const first = Math.max(nextId, atLeast);
      nextId = first + count;
      blocks.push([clientId, first, count]);
      return first;
    },
    guardAccount: () => undefined,
    accountId: "DUSIM0001",
    seed: 1,
    lockStep: undefined,
    minuteDays,
    wallMs,
    log: (line) => log.push(line),
    onFatal: (error) => log.push(`FATAL ${error.message}`),
  });
  const stop = async (): Promise<void> => {
    clearInterval(syncing);
    await broker.stop();
    await gateway.close();
  };
  const rig: BrokerRig = { broker, gateway, events, log, blocks, disk: Promise.resolve(), live, stop };
  broker.watch(symbols);
  await broker.start(async (arrived) => {
    events.push(...arrived);
    for (const event of arrived) {
      if (event.kind === "link" && event.state === "syncing") broker.reconcile();
      if (event.kind === "brokerSnapshot" && isConfirming) broker.confirmReconciled(event.snapshot.generation);
    }
  });
  return rig;
}
