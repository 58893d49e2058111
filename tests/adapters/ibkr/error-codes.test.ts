import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CodeClass, classOf, keepsStream } from "#adapters/ibkr/error-codes.ts";
import { OrderBook } from "#adapters/ibkr/order-book.ts";
import type { OrderReport } from "#shared/model/broker.ts";

/** The broker's codes and what they mean, written down from its documentation and from the incidents of others. */
const MEANINGS: readonly (readonly [CodeClass, readonly number[]])[] = [
  ["socket", [501, 502, 503, 504, 506, 507, 1300]],
  ["codec", [505]],
  ["idInUse", [326]],
  ["linkLost", [1100, 2110]],
  ["linkRestoredDataLost", [1101]],
  ["linkRestoredDataKept", [1102]],
  ["farmDown", [2103, 2105, 2157]],
  ["farmUp", [2104, 2106, 2158, 2107, 2108, 2119]],
  ["benign", [300, 366]],
  ["rate", [100]],
  ["entitlement", [354, 10089, 10090, 10167, 10168, 10186, 10197, 2152]],
  ["request", [200, 101, 102, 309, 10190, 316, 317, 420]],
  ["history", [162, 165, 10225]],
  ["orderRejected", [201, 203, 103, 106, 107, 109, 110, 111, 321, 382, 383, 388, 434, 463, 2161, 10243, 10247, 10311]],
  ["cancelRejected", [135, 161, 10147, 10148, 10149]],
  ["orderCancelled", [202]],
  ["orderNote", [399, 404, 492, 2109, 2148, 10349]],
];
const ROWS = MEANINGS.flatMap(([meaning, codes]) => codes.map((code) => [code, meaning] as const));
const KNOWN = new Set(ROWS.map(([code]) => code));

describe("a code of the broker", () => {
  test.each(ROWS)("%i means %s", (code, meaning) => {
    expect(classOf(code, "some words of the broker")).toBe(meaning);
  });

  test("stands in one row only", () => {
    expect(KNOWN.size).toBe(ROWS.length);
  });

  // Modifies fail with these while the original order lives on.
  test.each([104, 105, 329])("%i is not listed: an order is never taken for dead by it", (code) => {
    expect(classOf(code, "Cannot modify a filled order")).toBe("unknown");
  });

  test("that is not listed is unknown, whatever its number", () => {
    const code = fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 0, max: 11_000 })).filter((n) => !KNOWN.has(n));
    fc.assert(
      fc.property(code, (unlisted) => {
        expect(classOf(unlisted, "never heard of")).toBe("unknown");
      }),
    );
  });

  test("whose text is a warning leaves the order as it is, whatever its number", () => {
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...KNOWN), fc.integer()), (code) => {
        expect(classOf(code, "Order Message:\nWarning: your order will not be placed at once")).toBe("orderNote");
      }),
    );
  });

  test.each([
    [10089, true],
    [10090, true],
    [10167, true],
    [354, false],
    [10168, false],
    [10186, false],
    [10197, false],
    [200, false],
  ])("%i leaves the stream alive: %s", (code, isAlive) => {
    expect(keepsStream(code)).toBe(isAlive);
  });
});

/** What an order is told when a code arrives for it. */
const ENDS: readonly OrderReport["kind"][] = ["rejected", "cancelled"];

describe("a code on an order", () => {
  const told = (code: number, text = "words"): OrderReport["kind"] | undefined =>
    new OrderBook().onError("E-1", code, text, classOf(code, text))?.kind;

  test.each([
    [201, "rejected"],
    [202, "cancelled"],
    [10147, "cancelRejected"],
    [161, "cancelRejected"],
    [399, "note"],
    [10349, "note"],
    [300, "note"],
    [200, "unrecognised"],
    [326, "unrecognised"],
    [1100, "unrecognised"],
    [77_777, "unrecognised"],
  ] as const)("%i is told as %s", (code, kind) => {
    expect(told(code)).toBe(kind);
  });

  test("carries the code and the broker's words", () => {
    expect(new OrderBook().onError("E-1", 201, "no margin", "orderRejected")).toEqual({
      kind: "rejected",
      orderRef: "E-1",
      code: 201,
      text: "201: no margin",
    });
  });

  test("ends it only by the rows of rejects and cancels", () => {
    const ending = new Set(MEANINGS.filter(([name]) => /^order(Rejected|Cancelled)$/.test(name)).flatMap(([, c]) => c));
    for (let code = 0; code < 12_000; code += 1) {
      const kind = told(code);
      expect([code, kind !== undefined && ENDS.includes(kind)]).toEqual([code, ending.has(code)]);
    }
  });

  test("that warns never ends it", () => {
    expect(told(201, "Warning: order held")).toBe("note");
    expect(told(202, "Warning: order cancelled later")).toBe("note");
  });
});
