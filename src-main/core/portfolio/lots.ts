import { type Micros6, safe } from "#shared/lib/money.ts";

/** Open shares bought (or sold short) at one price. `quantity` signed; `price` in micro-units a share. */
export type Lot = { readonly quantity: number; readonly price: Micros6 };

/**
 * Applies a signed quantity at a price to FIFO lots: it closes the oldest lots of the opposite sign first and opens a lot
 * with what is left.
 *
 * @returns the lots that remain, and the P&L realised by what was closed, exact in micro-units
 */
export function closeLots(
  lots: readonly Lot[],
  quantity: number,
  price: Micros6,
): { readonly lots: readonly Lot[]; readonly realized: Micros6 } {
  const remaining: Lot[] = [];
  let left = quantity;
  let realized = 0;
  for (const lot of lots) {
    if (left === 0 || Math.sign(lot.quantity) === Math.sign(left)) {
      remaining.push(lot);
      continue;
    }
    const closed = Math.min(Math.abs(lot.quantity), Math.abs(left)) * Math.sign(lot.quantity);
    realized = safe(realized + safe((price - lot.price) * closed));
    left += closed;
    if (lot.quantity !== closed) remaining.push({ quantity: lot.quantity - closed, price: lot.price });
  }
  if (left !== 0) remaining.push({ quantity: left, price });
  return { lots: remaining, realized };
}

/** Total cost of the lots; negative for shorts. */
export function costOf(lots: readonly Lot[]): Micros6 {
  return lots.reduce((sum, lot) => safe(sum + safe(lot.quantity * lot.price)), 0);
}
