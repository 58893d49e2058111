import type { RiskLimits } from "#core/risk/risk-view.ts";
import { toUnits } from "#shared/lib/money.ts";
import { hash32 } from "#shared/lib/rng.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import type { Alert } from "#shared/model/alert.ts";
import type { LinkState } from "#shared/model/broker.ts";
import type { Fill, OrderRole } from "#shared/model/order.ts";
import type { Position } from "#shared/model/portfolio.ts";
import type { RiskCode } from "#shared/model/risk.ts";
import type { Effect } from "./effect.ts";
import { type Applied, Ledger } from "./ledger.ts";
import type { MarketStage } from "./market-stage.ts";
import { durabilityOf, type JournalNote, type Note } from "./note.ts";
import { DEADLINES, type EngineOptions, WALL_SECONDS } from "./options.ts";

const ROLE_LETTER: Readonly<Record<OrderRole, string>> = {
  entry: "E",
  stop: "S",
  target: "T",
  exit: "X",
  flatten: "F",
  guardian: "G",
};

/** The broker's word about the account; absent = not reported. Micro-units. */
export type AccountValues = {
  readonly time: Micros;
  readonly netLiquidation?: number;
  readonly cash?: number;
  readonly excessLiquidity?: number;
};

/**
 * What every stage of the engine shares while one event is processed: the time, the durable state, the market, and the
 * effects collected so far. It holds no rule of its own.
 */
export class Context {
  readonly options: EngineOptions;
  readonly ledger: Ledger;
  readonly market: MarketStage;
  time: Micros = 0;
  /** What the event at hand is, for the `cause` of its notes. */
  cause = "start";
  link: LinkState = "down";
  linkSince: Micros = 0;
  linkDetail = "not connected";
  generation = 0;
  /** Generation whose reconciliation is finished; 0 = none. */
  reconciledGeneration = 0;
  isJournalStalled = false;
  readonly farmsDown = new Set<string>();
  /** Holdings whose age has been told. */
  readonly overdueHoldings = new Set<string>();
  accountValues: AccountValues | undefined;
  /** Executions that were told before the account was opened. */
  readonly beforeOpening = new Set<string>();
  readonly denials = new Map<RiskCode, { count: number; lastTime?: Micros }>();
  readonly counters = new Map<string, number>();
  /** When a cancel was last asked for, and on which connection; forgotten when its order has ended. */
  readonly cancelsAsked = new Map<string, { readonly time: Micros; readonly generation: number }>();
  /** When the broker was last asked for a reading, and why it should be asked again as soon as that is allowed. */
  lastReading: Micros = Number.NEGATIVE_INFINITY;
  wantedReading: string | undefined;
  marksNoted: Micros = Number.NEGATIVE_INFINITY;
  private effects: Effect[] = [];
  private sequence = 0;
  private alertSequence = 0;

  constructor(options: EngineOptions, market: MarketStage) {
    const { breakerThreshold, breakerTimeoutSeconds } = options.limits;
    this.options = options;
    this.market = market;
    this.ledger = new Ledger({ threshold: breakerThreshold, timeoutSeconds: breakerTimeoutSeconds });
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  drain(): readonly Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  count(name: string): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + 1);
  }

  /** Values a holding at its newest accepted price; the first one it gets is journalled at once. */
  mark(symbol: string): void {
    const price = this.market.mark(symbol);
    if (price === undefined || this.ledger.portfolio.quantity(symbol) === 0) return;
    if (this.ledger.portfolio.position(symbol)?.mark !== undefined) {
      this.ledger.portfolio.mark(symbol, price, this.time);
    } else this.note({ kind: "STATE", body: { what: "marks", marks: [{ symbol, price, time: this.time }] } });
  }

  /** Journals what the holdings are worth, every five minutes and with each session. */
  noteMarks(): void {
    this.marksNoted = this.time;
    const marks = this.ledger.portfolio.symbols().flatMap((symbol) => {
      const { quantity, mark, markTime } = this.ledger.portfolio.position(symbol) ?? {};
      return !quantity || mark === undefined || markTime === undefined ? [] : [{ symbol, price: mark, time: markTime }];
    });
    if (marks.length > 0) this.note({ kind: "STATE", body: { what: "marks", marks } });
  }

  /** Applies a fact and journals it; publishes what it changed. */
  note(note: Note, intentId?: string): Applied {
    const { openings } = this.ledger.breaker;
    const applied = this.ledger.apply(note, this.time);
    const journalled: JournalNote = {
      ...note,
      time: this.time,
      cause: this.cause,
      durability: durabilityOf(note.kind),
      ...(intentId === undefined ? {} : { intentId }),
    };
    this.emit({ kind: "journal", note: journalled });
    for (const orderRef of applied.orders) this.publishOrder(orderRef);
    const { breaker } = this.ledger;
    if (breaker.openings > openings) {
      this.alert("critical", "BREAKER_OPEN", `${breaker.failures} order failures in a row: only exits pass`);
    }
    return applied;
  }

  /** Wakes the engine at `time`, or at once if that has passed. */
  wakeAt(time: Micros): void {
    this.emit({ kind: "wakeAt", time });
  }

  wakeIn(seconds: number): void {
    this.wakeAt(this.time + seconds * SECOND);
  }

  /** Asks for a complete reading of the broker, at most once in two seconds: what is asked sooner is asked then. */
  askBroker(reason: string): void {
    if (this.link === "down" || this.link === "connecting") return;
    const due = this.lastReading + this.deadline("evidence") * SECOND;
    if (this.time < due) {
      this.wantedReading = reason;
      this.wakeAt(due);
      return;
    }
    this.wantedReading = undefined;
    this.lastReading = this.time;
    this.emit({ kind: "reconcile", reason });
  }

  /** A deadline in seconds of event time, never shorter on the wall than `WALL_SECONDS` says. */
  deadline(name: keyof typeof DEADLINES): number {
    return Math.max(DEADLINES[name], WALL_SECONDS[name] * (this.options.wallSecond ?? 0));
  }

  alert(
    severity: Alert["severity"],
    code: string,
    message: string,
    about: { readonly symbol?: string; readonly orderRef?: string } = {},
  ): void {
    this.alertSequence += 1;
    const alert: Alert = {
      id: `${this.options.run}-${this.alertSequence}`,
      time: this.time,
      severity,
      code,
      message,
      ...about,
    };
    this.note({ kind: "ALERT", body: { alert } });
    this.emit({ kind: "alert", alert });
    this.emit({ kind: "publish", topic: "alerts", key: alert.id, body: alert });
  }

  /** A new order identity: unique for ever through run and sequence, with two digits against mix-ups. */
  mintOrderRef(role: OrderRole): string {
    this.sequence += 1;
    const body = `RT1-${this.options.run}-${this.sequence}-${ROLE_LETTER[role]}`;
    return `${body}${(hash32(body) & 0xff).toString(16).padStart(2, "0")}`;
  }

  mintIntentId(source: string): string {
    this.sequence += 1;
    return `${this.options.run}-${this.sequence}-${source}`;
  }

  /**
   * The configured limits with what was changed since. On an accelerated clock the ages of a signal and of the feed may
   * be as long as one second of the wall, like every deadline: a pause of the machine is no stale market.
   */
  limits(): RiskLimits {
    const { limits, wallSecond } = this.options;
    const { size } = this.ledger.limits;
    if (size === 0 && wallSecond === undefined) return limits;
    const changed = size === 0 ? limits : { ...limits, ...Object.fromEntries(this.ledger.limits) };
    const least = wallSecond ?? 0;
    return {
      ...changed,
      signalExpirySeconds: Math.max(changed.signalExpirySeconds, least),
      stalenessSeconds: Math.max(changed.stalenessSeconds, least),
      feedStalenessSeconds: Math.max(changed.feedStalenessSeconds, least),
    };
  }

  equityUnits(): number {
    return toUnits(this.ledger.portfolio.equity());
  }

  publishOrder(orderRef: string): void {
    const order = this.ledger.orders.get(orderRef);
    if (order === undefined) return;
    this.emit({ kind: "publish", topic: "orders", key: orderRef, body: order });
    // The kill button says what it would do: its numbers follow orders and positions at once.
    this.emit({ kind: "touch", topic: "status", key: "status" });
  }

  publishPosition(symbol: string): void {
    const body = this.position(symbol);
    if (body === undefined) return;
    this.emit({ kind: "publish", topic: "positions", key: symbol, body });
    this.emit({ kind: "touch", topic: "status", key: "status" });
  }

  publishFill(execId: string): void {
    const body = this.fill(execId);
    if (body !== undefined) this.emit({ kind: "publish", topic: "fills", key: execId, body });
  }

  /** A position with the protection that works for it at the broker. */
  position(symbol: string): Position | undefined {
    const position = this.ledger.portfolio.position(symbol);
    if (position === undefined) return undefined;
    const closing = position.quantity > 0 ? "sell" : "buy";
    const stops = this.ledger
      .openOrders()
      .filter((order) => order.symbol === symbol && order.role === "stop" && order.side === closing)
      .filter((order) => isWorking(order.status));
    const covered = stops.reduce((sum, order) => sum + order.quantity - order.filledQuantity, 0);
    const stopPrice = stops[0]?.stopPrice;
    return {
      ...position,
      protectedQuantity: Math.min(Math.abs(position.quantity), covered),
      ...(stopPrice === undefined || position.quantity === 0 ? {} : { stopPrice }),
    };
  }

  fill(execId: string): Fill | undefined {
    const execution = this.ledger.executions.get(execId);
    if (execution === undefined) return undefined;
    const order = this.ledger.orders.get(execution.orderRef);
    const commission = this.ledger.commissionOf(execId);
    return {
      execId,
      orderRef: execution.orderRef,
      symbol: execution.symbol,
      side: execution.side,
      quantity: execution.quantity,
      price: execution.price,
      time: execution.exchangeTime,
      source: order?.source ?? { kind: "foreign" },
      role: order?.role ?? "exit",
      ...(commission === undefined ? {} : { commission }),
    };
  }
}

export function isWorking(status: string): boolean {
  return status === "acked" || status === "partial" || status === "sent" || status === "unknown";
}
