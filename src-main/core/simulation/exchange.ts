import type { Calendar } from "#core/market/calendar.ts";
import { safe } from "#shared/lib/money.ts";
import { isOnTick } from "#shared/lib/ticks.ts";
import { MILLISECOND, type Micros } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Quote, Trade } from "#shared/model/market.ts";
import { orderCommission, type SimulatedAccount } from "./account.ts";
import {
  averagePrice,
  type ExchangeExecution,
  type ExchangeOrder,
  type ExchangeReport,
  isDone,
  type PlaceRequest,
  remaining,
} from "./exchange-order.ts";
import type { MarketInstant } from "./market-source.ts";
import { type Book, matchOrder } from "./matching.ts";

export type ExchangeOptions = {
  readonly instruments: readonly Instrument[];
  readonly calendar: Calendar;
  readonly account: SimulatedAccount;
  /** From the gateway to the venue; an order meets the market of its arrival. */
  readonly orderLatency?: Micros;
  readonly cancelLatency?: Micros;
};

const LATENCY = 40 * MILLISECOND;

/** TWS's words for the codes that the exchange answers with. */
const TEXT = {
  duplicate: "Duplicate order id",
  filled: "Cannot modify a filled order.",
  tick: "The price does not conform to the minimum price variation for this contract.",
  symbol: "No security definition has been found for the request",
  margin: "Order rejected - reason:Insufficient buying power: available funds are less than the margin of the order.",
  cancelled: "Order Canceled - reason:",
  notFound: "OrderId that needs to be cancelled is not found.",
  notCancellable: "OrderId that needs to be cancelled can not be cancelled, state: ",
} as const;

type Due = { readonly time: Micros; readonly kind: "arrive" | "cancel"; readonly key: string };

/**
 * A pure exchange: orders in, reports out, everything a function of what it was given. It holds brackets, time in force,
 * latency and partial fills; the same model serves the gateway simulator, the backtest and shadow trading.
 */
export class Exchange {
  readonly account: SimulatedAccount;
  private readonly options: ExchangeOptions;
  private readonly instruments: ReadonlyMap<string, Instrument>;
  private readonly orders = new Map<string, ExchangeOrder>();
  private readonly open = new Set<string>();
  private readonly arrived = new Set<string>();
  /** Limits that the far quote has not met, with the open of the session in which they rest; 0 outside of one. */
  private readonly resting = new Map<string, Micros>();
  private readonly books = new Map<string, Book>();
  private readonly booked: ExchangeExecution[] = [];
  private due: Due[] = [];
  private time: Micros = 0;
  private sessionClose: Micros | undefined;
  private permId = 1_000_000;
  private executionNumber = 0;
  private reports: ExchangeReport[] = [];

  constructor(options: ExchangeOptions) {
    this.options = options;
    this.account = options.account;
    this.instruments = new Map(options.instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  /** Places an order, or modifies the working one of the same client and id. */
  place(request: PlaceRequest, time: Micros): readonly ExchangeReport[] {
    this.time = time;
    const key = keyOf(request);
    const known = this.orders.get(key);
    if (known !== undefined && isDone(known)) return this.refuse(request, 103, TEXT.duplicate);
    const problem = this.problemOf(request, known);
    if (problem !== undefined) return this.refuse(request, problem.code, problem.text);
    const order = this.accept(request, known);
    this.resting.delete(key);
    this.put(order);
    if (known === undefined) this.open.add(key);
    this.report({ kind: "opened", order }, { kind: "status", order });
    if (request.transmit) this.transmitFamily(order);
    return this.drain();
  }

  cancel(clientId: number, orderId: number, time: Micros): readonly ExchangeReport[] {
    this.time = time;
    const order = this.orders.get(keyOf({ clientId, orderId }));
    if (order === undefined) return this.refuse({ clientId, orderId }, 10147, TEXT.notFound);
    if (isDone(order)) return this.refuse({ clientId, orderId }, 10148, TEXT.notCancellable + order.status);
    this.askCancel(order);
    return this.drain();
  }

  /** Every open order of the account, whoever placed it. */
  cancelAll(time: Micros): readonly ExchangeReport[] {
    this.time = time;
    for (const order of this.openOrders()) this.askCancel(order);
    return this.drain();
  }

  /** Quotes and prints of one instant, after what was due before it. */
  onInstant(instant: MarketInstant): readonly ExchangeReport[] {
    this.advanceTo(instant.time);
    for (const quote of instant.quotes) this.onQuote(quote);
    for (const trade of instant.trades) this.onTrade(trade);
    return this.drain();
  }

  /** What time alone does: orders arrive, cancels take effect, day orders expire. */
  advance(time: Micros): readonly ExchangeReport[] {
    this.advanceTo(time);
    return this.drain();
  }

  /** When `advance` has something to do next; undefined when nothing waits. */
  nextDue(): Micros | undefined {
    return this.due.length === 0 ? undefined : Math.min(...this.due.map((due) => due.time));
  }

  openOrders(): readonly ExchangeOrder[] {
    return [...this.open].flatMap((key) => this.orders.get(key) ?? []);
  }

  order(clientId: number, orderId: number): ExchangeOrder | undefined {
    return this.orders.get(keyOf({ clientId, orderId }));
  }

  completedOrders(): readonly ExchangeOrder[] {
    return [...this.orders.values()].filter(isDone);
  }

  executions(): readonly ExchangeExecution[] {
    return this.booked;
  }

  /** Highest order id that a client has used; 0 when none. */
  highestOrderId(clientId: number): number {
    let highest = 0;
    for (const order of this.orders.values()) {
      if (order.clientId === clientId) highest = Math.max(highest, order.orderId);
    }
    return highest;
  }

  /** Why an order could not be placed, for a what-if too; undefined when it could. */
  problemOf(
    request: PlaceRequest,
    known?: ExchangeOrder,
  ): { readonly code: number; readonly text: string } | undefined {
    const instrument = this.instruments.get(request.symbol);
    if (instrument === undefined) return { code: 200, text: TEXT.symbol };
    const prices = [request.limitPrice, request.stopPrice];
    if (prices.some((price) => price !== undefined && !isOnTick(instrument.priceBands, price))) {
      return { code: 110, text: TEXT.tick };
    }
    const filled = known?.filledQuantity ?? 0;
    if (known !== undefined && request.quantity <= filled) return { code: 104, text: TEXT.filled };
    if (request.parentId !== 0) return undefined;
    const margin = this.marginOf({ ...request, quantity: request.quantity - filled });
    // A modify that asks for no more than before is never refused for want of money.
    const granted = known === undefined ? 0 : this.marginOf({ ...known, quantity: remaining(known) });
    const available = this.account.excessLiquidity();
    return margin > granted && margin > available ? { code: 201, text: TEXT.margin } : undefined;
  }

  /** Initial margin that an order would bind, micro-units. */
  marginOf(request: PlaceRequest): number {
    const book = this.books.get(request.symbol);
    const price = request.limitPrice ?? request.stopPrice ?? book?.last ?? book?.ask ?? 0;
    return this.account.marginOf(request.symbol, request.side, request.quantity, price);
  }

  private accept(request: PlaceRequest, known: ExchangeOrder | undefined): ExchangeOrder {
    if (known !== undefined) {
      const { filledQuantity, filledValue, lastFillPrice, permId, placedTime, isTriggered, commission } = known;
      const kept = { filledQuantity, filledValue, lastFillPrice, permId, placedTime, isTriggered, commission };
      const { isPendingCancel, status } = known;
      // The terms are the new ones alone: a price that the new type does not use must not live on.
      return { ...request, ...kept, isPendingCancel, status: request.transmit ? status : "held" };
    }
    this.permId += 1;
    return {
      ...request,
      permId: this.permId,
      status: request.transmit ? this.restingStatus(request) : "held",
      filledQuantity: 0,
      filledValue: 0,
      lastFillPrice: 0,
      isPendingCancel: false,
      isTriggered: false,
      commission: 0,
      placedTime: this.time,
    };
  }

  /** Children, stops and orders outside the session are accepted and wait. */
  private restingStatus(order: PlaceRequest): "parked" | "working" {
    const isStop = order.type === "stop" || order.type === "stopLimit";
    return order.parentId !== 0 || isStop || !this.isTradable(order) ? "parked" : "working";
  }

  private isTradable(order: Pick<ExchangeOrder, "outsideRth" | "type">): boolean {
    return worksOutsideHours(order) || this.options.calendar.sessionOf(this.time) !== undefined;
  }

  /** The last child of a family carries the flag that sends all of it. */
  private transmitFamily(order: ExchangeOrder): void {
    const family = order.parentId === 0 ? [order] : this.familyOf(order);
    for (const member of family) {
      const key = keyOf(member);
      const current = this.orders.get(key);
      if (current === undefined || isDone(current)) continue;
      if (current.status === "held") {
        const released = { ...current, transmit: true, status: this.restingStatus(current) };
        this.put(released);
        this.report({ kind: "opened", order: released }, { kind: "status", order: released });
      }
      // A modify travels to the venue like the order before it.
      if (!this.arrived.has(key) || member.orderId === order.orderId) {
        this.schedule("arrive", key, this.options.orderLatency ?? LATENCY);
      }
    }
  }

  private familyOf(child: ExchangeOrder): readonly ExchangeOrder[] {
    return this.openOrders().filter(
      (order) =>
        order.clientId === child.clientId && (order.orderId === child.parentId || order.parentId === child.parentId),
    );
  }

  private childrenOf(parent: ExchangeOrder): readonly ExchangeOrder[] {
    return this.openOrders().filter((order) => order.clientId === parent.clientId && order.parentId === parent.orderId);
  }

  private askCancel(order: ExchangeOrder): void {
    const pending = { ...order, isPendingCancel: true };
    this.put(pending);
    this.report({ kind: "status", order: pending });
    this.schedule("cancel", keyOf(order), this.options.cancelLatency ?? LATENCY);
  }

  private schedule(kind: Due["kind"], key: string, latency: Micros): void {
    this.due.push({ time: this.time + latency, kind, key });
  }

  private advanceTo(time: Micros): void {
    for (;;) {
      const next = this.due.reduce<Due | undefined>(
        (least, due) => (least && least.time <= due.time ? least : due),
        undefined,
      );
      if (next === undefined || next.time > time) break;
      this.due = this.due.filter((due) => due !== next);
      this.time = Math.max(this.time, next.time);
      this.settle(next);
    }
    this.expireDayOrders(time);
    this.time = Math.max(this.time, time);
  }

  private settle(due: Due): void {
    const order = this.orders.get(due.key);
    if (order === undefined || isDone(order)) return;
    if (due.kind === "cancel") return this.finish(order, "cancelled", TEXT.cancelled);
    this.arrived.add(due.key);
    this.match(due.key, undefined);
    const after = this.orders.get(due.key);
    if (after !== undefined && after.timeInForce === "ioc" && !isDone(after)) {
      this.finish(after, "cancelled", TEXT.cancelled);
    }
  }

  private expireDayOrders(time: Micros): void {
    const session = this.options.calendar.sessionOf(this.time);
    if (session !== undefined) this.sessionClose = session.close;
    if (this.sessionClose === undefined || time < this.sessionClose) return;
    this.time = Math.max(this.time, this.sessionClose);
    this.sessionClose = undefined;
    for (const key of [...this.open]) {
      // The end of an entry ends or resizes its children, so that each is looked up when its turn comes.
      const order = this.orders.get(key);
      if (order === undefined || isDone(order) || order.timeInForce !== "day") continue;
      this.finish(order, "cancelled", `${TEXT.cancelled}the session has ended`);
    }
  }

  private onQuote(quote: Quote): void {
    const { symbol, bid, ask, bidSize, askSize } = quote;
    const known = this.books.get(symbol);
    // A new quote shows new size; what was taken from the old one is forgotten with it.
    this.books.set(symbol, { bid, ask, bidSize, askSize, last: known?.last, lastTime: known?.lastTime ?? 0 });
    if (bid !== undefined && ask !== undefined && ask >= bid) this.account.mark(symbol, (bid + ask) / 2);
    this.matchSymbol(symbol, undefined);
  }

  private onTrade(trade: Trade): void {
    const known = this.books.get(trade.symbol);
    const empty = { bid: undefined, ask: undefined, bidSize: 0, askSize: 0 };
    this.books.set(trade.symbol, { ...(known ?? empty), last: trade.price, lastTime: this.time });
    this.matchSymbol(trade.symbol, trade);
  }

  private matchSymbol(symbol: string, trade: Trade | undefined): void {
    for (const key of [...this.open]) {
      if (this.orders.get(key)?.symbol === symbol) this.match(key, trade);
    }
  }

  private match(key: string, trade: Trade | undefined): void {
    const order = this.orders.get(key);
    const book = order === undefined ? undefined : this.books.get(order.symbol);
    if (order === undefined || book === undefined || isDone(order)) return;
    if (!this.arrived.has(key) || order.status === "held" || !this.isTradable(order)) return;
    const parent = order.parentId === 0 ? undefined : this.order(order.clientId, order.parentId);
    const cap = parent === undefined ? remaining(order) : this.familyCap(order, parent);
    if (cap <= 0) return;
    const session = this.options.calendar.sessionOf(this.time)?.open ?? 0;
    const isOfSession = worksOutsideHours(order) || book.lastTime >= session;
    const isResting = this.resting.get(key) === session;
    const result = matchOrder(order, { book, trade, last: isOfSession ? book.last : undefined, cap, isResting });
    if (result.rests) this.resting.set(key, session);
    const isReleased = order.status === "parked" && (result.isTriggered || (order.type === "limit" && cap > 0));
    let current: ExchangeOrder = {
      ...order,
      isTriggered: result.isTriggered,
      status: isReleased ? "working" : order.status,
    };
    if (current.isTriggered !== order.isTriggered || current.status !== order.status) {
      this.put(current);
      this.report({ kind: "status", order: current });
    }
    if (result.fill === undefined) return;
    if (result.fill.takes === "bid") book.bidSize -= result.fill.quantity;
    if (result.fill.takes === "ask") book.askSize -= result.fill.quantity;
    current = this.fill(current, result.fill.quantity, result.fill.price);
    this.afterFill(current, parent);
  }

  /** A family never closes more than its parent has opened, whichever child fills. */
  private familyCap(order: ExchangeOrder, parent: ExchangeOrder): number {
    let closed = 0;
    for (const sibling of this.orders.values()) {
      const isFamily = sibling.clientId === order.clientId && sibling.parentId === order.parentId;
      if (isFamily) closed += sibling.filledQuantity;
    }
    return Math.min(remaining(order), parent.filledQuantity - closed);
  }

  private fill(order: ExchangeOrder, quantity: number, price: number): ExchangeOrder {
    const filledQuantity = order.filledQuantity + quantity;
    const filledValue = order.filledValue + price * quantity;
    const commission = orderCommission(filledQuantity, filledValue);
    const charged = safe(commission - order.commission);
    const realizedPnl = this.account.fill(order.symbol, order.side, quantity, price, charged);
    const filled: ExchangeOrder = {
      ...order,
      filledQuantity,
      filledValue,
      commission,
      lastFillPrice: price,
      status: filledQuantity === order.quantity ? "filled" : "working",
    };
    this.put(filled);
    this.executionNumber += 1;
    const execution: ExchangeExecution = {
      execId: `0000e0d5.${this.executionNumber.toString(16).padStart(8, "0")}.01.01`,
      order: filled,
      side: order.side,
      quantity,
      price,
      time: this.time,
      cumulativeQuantity: filledQuantity,
      averagePrice: averagePrice(filled),
      commission: charged,
      realizedPnl,
    };
    this.booked.push(execution);
    this.report({ kind: "execution", execution }, { kind: "status", order: filled });
    return filled;
  }

  private afterFill(order: ExchangeOrder, parent: ExchangeOrder | undefined): void {
    if (order.status === "filled") this.open.delete(keyOf(order));
    if (parent === undefined) {
      for (const child of this.childrenOf(order)) this.match(keyOf(child), undefined);
      return;
    }
    const isFamilyClosed = isDone(parent) && this.familyCap({ ...order, filledQuantity: 0 }, parent) <= 0;
    if (!isFamilyClosed && order.status !== "filled") return;
    // A child that was larger than what was left to close ends with its siblings.
    for (const child of this.childrenOf(parent)) this.finish(child, "cancelled", `${TEXT.cancelled}OCA group is done`);
  }

  private finish(order: ExchangeOrder, status: "cancelled" | "rejected", text: string): void {
    const done: ExchangeOrder = { ...order, status, isPendingCancel: false };
    this.put(done);
    this.open.delete(keyOf(order));
    const { clientId, orderId } = order;
    this.report({ kind: "status", order: done }, { kind: "error", clientId, orderId, code: 202, text });
    for (const child of this.childrenOf(order)) {
      if (order.filledQuantity === 0) this.finish(child, "cancelled", `${TEXT.cancelled}its parent is cancelled`);
      // What was bought may have been sold again before the entry ended: then there is nothing left to protect.
      else if (this.familyCap(child, order) <= 0) this.finish(child, "cancelled", `${TEXT.cancelled}OCA group is done`);
      else this.shrink(child, order.filledQuantity);
    }
  }

  /** A bracket protects what was bought: when its entry ends short, no child stays larger than that. */
  private shrink(child: ExchangeOrder, quantity: number): void {
    if (child.quantity <= quantity) return;
    const resized = { ...child, quantity };
    this.put(resized);
    this.report({ kind: "opened", order: resized }, { kind: "status", order: resized });
  }

  private put(order: ExchangeOrder): void {
    this.orders.set(keyOf(order), order);
  }

  private report(...reports: readonly ExchangeReport[]): void {
    this.reports.push(...reports);
  }

  private refuse(
    order: { readonly clientId: number; readonly orderId: number },
    code: number,
    text: string,
  ): readonly ExchangeReport[] {
    return [{ kind: "error", clientId: order.clientId, orderId: order.orderId, code, text }];
  }

  private drain(): readonly ExchangeReport[] {
    const reports = this.reports;
    this.reports = [];
    return reports;
  }
}

/** Only an order with a limit may ask for it; a market order or a bare stop would pay whatever a thin book asks. */
function worksOutsideHours(order: Pick<ExchangeOrder, "outsideRth" | "type">): boolean {
  return order.outsideRth && (order.type === "limit" || order.type === "stopLimit");
}

function keyOf(order: { readonly clientId: number; readonly orderId: number }): string {
  return `${order.clientId}:${order.orderId}`;
}
