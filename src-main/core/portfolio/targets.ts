import { assert } from "#shared/lib/assert.ts";

/** Upper bounds on a new holding; the smallest one binds. */
export type SizingBound = { readonly name: string; readonly quantity: number };

export type SizingInput = {
  /** Net liquidation in currency units; positive. */
  readonly equity: number;
  /** Price that the order would pay. */
  readonly price: number;
  /** In [-1, 1]: the signal's wish; its size scales the position. */
  readonly direction: number;
  /** Share of equity that one position may take, in percent. */
  readonly positionPercent: number;
  /** Share of equity that may be lost at the stop, in percent. */
  readonly riskPercent: number;
  /** Distance from entry to stop in currency units; positive. */
  readonly stopDistance: number;
  /** Most that the order may be worth, at the most that it may pay a share. */
  readonly maxOrderNotional: number;
  readonly limitPrice: number;
  readonly lotSize: number;
};

/**
 * Signed shares that a signal is worth: the minimum of every bound, rounded down to the lot. The bounds are returned, so
 * that the decision can say which one was binding.
 */
export function sizeTarget(input: SizingInput): {
  readonly quantity: number;
  readonly bounds: readonly SizingBound[];
  readonly binding: string;
} {
  assert(input.price > 0, "a sizing price is positive");
  assert(input.stopDistance > 0, "a stop distance is positive");
  const strength = Math.min(1, Math.abs(input.direction));
  const bounds: readonly SizingBound[] = [
    { name: "fixed fraction", quantity: (input.equity * input.positionPercent * strength) / 100 / input.price },
    { name: "risk to stop", quantity: (input.equity * input.riskPercent) / 100 / input.stopDistance },
    { name: "order notional", quantity: input.maxOrderNotional / input.limitPrice },
  ].map(({ name, quantity }) => ({ name, quantity: Math.floor(quantity / input.lotSize) * input.lotSize }));
  const smallest = bounds.reduce((least, bound) => (bound.quantity < least.quantity ? bound : least));
  const quantity = Math.max(0, smallest.quantity) * Math.sign(input.direction);
  return { quantity: quantity === 0 ? 0 : quantity, bounds, binding: smallest.name };
}
