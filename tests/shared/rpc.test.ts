import { beforeEach, describe, expect, test } from "vitest";
import type { RequestName } from "#shared/contract/requests.ts";
import type { TopicName } from "#shared/contract/topics.ts";
import { type Client, connect } from "#shared/rpc/client.ts";
import { createPortPair } from "#shared/rpc/pair.ts";
import type { Port } from "#shared/rpc/port.ts";
import { serve, type ViewHost } from "#shared/rpc/server.ts";

type Delta = (topic: TopicName, seq: number, rows: readonly unknown[]) => void;

const alert = (id: string) => ({ id, time: 1, severity: "info", code: "TEST", message: "words" }) as const;
const quote = (symbol: string, last: number) => ({ symbol, time: 1, last, flags: [] });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

class Rig {
  readonly deltas = new Set<Delta>();
  readonly host: ViewHost = {
    build: "host",
    now: () => 5_000_000,
    rate: () => 1,
    handle: async (name: RequestName) => {
      if (name === "bars") return { bars: [] } as never;
      throw new Error("the engine said no");
    },
    snapshot: () => ({ seq: 7, rows: this.rows }),
    onDelta: (listener) => {
      this.deltas.add(listener);
      return () => this.deltas.delete(listener);
    },
  };
  rows: readonly unknown[] = [];
  wall = 0;
  readonly near: Port;
  readonly said: string[] = [];
  readonly ends: string[] = [];

  constructor() {
    const [near, far] = createPortPair();
    this.near = near;
    near.onMessage((frame) => this.said.push(frame));
    near.onState(({ kind }) => this.ends.push(kind));
    serve(far, this.host, () => this.wall);
  }

  emit(topic: TopicName, seq: number, ...rows: readonly unknown[]): void {
    for (const listener of this.deltas) listener(topic, seq, rows);
  }

  async client(): Promise<{ client: Client; refused: string[]; lossy: number[] }> {
    const refused: string[] = [];
    const lossy: number[] = [];
    const client = connect(this.near, "view", () => this.wall, {
      onWelcome: () => undefined,
      onRefused: (reason) => refused.push(reason),
      onLossy: () => lossy.push(1),
    });
    await turn();
    return { client, refused, lossy };
  }

  frames(): readonly { readonly kind: string; readonly reason?: string }[] {
    return this.said.map((text) => JSON.parse(text) as { kind: string; reason?: string });
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("hello", () => {
  test("another protocol is refused with both sides named, and the port is closed", async () => {
    rig.near.send(JSON.stringify({ kind: "hello", protocol: 99, build: "old" }));
    await turn();
    expect(rig.frames()[0]).toMatchObject({ kind: "refused", reason: "protocol 99 of build old against 1 of host" });
    expect(rig.ends.at(-1)).toBe("closed");
    expect(rig.deltas.size).toBe(0);
  });

  test.each([
    ["words", "a frame that is not of the contract"],
    ["{}", "a frame that is not of the contract"],
    [JSON.stringify({ kind: "subscribe", topic: "orders" }), "the first frame is hello"],
    [JSON.stringify({ kind: "hello", protocol: 1, build: "x", more: 1 }), "a frame that is not of the contract"],
    [`"${"x".repeat(300_000)}"`, "too large, or too many frames"],
  ])("%# what is no hello ends the view", async (text, reason) => {
    rig.near.send(text);
    await turn();
    expect(rig.frames()).toEqual([{ kind: "refused", reason }]);
    expect(rig.ends.at(-1)).toBe("closed");
  });

  test("more than 200 frames in a second end the view", async () => {
    const { client, refused } = await rig.client();
    for (let count = 0; count < 197; count += 1) client.ping();
    await turn();
    expect(refused).toEqual([]);
    for (let count = 0; count < 5; count += 1) client.ping();
    await turn();
    expect(refused).toEqual(["too large, or too many frames"]);
  });
});

describe("requests", () => {
  test("an answer comes back checked; a failure carries the words", async () => {
    const { client } = await rig.client();
    await expect(client.request("bars", { symbol: "AAPL", timeframe: "5m", count: 5 })).resolves.toEqual({ bars: [] });
    await expect(
      client.request("features", { symbol: "AAPL", timeframe: "5m", names: ["rsi_14"], count: 5 }),
    ).rejects.toThrow("the engine said no");
  });

  test("a request that is not of the contract is answered, not dropped", async () => {
    const { client } = await rig.client();
    await expect(client.request("bars", { symbol: "AAPL", timeframe: "5m", count: -1 })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
  });

  test("what waits when the connection ends is rejected", async () => {
    const { client } = await rig.client();
    const waiting = client.request("bars", { symbol: "AAPL", timeframe: "5m", count: 5 });
    rig.near.close();
    await expect(waiting).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });
});

describe("topics", () => {
  test("a snapshot, then numbered deltas; repeats are dropped, a gap asks for a new snapshot", async () => {
    const { client } = await rig.client();
    const seen: string[] = [];
    rig.rows = [alert("a")];
    client.subscribe("alerts", (rows, kind) => seen.push(`${kind}:${rows.map(({ id }) => id).join(",")}`));
    await turn();
    rig.emit("alerts", 8, alert("b"));
    rig.emit("alerts", 8, alert("b"));
    await turn();
    expect(seen).toEqual(["snapshot:a", "delta:b"]);
    rig.rows = [alert("a"), alert("b"), alert("c"), alert("d")];
    rig.emit("alerts", 10, alert("d"));
    await turn();
    await turn();
    expect(seen.slice(2)).toEqual(["snapshot:a,b,c,d"]);
  });

  test("quotes are merged until the view has drawn; alerts never are", async () => {
    const { client, lossy } = await rig.client();
    const lasts: (number | undefined)[] = [];
    const alerts: string[] = [];
    client.subscribe("quotes", (rows) => lasts.push(...rows.map(({ last }) => last)));
    client.subscribe("alerts", (rows) => alerts.push(...rows.map(({ id }) => id)));
    await turn();
    for (let index = 1; index <= 50; index += 1) {
      rig.emit("quotes", index, quote("AAPL", index));
      rig.emit("alerts", 7 + index, alert(String(index)));
    }
    await turn();
    expect(lasts).toEqual([1, 2]);
    expect(alerts).toHaveLength(50);
    client.credit(lossy.length);
    await turn();
    expect(lasts).toEqual([1, 2, 50]);
  });

  test("after unsubscribing nothing comes", async () => {
    const { client } = await rig.client();
    const seen: string[] = [];
    const stop = client.subscribe("alerts", (rows) => seen.push(...rows.map(({ id }) => id)));
    await turn();
    stop();
    await turn();
    const before = rig.said.length;
    rig.emit("alerts", 8, alert("b"));
    await turn();
    expect(seen).toEqual([]);
    expect(rig.said).toHaveLength(before);
  });
});

test("engine time follows the pong: its time less half of the way there and back", async () => {
  const { client } = await rig.client();
  expect(client.engineNow()).toBe(5_000_000);
  rig.wall = 250;
  expect(client.engineNow()).toBe(5_250_000);
});
