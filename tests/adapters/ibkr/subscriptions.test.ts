import { describe, expect, test } from "vitest";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { until } from "#tests/support/host.ts";
import { quote, scriptedMarket } from "../gateway-simulator/scripted-market.ts";
import { type BrokerRig, brokerRig } from "./broker-rig.ts";

const SPEED = 60;
const SYMBOLS = WATCHLIST.slice(0, 3).map(({ symbol }) => symbol);
const REQ_MARKET_DATA = "1";
const REQ_HISTORY = "20";
const UPDATE = "90";

/** What the gateway was asked since frame `from`, as `message symbol`, sorted. */
function asked({ gateway }: BrokerRig, from: number): readonly string[] {
  return gateway.audit
    .frames()
    .slice(from)
    .filter(({ direction }) => direction === "in")
    .flatMap(({ fields }) => {
      const message = String(fields[0]);
      if (message === REQ_MARKET_DATA) return [`line ${fields[4]}`];
      return message === REQ_HISTORY ? [`history ${fields[3]}`] : [];
    })
    .sort();
}

const EACH_ONCE = SYMBOLS.flatMap((symbol) => [`line ${symbol}`, `history ${symbol}`, `history ${symbol}`]).sort();

function historyEnds({ events }: BrokerRig): number {
  return events.filter((event) => event.kind === "historyEnd").length;
}

/** Every line and every history of the generation is there. */
async function warm(rig: BrokerRig, generation: number): Promise<void> {
  await rig.live();
  await until(() => historyEnds(rig) >= 2 * SYMBOLS.length * generation, `generation ${generation} is warm`);
  await until(() => rig.broker.counters().subscriptions === SYMBOLS.length * generation, "all lines are asked for");
  await until(() => asked(rig, 0).length >= EACH_ONCE.length * generation, "the gateway has heard it all");
}

/** Request ids of one symbol's quotes that the gateway still feeds, as seen in what it sends from now on. */
async function streamsOf({ gateway }: BrokerRig, message: string, count: number): Promise<ReadonlySet<string>> {
  const place = message === UPDATE ? 1 : 2;
  const from = present(gateway.audit.frames().at(-1), "frames were seen").wallMs;
  const fed = () =>
    gateway.audit
      .frames()
      .filter(({ wallMs, direction, fields }) => wallMs > from && direction === "out" && String(fields[0]) === message)
      .map(({ fields }) => String(fields[place]));
  await until(() => fed().length >= count, "the market goes on");
  return new Set(fed());
}

test("as many days of minutes are asked for as the strategies need, and a year of days", async () => {
  const rig = await brokerRig({ speed: SPEED }, SYMBOLS.slice(0, 1), true, 6);
  await rig.live();
  await until(() => historyEnds(rig) >= 2, "both histories are there");
  const spans = rig.gateway.audit
    .frames()
    .filter(({ direction, fields }) => direction === "in" && String(fields[0]) === REQ_HISTORY)
    .map(({ fields }) => `${fields[16]}: ${fields[17]}`);
  expect(spans).toEqual(["1 day: 1 Y", "1 min: 6 D"]);
});

describe("after a kill of", () => {
  test.each([
    ["all sockets", undefined],
    ["the orders socket", 10],
    ["the market socket", 11],
    ["the history socket", 12],
  ] as const)("%s each subscription is asked for once more", async (_name, clientId) => {
    const rig = await brokerRig({ speed: SPEED }, SYMBOLS);
    await warm(rig, 1);
    expect(asked(rig, 0)).toEqual(EACH_ONCE);
    const from = rig.gateway.audit.frames().length;
    rig.gateway.faults.resetInFrame(clientId);
    await warm(rig, 2);
    expect(asked(rig, from)).toEqual(EACH_ONCE);
    expect(rig.broker.counters().linesInUse).toBe(SYMBOLS.length);
  });

  test("all sockets, twice, one stream of each symbol is alive", async () => {
    const rig = await brokerRig({ speed: SPEED }, SYMBOLS);
    await warm(rig, 1);
    for (const generation of [2, 3]) {
      rig.gateway.faults.resetInFrame();
      await warm(rig, generation);
    }
    expect((await streamsOf(rig, REQ_MARKET_DATA, 60)).size).toBe(SYMBOLS.length);
    expect(rig.broker.counters().subscriptions).toBe(3 * SYMBOLS.length);
  });

  // What lives on another connection goes on at the gateway and holds its line until it is cancelled.
  test.each([
    ["quotes", "the orders socket", 10, REQ_MARKET_DATA],
    ["quotes", "the history socket", 12, REQ_MARKET_DATA],
    ["bars", "the orders socket", 10, UPDATE],
    ["bars", "the market socket", 11, UPDATE],
  ] as const)("one stream of %s a symbol is alive when %s was killed", async (_what, _name, clientId, message) => {
    const rig = await brokerRig({ speed: SPEED }, SYMBOLS);
    await warm(rig, 1);
    rig.gateway.faults.resetInFrame(clientId);
    await warm(rig, 2);
    expect((await streamsOf(rig, message, 60)).size).toBe(SYMBOLS.length);
  });
});

describe("after the broker's own link came back", () => {
  async function lostAndFound(code: 1101 | 1102): Promise<{ rig: BrokerRig; from: number }> {
    const rig = await brokerRig({ speed: SPEED }, SYMBOLS);
    await warm(rig, 1);
    const state = () => rig.events.filter((event) => event.kind === "link").at(-1)?.state;
    rig.gateway.faults.loseBroker();
    await until(() => state() === "degraded", "1100 is heard");
    const from = rig.gateway.audit.frames().length;
    rig.gateway.faults.restoreBroker(code);
    await rig.live();
    return { rig, from };
  }

  // Each of the three connections is told of it.
  test("with data lost (1101) every symbol is asked for once", async () => {
    const { rig, from } = await lostAndFound(1101);
    await until(() => new Set(asked(rig, from)).size === 2 * SYMBOLS.length, "lines and histories");
    expect((await streamsOf(rig, REQ_MARKET_DATA, 60)).size).toBe(SYMBOLS.length);
    expect(asked(rig, from)).toEqual(EACH_ONCE);
  });

  // Bars that are kept up to date die even though the broker says that data were kept.
  test("with data kept (1102) the one-minute bars go on, one stream each, and lines are left alone", async () => {
    const { rig, from } = await lostAndFound(1102);
    expect((await streamsOf(rig, UPDATE, 60)).size).toBe(SYMBOLS.length);
    expect((await streamsOf(rig, REQ_MARKET_DATA, 60)).size).toBe(SYMBOLS.length);
    expect(asked(rig, from)).toEqual(SYMBOLS.map((symbol) => `history ${symbol}`).sort());
    const since = rig.events.length;
    await until(() => rig.events.slice(since).some((event) => event.kind === "bar"), "a minute is complete");
  });
});

describe("a symbol", () => {
  test("that the broker does not know is refused by name and code, and the others go on", async () => {
    const rig = await brokerRig({ speed: SPEED }, ["NOPE", "AAPL"]);
    await rig.live();
    const refused = () => rig.events.filter((event) => event.kind === "dataRefused");
    await until(() => refused().length > 0 && historyEnds(rig) === 2, "NOPE is refused and AAPL is loaded");
    expect(refused()).toMatchObject([{ symbol: "NOPE", code: 200 }]);
    expect(refused()[0]).toHaveProperty("detail", expect.stringMatching(/no security definition/i));
    expect(asked(rig, 0)).toEqual(["history AAPL", "history AAPL", "line AAPL"]);
  });

  test("with a class is BRK.B to us and `BRK B` to the broker", async () => {
    const quotes = [quote(1, 400, 401, 100, "BRK.B"), quote(100_000, 400, 401, 100, "BRK.B")];
    const rig = await brokerRig({ speed: SPEED, source: scriptedMarket({ symbols: ["BRK.B"], quotes }) }, ["BRK.B"]);
    await until(() => historyEnds(rig) === 2, "BRK.B is loaded");
    const told = rig.events.flatMap((event) => (event.kind === "instrument" ? [event.instrument.symbol] : []));
    expect(new Set(told)).toEqual(new Set(["BRK.B"]));
    expect(asked(rig, 0)).toEqual(["history BRK B", "history BRK B", "line BRK B"]);
  });
});
