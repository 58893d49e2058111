import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "#shared/lib/assert.ts";
import { canonical } from "#shared/lib/canonical.ts";

type Json = fc.JsonValue;

/** The same value with the keys of every object in reverse order of insertion. */
function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner as Json)]),
  );
}

const json = fc.jsonValue({ maxDepth: 4 });

describe("one text for one value", () => {
  test("keys are sorted at every depth, lists keep their order, nothing is padded", () => {
    expect(canonical({ b: [2, 1], a: { d: null, c: "x" } })).toBe('{"a":{"c":"x","d":null},"b":[2,1]}');
    expect(canonical({ b: 1, B: 2, "10": 3, "9": 4 })).toBe('{"10":3,"9":4,"B":2,"b":1}');
    expect(canonical([])).toBe("[]");
    expect(canonical({})).toBe("{}");
  });

  test("the order in which keys were set does not matter", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonical(reversed(value))).toBe(canonical(value));
      }),
    );
  });

  test("it is JSON and reads back as the value", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonical(JSON.parse(canonical(value)))).toBe(canonical(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("two values have one text exactly when they are equal", () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        const isSame = isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
        expect(canonical(one) === canonical(other)).toBe(isSame);
      }),
    );
  });

  test("an absent field and an undefined one are the same; null is a value of its own", () => {
    expect(canonical({ a: 1, b: undefined })).toBe(canonical({ a: 1 }));
    expect(canonical({ a: 1, b: null })).toBe('{"a":1,"b":null}');
  });

  test("the two zeros are one, and numbers read as JSON writes them", () => {
    expect(canonical([-0, 0, 1e21, 1e-7, 0.1])).toBe("[0,0,1e+21,1e-7,0.1]");
  });

  test("text is escaped, so that no text can pass for structure", () => {
    expect(canonical('a"b\n')).toBe('"a\\"b\\n"');
    expect(canonical({ 'x":1,"y': 2 })).not.toBe(canonical({ x: 1, y: 2 }));
  });
});

describe("what has no canonical form stops the program", () => {
  test.each([
    ["NaN", Number.NaN],
    ["infinity", { price: Number.POSITIVE_INFINITY }],
    ["a bigint", 1n],
    ["a function", { act: () => 1 }],
    ["a symbol", Symbol("s")],
    ["undefined by itself", undefined],
    ["undefined in a list", [1, undefined]],
  ])("%s", (_, value) => {
    expect(() => canonical(value)).toThrow(InvariantError);
  });

  // They are taken for objects without fields, and a hole for nothing: values that differ have one text, or no JSON.
  test.each([
    ["a map", new Map([[1, 2]])],
    ["a set", new Set([1])],
    ["a date", new Date(0)],
    ["a hole in a list", new Array(2)],
  ])("%s", (_, value) => {
    expect(() => canonical(value)).toThrow(InvariantError);
  });

  test("a cycle", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => canonical(cycle)).toThrow();
  });
});
