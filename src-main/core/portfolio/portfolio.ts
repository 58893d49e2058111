import { assert } from "#shared/lib/assert.ts";
import { type Micros6, notionalMicros, priceToMicros, safe } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";
import { signed } from "#shared/model/order.ts";
import type { Position } from "#shared/model/portfolio.ts";
import { closeLots, costOf, type Lot } from "./lots.ts";

/** An execution as booked, or the opening balance that was there before our first one. */
type Booked = { readonly execId: string; readonly quantity: number; readonly price: number };

type Book = {
  /** In booking order; a correction replaces in place and the book is folded again. */
  booked: Booked[];
  lots: readonly Lot[];
  realized: Micros6;
  commissions: Map<string, Micros6>;
  cashFlow: Micros6;
  mark: Mark | undefined;
  /** The newest mark that the journal holds too: only this one outlives the process. */
  notedMark: Mark | undefined;
};

type Mark = { readonly price: number; readonly time: Micros };

export type BookingOutcome = "booked" | "duplicate" | "corrected";

/** Plain data of the books, for snapshots and the state hash. */
export type PortfolioState = {
  readonly openingCash: Micros6;
  readonly books: readonly {
    readonly symbol: string;
    readonly booked: readonly Booked[];
    readonly commissions: readonly (readonly [string, Micros6])[];
    /** The journalled one: what is marked between two notes is no durable state. */
    readonly mark?: Mark;
  }[];
};

/** An execution is one stem; a change of the digits after the last dot replaces it (`.01` -> `.02`). */
export function execIdStem(execId: string): string {
  const dot = execId.lastIndexOf(".");
  return dot <= 0 ? execId : execId.slice(0, dot);
}

/**
 * The books of one account in one currency: FIFO lots, cash, realised P&L and commissions in integer micro-units,
 * folded from executions and nothing else. There is one P&L, and it is this one.
 */
export class Portfolio {
  private openingCash: Micros6;
  private readonly books = new Map<string, Book>();

  constructor(openingCash: Micros6 = 0) {
    this.openingCash = safe(openingCash);
  }

  /** Cash before our first execution. Set once, from the broker's own figure at the first reconciliation ever. */
  open(cash: Micros6): void {
    this.openingCash = safe(cash);
  }

  /** A holding that was there before our first execution, at the broker's average cost. Moves no cash. */
  adopt(symbol: string, quantity: number, averageCost: number): void {
    assert(Number.isInteger(quantity) && quantity !== 0, "an adopted position has a whole quantity");
    const book = this.bookOf(symbol);
    assert(book.booked.length === 0, "a position is adopted before the first execution of its symbol");
    // The broker's average may carry more digits than the ledger; the opening cost is rounded once, here.
    const price = Math.round(averageCost * 1e6) / 1e6;
    book.booked.push({ execId: `opening:${symbol}`, quantity, price });
    this.fold(symbol, book);
  }

  /** Books an execution once per stem. Facts from the broker are never refused. */
  book(execution: Execution): BookingOutcome {
    const book = this.bookOf(execution.symbol);
    const stem = execIdStem(execution.execId);
    const row: Booked = {
      execId: execution.execId,
      quantity: signed(execution.side, execution.quantity),
      price: execution.price,
    };
    const index = book.booked.findIndex((known) => execIdStem(known.execId) === stem);
    const known = book.booked[index];
    if (known === undefined) {
      const isFirstLot = book.lots.length === 0;
      book.booked.push(row);
      this.applyRow(execution.symbol, book, row);
      // Nobody marks what is not held: a mark from the last holding would be taken for today's gain or loss.
      if (isFirstLot || book.mark === undefined) {
        book.notedMark = { price: execution.price, time: execution.exchangeTime };
        book.mark = book.notedMark;
      }
      return "booked";
    }
    if (known.execId >= execution.execId) return "duplicate";
    book.booked[index] = row;
    this.fold(execution.symbol, book);
    return "corrected";
  }

  /** Joins a commission to its execution, which may come before or after it. Idempotent by execId. */
  commission(symbol: string, execId: string, amount: Micros6): void {
    this.bookOf(symbol).commissions.set(execIdStem(execId), safe(amount));
  }

  /** A mark of the moment. It is forgotten with the process. */
  mark(symbol: string, price: number, time: Micros): void {
    const book = this.books.get(symbol);
    if (book !== undefined) book.mark = { price, time };
  }

  /** A mark that is journalled: the books of the next process begin with it. */
  noteMark(symbol: string, { price, time }: Mark): void {
    const book = this.books.get(symbol);
    if (book === undefined) return;
    book.notedMark = { price, time };
    book.mark = book.notedMark;
  }

  /** Signed shares; 0 when flat or never held. */
  quantity(symbol: string): number {
    const lots = this.books.get(symbol)?.lots ?? [];
    return lots.reduce((sum, lot) => sum + lot.quantity, 0);
  }

  symbols(): readonly string[] {
    return [...this.books.keys()];
  }

  /** Undefined for a symbol that was never held. */
  position(symbol: string): Position | undefined {
    const book = this.books.get(symbol);
    if (book === undefined) return undefined;
    const quantity = this.quantity(symbol);
    const cost = costOf(book.lots);
    const unrealized = unrealizedOf(book, quantity, cost);
    return {
      symbol,
      quantity,
      cost,
      realizedPnl: book.realized,
      commissions: commissionsOf(book),
      protectedQuantity: 0,
      ...(quantity === 0 ? {} : { averageCost: cost / quantity / 1e6 }),
      ...(book.mark === undefined ? {} : { mark: book.mark.price, markTime: book.mark.time }),
      ...(unrealized === undefined ? {} : { unrealizedPnl: unrealized }),
    };
  }

  cash(): Micros6 {
    let cash = this.openingCash;
    for (const book of this.books.values()) cash = safe(cash + book.cashFlow - commissionsOf(book));
    return cash;
  }

  realizedPnl(): Micros6 {
    return this.sum((book) => book.realized);
  }

  commissions(): Micros6 {
    return this.sum(commissionsOf);
  }

  /** A holding without any mark counts at its cost: zero unrealised. */
  unrealizedPnl(): Micros6 {
    let total = 0;
    for (const [symbol, book] of this.books) {
      total = safe(total + (unrealizedOf(book, this.quantity(symbol), costOf(book.lots)) ?? 0));
    }
    return total;
  }

  /** Cash plus the value of every holding at its mark. */
  equity(): Micros6 {
    let equity = this.cash();
    for (const [symbol, book] of this.books) {
      const quantity = this.quantity(symbol);
      equity = safe(
        equity + (book.mark === undefined ? costOf(book.lots) : notionalMicros(markOf(book.mark.price), quantity)),
      );
    }
    return equity;
  }

  toState(): PortfolioState {
    return {
      openingCash: this.openingCash,
      books: [...this.books].map(([symbol, book]) => ({
        symbol,
        booked: [...book.booked],
        commissions: [...book.commissions],
        ...(book.notedMark === undefined ? {} : { mark: book.notedMark }),
      })),
    };
  }

  static fromState(state: PortfolioState): Portfolio {
    const portfolio = new Portfolio(state.openingCash);
    for (const saved of state.books) {
      const book = portfolio.bookOf(saved.symbol);
      book.booked = [...saved.booked];
      book.commissions = new Map(saved.commissions);
      book.notedMark = saved.mark;
      book.mark = saved.mark;
      portfolio.fold(saved.symbol, book);
    }
    return portfolio;
  }

  private bookOf(symbol: string): Book {
    const known = this.books.get(symbol);
    if (known !== undefined) return known;
    const book: Book = {
      booked: [],
      lots: [],
      realized: 0,
      commissions: new Map(),
      cashFlow: 0,
      mark: undefined,
      notedMark: undefined,
    };
    this.books.set(symbol, book);
    return book;
  }

  private applyRow(symbol: string, book: Book, row: Booked): void {
    const closed = closeLots(book.lots, row.quantity, priceToMicros(row.price));
    book.lots = closed.lots;
    book.realized = safe(book.realized + closed.realized);
    const isOpening = row.execId === `opening:${symbol}`;
    if (!isOpening) book.cashFlow = safe(book.cashFlow - notionalMicros(row.price, row.quantity));
  }

  private fold(symbol: string, book: Book): void {
    book.lots = [];
    book.realized = 0;
    book.cashFlow = 0;
    for (const row of book.booked) this.applyRow(symbol, book, row);
  }

  private sum(amount: (book: Book) => Micros6): Micros6 {
    let total = 0;
    for (const book of this.books.values()) total = safe(total + amount(book));
    return total;
  }
}

function commissionsOf(book: Book): Micros6 {
  let total = 0;
  for (const amount of book.commissions.values()) total = safe(total + amount);
  return total;
}

function unrealizedOf(book: Book, quantity: number, cost: Micros6): Micros6 | undefined {
  if (quantity === 0) return 0;
  return book.mark === undefined ? undefined : safe(notionalMicros(markOf(book.mark.price), quantity) - cost);
}

/** Marks are mid prices and may carry half a tick; they are rounded to a millionth before they meet the ledger. */
function markOf(mark: number): number {
  return Math.round(mark * 1e6) / 1e6;
}
