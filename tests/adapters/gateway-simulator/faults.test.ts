import { EventName } from "@stoqey/ib";
import { expect, onTestFinished, test } from "vitest";
import type { Frame } from "#adapters/gateway-simulator/codec/frame.ts";
import { startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import type { BadBytes } from "#adapters/gateway-simulator/server/faults.ts";
import { SECOND } from "#shared/lib/time.ts";
import { connectLibrary } from "./library-client.ts";
import { historyRequest, marketDataRequest, placeOrder, RawClient, readyClient } from "./raw-client.ts";
import { generatedMarket, quote, START, scriptedMarket, trade } from "./scripted-market.ts";
import { pick, stepper } from "./stepper.ts";

const MARKET = () =>
  scriptedMarket({
    quotes: [0, 2, 4, 6, 8, 10, 20, 30].map((second) => quote(second, 99.98, 100, 500)).concat(quote(900, 1, 2)),
    trades: [trade(0, 100)],
  });

async function plain(speed = 100) {
  const simulator = await startGateway({ source: generatedMarket("faults", 2), speed });
  onTestFinished(() => simulator.close());
  return simulator;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a late acknowledgement comes after the execution, and only for as many orders as were asked for", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.delayAcknowledgements(3_000, 1);
  const share = await market.order({ orderId: 1, type: "MKT", quantity: 10, ref: "late" });
  expect(share.filter(([id]) => id === "5" || id === "3")).toEqual([]);
  const first = await market.until(START + SECOND);
  expect(first.map(([id]) => id)).toContain("11");
  const later = await market.until(START + 4 * SECOND);
  expect(pick(later, 5, 1, 23)).toEqual([["1", "late"]]);
  expect(pick(await market.order({ orderId: 2, limit: 50 }), 3, 1, 2)).toEqual([["2", "Submitted"]]);
});

test("a lost acknowledgement never comes; the order works and is listed", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.loseAcknowledgements();
  const share = await market.order({ orderId: 1, limit: 50, ref: "lost" });
  expect(share).toEqual([]);
  expect((await market.until(START + 10 * SECOND)).filter(([id]) => id === "5")).toEqual([]);
  expect(pick(await market.ask([5, 1]), 5, 1, 23)).toEqual([["1", "lost"]]);
});

test("a duplicated status is the same report twice", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.duplicateStatus(true);
  const [first, second, ...others] = pick(await market.order({ orderId: 1, limit: 50 }), 3, 1, 2, 3, 4, 5, 6);
  expect(first).toEqual(second);
  expect(others).toEqual([]);
});

test("partial fills take so many shares of each quote, and add up", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.partialFills(30);
  await market.order({ orderId: 1, limit: 100, quantity: 100 });
  const fills = pick(await market.until(START + 20 * SECOND), 11, 19, 24);
  expect(fills).toEqual([
    ["30", "30"],
    ["30", "60"],
    ["30", "90"],
    ["10", "100"],
  ]);
});

test("while the broker's link is lost nothing is told; afterwards reports are, lines by 1102 only, kept bars never", async () => {
  const market = await stepper(
    scriptedMarket({
      quotes: [quote(1, 99, 100), quote(20, 98, 99), quote(40, 97, 98)],
      trades: [trade(5, 99), trade(41, 98), trade(50, 98)],
    }),
  );
  const line = marketDataRequest(1);
  const bars = historyRequest(2, { keep: 1 });
  await market.ask(line, bars);
  const { faults } = market.simulator;
  await market.until(START + 2 * SECOND);
  faults.loseBroker();
  await market.order({ orderId: 1, limit: 100, quantity: 10 });
  const dark = await market.until(START + 21 * SECOND);
  expect(dark.map(([id]) => id).filter((id) => id !== "4")).toEqual([]);
  expect(market.simulator.executions()).toHaveLength(1);
  faults.restoreBroker(1102);
  const back = await market.until(START + 45 * SECOND);
  expect(pick(back, 4, 2, 3)).toEqual([["-1", "1102"]]);
  expect(back.map(([id]) => id)).toContain("11");
  expect(pick(back, 1, 3, 4)).toContainEqual(["1", "97"]);
  expect(pick(back, 90, 1)).toEqual([]);
  faults.restoreBroker(1101);
  expect((await market.until(START + 50 * SECOND)).filter(([id]) => id === "1")).toEqual([]);
});

test("a fault can be set for a virtual time and is a part of that step", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.at(START + 2.5 * SECOND, (faults) => faults.systemMessage(2103, "broken:usfarm"));
  await market.until(START + 2 * SECOND);
  expect(pick(await market.step(), 4, 2, 3, 4)).toEqual([["-1", "2103", "broken:usfarm"]]);
  expect(market.simulator.now()).toBe(START + 2.5 * SECOND);
});

test("a closed link ends in order, a reset one in the middle of a frame", async () => {
  const simulator = await plain();
  const [first, second] = [await readyClient(simulator.port, 10), await readyClient(simulator.port, 11)];
  simulator.faults.closeLink(10);
  await first.closed();
  const frames = second.frames.length;
  simulator.faults.resetInFrame(11);
  await second.closed();
  expect(second.frames.slice(frames).filter((fields) => fields[4] === "never complete")).toEqual([]);
});

test("a silent link stays open, says nothing and hears nothing until the fault ends", async () => {
  const simulator = await plain();
  const client = await readyClient(simulator.port, 10);
  await client.frame((fields) => fields[3] === "2158");
  simulator.faults.silence(true);
  client.send(49, 1);
  const other = await readyClient(simulator.port, 11);
  other.send(49, 1);
  await other.frame(([id]) => id === "49");
  expect([client.of(49), client.isClosed]).toEqual([[], false]);
  simulator.faults.silence(false);
  client.send(49, 1);
  await client.frame(([id]) => id === "49");
});

test("a withheld hello leaves the client waiting on an open link", async () => {
  const simulator = await plain();
  simulator.faults.helloDelayMs = Number.POSITIVE_INFINITY;
  const waiting = new RawClient(simulator.port);
  waiting.hello();
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect([waiting.frames, waiting.isClosed]).toEqual([[], false]);
});

test("an occupied client id is refused with 326 until it is free", async () => {
  const simulator = await plain();
  simulator.faults.occupyClientId(10);
  const refused = new RawClient(simulator.port);
  refused.hello();
  await refused.frame((fields) => fields.length === 2);
  refused.send(71, 2, 10, "");
  expect((await refused.frame(([id]) => id === "4"))[3]).toBe("326");
  await refused.closed();
  simulator.faults.occupyClientId(10, false);
  await readyClient(simulator.port, 10);
});

test("the library reads everything when each byte comes alone", async () => {
  const simulator = await plain();
  const library = await connectLibrary(simulator.port, 10);
  simulator.faults.splitBytes(true);
  library.api.reqPositions();
  library.api.reqAccountUpdates(true, "DUSIM0001");
  await library.until(EventName.positionEnd);
  await library.until(EventName.accountDownloadEnd);
  expect(library.complaints).toEqual([]);
});

test.each<[BadBytes, RegExp]>([
  ["unknownMessage", /no parser/i],
  ["missingField", /underrun/i],
  ["extraField", /unprocessed data/],
])("the library complains about %s: the oracle of the wire tests is awake", async (bad, complaint) => {
  const simulator = await plain();
  const library = await connectLibrary(simulator.port, 10);
  simulator.faults.bytes(bad);
  while (library.complaints.length === 0) await turn();
  expect(library.complaints[0]).toMatch(complaint);
});

test("rolled back order ids give a new connection a lower next id", async () => {
  const market = await stepper(MARKET());
  await market.order({ orderId: 40, limit: 50 });
  market.simulator.faults.rollBackOrderIds(4);
  expect(await market.ask([8, 1, 1])).toContainEqual(["9", "1", "37"]);
});

test("answers are late by the injected latency of the wall clock, in their order", async () => {
  const simulator = await startGateway({ source: generatedMarket("late", 1), speed: 1, latencyMs: 60 });
  onTestFinished(() => simulator.close());
  const client = await readyClient(simulator.port, 10);
  const before = client.frames.length;
  const asked = performance.now();
  client.send(91, 26);
  client.send(17, 1);
  await client.frame(([id]) => id === "15", before);
  expect(performance.now() - asked).toBeGreaterThan(50);
  expect(
    client.frames
      .slice(before)
      .map(([id]) => id)
      .filter((id) => id !== "4"),
  ).toEqual(["93", "15"]);
});

const marketData = (requestId: number): Frame => {
  const contract = [0, "AAPL", "STK", "", "", "", "", "SMART", "", "USD", "", ""];
  return [1, 11, requestId, ...contract, 0, "", 0, 0, ""];
};

test("market data that the account has no subscription for answers 354 until it has one, and takes no line", async () => {
  const market = await stepper(MARKET());
  market.simulator.faults.withholdMarketData("AAPL");
  expect(await market.ask(marketData(7))).toEqual([
    ["4", "2", "7", "354", "Requested market data is not subscribed.", ""],
  ]);
  market.simulator.faults.withholdMarketData("AAPL", false);
  expect(pick(await market.ask(marketData(7)), 58, 2)).toEqual([["7"]]);
});

test("what a client asked before it was gone is no subscription, but its order was sent and works", async () => {
  const simulator = await startGateway({ source: generatedMarket("gone", 1), speed: 10, latencyMs: 60 });
  onTestFinished(() => simulator.close());
  for (const id of [20, 21, 22]) {
    const gone = await readyClient(simulator.port, id);
    for (let line = 0; line < 40; line += 1) gone.send(...marketData(1_000 + line));
    if (id === 20) gone.send(...placeOrder(193, { orderId: 1, limit: 50, ref: "last" }));
    gone.socket.end();
  }
  const client = await readyClient(simulator.port, 10);
  client.send(17, 1);
  await client.frame(([id]) => id === "15", client.frames.length);
  const before = client.frames.length;
  client.send(...marketData(5_000));
  expect(await client.frame(([id, , request]) => ["58", "4"].includes(id ?? "") && request === "5000", before)).toEqual(
    ["58", "1", "5000", "1"],
  );
  expect(simulator.openOrders()).toMatchObject([{ orderRef: "last" }]);
});
