import { assert } from "#shared/lib/assert.ts";

/** From `lowEdge` on, prices lie on multiples of `increment`. */
export type PriceBand = { readonly lowEdge: number; readonly increment: number };

/** The price step that rules at `price`: the last band whose low edge it reaches. Bands ascend. */
export function incrementAt(bands: readonly PriceBand[], price: number): number {
  let increment = bands[0]?.increment;
  for (const band of bands) if (price >= band.lowEdge) increment = band.increment;
  assert(increment !== undefined, "an instrument has a price band");
  return increment;
}

/** Decimals that show every multiple of `increment` exactly. */
export function decimalsOf(increment: number): number {
  const text = increment.toFixed(8).replace(/0+$/, "");
  return Math.max(0, text.length - text.indexOf(".") - 1);
}

/**
 * `price` on the grid of its own band: `down` for buys, `up` for sells, so that rounding never pays more than was meant.
 * A stop is rounded the protective way by its caller. Works in integer ticks.
 */
export function roundToTick(bands: readonly PriceBand[], price: number, direction: "down" | "up" | "nearest"): number {
  const increment = incrementAt(bands, price);
  const ticks = price / increment;
  const nearest = Math.round(ticks);
  // A price that lies on the grid but for its binary tail stays where it is.
  const isOnGrid = Math.abs(ticks - nearest) < 1e-6;
  const whole =
    isOnGrid || direction === "nearest" ? nearest : direction === "down" ? Math.floor(ticks) : Math.ceil(ticks);
  return Number((whole * increment).toFixed(decimalsOf(increment)));
}

/** True when `price` lies on the grid of its own band. */
export function isOnTick(bands: readonly PriceBand[], price: number): boolean {
  const ticks = price / incrementAt(bands, price);
  return Math.abs(ticks - Math.round(ticks)) < 1e-6;
}
