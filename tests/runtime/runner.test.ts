import { describe, expect, test } from "vitest";
import type { Effect } from "#core/engine/effect.ts";
import type { Engine } from "#core/engine/engine.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { ApprovedOrder } from "#core/risk/risk-engine.ts";
import type { Broker } from "#runtime/ports.ts";
import { Runner } from "#runtime/runner.ts";
import type { Store } from "#runtime/store-port.ts";

const note = (kind: string): Effect =>
  ({ kind: "journal", note: { kind, body: {}, time: 1, cause: "test", durability: "durable" } }) as unknown as Effect;
const submit = (orderRef: string): Effect => ({ kind: "submit", orders: [{ orderRef } as ApprovedOrder] });
const cancel = (orderRef: string): Effect => ({ kind: "cancel", orderRef, reason: "test" });
const latch: Effect = { kind: "latch", engaged: true, reason: "test" };
const event = (name: string): EngineEvent => ({ kind: "farm", time: 1, name, isUp: true });

type Parts = {
  /** What an event of a name causes; one that throws is a bug of the engine. */
  readonly effects: (name: string) => readonly Effect[];
  readonly append?: () => Promise<{ lastSeq: number }>;
  readonly send?: (orderRef: string) => Promise<readonly EngineEvent[]>;
  readonly engage?: () => void;
};

/** A runner between stubs; `log` is what the world was asked for, in order. */
function running({ effects, append, send, engage }: Parts) {
  const log: string[] = [];
  const reach = (what: string) => async (orderRef: string) => {
    log.push(`${what} ${orderRef}`);
    return (await send?.(orderRef)) ?? [];
  };
  const broker: Pick<Broker, "submit" | "cancel"> = {
    submit: (orders) => reach("submit")(orders[0]?.orderRef ?? ""),
    cancel: reach("cancel"),
  };
  const store: Pick<Store, "record" | "append"> = {
    record: (_time, _kind, text) => log.push(`record ${(JSON.parse(text) as { name: string }).name}`),
    append: async (entries) => {
      log.push(`append ${entries.map(({ kind }) => kind).join(" ")}`);
      return (await append?.()) ?? { lastSeq: 1 };
    },
  };
  const process = (one: EngineEvent) => {
    const { name } = one as Extract<EngineEvent, { kind: "farm" }>;
    log.push(`process ${name}`);
    return effects(name);
  };
  const runner = new Runner({
    engine: { process } as unknown as Engine,
    broker: broker as Broker,
    store: store as Store,
    clock: { now: () => 1 },
    timers: { at: () => () => undefined },
    latch: { engage: () => engage?.(), release: () => undefined },
    publications: { publish: () => undefined, touch: () => undefined },
    stopwatch: () => 0,
    onReply: () => undefined,
    onFatal: (error) => log.push(`fatal ${error.message}`),
  });
  return { runner, log };
}

describe("an effect that reaches the broker", () => {
  test("waits until its cause is on disk, while the engine goes on", async () => {
    let commit = (): void => undefined;
    const committed = new Promise<{ lastSeq: number }>((resolve) => {
      commit = () => resolve({ lastSeq: 1 });
    });
    const { runner, log } = running({
      effects: (name) => (name === "signal" ? [note("INTENT"), submit("a")] : []),
      append: () => committed,
    });
    runner.enqueue(event("signal"));
    runner.enqueue(event("quote"));
    await Promise.resolve();
    expect(log).toEqual(["record signal", "process signal", "append INTENT", "record quote", "process quote"]);
    commit();
    await runner.settle();
    expect(log.at(-1)).toBe("submit a");
  });

  test("leaves in the order of its causes, and what it brings back is processed", async () => {
    const { runner, log } = running({
      effects: (name) => (name === "signal" ? [note("INTENT"), submit("a"), cancel("b")] : []),
      send: async (orderRef) => [event(`sent ${orderRef}`)],
    });
    await runner.sink([event("signal")]);
    expect(log.filter((line) => /^(submit|cancel|process)/.test(line))).toEqual([
      "process signal",
      "submit a",
      "cancel b",
      "process sent a",
      "process sent b",
    ]);
  });

  test("never leaves when the journal refuses its cause, nor does any behind it", async () => {
    const { runner, log } = running({
      effects: (name) => [note("INTENT"), submit(name)],
      append: () => Promise.reject(new Error("disk full")),
    });
    await runner.sink([event("one"), event("two")]);
    expect(log.filter((line) => line.startsWith("submit"))).toEqual([]);
    expect(log.filter((line) => line.startsWith("fatal"))).toEqual(["fatal disk full"]);
  });
});

describe("a run that cannot go on", () => {
  const ends = async (parts: Parts): Promise<readonly string[]> => {
    const { runner, log } = running(parts);
    await runner.sink([event("one"), event("two")]);
    await runner.sink([event("late")]);
    await runner.stop();
    return log;
  };

  test("because of a bug in the engine takes no further event, and keeps nobody waiting", async () => {
    const effects = (): never => {
      throw new Error("a bug");
    };
    expect(await ends({ effects })).toEqual(["record one", "process one", "fatal a bug"]);
  });

  test("because of the broker's adapter tells it once, and sends nothing more", async () => {
    const log = await ends({
      effects: (name) => [note("INTENT"), submit(name)],
      send: () => Promise.reject(new Error("no ids")),
    });
    expect(log.filter((line) => /^(submit|fatal)/.test(line))).toEqual(["submit one", "fatal no ids"]);
  });

  test("because the latch cannot be written still journals the kill and cancels first", async () => {
    const log = await ends({
      effects: (name) => (name === "one" ? [note("KILL"), latch, cancel("entry")] : []),
      engage: () => {
        throw new Error("no space for the latch");
      },
    });
    expect(log).toContain("append KILL");
    expect(log.indexOf("cancel entry")).toBeGreaterThan(0);
    expect(log.indexOf("fatal no space for the latch")).toBeGreaterThan(log.indexOf("cancel entry"));
    expect(log).not.toContain("process late");
  });
});
