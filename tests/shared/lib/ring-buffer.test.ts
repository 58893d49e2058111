import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RingBuffer } from "#shared/lib/ring-buffer.ts";

type Act = { readonly kind: "push"; readonly value: number } | { readonly kind: "clear" };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: fc.integer().map((value) => ({ kind: "push", value }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "clear" } as const) },
);

/** Everything that can be asked of a buffer equals what a plain list of the newest values says. */
function expectAlike(buffer: RingBuffer<number>, model: readonly number[]): void {
  expect(buffer.length).toBe(model.length);
  expect(buffer.toArray()).toEqual(model);
  for (let index = -2; index <= model.length + 1; index += 1) {
    expect(buffer.at(index)).toBe(index < 0 ? undefined : model[index]);
    expect(buffer.last(index)).toBe(index < 0 ? undefined : model[model.length - 1 - index]);
  }
}

describe("a ring buffer", () => {
  test("of three keeps the newest three, oldest first, and hands back what it displaces", () => {
    const buffer = new RingBuffer<string>(3);
    expect([buffer.push("a"), buffer.push("b"), buffer.push("c")]).toEqual([undefined, undefined, undefined]);
    expect([buffer.push("d"), buffer.push("e")]).toEqual(["a", "b"]);
    expect(buffer.toArray()).toEqual(["c", "d", "e"]);
    expect([buffer.at(0), buffer.last(), buffer.last(2), buffer.last(3)]).toEqual(["c", "e", "c", undefined]);
  });

  test("is a list of the newest values, whatever is pushed and whenever it is cleared", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(act, { maxLength: 60 }), (capacity, acts) => {
        const buffer = new RingBuffer<number>(capacity);
        let model: number[] = [];
        for (const one of acts) {
          if (one.kind === "clear") {
            buffer.clear();
            model = [];
          } else {
            model.push(one.value);
            expect(buffer.push(one.value)).toBe(model.length > capacity ? model.shift() : undefined);
          }
          expectAlike(buffer, model);
        }
      }),
    );
  });

  test("corrects its newest value in place, before and after it has come round", () => {
    const buffer = new RingBuffer<string>(2);
    expect(() => buffer.replaceLast("x")).toThrow("there is a newest value to replace");
    buffer.push("a");
    buffer.replaceLast("b");
    expect(buffer.toArray()).toEqual(["b"]);
    for (const value of ["c", "d"]) buffer.push(value);
    buffer.replaceLast("e");
    expect(buffer.toArray()).toEqual(["c", "e"]);
  });

  test("gives a copy: what is done to it does not reach the buffer", () => {
    const buffer = new RingBuffer<number>(2);
    buffer.push(1);
    buffer.toArray().push(9);
    expect(buffer.toArray()).toEqual([1]);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("of %d values cannot be made", (capacity) => {
    expect(() => new RingBuffer(capacity)).toThrow("a ring buffer holds at least one value");
  });
});
