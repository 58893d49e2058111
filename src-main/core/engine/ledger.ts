import {
  applyFill,
  applyFilledAway,
  applyNotPlaced,
  applyNotSent,
  applyReport,
  applyResized,
  applySent,
  applyUnknown,
  type OrderAlarm,
} from "#core/execution/order-lifecycle.ts";
import type { Verdict } from "#core/execution/reconciliation.ts";
import { type BookingOutcome, execIdStem, Portfolio } from "#core/portfolio/portfolio.ts";
import {
  type BreakerLimits,
  type BreakerState,
  breakerFailed,
  breakerProbe,
  breakerReleased,
  breakerSucceeded,
  CLOSED_BREAKER,
} from "#core/risk/circuit-breaker.ts";
import { assert } from "#shared/lib/assert.ts";
import type { Micros6 } from "#shared/lib/money.ts";
import { MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";
import { isTerminal, type Order, signed } from "#shared/model/order.ts";
import type { StateCause } from "#shared/model/risk.ts";
import type { Note, NoteOf, OrderChange, StateChange } from "./note.ts";
import { Orders } from "./orders.ts";
import { type LedgerState, type SessionBook, SNAPSHOT_VERSION } from "./snapshot.ts";

/** What an applied note changed, so that the engine can publish and react. */
export type Applied = {
  readonly orders: readonly string[];
  readonly alarm?: OrderAlarm;
  readonly booking?: BookingOutcome;
};

const NOTHING: Applied = { orders: [] };
const ANSWERED: ReadonlySet<Order["status"]> = new Set<Order["status"]>(["acked", "partial", "filled"]);

export const strategyKey = (strategyId: string, symbol: string): string => `${strategyId}|${symbol}`;
const causeKey = (cause: Pick<StateCause, "code" | "scope">): string => `${cause.code}|${cause.scope}`;

/**
 * The durable state of one account: orders, books, latches, counters. It changes by notes only, and notes are what the
 * journal holds, so that folding the journal rebuilds it exactly.
 */
export class Ledger {
  portfolio = new Portfolio();
  readonly orders = new Orders();
  /** By execId stem order of arrival; the newest correction of each. */
  readonly executions = new Map<string, Execution>();
  private readonly commissions = new Map<string, Micros6>();
  /** Signed shares per `strategy|symbol`; a person's orders belong to `manual`. */
  private readonly strategyPositions = new Map<string, number>();
  readonly causes = new Map<string, StateCause>();
  readonly grants = new Set<string>();
  session: SessionBook = { date: undefined, startEquity: undefined, entries: 0, notional: 0 };
  highWaterEquity: Micros6 | undefined;
  /** Equity at the last re-arm of this session; undefined when there was none. */
  acknowledgedEquity: Micros6 | undefined;
  isArmed = false;
  /** True once the opening balance is set; never again after that. */
  isOpened = false;
  readonly strategies = new Map<string, boolean>();
  readonly limits = new Map<string, number>();
  /** Symbols whose position differs at the broker, and by how much: its shares minus ours. */
  readonly frozen = new Map<string, number>();
  /** execId stems of what happened before the opening balance and is contained in it. */
  private readonly contained = new Set<string>();
  /** Symbols that were held before us, until they are flat: whether they are closed or protected is a person's to say. */
  readonly adopted = new Set<string>();
  /** Times of the opening parents of the last minute. */
  entryTimes: Micros[] = [];
  private likes = new Map<string, Micros>();
  /** The breaker of orders, account-wide. */
  breaker: BreakerState = CLOSED_BREAKER;
  /** When each holding began; absent while flat. */
  readonly heldSince = new Map<string, Micros>();
  private readonly configured: BreakerLimits;

  constructor(breaker: BreakerLimits) {
    this.configured = breaker;
  }

  /** The breaker's limits with what was changed since the start. */
  breakerLimits(): BreakerLimits {
    const { threshold, timeoutSeconds } = this.configured;
    return {
      threshold: this.limits.get("breakerThreshold") ?? threshold,
      timeoutSeconds: this.limits.get("breakerTimeoutSeconds") ?? timeoutSeconds,
    };
  }

  /** Applies one fact. Total: a fact of the past is never refused. */
  apply(note: Note, time: Micros): Applied {
    switch (note.kind) {
      case "INTENT":
        return this.applyIntent(note.body, time);
      case "DENIED":
        return NOTHING;
      case "SENT":
        return this.change(note.body.orderRef, (order) => ({ order: applySent(order, note.body.wireId, time) }));
      case "STATUS":
        return this.applyStatus(note.body, time);
      case "EXECUTION":
        return this.applyExecution(note.body.execution, time);
      case "COMMISSION":
        return this.applyCommission(note.body.execId, note.body.commission);
      case "CANCEL":
        return this.change(note.body.orderRef, (order) => ({
          order: isTerminal(order.status) ? order : { ...order, pendingCancel: true, updatedTime: time },
        }));
      case "GRANT":
        this.grants.add(note.body.symbol === undefined ? note.body.grant : `${note.body.grant}:${note.body.symbol}`);
        return NOTHING;
      case "RECONCILED":
        return this.applyReconciled(note.body, time);
      case "STATE":
        this.applyState(note.body);
        return NOTHING;
      case "COMMAND":
      case "ALERT":
        return NOTHING;
      default:
        this.applySwitch(note, time);
        return NOTHING;
    }
  }

  strategyPosition(strategyId: string, symbol: string): number {
    return this.strategyPositions.get(strategyKey(strategyId, symbol)) ?? 0;
  }

  /** Time of the last request alike, if it is not older than a minute. */
  lastLike(likeness: string): Micros | undefined {
    return this.likes.get(likeness);
  }

  /** Orders that may still fill, oldest first. */
  openOrders(): readonly Order[] {
    return this.orders.open();
  }

  /** What an exit may close, signed: the smaller of our view and the broker's; nothing where the signs differ. */
  closable(symbol: string): number {
    const ours = this.portfolio.quantity(symbol);
    const theirs = ours + (this.frozen.get(symbol) ?? 0);
    return Math.sign(ours) === Math.sign(theirs) ? Math.sign(ours) * Math.min(Math.abs(ours), Math.abs(theirs)) : 0;
  }

  isContained(execId: string): boolean {
    return this.contained.has(execIdStem(execId));
  }

  commissionOf(execId: string): Micros6 | undefined {
    return this.commissions.get(execId);
  }

  toState(): LedgerState {
    return {
      version: SNAPSHOT_VERSION,
      portfolio: this.portfolio.toState(),
      orders: [...this.orders.values()],
      executions: [...this.executions.values()],
      commissions: [...this.commissions],
      strategyPositions: [...this.strategyPositions],
      causes: [...this.causes.values()],
      grants: [...this.grants],
      session: { ...this.session },
      highWaterEquity: this.highWaterEquity,
      acknowledgedEquity: this.acknowledgedEquity,
      isArmed: this.isArmed,
      isOpened: this.isOpened,
      strategies: [...this.strategies],
      limits: [...this.limits],
      frozen: [...this.frozen],
      contained: [...this.contained],
      adopted: [...this.adopted],
      entryTimes: [...this.entryTimes],
      likes: [...this.likes],
      breaker: this.breaker,
      heldSince: [...this.heldSince],
    };
  }

  restore(state: LedgerState): void {
    this.portfolio = Portfolio.fromState(state.portfolio);
    this.orders.restore(state.orders);
    fill(
      this.executions,
      state.executions.map((execution) => [execution.execId, execution] as const),
    );
    fill(this.commissions, state.commissions);
    fill(this.strategyPositions, state.strategyPositions);
    fill(
      this.causes,
      state.causes.map((cause) => [causeKey(cause), cause] as const),
    );
    fill(this.strategies, state.strategies);
    fill(this.limits, state.limits);
    for (const grant of state.grants) this.grants.add(grant);
    for (const stem of state.contained) this.contained.add(stem);
    for (const symbol of state.adopted) this.adopted.add(symbol);
    fill(this.frozen, state.frozen);
    this.session = { ...state.session };
    this.highWaterEquity = state.highWaterEquity;
    this.acknowledgedEquity = state.acknowledgedEquity;
    this.isArmed = state.isArmed;
    this.isOpened = state.isOpened;
    this.entryTimes = [...state.entryTimes];
    this.likes = new Map(state.likes);
    this.breaker = state.breaker;
    fill(this.heldSince, state.heldSince);
  }

  private applyIntent(body: NoteOf<"INTENT">["body"], time: Micros): Applied {
    for (const order of body.orders) {
      assert(!this.orders.has(order.orderRef), `orderRef ${order.orderRef} is new`);
      this.orders.put(order);
    }
    for (const [likeness, since] of this.likes) if (since < time - MINUTE) this.likes.delete(likeness);
    this.likes.set(body.likeness, time);
    if (body.isOpening) {
      this.entryTimes = [...this.entryTimes.filter((entry) => entry > time - MINUTE), time];
      this.session.entries += 1;
      this.session.notional += body.notional;
      const [entry] = body.orders;
      if (entry !== undefined) this.breaker = breakerProbe(this.breaker, this.breakerLimits(), entry.orderRef, time);
    }
    return { orders: body.orders.map((order) => order.orderRef) };
  }

  private applyStatus(change: OrderChange, time: Micros): Applied {
    switch (change.what) {
      case "report":
        return this.change(change.report.orderRef, (order) => applyReport(order, change.report, time));
      case "notSent":
        return this.change(change.orderRef, (order) => ({
          order: applyNotSent(order, change.status, change.text, time),
        }));
      case "unknown":
        if (change.isSilence === true) this.breaker = breakerFailed(this.breaker, this.breakerLimits(), time);
        return this.change(change.orderRef, (order) => ({ order: applyUnknown(order, change.text, time) }));
      case "notPlaced":
        return this.change(change.orderRef, (order) => ({ order: applyNotPlaced(order, change.text, time) }));
    }
  }

  private applyExecution(execution: Execution, time: Micros): Applied {
    const booking = this.portfolio.book(execution);
    if (booking === "duplicate") return { orders: [], booking };
    const replaced = booking === "corrected" ? this.forgetStem(execution) : 0;
    this.executions.set(execution.execId, execution);
    this.watchHolding(execution.symbol, time);
    const early = this.commissions.get(execution.execId);
    if (early !== undefined) this.portfolio.commission(execution.symbol, execution.execId, early);
    // A correction changes the books; the order's own count keeps what it first heard, and the alarm says so.
    const order = this.orders.get(execution.orderRef);
    if (booking === "corrected") {
      if (order !== undefined) this.addToOwner(order, execution, signed(execution.side, execution.quantity) - replaced);
      return { orders: [], booking, alarm: "impossibleReport" };
    }
    if (order === undefined) return { orders: [], booking };
    this.addToOwner(order, execution, signed(execution.side, execution.quantity));
    const changed = this.change(execution.orderRef, (known) =>
      applyFill(known, execution.quantity, execution.price, time),
    );
    return { ...changed, booking };
  }

  private addToOwner(order: Order, { symbol }: Execution, quantity: number): void {
    const key = strategyKey(ownerOf(order), symbol);
    this.strategyPositions.set(key, (this.strategyPositions.get(key) ?? 0) + quantity);
  }

  /** Removes what a correction replaces; returns its signed shares. */
  private forgetStem({ execId }: Execution): number {
    const stem = execIdStem(execId);
    for (const [id, known] of this.executions) {
      if (id === execId || execIdStem(id) !== stem) continue;
      this.executions.delete(id);
      return signed(known.side, known.quantity);
    }
    return 0;
  }

  private applyCommission(execId: string, commission: Micros6): Applied {
    this.commissions.set(execId, commission);
    const execution = this.executions.get(execId);
    if (execution !== undefined) this.portfolio.commission(execution.symbol, execId, commission);
    return NOTHING;
  }

  private applyReconciled(body: NoteOf<"RECONCILED">["body"], time: Micros): Applied {
    if (body.opening !== undefined && !this.isOpened) {
      this.portfolio.open(body.opening.cash);
      for (const { symbol, quantity, averageCost } of body.opening.positions) {
        this.portfolio.adopt(symbol, quantity, averageCost);
        this.strategyPositions.set(strategyKey("manual", symbol), quantity);
        this.adopted.add(symbol);
        this.watchHolding(symbol, time);
      }
      for (const execId of body.opening.executions ?? []) this.contained.add(execIdStem(execId));
      this.isOpened = true;
    }
    fill(
      this.frozen,
      body.differences.map(({ symbol, local, broker }) => [symbol, broker - local] as const),
    );
    const orders = body.verdicts.flatMap((verdict) => this.applyVerdict(verdict, time).orders);
    return { orders };
  }

  private applyVerdict(verdict: Verdict, time: Micros): Applied {
    const { orderRef, text, permId } = verdict;
    const evidence = permId === undefined ? { orderRef, text } : { orderRef, text, permId };
    switch (verdict.kind) {
      case "matched":
        return this.change(orderRef, (order) => applyReport(order, { ...evidence, kind: "acknowledged" }, time));
      case "cancelledAway":
        return this.change(orderRef, (order) => applyReport(order, { ...evidence, kind: "cancelled" }, time));
      case "rejectedAway":
        return this.change(orderRef, (order) => ({
          order: isTerminal(order.status) ? order : { ...order, status: "rejected", message: text, updatedTime: time },
        }));
      case "filledAway":
        return this.change(orderRef, (order) => ({ order: applyFilledAway(order, verdict.filledQuantity ?? 0, time) }));
      case "absent":
        return NOTHING;
    }
  }

  private applyState(change: StateChange): void {
    switch (change.what) {
      case "cause":
        this.causes.set(causeKey(change.cause), change.cause);
        return;
      case "clear":
        this.causes.delete(causeKey(change));
        return;
      case "session":
        this.session = { date: change.date, startEquity: change.startEquity, entries: 0, notional: 0 };
        this.highWaterEquity = change.highWaterEquity;
        this.acknowledgedEquity = undefined;
        return;
      case "highWater":
        this.highWaterEquity = change.highWaterEquity;
        return;
      case "marks":
        for (const mark of change.marks) this.value(mark);
    }
  }

  /** The first mark of an adopted holding is news of what it was worth all along, no gain or loss of the day. */
  private value({ symbol, price, time }: { readonly symbol: string; readonly price: number; readonly time: Micros }) {
    const { portfolio, session } = this;
    const isFirst = portfolio.position(symbol)?.mark === undefined;
    const before = portfolio.equity();
    portfolio.noteMark(symbol, { price, time });
    if (!isFirst) return;
    const found = portfolio.equity() - before;
    if (session.startEquity !== undefined) this.session = { ...session, startEquity: session.startEquity + found };
    if (this.highWaterEquity !== undefined) this.highWaterEquity += found;
  }

  private applySwitch(
    note: NoteOf<"KILL"> | NoteOf<"ARM"> | NoteOf<"DISARM"> | NoteOf<"STRATEGY"> | NoteOf<"LIMIT_CHANGE">,
    time: Micros,
  ): void {
    switch (note.kind) {
      case "KILL": {
        const known = this.causes.get("KILL|account");
        const cause: StateCause = {
          code: "KILL",
          scope: "account",
          severity: "KILLED",
          since: known?.since ?? time,
          detail: `${note.body.mode} by ${note.body.origin.who} (${note.body.origin.from}): ${note.body.reason}`,
          clears: "re-arm with phrase and reason",
        };
        this.causes.set("KILL|account", cause);
        return;
      }
      case "ARM":
        if (note.body.what === "rearm") {
          for (const key of [...this.causes.keys()]) if (isKilling(this.causes.get(key))) this.causes.delete(key);
          this.grants.clear();
          this.isArmed = false;
          this.acknowledgedEquity = note.body.equity;
        } else this.isArmed = true;
        return;
      case "DISARM":
        this.isArmed = false;
        return;
      case "STRATEGY":
        this.strategies.set(note.body.strategyId, note.body.enabled);
        return;
      case "LIMIT_CHANGE":
        this.limits.set(note.body.key, note.body.to);
    }
  }

  /** Applies a transition to one order; reports about orders we do not know change nothing. */
  private change(
    orderRef: string,
    transition: (order: Order) => { readonly order: Order; readonly alarm?: OrderAlarm },
  ): Applied {
    const before = this.orders.get(orderRef);
    if (before === undefined) return NOTHING;
    const { order, alarm } = transition(before);
    this.orders.put(order);
    this.judgeCall(before, order);
    // A late fill of an entry that has ended makes its children grow with it.
    const hasChanged = !isTerminal(before.status) || order.filledQuantity !== before.filledQuantity;
    const resized = isTerminal(order.status) && hasChanged ? this.resizeChildren(order) : [];
    return { orders: [orderRef, ...resized], ...(alarm === undefined ? {} : { alarm }) };
  }

  /** The broker's answer to what was sent is what the breaker counts; a bracket's children answer with their entry. */
  private judgeCall(before: Order, after: Order): void {
    if (before.parentRef !== undefined || before.status === after.status) return;
    const time = after.updatedTime;
    const isAnswer = before.status === "sent" || before.status === "unknown";
    if (after.status === "rejected" && isAnswer) {
      this.breaker = breakerFailed(this.breaker, this.breakerLimits(), time);
    } else if (isAnswer && ANSWERED.has(after.status)) {
      this.breaker = breakerSucceeded(this.breaker, time);
    } else if (isTerminal(after.status) && this.breaker.probe === after.orderRef) {
      this.breaker = breakerReleased(this.breaker);
    }
  }

  private watchHolding(symbol: string, time: Micros): void {
    if (this.portfolio.quantity(symbol) === 0) {
      this.heldSince.delete(symbol);
      this.adopted.delete(symbol);
    } else if (!this.heldSince.has(symbol)) this.heldSince.set(symbol, time);
  }

  /** A bracket protects what was bought: when its entry ends short, its children have that size. */
  private resizeChildren(parent: Order): readonly string[] {
    if (parent.filledQuantity >= parent.quantity || parent.filledQuantity === 0) return [];
    const open = this.orders.childrenOf(parent.orderRef).filter(({ status }) => !isTerminal(status));
    for (const child of open) this.orders.put(applyResized(child, parent.filledQuantity, parent.updatedTime));
    return open.map(({ orderRef }) => orderRef);
  }
}

/** Whose position an order changes: a bracket's children belong to the strategy of their entry. */
export function ownerOf(order: Order): string {
  return order.source.kind === "strategy" ? order.source.strategyId : "manual";
}

function isKilling(cause: StateCause | undefined): boolean {
  return cause !== undefined && (cause.severity === "KILLED" || cause.code === "DRAWDOWN");
}

function fill<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
