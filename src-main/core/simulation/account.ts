import { closeLots, costOf, type Lot } from "#core/portfolio/lots.ts";
import { type Micros6, notionalMicros, roundToMicros, safe, toUnits } from "#shared/lib/money.ts";
import { type Side, signed } from "#shared/model/order.ts";

const PER_SHARE = 0.005;
const MINIMUM = 1;
const LARGEST_FRACTION = 0.01;
/** Initial margin as a share of the value: stock held long in full, sold short at one and a half. */
const LONG_MARGIN = 1;
const SHORT_MARGIN = 1.5;

/**
 * Commission of a whole order in micro-units: 0.005 a share, at least 1.00, at most one percent of its value (IBKR Pro
 * Fixed, United States stocks). The minimum is charged once over all fills of an order.
 */
export function orderCommission(quantity: number, value: number): Micros6 {
  return roundToMicros(Math.min(LARGEST_FRACTION * value, Math.max(PER_SHARE * quantity, MINIMUM)));
}

export type Holding = {
  readonly symbol: string;
  readonly quantity: number;
  readonly averageCost: number;
  readonly mark: number | undefined;
  readonly realizedPnl: Micros6;
  readonly unrealizedPnl: Micros6;
};

type Book = { lots: readonly Lot[]; realized: Micros6; mark: number | undefined };

/** The broker's side of one account: what the client's own books must agree with, to the cent. */
export class SimulatedAccount {
  readonly accountId: string;
  private cashMicros: Micros6;
  private readonly books = new Map<string, Book>();

  constructor(accountId: string, startingCash: number) {
    this.accountId = accountId;
    this.cashMicros = roundToMicros(startingCash);
  }

  /** Books a fill; returns what it realised, undefined when it only opened. */
  fill(symbol: string, side: Side, quantity: number, price: number, commission: Micros6): Micros6 | undefined {
    const book = this.book(symbol);
    const before = book.lots;
    const closed = closeLots(before, signed(side, quantity), roundToMicros(price));
    const isClosing = before.length > 0 && Math.sign(before[0]?.quantity ?? 0) !== Math.sign(signed(side, quantity));
    book.lots = closed.lots;
    book.realized = safe(book.realized + closed.realized);
    this.cashMicros = safe(this.cashMicros - notionalMicros(price, signed(side, quantity)) - commission);
    book.mark ??= price;
    return isClosing ? safe(closed.realized - commission) : undefined;
  }

  mark(symbol: string, price: number): void {
    const book = this.books.get(symbol);
    if (book !== undefined) book.mark = Math.round(price * 1e6) / 1e6;
  }

  cash(): Micros6 {
    return this.cashMicros;
  }

  quantity(symbol: string): number {
    return (this.books.get(symbol)?.lots ?? []).reduce((sum, lot) => sum + lot.quantity, 0);
  }

  /** Every symbol that was ever traded, flat ones included. */
  holdings(): readonly Holding[] {
    return [...this.books].map(([symbol, book]) => {
      const quantity = this.quantity(symbol);
      const cost = costOf(book.lots);
      const value = book.mark === undefined ? cost : notionalMicros(book.mark, quantity);
      return {
        symbol,
        quantity,
        averageCost: quantity === 0 ? 0 : toUnits(cost) / quantity,
        mark: book.mark,
        realizedPnl: book.realized,
        unrealizedPnl: safe(value - cost),
      };
    });
  }

  netLiquidation(): Micros6 {
    let total = this.cashMicros;
    for (const [symbol, book] of this.books) {
      const quantity = this.quantity(symbol);
      total = safe(total + (book.mark === undefined ? costOf(book.lots) : notionalMicros(book.mark, quantity)));
    }
    return total;
  }

  /** Margin that the holdings bind. */
  initialMargin(): Micros6 {
    let total = 0;
    for (const [symbol, book] of this.books) {
      const value = notionalMicros(book.mark ?? 0, this.quantity(symbol));
      total = safe(total + Math.round(value >= 0 ? value * LONG_MARGIN : -value * SHORT_MARGIN));
    }
    return total;
  }

  excessLiquidity(): Micros6 {
    return safe(this.netLiquidation() - this.initialMargin());
  }

  /** Margin that an order would add, in micro-units: only the part that opens binds any. */
  marginOf(symbol: string, side: Side, quantity: number, price: number): Micros6 {
    const held = this.quantity(symbol);
    const closing = Math.sign(held) === -signed(side, 1) ? Math.min(Math.abs(held), quantity) : 0;
    const opening = quantity - closing;
    return roundToMicros(opening * price * (side === "buy" ? LONG_MARGIN : SHORT_MARGIN));
  }

  private book(symbol: string): Book {
    const known = this.books.get(symbol);
    if (known !== undefined) return known;
    const book: Book = { lots: [], realized: 0, mark: undefined };
    this.books.set(symbol, book);
    return book;
  }
}
