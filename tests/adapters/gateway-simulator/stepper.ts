import { onTestFinished } from "vitest";
import type { Frame } from "#adapters/gateway-simulator/codec/frame.ts";
import {
  type GatewayOptions,
  type GatewaySimulator,
  startGateway,
} from "#adapters/gateway-simulator/gateway-simulator.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import type { Micros } from "#shared/lib/time.ts";
import { placeOrder, type RawClient, readyClient } from "./raw-client.ts";

export type Fields = readonly string[];

/** One client in lock-step: the test takes the steps and sees each one's share. */
export class Stepper {
  readonly simulator: GatewaySimulator;
  readonly client: RawClient;
  readonly version: number;
  private taken = 0;

  private readonly hasEnded: () => boolean;

  constructor(simulator: GatewaySimulator, client: RawClient, version: number, hasEnded: () => boolean) {
    this.hasEnded = hasEnded;
    this.simulator = simulator;
    this.client = client;
    this.version = version;
  }

  /** Answers the standing marker; resolves with what the next step brought, without its marker. */
  async step(): Promise<readonly Fields[]> {
    const marked = this.client.marked;
    this.client.answer();
    while (this.client.marked === marked && !this.client.isClosed) {
      if (this.hasEnded()) throw new Error("the market has ended: the test asks for a later time than it wrote down");
      await new Promise((resolve) => setImmediate(resolve));
    }
    const share = this.client.frames.slice(this.taken).filter(([id]) => id !== "49");
    this.taken = this.client.frames.length;
    return share;
  }

  /** Forgets what has been received so far. */
  skip(): void {
    this.taken = this.client.frames.length;
  }

  /** Asks, and takes the step that answers. */
  ask(...frames: readonly Frame[]): Promise<readonly Fields[]> {
    for (const frame of frames) this.client.send(...frame);
    return this.step();
  }

  order(order: Readonly<Record<string, string | number>>): Promise<readonly Fields[]> {
    return this.ask(placeOrder(this.version, order));
  }

  /** Steps until the clock has reached `time`; everything that was brought. */
  async until(time: Micros): Promise<readonly Fields[]> {
    const seen: Fields[] = [];
    while (this.simulator.now() < time) seen.push(...(await this.step()));
    return seen;
  }
}

export async function stepper(source: MarketSource, options: Partial<GatewayOptions> = {}, version = 193) {
  let hasEnded = false;
  const simulator = await startGateway({
    onEnd: () => {
      hasEnded = true;
    },
    source,
    speed: "max",
    lockStepClientIds: [10],
    startingCash: 1_000_000,
    maxVersion: version,
    ...options,
  });
  onTestFinished(() => simulator.close());
  const client = await readyClient(simulator.port, 10);
  while (client.marked === 0) await new Promise((resolve) => setImmediate(resolve));
  const taken = new Stepper(simulator, client, version, () => hasEnded);
  // The farms and the opening marker follow the next valid id in the same piece.
  taken.skip();
  return taken;
}

/** Frames of one message, each cut to the fields that matter. */
export function pick(frames: readonly Fields[], id: number, ...places: readonly number[]): readonly Fields[] {
  return frames
    .filter((fields) => fields[0] === String(id))
    .map((fields) => places.map((place) => fields[place] ?? ""));
}
