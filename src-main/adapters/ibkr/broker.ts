import {
  type CommissionReport,
  type Contract,
  EventName,
  type Order,
  type OrderState,
  type Execution as WireExecution,
} from "@stoqey/ib";
import type { EngineEvent } from "#core/engine/event.ts";
import type { ApprovedOrder } from "#core/risk/risk-engine.ts";
import type { Broker, ConnectionView, EventSink } from "#runtime/ports.ts";
import { assert } from "#shared/lib/assert.ts";
import { createRng } from "#shared/lib/rng.ts";
import { MILLISECOND, SECOND } from "#shared/lib/time.ts";
import type { LinkState } from "#shared/model/broker.ts";
import { AccountValues } from "./account-values.ts";
import { contractOf } from "./contracts.ts";
import { DecodeComplaints } from "./decode-complaints.ts";
import { classOf, farmOf } from "./error-codes.ts";
import { HandOver, ROLES, type Role } from "./hand-over.ts";
import type { IbkrOptions } from "./ibkr-options.ts";
import { MarketData, type Pending } from "./market-data.ts";
import { OrderBook } from "./order-book.ts";
import { OrderIds } from "./order-ids.ts";
import { amountOf, encodeOrder, executionOf } from "./orders.ts";
import { Governor, type Lane } from "./pacing.ts";
import { Reading } from "./reading.ts";
import { type SafeListen, Session } from "./session.ts";

/** Request ids lie far above order ids: an order's reject must never kill a data stream of the same number. */
const FIRST_REQUEST_ID = 1_000_000_000;
const ORDER_PATIENCE = 250 * MILLISECOND;
const READING_STEP_MS = 15_000;
/** Below it the library reads completed orders wrongly: what became of an order could not be told. */
const LOWEST_TRADING_VERSION = 177;

/** Interactive Brokers behind the `Broker` port: three connections, one governor, one order of events. */
export function createIbkrBroker(options: IbkrOptions): Broker {
  return new IbkrBroker(options);
}

class IbkrBroker implements Broker {
  private readonly options: IbkrOptions;
  private readonly sessions: Readonly<Record<Role, Session>>;
  private readonly governor: Governor;
  private readonly market: MarketData;
  private readonly reading: Reading;
  private readonly book = new OrderBook();
  private link: LinkState = "down";
  private linkDetail = "not started";
  private generation = 0;
  private requestId = FIRST_REQUEST_ID;
  private readonly orderIds: OrderIds;
  private readonly handOver: HandOver;
  private readonly account: AccountValues;
  private readonly complaints: Readonly<Record<Role, DecodeComplaints>>;
  /** 1100 was heard, and neither 1101 nor 1102 since. */
  private isBrokerLost = false;
  private readonly late = new Set<Role>();
  private readonly counts: Record<string, number> = { decodeComplaints: 0, errors: 0 };

  constructor(options: IbkrOptions) {
    this.options = options;
    const rng = createRng(options.seed);
    this.orderIds = new OrderIds(options.allocateOrderIds);
    this.handOver = new HandOver({
      clock: options.clock,
      lockStep: options.lockStep,
      isReady: (role) => this.sessions[role].state === "ready",
      answer: (role) => this.sessions[role].api?.reqCurrentTime(),
      onFatal: options.onFatal,
    });
    this.governor = new Governor(options.clock, options.timers);
    const toMarket = (event: Pending): void => this.emit("market", event);
    this.account = new AccountValues(() => this.accountId, toMarket);
    const complaints = () => new DecodeComplaints();
    this.complaints = { orders: complaints(), market: complaints(), history: complaints() };
    this.market = new MarketData({
      market: () => this.sessions.market.api,
      history: () => this.sessions.history.api,
      send: (lane, work) => this.send(lane, work),
      nextRequestId: () => this.nextRequestId(),
      minuteDays: options.minuteDays,
      emitMarket: toMarket,
      emitHistory: (event) => this.emit("history", event),
      onGivenUp: () => this.handOver.soon(),
    });
    this.reading = new Reading({
      send: (work) => this.send(3, work),
      now: () => options.clock.now(),
      nextRequestId: () => this.nextRequestId(),
      orders: () => this.sessions.orders.api,
      account: () => this.sessions.market.api,
      accountId: () => this.accountId,
      onDone: (snapshot) => {
        const { generation } = this;
        this.account.tell();
        this.emit("market", (time) => ({ kind: "brokerSnapshot", time, snapshot: { ...snapshot, generation } }));
      },
      log: options.log,
      onStuck: (connection, reason) => this.sessions[connection === "account" ? "market" : "orders"].lose(reason),
      stepMs: READING_STEP_MS,
    });
    const session = (role: Role, index: number): Session =>
      new Session({
        role,
        host: options.host,
        port: options.port,
        clientId: options.clientIdBase + index,
        rng: rng.fork(role),
        guardAccount: options.guardAccount,
        clock: options.clock,
        wallMs: options.wallMs,
        isLockStep: options.lockStep !== undefined,
        log: options.log,
        listen: (_api, listen) => this.listen(role, listen),
        onReady: () => this.onReady(role),
        onLate: (isLate) => this.onLate(role, isLate),
        onLost: (reason) => this.onLost(role, reason),
        afterFrames: () => this.afterFrames(),
      });
    this.sessions = { orders: session("orders", 0), market: session("market", 1), history: session("history", 2) };
  }

  async start(sink: EventSink): Promise<void> {
    this.handOver.sink = sink;
    this.setLink("connecting", "connecting");
    for (const role of ROLES) this.sessions[role].start();
  }

  async stop(): Promise<void> {
    this.reading.abort();
    this.market.reset();
    for (const role of ROLES) this.sessions[role].stop();
    this.governor.failAll("stopped");
  }

  watch(symbols: readonly string[]): void {
    this.market.watch(symbols);
    if (this.link === "syncing" || this.link === "live") this.market.restore();
  }

  restore(known: Parameters<Broker["restore"]>[0]): void {
    for (const { orderRef, wireId, permId } of known) this.book.bind(orderRef, { wireId, permId });
  }

  async submit(orders: readonly ApprovedOrder[]): Promise<readonly EngineEvent[]> {
    const refusal = this.refusalOf(orders);
    if (refusal !== undefined) return this.notSent(orders, refusal.code, refusal.detail);
    const { generation } = this;
    const clientId = this.options.clientIdBase;
    const atLeast = Math.max(this.sessions.orders.nextValidId, this.book.highestWireId + 1);
    const first = await this.orderIds.take(clientId, atLeast, orders.length);
    let outcome: readonly EngineEvent[] | undefined;
    let isLater = false;
    const settle = (events: readonly EngineEvent[]): void => {
      if (!isLater) outcome = events;
      else for (const event of events) this.emit("orders", (time) => ({ ...event, time }));
    };
    const lane: Lane = orders[0]?.role === "entry" ? 2 : 1;
    this.governor.run(lane, {
      count: orders.length,
      patience: ORDER_PATIENCE,
      send: () => settle(this.write(orders, first, generation)),
      deny: (reason) => settle(this.notSent(orders, "MSG_THROTTLE", reason)),
    });
    isLater = true;
    return outcome ?? [];
  }

  async cancel(orderRef: string): Promise<readonly EngineEvent[]> {
    const wireId = this.book.wireIdOf(orderRef);
    if (wireId !== undefined) this.send(0, () => this.sessions.orders.api?.cancelOrder(wireId));
    return [];
  }

  async cancelAll(): Promise<readonly EngineEvent[]> {
    this.send(0, () => this.sessions.orders.api?.reqGlobalCancel());
    return [];
  }

  reconcile(): void {
    if (this.sessions.orders.api === undefined || this.sessions.market.api === undefined) return;
    this.reading.start();
  }

  confirmReconciled(generation: number): void {
    if (generation !== this.generation || this.link !== "syncing") return;
    this.setLink("live", "reconciled");
    this.handOver.soon();
  }

  connections(): readonly ConnectionView[] {
    return ROLES.map((role, index) => {
      const { state, since, detail, serverVersion, nextAttemptAt } = this.sessions[role];
      return {
        role,
        state: state === "ready" ? this.link : state,
        since: Math.round(since * MILLISECOND),
        generation: this.generation,
        clientId: this.options.clientIdBase + index,
        detail: state === "ready" ? this.linkDetail : detail,
        ...(serverVersion === undefined ? {} : { serverVersion }),
        ...(nextAttemptAt === undefined ? {} : { nextAttempt: Math.round(nextAttemptAt * MILLISECOND) }),
      };
    });
  }

  counters(): Readonly<Record<string, number>> {
    const frames = ROLES.map((role) => this.sessions[role].counters);
    return {
      ...this.counts,
      messagesLastSecond: this.governor.rate(),
      governorQueue: this.governor.depth(),
      linesInUse: this.market.lineCount,
      subscriptions: this.market.subscriptions,
      framesIn: frames.reduce((sum, counters) => sum + (counters?.framesIn ?? 0), 0),
      framesOut: frames.reduce((sum, counters) => sum + (counters?.framesOut ?? 0), 0),
      generation: this.generation,
      attempts: ROLES.reduce((sum, role) => sum + this.sessions[role].attempt, 0),
    };
  }

  private get accountId(): string {
    return this.options.accountId ?? this.sessions.orders.accounts[0] ?? "";
  }

  private nextRequestId(): number {
    this.requestId += 1;
    return this.requestId;
  }

  private send(lane: Lane, work: () => void): void {
    this.governor.run(lane, { send: work });
  }

  /** Why these orders must not leave now; nothing is ever kept for later. */
  private refusalOf(orders: readonly ApprovedOrder[]): { readonly code: string; readonly detail: string } | undefined {
    const { api, detail, serverVersion = 0 } = this.sessions.orders;
    if (api === undefined) return { code: "NotConnected", detail };
    if (serverVersion < LOWEST_TRADING_VERSION) {
      return { code: "VIEW_ONLY", detail: `server version ${serverVersion} is too old to trade with: update TWS` };
    }
    const isEntry = orders.some((order) => order.role === "entry");
    if (this.link !== "live" && (isEntry || this.link !== "degraded")) {
      return { code: "UNRECONCILED", detail: `the link is ${this.link}` };
    }
    return undefined;
  }

  private notSent(orders: readonly ApprovedOrder[], code: string, detail: string): readonly EngineEvent[] {
    const time = this.options.clock.now();
    return orders.map(({ orderRef }) => ({ kind: "orderNotSent", time, orderRef, code, detail }));
  }

  /** The last point before the wire: link, generation and expiry are looked at once more. */
  private write(orders: readonly ApprovedOrder[], firstId: number, generation: number): readonly EngineEvent[] {
    const api = this.sessions.orders.api;
    const now = this.options.clock.now();
    if (api === undefined || generation !== this.generation) return this.notSent(orders, "NotConnected", "no link");
    const refusal = this.refusalOf(orders);
    if (refusal !== undefined) return this.notSent(orders, refusal.code, refusal.detail);
    if (orders.some((order) => order.expiresAt < now)) {
      return this.notSent(orders, "INTENT_EXPIRED", "the intent expired before its bytes could leave");
    }
    const account = this.accountId;
    assert(account !== "", "an account is known when ready");
    const ids = new Map(orders.map(({ orderRef }, index) => [orderRef, firstId + index] as const));
    const idOf = (orderRef: string | undefined): number =>
      orderRef === undefined ? 0 : (ids.get(orderRef) ?? this.book.wireIdOf(orderRef) ?? 0);
    // All are encoded before the first is written: a family that breaks in the middle leaves its parent behind.
    const encoded = orders.map((order, index) => {
      const wireId = idOf(order.orderRef);
      assert(wireId < FIRST_REQUEST_ID, "order ids lie below request ids");
      const transmit = index === orders.length - 1;
      return { order, wireId, wire: encodeOrder(order, { parentId: idOf(order.parentRef), transmit, account }) };
    });
    return encoded.map(({ order, wireId, wire }) => {
      this.book.bind(order.orderRef, { wireId });
      api.placeOrder(wireId, contractOf(order.symbol), wire);
      return { kind: "orderSent", time: now, orderRef: order.orderRef, wireId, generation };
    });
  }

  private onReady(ready: Role): void {
    // A clock that follows the broker's must know the time before anything is stamped with it.
    if (this.options.onBrokerTime !== undefined) this.sessions[ready].api?.reqCurrentTime();
    if (ROLES.some((role) => this.sessions[role].state !== "ready")) return;
    this.generation += 1;
    this.isBrokerLost = false;
    this.account.restart();
    this.setLink("syncing", "reading orders, executions and positions");
    this.send(3, () => this.sessions.market.api?.reqAccountUpdates(true, this.accountId));
    this.market.restore();
    this.handOver.soon();
  }

  private onLost(role: Role, reason: string): void {
    this.governor.failAll(reason);
    this.reading.abort();
    this.market.reset(role);
    this.late.delete(role);
    const isRefused = this.sessions[role].state === "refused";
    this.setLink("down", isRefused ? `refused: ${reason}` : `${role}: ${reason}`);
    this.handOver.soon();
    this.handOver.forget(role);
  }

  /** The link may be gone: what is being read may be old, and nothing opens until the broker was read again. */
  private degrade(detail: string): void {
    this.reading.outdate();
    if (this.link === "live" || this.link === "syncing") this.setLink("degraded", detail);
  }

  private readAgain(detail: string): void {
    this.isBrokerLost = false;
    this.reading.outdate();
    this.setLink("syncing", detail);
  }

  /** A connection that does not answer its heartbeat in time, or answers again. */
  private onLate(role: Role, isLate: boolean): void {
    if (isLate) {
      this.late.add(role);
      this.degrade(`${role}: no answer to the heartbeat`);
    } else {
      this.late.delete(role);
      if (this.late.size === 0 && this.link === "degraded" && !this.isBrokerLost) {
        this.readAgain(`${role}: the heartbeat is answered again`);
      }
    }
    this.handOver.soon();
  }

  private setLink(state: LinkState, detail: string): void {
    this.link = state;
    this.linkDetail = detail;
    const { generation } = this;
    this.emit("orders", (time) => ({ kind: "link", time, state, generation, detail }));
  }

  private listen(role: Role, listen: SafeListen): void {
    listen(EventName.currentTime, (time: number) => this.onCurrentTime(role, time));
    listen(EventName.info, (message: string, code: number) => this.onInfo(role, message, code));
    listen(EventName.error, (error: Error, code: number, id: number) => this.onError(role, error.message, code, id));
    if (role === "orders") {
      this.reading.listenToOrders(listen);
      this.listenToOrders(listen);
    } else if (role === "market") {
      this.reading.listenToAccount(listen);
      this.market.listenToMarket(listen);
      this.account.listen(listen);
    } else this.market.listenToHistory(listen);
  }

  private listenToOrders(listen: SafeListen): void {
    listen(EventName.openOrder, (orderId: number, _contract: Contract, order: Order, state: OrderState) => {
      const orderRef = order.orderRef ?? "";
      this.book.see(orderId);
      if (orderRef === "" || order.whatIf === true) return;
      // Other clients count their own ids: only the broker's number tells their orders.
      const wireId = order.clientId === this.options.clientIdBase ? orderId : undefined;
      this.book.bind(orderRef, { wireId, permId: order.permId });
      if (wireId !== undefined) this.report(this.book.onStatus(orderRef, String(state.status), order.permId));
    });
    listen(EventName.orderStatus, (orderId: number, status: string, ...rest: number[]) => {
      const [, , , permId, , , clientId] = rest;
      const wireId = clientId === this.options.clientIdBase ? orderId : undefined;
      const orderRef = this.book.refOf({ permId, wireId });
      if (orderRef !== undefined && wireId !== undefined) this.report(this.book.onStatus(orderRef, status, permId));
    });
    listen(EventName.execDetails, (_request: number, contract: Contract, wire: WireExecution) => {
      if (wire.acctNumber !== this.accountId) return;
      const execution = executionOf(contract, wire);
      if (execution === undefined) {
        this.options.log(`an execution could not be read: ${JSON.stringify(wire)}`);
        this.counts.decodeComplaints = (this.counts.decodeComplaints ?? 0) + 1;
        return;
      }
      this.reading.noteExecution(execution);
      this.emit("orders", (time) => ({ kind: "execution", time, execution }));
    });
    listen(EventName.commissionReport, ({ execId, commission }: CommissionReport) => {
      const amount = amountOf(commission);
      if (execId === undefined || amount === undefined) return;
      this.emit("orders", (time) => ({ kind: "commission", time, execId, commission: amount }));
    });
  }

  private report(report: ReturnType<OrderBook["onStatus"]>): void {
    if (report !== undefined) this.emit("orders", (time) => ({ kind: "orderReport", time, report }));
  }

  /** Every connection is told of the broker's own link: one of them is listened to, so that the words of the loss and of the return keep their order. */
  private onInfo(role: Role, message: string, code: number): void {
    switch (classOf(code, message)) {
      case "linkLost":
        if (role !== "orders") return;
        this.isBrokerLost = true;
        return this.degrade(`${code}: ${message}`);
      case "linkRestoredDataLost":
        if (role !== "orders") return;
        this.readAgain(`${code}: ${message}`);
        return this.market.restore();
      case "linkRestoredDataKept":
        if (role !== "orders") return;
        this.readAgain(`${code}: ${message}`);
        return this.market.restoreBars();
      case "farmDown":
      case "farmUp": {
        const isUp = classOf(code, message) === "farmUp";
        return this.emit("market", (time) => ({ kind: "farm", time, name: farmOf(message), isUp }));
      }
      case "codec":
        this.counts.decodeComplaints = (this.counts.decodeComplaints ?? 0) + 1;
        this.options.log(`decode complaint: ${message}`);
        if (this.complaints[role].note(message, this.options.clock.now()))
          this.sessions[role].lose(`the stream cannot be trusted: ${message}`);
        return;
      case "rate":
        this.governor.slowDown();
        return this.options.log(`the server says that we send too fast: ${message}`);
      default:
    }
  }

  private onError(role: Role, message: string, code: number, id: number): void {
    this.counts.errors = (this.counts.errors ?? 0) + 1;
    if (id >= FIRST_REQUEST_ID) {
      this.market.onError(id, code, message);
      return;
    }
    const orderRef = this.book.refOf({ wireId: id });
    if (orderRef === undefined) return this.onInfo(role, message, code);
    this.report(this.book.onError(orderRef, code, message, classOf(code, message)));
  }

  private onCurrentTime(role: Role, time: number): void {
    this.sessions[role].beatAnswered();
    if (this.options.lockStep === undefined) return this.options.onBrokerTime?.(time * SECOND);
    this.handOver.mark(role, time);
  }

  private emit(role: Role, event: Pending): void {
    this.handOver.emit(role, event);
  }

  private afterFrames(): void {
    this.market.flushQuotes();
    this.account.tellIfComplete();
    this.handOver.afterFrames();
  }
}
