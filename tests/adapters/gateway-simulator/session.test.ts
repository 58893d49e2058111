import { expect, onTestFinished, test } from "vitest";
import { type GatewayOptions, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { placeOrder, RawClient, readyClient } from "./raw-client.ts";
import { generatedMarket, quote, scriptedMarket } from "./scripted-market.ts";

async function gateway(options: Partial<GatewayOptions> = {}) {
  const log: string[] = [];
  const simulator = await startGateway({
    source: scriptedMarket({ quotes: [quote(1, 99.98, 100), quote(3_600, 99.98, 100)] }),
    speed: 1,
    onLog: (line) => log.push(line),
    ...options,
  });
  onTestFinished(() => simulator.close());
  return { simulator, log };
}

test.each([
  { range: "v100..193", maxVersion: undefined, version: "193" },
  { range: "v157..178", maxVersion: undefined, version: "178" },
  { range: "v100..193", maxVersion: 178, version: "178" },
  { range: "v100..192", maxVersion: undefined, version: "178" },
  { range: "v100..200 options", maxVersion: undefined, version: "193" },
])("a client of $range meets version $version", async ({ range, maxVersion, version }) => {
  const { simulator } = await gateway(maxVersion === undefined ? {} : { maxVersion });
  const client = new RawClient(simulator.port);
  client.hello(range);
  const [negotiated, time] = await client.frame((fields) => fields.length === 2);
  expect(negotiated).toBe(version);
  expect(time).toBe("20261124 09:59:59 EST");
});

test("a client whose range holds neither 193 nor 178 is closed with a log line", async () => {
  const { simulator, log } = await gateway();
  const client = new RawClient(simulator.port);
  client.hello("v100..160");
  await client.closed();
  expect(client.frames).toEqual([]);
  expect(log.join()).toContain("100 to 160");
});

test("after START_API a client is told its account, its next order id and the farms, in this order", async () => {
  const { simulator } = await gateway();
  const client = await readyClient(simulator.port, 10);
  await client.frame((fields) => fields[3] === "2158");
  expect(client.frames.slice(1).map((fields) => fields.slice(0, 4))).toEqual([
    ["15", "1", "DUSIM0001"],
    ["9", "1", "1"],
    ["4", "2", "-1", "2104"],
    ["4", "2", "-1", "2106"],
    ["4", "2", "-1", "2158"],
  ]);
});

test("a client id that is in use is refused with 326, and the first holder keeps its connection", async () => {
  const { simulator } = await gateway();
  const first = await readyClient(simulator.port, 10);
  const second = new RawClient(simulator.port);
  second.hello();
  await second.frame((fields) => fields.length === 2);
  second.send(71, 2, 10, "");
  expect((await second.frame(([id]) => id === "4")).slice(0, 4)).toEqual(["4", "2", "-1", "326"]);
  await second.closed();
  first.send(17, 1);
  await first.next(([id]) => id === "15");
  const third = await readyClient(simulator.port, 11);
  expect(third.of(15)).toHaveLength(1);
});

test("an id is free again when its holder is gone", async () => {
  const { simulator } = await gateway();
  const first = await readyClient(simulator.port, 10);
  first.socket.destroy();
  for (;;) {
    const again = new RawClient(simulator.port);
    again.hello();
    await again.frame((fields) => fields.length === 2);
    again.send(71, 2, 10, "");
    const answer = await again.frame(([id]) => id === "15" || id === "4");
    if (answer[0] === "15") return;
  }
});

test("a bare connection and a handshake without START_API are counted", async () => {
  const { simulator } = await gateway();
  const bare = new RawClient(simulator.port);
  const half = new RawClient(simulator.port);
  half.hello();
  await half.frame((fields) => fields.length === 2);
  half.socket.destroy();
  bare.socket.destroy();
  await readyClient(simulator.port, 10);
  while (simulator.audit.acceptsWithoutStart < 2) await new Promise((resolve) => setImmediate(resolve));
  expect([simulator.audit.accepts, simulator.audit.acceptsWithoutStart]).toEqual([3, 2]);
});

test.each([
  { what: "unknown", frame: [250, 1, "x"], code: "505", id: "-1" },
  { what: "known but not served", frame: [97, 5, "x"], code: "505", id: "-1" },
  { what: "malformed", frame: [20, 1_000_000_007, "x"], code: "321", id: "1000000007" },
])("a message that is $what gets one line in the log and $code, and the connection is kept", async (sample) => {
  const { simulator, log } = await gateway();
  const client = await readyClient(simulator.port, 10);
  client.send(...sample.frame);
  const answer = await client.frame((fields) => fields[3] === sample.code);
  expect(answer.slice(0, 3)).toEqual(["4", "2", sample.id]);
  expect(log).toHaveLength(1);
  expect(simulator.audit.refusedRequests).toBe(1);
  client.send(17, 1);
  await client.next(([id]) => id === "15");
});

test("fifty messages in a second are answered; the next one ends the connection with error 100", async () => {
  const { simulator } = await gateway();
  const client = await readyClient(simulator.port, 10);
  for (let i = 0; i < 51; i += 1) client.send(17, 1);
  await client.frame((fields) => fields[0] === "4" && fields[3] === "100");
  await client.closed();
  expect(client.of(15)).toHaveLength(51);
  expect(simulator.audit.quotaViolations).toBe(1);
  expect(simulator.audit.highestRate).toBeGreaterThan(50);
});

test("bytes that are no frames end their own connection only", async () => {
  const { simulator } = await gateway();
  const good = await readyClient(simulator.port, 10);
  const bad = await readyClient(simulator.port, 11);
  bad.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xfc, 65]));
  await bad.closed();
  good.send(17, 1);
  await good.next(([id]) => id === "15");
});

test("frames survive being cut at every byte", async () => {
  const { simulator } = await gateway();
  const client = await readyClient(simulator.port, 10);
  const bytes = Buffer.from([0, 0, 0, 5, 49, 55, 0, 49, 0]);
  for (const byte of bytes) {
    client.socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.next(([id]) => id === "15");
});

test("the byte log keeps what passed, with the clients and the orders counted by orderRef", async () => {
  const { simulator } = await gateway();
  const client = await readyClient(simulator.port, 10);
  client.send(...placeOrder(193, { orderId: 5, ref: "a", limit: 90 }));
  await client.frame(([id]) => id === "5");
  client.send(...placeOrder(193, { orderId: 5, ref: "a", limit: 91 }));
  client.send(...placeOrder(193, { orderId: 6, ref: "a", limit: 90, whatIf: 1 }));
  await client.frame(([id, orderId]) => id === "5" && orderId === "6");
  expect([...simulator.audit.placements()]).toEqual([["a", 1]]);
  expect([...simulator.audit.modifications()]).toEqual([["a", 1]]);
  const inbound = simulator.audit.frames().filter(({ direction }) => direction === "in");
  expect(inbound.map(({ clientId, fields }) => [clientId, fields[0]])).toEqual([
    [10, "71"],
    [10, "3"],
    [10, "3"],
    [10, "3"],
  ]);
});

test("the simulator takes loopback addresses and simulated accounts only", async () => {
  const source = generatedMarket(1, 1);
  await expect(startGateway({ source, speed: 1, host: "0.0.0.0" })).rejects.toThrow("loopback");
  await expect(startGateway({ source, speed: 1, accountId: "DU1234" })).rejects.toThrow("DUSIM");
  await expect(startGateway({ source, speed: "max" })).rejects.toThrow("clients that take part");
});
