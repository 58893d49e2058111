import { assert } from "#shared/lib/assert.ts";

/**
 * One text for one value: object keys sorted, absent fields left out, numbers as JSON writes them.
 * Hashes and comparisons of runs are taken over it. Throws on what has no canonical form (NaN, functions, cycles).
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), "a canonical number is finite");
    return Object.is(value, -0) ? "0" : JSON.stringify(value);
  }
  // By index: a hole is a value that is missing, not one that can be skipped.
  if (Array.isArray(value)) return `[${Array.from(value, canonical).join(",")}]`;
  assert(typeof value === "object", `a canonical value is data, got ${typeof value}`);
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === null, "a canonical object is plain: no map, set or date");
  const record = value as Readonly<Record<string, unknown>>;
  const fields = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`);
  return `{${fields.join(",")}}`;
}
