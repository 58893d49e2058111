import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { alertRow, HELLO, quoteRow, Rig, type Said, turn } from "./rig.ts";

const subscribe = (topic: string) => ({ kind: "subscribe", topic });
const credit = (count: number) => ({ kind: "credit", count });
const deltasOf = (said: readonly Said[], topic: string) =>
  said.filter((frame) => frame.kind === "delta" && frame.topic === topic);

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.tell(HELLO);
});

describe("a subscription", () => {
  test("begins with the rows and the number that the next delta follows", async () => {
    rig.host.rows = { alerts: { seq: 7, rows: [alertRow("a")] } };
    expect(await rig.tell(subscribe("alerts"))).toEqual([
      { kind: "snapshot", topic: "alerts", seq: 7, rows: [alertRow("a")] },
    ]);
    rig.host.emit("alerts", 8, alertRow("b"), alertRow("c"));
    expect(await rig.tell()).toEqual([
      { kind: "delta", topic: "alerts", seq: 8, rows: [alertRow("b"), alertRow("c")] },
    ]);
  });

  test("brings its own topic and no other, and ends on its own", async () => {
    await rig.tell(subscribe("alerts"), subscribe("fills"));
    rig.host.emit("orders", 1, {});
    rig.host.emit("fills", 1, { execId: "f" });
    expect((await rig.tell()).map(({ topic }) => topic)).toEqual(["fills"]);
    await rig.tell({ kind: "unsubscribe", topic: "fills" });
    rig.host.emit("fills", 2, { execId: "g" });
    rig.host.emit("alerts", 1, alertRow("a"));
    expect((await rig.tell()).map(({ topic }) => topic)).toEqual(["alerts"]);
  });

  test("taken a second time brings the rows again, and each delta still once", async () => {
    await rig.tell(subscribe("alerts"), subscribe("alerts"));
    rig.host.emit("alerts", 1, alertRow("a"));
    expect(await rig.tell()).toHaveLength(1);
  });
});

describe("quotes are merged for a view that does not draw", () => {
  test("two frames are under way at most; then one has the newest of every symbol", async () => {
    await rig.tell(subscribe("quotes"));
    for (const last of [1, 2, 3, 4]) rig.host.emit("quotes", last, quoteRow("AAPL", last));
    rig.host.emit("quotes", 5, quoteRow("MSFT", 50), quoteRow("AAPL", 5));
    const sent = await rig.tell();
    expect(sent.map(({ rows }) => rows)).toEqual([[quoteRow("AAPL", 1)], [quoteRow("AAPL", 2)]]);
    expect((await rig.tell(credit(1))).map(({ rows }) => rows)).toEqual([[quoteRow("AAPL", 5), quoteRow("MSFT", 50)]]);
    expect(await rig.tell(credit(1))).toEqual([]);
  });

  test("credit is never more than two, whatever a view claims to have drawn", async () => {
    await rig.tell(subscribe("quotes"), credit(100), credit(100));
    for (const last of [1, 2, 3, 4, 5]) rig.host.emit("quotes", last, quoteRow("AAPL", last));
    expect(deltasOf(await rig.tell(), "quotes")).toHaveLength(2);
  });

  test("the credit is shared by all lossy topics, and none of them waits for ever", async () => {
    await rig.tell(subscribe("quotes"), subscribe("account"));
    for (const seq of [1, 2, 3]) {
      rig.host.emit("quotes", seq, quoteRow("AAPL", seq));
      rig.host.emit("account", seq, { seq });
    }
    expect((await rig.tell()).map(({ topic }) => topic)).toEqual(["quotes", "account"]);
    const later = [...(await rig.tell(credit(1))), ...(await rig.tell(credit(1)))];
    expect(later.map(({ topic, rows }) => [topic, rows])).toEqual([
      ["quotes", [quoteRow("AAPL", 3)]],
      ["account", [{ seq: 3 }]],
    ]);
  });

  test("a new snapshot replaces what was waiting", async () => {
    await rig.tell(subscribe("quotes"));
    for (const last of [1, 2, 3]) rig.host.emit("quotes", last, quoteRow("AAPL", last));
    rig.host.rows = { quotes: { seq: 3, rows: [quoteRow("AAPL", 3)] } };
    await rig.tell(subscribe("quotes"));
    expect(await rig.tell(credit(2))).toEqual([]);
  });

  test("what was waiting when the view unsubscribed is never sent", async () => {
    await rig.tell(subscribe("quotes"));
    for (const last of [1, 2, 3]) rig.host.emit("quotes", last, quoteRow("AAPL", last));
    await rig.tell({ kind: "unsubscribe", topic: "quotes" });
    expect(await rig.tell(credit(2))).toEqual([]);
  });
});

type Act =
  | { readonly kind: "quote"; readonly symbol: string }
  | { readonly kind: "alert" }
  | { readonly kind: "credit"; readonly count: number };
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.constantFrom("A", "B", "C").map((symbol) => ({ kind: "quote", symbol }) as const),
  fc.constant({ kind: "alert" } as const),
  fc.integer({ min: 1, max: 3 }).map((count) => ({ kind: "credit", count }) as const),
);

describe("whatever the order of changes and credits", () => {
  test("every alert comes once and in order; quotes end at their newest and never overdraw the credit", async () => {
    const run = async (acts: readonly Act[]): Promise<void> => {
      const one = new Rig();
      await one.tell(HELLO, subscribe("quotes"), subscribe("alerts"));
      const newest = new Map<string, unknown>();
      let [alerts, granted] = [0, 0];
      for (const [index, { kind, ...rest }] of acts.entries()) {
        if (kind === "alert") {
          alerts += 1;
          one.host.emit("alerts", alerts, alertRow(String(alerts)));
        } else if ("symbol" in rest) {
          newest.set(rest.symbol, quoteRow(rest.symbol, index));
          one.host.emit("quotes", index, newest.get(rest.symbol));
        } else if ("count" in rest) {
          granted += rest.count;
          await one.tell(credit(rest.count));
        }
        await turn();
        expect(deltasOf(one.said, "quotes").length).toBeLessThanOrEqual(2 + granted);
      }
      await one.tell(credit(2));
      const drawn = new Map(
        deltasOf(one.said, "quotes").flatMap(({ rows }) =>
          (rows as readonly ReturnType<typeof quoteRow>[]).map((row) => [row.symbol, row] as const),
        ),
      );
      expect(drawn).toEqual(newest);
      expect(deltasOf(one.said, "alerts").map(({ seq }) => seq)).toEqual(
        Array.from({ length: alerts }, (_, index) => index + 1),
      );
    };
    await fc.assert(fc.asyncProperty(fc.array(act, { maxLength: 25 }), run), { numRuns: 60 });
  });
});
