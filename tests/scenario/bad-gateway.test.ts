import { afterEach, expect, test } from "vitest";
import type { GatewaySimulator } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { startSimulation } from "#app/market.ts";
import { createRng } from "#shared/lib/rng.ts";
import { configure, startTestHost, type TestHost, until, type View } from "#tests/support/host.ts";
import { startTamperingProxy, type TamperingProxy } from "#tests/support/tampering-proxy.ts";

const MARKET = { "simulation.seed": 7, "simulation.speed": 60, "simulation.date": "2026-11-23" };
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Rig = {
  readonly gateway: GatewaySimulator;
  readonly proxy: TamperingProxy;
  readonly running: TestHost;
  readonly view: View;
};

async function rig(): Promise<Rig> {
  const gateway = await startSimulation({
    config: configure(MARKET).config,
    speed: 60,
    now: 0,
    onLog: () => undefined,
    onEnd: () => undefined,
  });
  closers.push(() => gateway.close());
  const proxy = await startTamperingProxy(gateway.port);
  closers.push(() => proxy.close());
  const running = await startTestHost({
    "simulation.speed": 60,
    "simulation.gateway": `127.0.0.1:${proxy.port}`,
    "strategy.interval": "1m",
  });
  closers.push(() => running.stop());
  return { gateway, proxy, running, view: await running.view() };
}

const linkOf = (view: View): string | undefined => view.rows("status")[0]?.link.state;

function hasBrokersBooks({ view, gateway }: Rig): boolean {
  const ours = new Map(view.rows("positions").map(({ symbol, quantity }) => [symbol, quantity] as const));
  return gateway.holdings().every(({ symbol, quantity }) => (ours.get(symbol) ?? 0) === quantity);
}

const length = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const frame = (text: string): Buffer => Buffer.concat([length(text.length), Buffer.from(text, "latin1")]);
const random = createRng("garbage");
const GARBAGE: readonly (readonly [name: string, bytes: Buffer, says: RegExp])[] = [
  ["a negative length", length(-5), /frame length -5/],
  ["a zero length", length(0), /frame length 0/],
  ["a huge length", length(0x7fff_ffff), /frame length 2147483647/],
  ["a frame without its end", frame("9\u00001\u000042"), /a frame does not end with NUL/],
  ["words of another protocol", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), /frame length 1213486160/],
  [
    "random bytes",
    Buffer.from(Array.from({ length: 64 }, () => 128 + Math.floor(random.next() * 128))),
    /frame length -\d+/,
  ],
];

test("bytes that come one by one change nothing", { timeout: 90_000 }, async () => {
  const parts = await rig();
  parts.proxy.splitBytes(true);
  await until(() => parts.view.rows("fills").length >= 2, "fills through single bytes", 60_000);
  parts.proxy.splitBytes(false);
  await until(() => hasBrokersBooks(parts), "positions agree with the broker's");
  expect(linkOf(parts.view)).toBe("live");
  expect(parts.running.fatal).toEqual([]);
});

test("garbage from the gateway costs the connection, with a reason, and nothing else", {
  timeout: 180_000,
}, async () => {
  const parts = await rig();
  const { view, proxy, running, gateway } = parts;
  await until(() => view.rows("fills").length >= 1, "trading has begun", 60_000);
  for (const [name, bytes, says] of GARBAGE) {
    const logged = running.log.length;
    proxy.inject(bytes);
    await until(() => linkOf(view) !== "live", `the link falls after ${name}`);
    await until(() => linkOf(view) === "live", `the link is live again after ${name}`, 40_000);
    expect(running.log.slice(logged).join("\n"), name).toMatch(says);
  }
  await until(() => hasBrokersBooks(parts), "positions agree with the broker's");
  expect([...gateway.audit.placements().values()].filter((count) => count > 1)).toEqual([]);
  expect(running.fatal).toEqual([]);
});

test("frames of the protocol with nonsense in them do not reach the books", { timeout: 120_000 }, async () => {
  const parts = await rig();
  const { view, proxy, running } = parts;
  await until(() => linkOf(view) === "live" && view.rows("fills").length >= 1, "trading has begun", 60_000);
  const nonsense = [
    "1\u00006\u00001\u00001\u0000NaN\u0000NaN\u00000\u0000",
    "11\u0000-1\u0000x\u0000",
    "61\u0000\u0000",
    "999\u0000what\u0000",
    "4\u00002\u0000\u0000\u0000",
  ];
  for (const text of nonsense) proxy.inject(frame(text));
  await until(() => linkOf(view) === "live", "the link lives, or lives again", 40_000);
  await until(() => hasBrokersBooks(parts), "positions agree with the broker's");
  for (const { quantity } of view.rows("positions")) expect(Number.isInteger(quantity)).toBe(true);
  expect(running.fatal).toEqual([]);
});
