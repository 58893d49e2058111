import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { serve } from "#shared/rpc/server.ts";
import { DirectPort, HELLO, Rig, StubHost } from "./rig.ts";

const BARS = { symbol: "AAPL", timeframe: "5m", count: 5 } as const;
const request = (id: number, name: string, body: unknown) => ({ kind: "request", id, name, body });

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("hello", () => {
  test("is answered with the protocol, the build and the engine's time", async () => {
    expect(await rig.tell(HELLO)).toEqual([{ kind: "welcome", protocol: 1, build: "host", time: 5_000_000 }]);
    expect(rig.isClosed).toBe(false);
  });

  test.each([0, 2, -1])("protocol %d is refused, and what follows it is not heard", async (protocol) => {
    const said = await rig.tell({ ...HELLO, protocol }, HELLO, request(1, "bars", BARS));
    expect(said).toEqual([{ kind: "refused", reason: `protocol ${protocol} of build view against 1 of host` }]);
    expect(rig.isClosed).toBe(true);
    expect(rig.host.asked).toEqual([]);
  });

  test("comes first: nothing is read and nothing is told before it", async () => {
    rig.host.rows = { alerts: { seq: 1, rows: [{ id: "secret" }] } };
    const said = await rig.tell({ kind: "subscribe", topic: "alerts" }, HELLO);
    expect(said).toEqual([{ kind: "refused", reason: "the first frame is hello" }]);
    expect(rig.isClosed).toBe(true);
  });

  test("a ping is answered with what it sent and the engine's time", async () => {
    expect(await rig.tell(HELLO, { kind: "ping", sent: 1.5 })).toContainEqual({
      kind: "pong",
      sent: 1.5,
      rate: 1,
      time: 5_000_000,
    });
  });
});

describe("a request", () => {
  test("reaches the handler as it was sent and its answer carries its id", async () => {
    rig.host.answer = (_, body) => ({ bars: [], echo: body });
    const said = await rig.tell(HELLO, request(41, "bars", BARS));
    expect(rig.host.asked).toEqual([["bars", BARS]]);
    expect(said[1]).toEqual({ kind: "reply", id: 41, body: { bars: [], echo: BARS } });
  });

  test("that is slow does not hold up the next one", async () => {
    rig.host.answer = (name) => (name === "bars" ? new Promise(() => undefined) : { rows: [] });
    const said = await rig.tell(HELLO, request(1, "bars", BARS), request(2, "configuration", {}));
    expect(said.slice(1)).toEqual([{ kind: "reply", id: 2, body: { rows: [] } }]);
  });

  test.each([
    ["a field out of range", { ...BARS, count: 5_001 }, /^count: /],
    ["a field too much", { ...BARS, admin: true }, /admin/],
    ["a field too few", { symbol: "AAPL", count: 5 }, /^timeframe: /],
    ["two faults", { ...BARS, count: 0, symbol: "TOOLONGNAME" }, /symbol: .*; count: /],
    ["null for a body", null, /expected object/],
    ["a list for a body", [], /expected object/],
  ])("with %s is refused by name before a handler runs", async (_, body, detail) => {
    const said = await rig.tell(HELLO, request(7, "bars", body));
    expect(said[1]).toMatchObject({ kind: "failure", id: 7, code: "BAD_REQUEST" });
    expect(said[1]?.detail).toMatch(detail);
    expect(rig.host.asked).toEqual([]);
    expect(rig.isClosed).toBe(false);
  });

  test.each([
    [new Error("no such symbol"), "no such symbol"],
    ["words", "words"],
  ])("that fails is answered with the reason, and the view lives on", async (thrown, detail) => {
    rig.host.answer = () => {
      throw thrown;
    };
    const said = await rig.tell(HELLO, request(3, "bars", BARS), { kind: "ping", sent: 1 });
    expect(said).toContainEqual({ kind: "failure", id: 3, code: "FAILED", detail });
    expect(said).toContainEqual(expect.objectContaining({ kind: "pong" }));
  });

  test("whose answer cannot be written as JSON fails, and does not bring the host down", async () => {
    rig.host.answer = () => ({ bars: 1n });
    const said = await rig.tell(HELLO, request(3, "bars", BARS));
    expect(said[1]).toMatchObject({ kind: "failure", id: 3, code: "FAILED" });
  });

  test.each(["nothing", "__proto__", "constructor", "toString", ""])(
    "named %j, which the contract does not have, ends the view without a look-up",
    async (name) => {
      const said = await rig.tell(HELLO, request(1, name, {}), HELLO);
      expect(said.slice(1)).toEqual([{ kind: "refused", reason: "a frame that is not of the contract" }]);
      expect(rig.isClosed).toBe(true);
      expect(rig.host.asked).toEqual([]);
    },
  );
});

describe("limits", () => {
  const LARGEST = 256 * 1024;
  const padded = (length: number): string => JSON.stringify({ kind: "ping", sent: 1 }).padEnd(length, " ");

  test("a frame of 256 KiB is taken, one character more ends the view", async () => {
    expect(await rig.tell(HELLO, padded(LARGEST))).toHaveLength(2);
    expect(await rig.tell(padded(LARGEST + 1))).toEqual([{ kind: "refused", reason: "too large, or too many frames" }]);
    expect(rig.isClosed).toBe(true);
  });

  test("200 frames a second are taken, in every second anew", async () => {
    const pings = Array.from({ length: 199 }, () => ({ kind: "ping", sent: 1 }));
    expect(await rig.tell(HELLO, ...pings)).toHaveLength(200);
    rig.wallMs = 1_000;
    expect(await rig.tell(...pings, pings[0])).toHaveLength(200);
    expect(rig.isClosed).toBe(false);
    expect((await rig.tell(pings[0])).at(-1)).toMatchObject({ kind: "refused" });
    expect(rig.isClosed).toBe(true);
  });

  test("a view that was refused no longer listens to the host", async () => {
    await rig.tell(HELLO, { kind: "subscribe", topic: "alerts" }, "garbage");
    expect(rig.host.listeners.size).toBe(0);
  });

  test("a view that goes away no longer listens to the host", async () => {
    await rig.tell(HELLO);
    expect(rig.host.listeners.size).toBe(1);
    rig.near.close();
    expect(rig.host.listeners.size).toBe(0);
  });
});

describe("what is not of the contract", () => {
  const almost = fc.record(
    {
      kind: fc.constantFrom("hello", "request", "subscribe", "unsubscribe", "credit", "ping", "reply", "__proto__"),
      protocol: fc.oneof(fc.constant(1), fc.jsonValue()),
      build: fc.oneof(fc.constant("view"), fc.jsonValue()),
      id: fc.oneof(fc.nat(), fc.jsonValue()),
      name: fc.oneof(fc.constantFrom("bars", "command", "__proto__"), fc.jsonValue()),
      topic: fc.oneof(fc.constantFrom("quotes", "alerts", "__proto__"), fc.jsonValue()),
      body: fc.jsonValue(),
      count: fc.oneof(fc.nat(200), fc.jsonValue()),
      sent: fc.oneof(fc.double(), fc.jsonValue()),
    },
    { requiredKeys: ["kind"] },
  );
  const frames = fc.oneof(
    fc.string(),
    fc.json(),
    almost.map((frame) => JSON.stringify(frame)),
  );

  test("never throws into the wire: it is answered, or it ends that view once and for good", () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(frames, { maxLength: 12 }), (isWelcome, texts) => {
        const port = new DirectPort();
        const host = new StubHost();
        serve(port, host, () => 0);
        if (isWelcome) port.deliver(JSON.stringify(HELLO));
        for (const text of texts) port.deliver(text);
        host.emit("alerts", 1, { id: "a" });
        const refusals = port.sent.filter(({ kind }) => kind === "refused").length;
        expect(refusals).toBe(port.isClosed ? 1 : 0);
        if (port.isClosed) expect(port.sent.at(-1)?.kind).toBe("refused");
        expect(host.listeners.size).toBe(port.isClosed ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  });

  test("ten thousand brackets deep is refused like any other nonsense", () => {
    const port = new DirectPort();
    serve(port, new StubHost(), () => 0);
    port.deliver("[".repeat(100_000));
    expect(port.sent).toEqual([{ kind: "refused", reason: "a frame that is not of the contract" }]);
  });

  test.each(["__proto__", "constructor", "nothing"])("a topic named %j ends the view", async (topic) => {
    const said = await rig.tell(HELLO, { kind: "subscribe", topic });
    expect(said.at(-1)).toEqual({ kind: "refused", reason: "a frame that is not of the contract" });
  });

  test.each([0, -1, 101, 1.5])("credit for %d frames ends the view", async (count) => {
    await rig.tell(HELLO, { kind: "credit", count });
    expect(rig.isClosed).toBe(true);
  });
});
