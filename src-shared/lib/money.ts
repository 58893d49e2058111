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
  const whole = Math.floor(scaled);
  // 1.0000005 * 1e6 lies a hair under its decimal value; the epsilon grows with the amount and stays below a micro-unit.
  const isUp = scaled - whole + Math.min(scaled * Number.EPSILON, 0.25) >= 0.5;
  return safe(Math.sign(units) * (isUp ? whole + 1 : whole));
}

/** Millionths of a price: exact up to six decimals, else the nearest. A price of the broker is never refused. */
export function priceToMicros(price: number): Micros6 {
  return roundToMicros(price);
}

/** Value of `quantity` shares at `price`. */
export function notionalMicros(price: number, quantity: number, multiplier = 1): Micros6 {
  return safe(priceToMicros(price) * quantity * multiplier);
}

/** For display, analytics and limits only; the ledger never comes back from here. */
export function toUnits(amount: Micros6): number {
  return amount / MICROS_PER_UNIT;
}
