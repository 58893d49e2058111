import { expect, onTestFinished, test } from "vitest";
import { type GatewayOptions, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { HOUR, SECOND } from "#shared/lib/time.ts";
import { type RawClient, readyClient } from "./raw-client.ts";
import { generatedMarket, quote, SESSION, START, scriptedMarket } from "./scripted-market.ts";

async function gateway(options: Partial<GatewayOptions> = {}) {
  const simulator = await startGateway({ source: generatedMarket("speed", 2), speed: 100, ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(2);
}

const subscribe = (client: RawClient): void => {
  client.send(1, 11, 1, 0, "AAPL", "STK", "", "", "", "", "SMART", "", "USD", "", "", 0, "", 0, 0, "");
};

test("the clock stands before the first client and runs at its factor from then on", async () => {
  const simulator = await gateway({ speed: 50 });
  await pause(30);
  expect(simulator.clock()).toEqual({ time: START - SECOND, factor: 0 });
  const began = performance.now();
  await readyClient(simulator.port, 10);
  await until(() => simulator.now() > START + 4 * SECOND);
  // Five virtual seconds are a tenth of a second at fifty times; a machine may be slow, never fast.
  expect(performance.now() - began).toBeGreaterThan(90);
  expect(simulator.clock().factor).toBe(50);
});

test("a pause stops the market and keeps answering; a new speed goes on from there", async () => {
  const simulator = await gateway();
  const client = await readyClient(simulator.port, 10);
  subscribe(client);
  await client.frame(([id]) => id === "2");
  simulator.pause(true);
  const { time, factor } = simulator.clock();
  const seen = client.frames.length;
  client.send(49, 1);
  await client.frame(([id]) => id === "49", seen);
  await pause(30);
  expect(factor).toBe(0);
  expect(simulator.clock().time).toBe(time);
  simulator.setSpeed(1_000);
  simulator.pause(false);
  await until(() => simulator.now() > time + 60 * SECOND);
  expect(simulator.clock().factor).toBe(1_000);
});

test("nights are skipped: three days pass in the time of one afternoon", async () => {
  const later = 3 * 24 * HOUR;
  const source = scriptedMarket({ quotes: [quote(0, 1, 2), quote(later / SECOND, 1, 2)] });
  const simulator = await gateway({ source, speed: 20_000 });
  const began = performance.now();
  await readyClient(simulator.port, 10);
  await until(() => simulator.now() >= START + later);
  // Six hours to the close last a second; the three days behind it would last thirteen.
  expect(performance.now() - began).toBeGreaterThan((SESSION.close - START) / 20_000 / 1_000 - 100);
  expect(performance.now() - began).toBeLessThan(8_000);
});

test("the end of the market is told once, and the simulator goes on answering", async () => {
  let ends = 0;
  const simulator = await gateway({
    source: scriptedMarket({ quotes: [quote(0, 1, 2), quote(1, 1, 2)] }),
    onEnd: () => {
      ends += 1;
    },
  });
  const client = await readyClient(simulator.port, 10);
  await until(() => ends > 0);
  client.send(61, 1);
  await client.frame(([id]) => id === "62");
  await pause(120);
  expect(ends).toBe(1);
});

test("asked to, the simulator closes itself at the end of the market", async () => {
  const simulator = await gateway({ source: scriptedMarket({ quotes: [quote(0, 1, 2)] }), exitAtEnd: true });
  const client = await readyClient(simulator.port, 10);
  await client.closed();
  await simulator.close();
});

test("at a factor the quota is as many times as large", async () => {
  const simulator = await gateway({ speed: 10 });
  const client = await readyClient(simulator.port, 10);
  for (let i = 0; i < 500; i += 1) client.send(17, 1);
  await until(() => client.of(15).length === 501);
  expect(simulator.audit.quotaViolations).toBe(0);
  expect(simulator.audit.highestRate).toBe(50);
  client.send(17, 1);
  await client.closed();
});
