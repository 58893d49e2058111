import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createTopicHub, type TopicHub } from "#runtime/topic-hub.ts";
import { TOPICS, type TopicName } from "#shared/contract/topics.ts";

type Told = readonly [TopicName, number, readonly unknown[]];

/** A hub over present values that the test sets, and what it told. */
class Rig {
  readonly values = new Map<string, number>();
  readonly pulls: string[] = [];
  readonly told: Told[] = [];
  readonly hub: TopicHub = createTopicHub({
    pull: (topic, key) => {
      this.pulls.push(`${topic}:${key}`);
      const value = this.values.get(key);
      return value === undefined ? [] : [{ key, value }];
    },
    all: (topic) => [`all of ${topic}`],
  });

  listen(): () => void {
    return this.hub.onDelta((topic, seq, rows) => this.told.push([topic, seq, rows]));
  }
}

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});

describe("a lossless change", () => {
  test("is told at once, numbered from 1 on, each topic by itself", () => {
    rig.listen();
    rig.hub.publish("orders", "o1", { status: "sent" });
    rig.hub.publish("fills", "f1", { quantity: 5 });
    rig.hub.publish("orders", "o1", { status: "filled" });
    expect(rig.told).toEqual([
      ["orders", 1, [{ status: "sent" }]],
      ["fills", 1, [{ quantity: 5 }]],
      ["orders", 2, [{ status: "filled" }]],
    ]);
  });

  test("is numbered and kept while nobody listens, so that a later view starts right", () => {
    rig.hub.publish("orders", "o1", 1);
    rig.hub.publish("orders", "o2", 2);
    expect(rig.hub.snapshot("orders")).toEqual({ seq: 2, rows: [1, 2] });
    rig.listen();
    rig.hub.publish("orders", "o3", 3);
    expect(rig.told).toEqual([["orders", 3, [3]]]);
  });

  test("of a row replaces it in the snapshot and makes it the newest", () => {
    for (const [key, body] of [
      ["o1", "old"],
      ["o2", "other"],
      ["o1", "new"],
    ] as const)
      rig.hub.publish("orders", key, body);
    expect(rig.hub.snapshot("orders")).toEqual({ seq: 3, rows: ["other", "new"] });
  });

  test.each([
    ["orders", 2_000],
    ["fills", 5_000],
    ["decisions", 1_000],
    ["alerts", 1_000],
    ["positions", 500],
  ] as const)("of %s: the newest %d rows are kept, a changed one longest", (topic, bound) => {
    for (let index = 0; index < bound; index += 1) rig.hub.publish(topic, String(index), index);
    rig.hub.publish(topic, "0", "changed");
    rig.hub.publish(topic, "last", "last");
    const { seq, rows } = rig.hub.snapshot(topic);
    expect(seq).toBe(bound + 2);
    expect(rows).toHaveLength(bound);
    expect([rows[0], ...rows.slice(-2)]).toEqual([2, "changed", "last"]);
  });

  test("of a bar is told and not kept: history is asked for, not replayed", () => {
    rig.listen();
    rig.hub.publish("bars", "AAPL:5m", "bar");
    expect(rig.told).toEqual([["bars", 1, ["bar"]]]);
    expect(rig.hub.snapshot("bars")).toEqual({ seq: 1, rows: [] });
  });
});

describe("a lossy mark", () => {
  test("tells nothing before the flush, then the value of that moment, once a key", () => {
    rig.listen();
    rig.values.set("AAPL", 1);
    for (const last of [2, 3, 4]) {
      rig.hub.touch("quotes", "AAPL");
      rig.values.set("AAPL", last);
    }
    expect([rig.told, rig.pulls]).toEqual([[], []]);
    rig.hub.flush();
    expect(rig.pulls).toEqual(["quotes:AAPL"]);
    expect(rig.told).toEqual([["quotes", 1, [{ key: "AAPL", value: 4 }]]]);
    rig.hub.flush();
    expect(rig.told).toHaveLength(1);
  });

  test("of several keys is one delta a topic", () => {
    rig.listen();
    rig.values.set("AAPL", 1).set("MSFT", 2);
    rig.hub.touch("quotes", "AAPL");
    rig.hub.touch("account", "AAPL");
    rig.hub.touch("quotes", "MSFT");
    rig.hub.flush();
    expect(rig.told.map(([topic, , rows]) => [topic, rows.length])).toEqual([
      ["quotes", 2],
      ["account", 1],
    ]);
  });

  test("without a value to show tells nothing and takes no number", () => {
    rig.listen();
    rig.hub.touch("quotes", "AAPL");
    rig.hub.flush();
    rig.values.set("AAPL", 1);
    rig.hub.touch("quotes", "AAPL");
    rig.hub.flush();
    expect(rig.told).toEqual([["quotes", 1, [{ key: "AAPL", value: 1 }]]]);
  });

  test("costs nothing while nobody listens", () => {
    rig.values.set("AAPL", 1);
    rig.hub.touch("quotes", "AAPL");
    rig.listen();
    rig.hub.flush();
    expect([rig.told, rig.pulls]).toEqual([[], []]);
  });
});

describe("a snapshot", () => {
  test("of a lossy topic is what the engine says now, whatever was told before", () => {
    rig.hub.publish("quotes", "AAPL", "old");
    expect(rig.hub.snapshot("quotes")).toEqual({ seq: 1, rows: ["all of quotes"] });
  });

  test("of a lossless topic that nothing was published on is asked of the engine too", () => {
    expect(rig.hub.snapshot("positions")).toEqual({ seq: 0, rows: ["all of positions"] });
  });

  test("plus the deltas after it is the next snapshot, for any changes", () => {
    const change = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer());
    fc.assert(
      fc.property(fc.array(change, { minLength: 1 }), fc.array(change), (before, after) => {
        const one = new Rig();
        const publish = ([key, value]: readonly [string, number]): void => {
          one.hub.publish("orders", key, { key, value });
        };
        before.forEach(publish);
        const start = one.hub.snapshot("orders");
        one.listen();
        after.forEach(publish);
        const end = one.hub.snapshot("orders");
        expect(one.told.map(([, seq]) => seq)).toEqual(after.map((_, index) => start.seq + index + 1));
        const rows = [...start.rows, ...one.told.flatMap(([, , changed]) => changed)] as { key: string }[];
        expect(Object.fromEntries(rows.map((row) => [row.key, row]))).toEqual(
          Object.fromEntries((end.rows as { key: string }[]).map((row) => [row.key, row])),
        );
      }),
    );
  });
});

describe("listeners and names", () => {
  test("every listener is told; one that stopped is not", () => {
    const stop = rig.listen();
    rig.listen();
    rig.hub.publish("alerts", "a", 1);
    stop();
    rig.hub.publish("alerts", "b", 2);
    expect(rig.told.map(([, seq]) => seq)).toEqual([1, 1, 2]);
  });

  test.each(["nothing", "__proto__", "toString"])("a topic named %j is not of the contract and is ignored", (name) => {
    rig.listen();
    rig.hub.publish(name, "k", 1);
    rig.hub.touch(name, "k");
    rig.hub.flush();
    expect([rig.told, rig.pulls]).toEqual([[], []]);
  });

  test("every topic of the contract has a snapshot", () => {
    for (const topic of Object.keys(TOPICS) as TopicName[]) expect(rig.hub.snapshot(topic).seq).toBe(0);
  });
});
