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
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  assert(typeof value === "object", `a canonical value is data, got ${typeof value}`);
  const record = value as Readonly<Record<string, unknown>>;
  const fields = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`);
  return `{${fields.join(",")}}`;
}
