import { beforeEach, describe, expect, test } from "vitest";
import { type Client, connect } from "#shared/rpc/client.ts";
import { alertRow, DirectPort, quoteRow, Rig, turn } from "./rig.ts";

const BARS = { symbol: "AAPL", timeframe: "5m", count: 5 } as const;

/** A client on a wire whose other end is the test. */
class Wire {
  readonly port = new DirectPort();
  readonly events: string[] = [];
  readonly client: Client;
  wallMs = 1_000;

  constructor() {
    this.client = connect(this.port, "view", () => this.wallMs, {
      onWelcome: (build) => this.events.push(`welcome ${build}`),
      onRefused: (reason) => this.events.push(`refused ${reason}`),
      onLossy: () => this.events.push("lossy"),
    });
  }

  hear(frame: unknown): void {
    this.port.deliver(JSON.stringify(frame));
  }

  /** Ids of the alerts that a listener was given, with the kind of frame that they came by. */
  alerts(): string[] {
    const seen: string[] = [];
    this.client.subscribe("alerts", (rows, kind) => seen.push(`${kind} ${rows.map(({ id }) => id).join("")}`));
    return seen;
  }

  snapshot(seq: number, ...ids: readonly string[]): void {
    this.hear({ kind: "snapshot", topic: "alerts", seq, rows: ids.map(alertRow) });
  }

  delta(seq: number, ...ids: readonly string[]): void {
    this.hear({ kind: "delta", topic: "alerts", seq, rows: ids.map(alertRow) });
  }

  /** Frames of one kind that the client has sent. */
  sent(kind: string) {
    return this.port.sent.filter((frame) => frame.kind === kind);
  }
}

let wire: Wire;
beforeEach(() => {
  wire = new Wire();
});

describe("the beginning", () => {
  test("is a hello; a welcome is told on and the clocks are compared", () => {
    expect(wire.port.sent).toEqual([{ kind: "hello", protocol: 1, build: "view" }]);
    wire.hear({ kind: "welcome", protocol: 1, build: "host", time: 1 });
    expect(wire.events).toEqual(["welcome host"]);
    expect(wire.sent("ping")).toEqual([{ kind: "ping", sent: 1_000 }]);
  });

  test("a refusal is told on with its reason", () => {
    wire.hear({ kind: "refused", reason: "protocol 1 against 2" });
    expect(wire.events).toEqual(["refused protocol 1 against 2"]);
  });

  test("the engine's time is unknown before the first pong; then it runs with the wall, less half the way", () => {
    expect(wire.client.engineNow()).toBeUndefined();
    wire.wallMs = 1_020;
    wire.hear({ kind: "pong", sent: 1_000, time: 9_000_000 });
    expect(wire.client.engineNow()).toBe(9_010_000);
    wire.wallMs = 2_020;
    expect(wire.client.engineNow()).toBe(10_010_000);
  });

  test("the time of a simulation runs at its speed between two pongs", () => {
    wire.wallMs = 1_000;
    wire.hear({ kind: "pong", sent: 1_000, time: 9_000_000, rate: 60 });
    wire.wallMs = 3_000;
    expect(wire.client.engineNow()).toBe(9_000_000 + 60 * 2_000_000);
  });
});

describe("a request", () => {
  test("is settled by the answer with its id, in whatever order answers come, and once", async () => {
    const first = wire.client.request("bars", BARS);
    const second = wire.client.request("loginUrl", {});
    const [one, two] = wire.sent("request").map(({ id }) => id);
    expect(one).not.toBe(two);
    wire.hear({ kind: "reply", id: two, body: { url: "http://x" } });
    wire.hear({ kind: "reply", id: one, body: { bars: [] } });
    wire.hear({ kind: "failure", id: one, code: "FAILED", detail: "too late" });
    wire.hear({ kind: "reply", id: 999, body: {} });
    await expect(first).resolves.toEqual({ bars: [] });
    await expect(second).resolves.toEqual({ url: "http://x" });
  });

  test("that failed is rejected with the code and the words", async () => {
    const asked = wire.client.request("bars", BARS);
    wire.hear({ kind: "failure", id: 1, code: "BAD_REQUEST", detail: "count: too many" });
    await expect(asked).rejects.toMatchObject({
      name: "RequestError",
      code: "BAD_REQUEST",
      message: "count: too many",
    });
  });

  test("whose answer is not of the contract is rejected, and names the request", async () => {
    const asked = wire.client.request("bars", BARS);
    wire.hear({ kind: "reply", id: 1, body: { bars: [{ start: "now" }] } });
    await expect(asked).rejects.toMatchObject({ code: "BAD_REPLY", message: expect.stringContaining("bars") });
  });

  test.each([
    ["the wire ends", () => wire.port.close()],
    ["the client closes", () => wire.client.close()],
  ])("that waits when %s is rejected: nobody knows what became of it", async (_, end) => {
    const asked = wire.client.request("bars", BARS);
    end();
    await expect(asked).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(wire.port.isClosed).toBe(true);
  });
});

describe("a numbered topic", () => {
  test("goes on from its snapshot; what was told before is not told again", () => {
    const seen = wire.alerts();
    wire.snapshot(7, "a");
    wire.delta(7, "x");
    wire.delta(3, "y");
    wire.delta(8, "b", "c");
    wire.delta(9, "d");
    wire.delta(8, "b", "c");
    expect(seen).toEqual(["snapshot a", "delta bc", "delta d"]);
    expect(wire.sent("subscribe")).toHaveLength(1);
  });

  test("with a number missing is asked for afresh, and the delta after the gap is not told", () => {
    const seen = wire.alerts();
    wire.snapshot(7, "a");
    wire.delta(9, "c");
    expect(wire.sent("subscribe")).toHaveLength(2);
    wire.snapshot(9, "a", "b", "c");
    wire.delta(10, "d");
    expect(seen).toEqual(["snapshot a", "snapshot abc", "delta d"]);
  });

  test("is numbered apart from the others", () => {
    const seen = wire.alerts();
    const fills: unknown[] = [];
    wire.client.subscribe("fills", (rows) => fills.push(...rows));
    wire.snapshot(7, "a");
    wire.hear({ kind: "snapshot", topic: "fills", seq: 100, rows: [] });
    wire.delta(8, "b");
    expect(seen).toEqual(["snapshot a", "delta b"]);
  });

  test("is asked for once a gap, however much comes before the new snapshot", () => {
    wire.alerts();
    wire.snapshot(7, "a");
    for (let seq = 9; seq < 300; seq += 1) wire.delta(seq, "z");
    expect(wire.sent("subscribe")).toHaveLength(2);
  });
});

describe("rows", () => {
  test("that are not of the contract are left out; the others are told", () => {
    const seen = wire.alerts();
    const rows = [alertRow("a"), { id: 5 }, null, alertRow("b")];
    wire.hear({ kind: "snapshot", topic: "alerts", seq: 1, rows });
    expect(seen).toEqual(["snapshot ab"]);
  });

  test("of a lossy topic are told without numbers, and each frame of them is owed credit", () => {
    const seen: (number | undefined)[] = [];
    wire.client.subscribe("quotes", (rows) => seen.push(...rows.map(({ last }) => last)));
    wire.hear({ kind: "snapshot", topic: "quotes", seq: 4, rows: [quoteRow("A", 1)] });
    wire.hear({ kind: "delta", topic: "quotes", seq: -1, rows: [quoteRow("A", 2)] });
    wire.hear({ kind: "delta", topic: "quotes", seq: -1, rows: [quoteRow("A", 3)] });
    expect(seen).toEqual([1, 2, 3]);
    expect(wire.events).toEqual(["lossy", "lossy"]);
    wire.client.credit(2);
    expect(wire.sent("credit")).toEqual([{ kind: "credit", count: 2 }]);
  });

  test("go to every listener; the last one that stops ends the subscription", () => {
    const [first, second] = [wire.alerts(), [] as string[]];
    const stop = wire.client.subscribe("alerts", (rows) => second.push(...rows.map(({ id }) => id)));
    wire.snapshot(1, "a");
    stop();
    expect(wire.sent("unsubscribe")).toEqual([]);
    wire.delta(2, "b");
    expect([first, second]).toEqual([["snapshot a", "delta b"], ["a"]]);
  });
});

test("client and server agree: a gap heals through the same wire", async () => {
  const rig = new Rig();
  const { client } = await rig.client();
  const seen: string[] = [];
  client.subscribe("alerts", (rows, kind) => seen.push(`${kind} ${rows.map(({ id }) => id).join("")}`));
  await turn();
  rig.host.emit("alerts", 1, alertRow("a"));
  rig.host.rows = { alerts: { seq: 3, rows: [alertRow("a"), alertRow("b"), alertRow("c")] } };
  rig.host.emit("alerts", 3, alertRow("c"));
  await turn();
  rig.host.emit("alerts", 4, alertRow("d"));
  await turn();
  expect(seen).toEqual(["snapshot ", "delta a", "snapshot abc", "delta d"]);
});
