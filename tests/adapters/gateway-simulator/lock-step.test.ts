import { expect, onTestFinished, test } from "vitest";
import { type GatewayOptions, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { SECOND } from "#shared/lib/time.ts";
import { historyRequest, marketDataRequest, placeOrder, type RawClient, readyClient } from "./raw-client.ts";
import { generatedMarket, quote, START, scriptedMarket, trade } from "./scripted-market.ts";

const IDS = [10, 11, 12] as const;
/** The clock stands a second before the market's first instant. */
const OPENING = START - SECOND;

async function lockStep(options: Partial<GatewayOptions> = {}) {
  const simulator = await startGateway({
    source: generatedMarket("lock-step", 3),
    speed: "max",
    lockStepClientIds: IDS,
    ...options,
  });
  onTestFinished(() => simulator.close());
  return simulator;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Times of the markers that a client has received. */
const markers = (client: RawClient): readonly number[] => client.of(49).map(([, , time]) => Number(time));

/**
 * Answers a step when its marker is in on every client that is there, in the order of the ids, as an adapter does. `act`
 * runs before the answers; a promise that it returns is awaited, as the runner awaits its effects.
 */
function answerTogether(
  clients: () => readonly RawClient[],
  act: (step: number, time: number) => Promise<void> | void = () => undefined,
): void {
  let step = 0;
  let isActing = false;
  const join = (): void => {
    for (const client of clients()) client.onMarker ??= (time) => void onMarker(time);
  };
  const onMarker = async (time: number): Promise<void> => {
    join();
    const all = clients().filter((client) => !client.isClosed);
    if (isActing || all.some((client) => client.marked <= client.answered)) return;
    isActing = true;
    step += 1;
    await act(step, time);
    isActing = false;
    for (const client of all) client.answer();
  };
  join();
  void onMarker(0);
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

test("the clock stands until every listed client is ready and has answered its opening marker", async () => {
  const simulator = await lockStep();
  const [a, b] = [await readyClient(simulator.port, 10), await readyClient(simulator.port, 11)];
  for (const client of [a, b]) {
    client.onMarker = () => client.answer();
    await client.frame(([id]) => id === "49");
    if (client.answered === 0) client.answer();
  }
  await pause(30);
  const c = await readyClient(simulator.port, 12);
  await c.frame(([id]) => id === "49");
  await pause(50);
  expect(simulator.now()).toBe(OPENING);
  expect(new Set([...markers(a), ...markers(b), ...markers(c)])).toEqual(new Set([OPENING]));
  c.answer();
  await a.frame(([id, , time]) => id === "49" && Number(time) === START);
  expect(simulator.now()).toBe(START);
});

test("an adapter that answers only when each of its connections has a marker starts whatever the order of arrival", async () => {
  const simulator = await lockStep();
  const clients: RawClient[] = [];
  answerTogether(() => clients);
  for (const id of IDS) {
    clients.push(await readyClient(simulator.port, id));
    answerTogether(() => clients);
    await pause(5);
  }
  await until(() => simulator.now() > START + 3 * SECOND);
});

test("a step waits for every answer; marker, answer, marker alternate on each connection", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  for (const client of clients) client.answer();
  const [a, b, c] = clients;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three clients");
  await until(() => clients.every((client) => markers(client).length === 2));
  a.answer();
  b.answer();
  await pause(30);
  expect(markers(a)).toHaveLength(2);
  c.answer();
  await until(() => clients.every((client) => markers(client).length === 3));
  const times = clients.map(markers);
  expect(times[0]).toEqual(times[1]);
  expect(times[0]).toEqual(times[2]);
  expect([simulator.audit.markers, simulator.audit.answers]).toEqual([9, 6]);
  // A second answer to one marker is no answer to the next.
  a.answer();
  a.answer();
  await pause(20);
  b.answer();
  c.answer();
  await until(() => markers(b).length === 4);
  b.answer();
  c.answer();
  await pause(30);
  expect(markers(b)).toHaveLength(4);
});

test("markers carry integer microseconds, rise, and lie at most a second apart in a session", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  answerTogether(() => clients);
  await until(() => markers(clients[0] as RawClient).length > 400);
  const times = markers(clients[0] as RawClient);
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(times.every(Number.isSafeInteger)).toBe(true);
  expect(Math.min(...steps)).toBeGreaterThan(0);
  expect(Math.max(...steps)).toBeLessThanOrEqual(SECOND);
});

/** Everything that three clients see while they watch, ask, trade and are delayed at random. */
async function recordRun(delay: () => Promise<void> | void): Promise<readonly string[]> {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  const [orders, market, history] = clients as [RawClient, RawClient, RawClient];
  let steps = 0;
  answerTogether(
    () => clients,
    async (step) => {
      steps = step;
      await delay();
      if (step === 1) {
        market.send(...marketDataRequest(1_000_000_001, { conId: 100_001, ticks: "233" }));
        market.send(61, 1);
        history.send(...historyRequest(1_000_000_002, { conId: 100_001, keep: 1 }));
      }
      if (step % 10 === 0)
        orders.send(...placeOrder(193, { orderId: step, type: "MKT", quantity: 10, ref: `r${step}` }));
      if (step % 35 === 0) market.send(58, "", 2_147_483_647);
      if (step === 150) orders.send(7, 3, 1_000_000_003, 0, "", "", "", "", "", "");
    },
  );
  await until(() => steps >= 200);
  await simulator.close();
  const seen = clients.map((client) => {
    const all = client.frames.slice(1).map((fields) => fields.join("|"));
    return all.slice(0, all.findLastIndex((text) => text.startsWith("49|")) + 1);
  });
  const shortest = Math.min(...clients.map((client) => markers(client).length));
  return seen.flatMap((frames) => {
    const ends = frames.flatMap((text, index) => (text.startsWith("49|") ? [index] : []));
    return frames.slice(0, (ends[Math.min(200, shortest) - 1] ?? 0) + 1);
  });
}

test("the same seed shows three clients the same to the last byte, however long they think", async () => {
  const first = await recordRun(() => undefined);
  const second = await recordRun(turn);
  const slow = await recordRun(() => (Math.random() < 0.1 ? pause(Math.random() * 20) : undefined));
  expect(first.some((text) => text.startsWith("11|"))).toBe(true);
  expect(first.length).toBeGreaterThan(1_000);
  expect(second).toEqual(first);
  expect(slow).toEqual(first);
});

test("the byte log shows one answer for each marker of each connection, in turn", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  answerTogether(() => clients);
  await until(() => simulator.audit.markers > 600);
  const steps = simulator.audit.frames().filter(({ isStep }) => isStep);
  for (const id of IDS) {
    const turns = steps.filter(({ clientId }) => clientId === id).map(({ direction }) => direction);
    expect(turns.length).toBeGreaterThan(200);
    expect(turns.every((direction, index) => direction === (index % 2 === 0 ? "out" : "in"))).toBe(true);
  }
  expect(simulator.audit.requests).toBe(3);
});

test("what is asked in a step is answered in the next, a millisecond later", async () => {
  const simulator = await lockStep({ lockStepClientIds: [10] });
  const client = await readyClient(simulator.port, 10);
  await client.frame(([id]) => id === "49");
  client.send(91, 26);
  await pause(20);
  expect(client.of(93)).toEqual([]);
  client.answer();
  await client.frame(([id]) => id === "93");
  await until(() => markers(client).length === 2);
  expect(markers(client)).toEqual([OPENING, OPENING + 1_000]);
});

test("step answers stay outside the quota; everything else counts on virtual time", async () => {
  const simulator = await lockStep({ lockStepClientIds: [10] });
  const client = await readyClient(simulator.port, 10);
  // One request a step, a hundred steps a wall second and more, one virtual second each.
  answerTogether(
    () => [client],
    (step) => {
      if (step % 4 === 0) client.send(17, 1);
    },
  );
  await until(() => client.of(15).length > 100);
  expect(client.isClosed).toBe(false);
  expect(simulator.audit.quotaViolations).toBe(0);
  client.onMarker = undefined;
  for (let i = 0; i < 60; i += 1) client.send(17, 1);
  await client.closed();
  expect(client.of(4).at(-1)?.slice(0, 4)).toEqual(["4", "2", "-1", "100"]);
});

test("a client that is not listed speaks the plain protocol, and its orders mark the run as not reproducible", async () => {
  const simulator = await lockStep({ lockStepClientIds: [10] });
  const member = await readyClient(simulator.port, 10);
  const plain = await readyClient(simulator.port, 13);
  plain.send(49, 1);
  expect(await plain.frame(([id]) => id === "49")).toEqual(["49", "1", String(OPENING / SECOND)]);
  expect(simulator.audit.isReproducible).toBe(true);
  plain.send(...placeOrder(193, { orderId: 1, limit: 1, ref: "g" }));
  await plain.frame(([id]) => id === "5");
  expect(simulator.audit.isReproducible).toBe(false);
  answerTogether(() => [member]);
  await until(() => markers(member).length > 5);
  expect(plain.of(49)).toHaveLength(1);
});

test("the steps go on without a lost client, which joins again when it is ready", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  let rejoined: RawClient | undefined;
  answerTogether(() => (rejoined === undefined ? clients : [...clients.slice(0, 2), rejoined]));
  const [a, , c] = clients as [RawClient, RawClient, RawClient];
  await until(() => markers(a).length > 20);
  c.socket.destroy();
  await until(() => c.isClosed);
  const lostAt = markers(a).length;
  await until(() => markers(a).length > lostAt + 20);
  const back = await readyClient(simulator.port, 12);
  rejoined = back;
  await until(() => markers(back).length > 20);
  const shared = new Set(markers(a));
  expect(
    markers(back)
      .slice(1)
      .every((time) => shared.has(time)),
  ).toBe(true);
  expect(markers(back)).toEqual([...markers(back)].sort((x, y) => x - y));
});

test("a client that answers its opening marker alone joins all the same", async () => {
  const simulator = await lockStep({ lockStepClientIds: [10, 11] });
  const [a, b] = [await readyClient(simulator.port, 10), await readyClient(simulator.port, 11)];
  for (const client of [a, b]) {
    client.onMarker = () => client.answer();
    client.answer();
  }
  await until(() => markers(a).length > 10);
  b.socket.destroy();
  await until(() => b.isClosed);
  const back = await readyClient(simulator.port, 11);
  back.onMarker = () => back.answer();
  if (markers(back).length > 0) back.answer();
  await until(() => markers(back).length > 20);
  expect(simulator.audit.markers).toBeGreaterThan(40);
});

test("when the last client is gone the clock is held, and goes on with whoever comes first", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  answerTogether(() => clients);
  await until(() => simulator.now() > START + 5 * SECOND);
  for (const client of clients) client.socket.destroy();
  await until(() => clients.every((client) => client.isClosed));
  await pause(20);
  const held = simulator.now();
  await pause(30);
  expect(simulator.now()).toBe(held);
  const back = await readyClient(simulator.port, 11);
  answerTogether(() => [back]);
  await until(() => simulator.now() > held + 5 * SECOND);
});

test("a scripted outage is played without answers: the clock stands at its end and clients are let in", async () => {
  const simulator = await lockStep();
  const clients = await Promise.all(IDS.map((id) => readyClient(simulator.port, id)));
  simulator.faults.at(START + 10 * SECOND, (faults) => faults.outage(120 * SECOND));
  answerTogether(() => clients);
  await Promise.all(clients.map((client) => client.closed()));
  expect(clients.map((client) => markers(client).at(-1))).toEqual(IDS.map(() => START + 9 * SECOND));
  expect(simulator.now()).toBe(START + 130 * SECOND);
  const back = await readyClient(simulator.port, 10);
  await back.frame(([id]) => id === "49");
  expect(markers(back)).toEqual([START + 130 * SECOND]);
  answerTogether(() => [back]);
  await until(() => simulator.now() > START + 140 * SECOND);
});

test("at the end of the market the clock stops, the end is told once, and the books can still be read", async () => {
  let ends = 0;
  const source = scriptedMarket({ quotes: [quote(1, 99.98, 100), quote(2, 99.98, 100)], trades: [trade(2, 100)] });
  const simulator = await lockStep({ source, lockStepClientIds: [10], startingCash: 20_000, onEnd: () => ends++ });
  const client = await readyClient(simulator.port, 10);
  answerTogether(
    () => [client],
    (step) => {
      if (step === 2) client.send(...placeOrder(193, { orderId: 1, type: "MKT", quantity: 100, ref: "a" }));
    },
  );
  await until(() => ends === 1);
  const stopped = simulator.now();
  await pause(20);
  expect([simulator.now(), ends]).toEqual([stopped, 1]);
  expect(simulator.positions()).toMatchObject([{ symbol: "AAPL", quantity: 100 }]);
  expect(simulator.cash()).toBe(9_999_000_000);
  expect(simulator.executions()).toHaveLength(1);
});

test("injected latency delays answers on virtual time", async () => {
  const simulator = await lockStep({ lockStepClientIds: [10], latencyMs: 2_500 });
  const client = await readyClient(simulator.port, 10);
  answerTogether(
    () => [client],
    (step) => {
      if (step === 1) client.send(91, 26);
    },
  );
  await client.frame(([id]) => id === "93");
  const before = client.frames.slice(
    0,
    client.frames.findIndex(([id]) => id === "93"),
  );
  const times = before.filter(([id]) => id === "49").map(([, , time]) => Number(time) - OPENING);
  expect(Math.max(...times)).toBe(2 * SECOND);
});
