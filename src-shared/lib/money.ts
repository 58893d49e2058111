import { assert } from "#shared/lib/assert.ts";

/** An amount in integer millionths of its currency; always a safe integer (about 9.0e9 units at most). */
export type Micros6 = number;

export const MICROS_PER_UNIT = 1_000_000;

/** Asserts that an amount is still exact. Above the safe integers the ledger stops; it never wraps or rounds. */
export function safe(amount: number): Micros6 {
  assert(Number.isSafeInteger(amount), `an amount is a safe integer, got ${amount}`);
  return amount;
}

/** Nearest millionth, halves away from zero. For commissions and simulated prices, whose residue is allowed. */
export function roundToMicros(units: number): Micros6 {
  assert(Number.isFinite(units), "an amount is finite");
  const scaled = Math.abs(units) * MICROS_PER_UNIT;
  // 1.005 * 1e6 lies a hair under its decimal value; the epsilon is far below a micro-unit.
  return safe(Math.sign(units) * Math.floor(scaled + 0.5 + scaled * Number.EPSILON));
}

/** Exact millionths of a price; asserts that rounding changed it by less than a millionth of a unit. */
export function priceToMicros(price: number): Micros6 {
  const micros = roundToMicros(price);
  assert(Math.abs(micros / MICROS_PER_UNIT - price) < 1e-6, `price ${price} has at most six decimals`);
  return micros;
}

/** Value of `quantity` shares at `price`. */
export function notionalMicros(price: number, quantity: number, multiplier = 1): Micros6 {
  return safe(priceToMicros(price) * quantity * multiplier);
}

/** For display, analytics and limits only; the ledger never comes back from here. */
export function toUnits(amount: Micros6): number {
  return amount / MICROS_PER_UNIT;
}
