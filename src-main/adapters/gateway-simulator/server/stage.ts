import type { Calendar } from "#core/market/calendar.ts";
import { SimulatedAccount } from "#core/simulation/account.ts";
import { Exchange } from "#core/simulation/exchange.ts";
import type { MarketInstant, MarketSource } from "#core/simulation/market-source.ts";
import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";
import { AccountDesk } from "../desks/account-desk.ts";
import { ContractBook } from "../desks/contract-book.ts";
import { type DailyBarSource, HistoryDesk } from "../desks/history-desk.ts";
import { MarketDesk } from "../desks/market-desk.ts";
import { OrderDesk } from "../desks/order-desk.ts";
import type { Audit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import { OrderFaults } from "./order-faults.ts";

type Scheduled = { readonly time: Micros; readonly sequence: number; readonly action: () => void };

/**
 * Everything that lives on virtual time: market, exchange, account and the desks that speak for them. It moves only when a
 * driver plays an instant, and writes nothing by itself: frames wait in their connections.
 */
export class Stage {
  readonly exchange: Exchange;
  readonly book: ContractBook;
  readonly market: MarketDesk;
  readonly history: HistoryDesk;
  readonly orders: OrderDesk;
  readonly accounts: AccountDesk;
  readonly orderFaults = new OrderFaults();
  readonly calendar: Calendar;
  private readonly source: MarketSource;
  private scheduled: Scheduled[] = [];
  private sequence = 0;
  /** Begins a second before the market, so that clients can subscribe before its first instant. */
  private virtual: Micros;
  /** Shares of a quote that the exchange lets be taken; undefined: all of them. */
  fillCap: number | undefined;
  /** The broker's own link is down: nothing of the market is told. */
  isDark = false;

  constructor(parts: {
    readonly source: MarketSource;
    readonly daily: DailyBarSource | undefined;
    readonly calendar: Calendar;
    readonly accountId: string;
    readonly startingCash: number;
    readonly audit: Audit;
    readonly clientOf: (clientId: number) => Connection | undefined;
  }) {
    const { source, calendar, accountId } = parts;
    const now = (): Micros => this.virtual;
    this.source = source;
    this.calendar = calendar;
    this.virtual = source.start - SECOND;
    const account = new SimulatedAccount(accountId, parts.startingCash);
    const { instruments } = source;
    this.exchange = new Exchange({ instruments, calendar, account });
    this.book = new ContractBook(instruments);
    const { book } = this;
    this.market = new MarketDesk({ source, calendar, book, now });
    this.history = new HistoryDesk({ source, daily: parts.daily, calendar, book, now });
    this.accounts = new AccountDesk({ account, book, calendar, now });
    this.orders = new OrderDesk({
      exchange: this.exchange,
      book,
      accountId,
      now,
      clientOf: parts.clientOf,
      audit: parts.audit,
      faults: this.orderFaults,
      delay: (milliseconds, action) => this.schedule(this.virtual + milliseconds * MILLISECOND, action),
      markOf: (symbol) => this.market.markOf(symbol),
      onFill: () => this.accounts.onFill(),
    });
  }

  now(): Micros {
    return this.virtual;
  }

  /** The source has nothing left to play. */
  isExhausted(): boolean {
    return this.source.peek() === undefined;
  }

  /** When something happens next: the market, an order on its way, or what is scheduled. */
  nextDue(): Micros | undefined {
    let next = this.source.peek();
    const order = this.exchange.nextDue();
    if (order !== undefined && (next === undefined || order < next)) next = order;
    for (const { time } of this.scheduled) if (next === undefined || time < next) next = time;
    return next;
  }

  schedule(time: Micros, action: () => void): void {
    this.sequence += 1;
    this.scheduled.push({ time, sequence: this.sequence, action });
  }

  /** Sets the clock and plays what is due: time's own work, then the market of every instant up to `time`. */
  play(time: Micros): void {
    for (;;) {
      const next = this.source.peek();
      if (next === undefined || next > time) break;
      this.moveTo(next);
      const instant = this.source.next();
      if (instant !== undefined) this.show(instant);
    }
    this.moveTo(time);
  }

  /** Sets the clock and does time's own work: what is scheduled, orders that arrive, values that are told again. */
  moveTo(time: Micros): void {
    this.virtual = Math.max(this.virtual, time);
    this.runScheduled();
    this.orders.deliver(this.exchange.advance(this.virtual));
    this.accounts.onTime();
  }

  forget(connection: Connection): void {
    this.market.forget(connection);
    this.history.forget(connection);
    this.accounts.forget(connection);
  }

  private runScheduled(): void {
    if (this.scheduled.length === 0) return;
    const due = this.scheduled.filter((item) => item.time <= this.virtual);
    this.scheduled = this.scheduled.filter((item) => item.time > this.virtual);
    due.sort((a, b) => a.time - b.time || a.sequence - b.sequence);
    for (const { action } of due) action();
  }

  /** Completed bars, quotes and prints to the clients, then to the exchange. */
  private show(instant: MarketInstant): void {
    if (!this.isDark) {
      this.history.onEnded(instant);
      this.market.onInstant(instant, (trade) => this.history.onTrade(trade));
    }
    this.orders.deliver(this.exchange.onInstant(this.capped(instant)));
  }

  private capped(instant: MarketInstant): MarketInstant {
    const cap = this.fillCap;
    if (cap === undefined) return instant;
    const quotes = instant.quotes.map((quote) => ({
      ...quote,
      bidSize: Math.min(cap, quote.bidSize),
      askSize: Math.min(cap, quote.askSize),
    }));
    return { ...instant, quotes };
  }
}
