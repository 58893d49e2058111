import { CONTROLS } from "#core/risk/checks.ts";
import { type ApprovedOrder, decide, type RiskDecision } from "#core/risk/risk-engine.ts";
import type { RiskView } from "#core/risk/risk-view.ts";
import { roundToMicros } from "#shared/lib/money.ts";
import { HOUR, SECOND } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";
import { isTerminal, type Order, type OrderRequest, type OrderSource } from "#shared/model/order.ts";
import type { Decision, RiskFailure, StateCause } from "#shared/model/risk.ts";
import type { Context } from "./context.ts";
import type { EventOf } from "./event.ts";
import type { OrderChange } from "./note.ts";
import { riskView, watchLosses } from "./risk-stage.ts";

export type Submission = {
  readonly isAccepted: boolean;
  readonly orderRefs: readonly string[];
  readonly failures: readonly RiskFailure[];
  readonly decision: Decision;
};

export function sourceText(source: OrderSource): string {
  switch (source.kind) {
    case "strategy":
      return source.strategyId;
    case "manual":
      return `manual: ${source.who}`;
    case "system":
      return `system: ${source.why}`;
    case "foreign":
      return "foreign";
  }
}

/** Two requests with one likeness within two seconds are one wish sent twice (control DUPLICATE). */
function likenessOf(request: OrderRequest): string {
  const { symbol, side, quantity, type, limitPrice, stopPrice, role } = request;
  return [sourceText(request.source), symbol, side, quantity, role, type, limitPrice ?? "", stopPrice ?? ""].join("|");
}

/**
 * Asks the gate, journals its answer, and sends what it approved. Reservation happens here, inside the one event at hand:
 * the next request already sees this one as working.
 */
export function submitRequest(
  context: Context,
  request: OrderRequest,
  saw: Readonly<Record<string, number | string>> = {},
): Submission {
  const likeness = likenessOf(request);
  const view = riskView(context, request, likeness);
  const outcome = decide(request, view, (role) => context.mintOrderRef(role));
  const decision = decisionOf(outcome, view, context, saw);
  if (outcome.kind === "approved") return accept(context, outcome, decision, likeness);
  return deny(context, outcome.failures, decision, likeness);
}

function deny(context: Context, failures: readonly RiskFailure[], decision: Decision, likeness: string): Submission {
  for (const { code } of failures) {
    const known = context.denials.get(code);
    context.denials.set(code, { count: (known?.count ?? 0) + 1, lastTime: context.time });
  }
  context.note({ kind: "DENIED", body: { decision, likeness } }, decision.intentId);
  publishDecision(context, decision);
  return { isAccepted: false, orderRefs: [], failures, decision };
}

/**
 * Asks the gate about an exit before the stops are cancelled for it: what it would refuse then is refused now, and the stops
 * stay. The session must last until the cancels are answered and the exit is filled.
 */
export function refusedBeforehand(context: Context, request: OrderRequest): readonly RiskFailure[] {
  const { outcome, decision } = previewRequest(context, request, true);
  const failures = outcome.kind === "denied" ? [...outcome.failures] : [];
  const session = context.market.sessionAt(context.time);
  const left = session === undefined ? 0 : (session.close - context.time) / SECOND;
  const needed = context.deadline("cancel") + context.deadline("exit");
  if (session !== undefined && left < needed) {
    const detail = "the session ends before the stops could be cancelled and the exit filled";
    failures.push({ code: "SESSION", detail, allowed: needed, requested: left, headroom: left - needed });
  }
  if (failures.length > 0) deny(context, failures, { ...decision, verdict: "denied", orderRefs: [], failures }, "");
  return failures;
}

/**
 * The gate's answer without any consequence, for the ticket's preview. An exit that cancels the stops first is judged as
 * the gate will judge it then: with nothing left that closes.
 */
export function previewRequest(
  context: Context,
  request: OrderRequest,
  isAfterCancels: boolean,
): { outcome: RiskDecision; view: RiskView; decision: Decision } {
  const now = riskView(context, request, likenessOf(request));
  const view = isAfterCancels ? { ...now, workingClose: 0 } : now;
  const outcome = decide(request, view, () => "preview");
  return { outcome, view, decision: decisionOf(outcome, view, context, {}) };
}

function accept(
  context: Context,
  outcome: RiskDecision & { readonly kind: "approved" },
  decision: Decision,
  likeness: string,
): Submission {
  const { request, isOpening, orders: approved } = outcome;
  const orders = approved.map((order) => newOrder(order, request, context.time));
  const price = request.limitPrice ?? request.stopPrice ?? 0;
  const notional = isOpening ? roundToMicros(price * request.quantity) : 0;
  context.note({ kind: "INTENT", body: { decision, orders, isOpening, notional, likeness } }, request.intentId);
  context.emit({ kind: "submit", orders: approved });
  context.wakeIn(context.deadline("acknowledgement"));
  publishDecision(context, decision);
  return { isAccepted: true, orderRefs: decision.orderRefs, failures: [], decision };
}

function publishDecision(context: Context, decision: Decision): void {
  context.count(decision.verdict === "approved" ? "decisionsApproved" : "decisionsDenied");
  context.emit({ kind: "publish", topic: "decisions", key: decision.intentId, body: decision });
}

function newOrder(approved: ApprovedOrder, request: OrderRequest, time: number): Order {
  const { orderRef, intentId, role, parentRef, symbol, side, quantity, type, timeInForce, outsideRth } = approved;
  return {
    orderRef,
    intentId,
    role,
    symbol,
    side,
    quantity,
    type,
    timeInForce,
    outsideRth,
    source: request.source,
    reason: request.reason,
    status: "intent",
    filledQuantity: 0,
    pendingCancel: false,
    createdTime: time,
    updatedTime: time,
    ...(parentRef === undefined ? {} : { parentRef }),
    ...(approved.limitPrice === undefined ? {} : { limitPrice: approved.limitPrice }),
    ...(approved.stopPrice === undefined ? {} : { stopPrice: approved.stopPrice }),
  };
}

function decisionOf(
  outcome: RiskDecision,
  view: RiskView,
  context: Context,
  saw: Readonly<Record<string, number | string>>,
): Decision {
  const { request } = outcome;
  const { bid, ask, last } = view.market;
  return {
    intentId: request.intentId,
    time: context.time,
    verdict: outcome.kind,
    symbol: request.symbol,
    side: request.side,
    quantity: request.quantity,
    role: request.role,
    source: sourceText(request.source),
    reason: request.reason,
    orderRefs: outcome.kind === "approved" ? outcome.orders.map((order) => order.orderRef) : [],
    failures: outcome.kind === "denied" ? [...outcome.failures] : [],
    controls: CONTROLS.length,
    saw: {
      position: view.position,
      equity: view.equity,
      tradingState: view.tradingState,
      ...(bid === undefined ? {} : { bid }),
      ...(ask === undefined ? {} : { ask }),
      ...(last === undefined ? {} : { last }),
      ...saw,
    },
  };
}

/**
 * Asks for a cancel, once while its answer may still come. A cancel is lost with its connection or its process: then it is
 * asked again. The order may still fill until the broker has answered.
 */
export function cancelOrder(context: Context, orderRef: string, reason: string): boolean {
  const order = context.ledger.orders.get(orderRef);
  if (order === undefined || isTerminal(order.status) || isCancelUnderWay(context, order)) return false;
  context.cancelsAsked.set(orderRef, { time: context.time, generation: context.generation });
  context.note({ kind: "CANCEL", body: { orderRef, reason } }, order.intentId);
  context.emit({ kind: "cancel", orderRef, reason });
  context.wakeIn(context.deadline("cancel"));
  return true;
}

function isCancelUnderWay(context: Context, { orderRef, pendingCancel }: Order): boolean {
  const asked = context.cancelsAsked.get(orderRef);
  if (!pendingCancel || asked === undefined) return false;
  // Nothing leaves without a link: the next one is asked.
  if (context.link === "down" || context.link === "connecting") return true;
  if (asked.generation !== context.generation) return false;
  return context.time - asked.time < context.deadline("cancelOverdue") * SECOND;
}

/** What works although its cancel was asked for. Stops stay until an exit asks for them again. */
export function repeatCancel(context: Context, orderRef: string): void {
  const order = context.ledger.orders.get(orderRef);
  if (order === undefined || !order.pendingCancel || order.role === "stop" || order.role === "target") return;
  cancelOrder(context, orderRef, "it works although its cancel was asked for");
}

/** Entries of a kind are asked back, stops stay. Returns how many there were. */
export function cancelEntries(context: Context, reason: string, concerns: (order: Order) => boolean): number {
  const entries = context.ledger.openOrders().filter((order) => order.role === "entry" && concerns(order));
  for (const order of entries) cancelOrder(context, order.orderRef, reason);
  return entries.length;
}

/** Causes that let nothing open: what works already must not open either. */
const CLOSED_TO_ENTRIES: ReadonlySet<StateCause["code"]> = new Set<StateCause["code"]>([
  "KILL",
  "DAILY_LOSS",
  "DRAWDOWN",
  "POSITION_LOSS",
]);

/** Holds after every event: while such a cause stands, each entry of its scope is being cancelled. */
export function withdrawEntries(context: Context): void {
  for (const cause of context.ledger.causes.values()) {
    if (!CLOSED_TO_ENTRIES.has(cause.code)) continue;
    cancelEntries(context, `${cause.code}: only exits pass`, (order) => {
      const isConcerned = cause.scope === "account" || cause.scope === `symbol:${order.symbol}`;
      return isConcerned && !isJustAsked(context, order);
    });
  }
}

/** A refused cancel is not repeated at once: the broker is read first. */
function isJustAsked(context: Context, order: Order): boolean {
  const asked = context.cancelsAsked.get(order.orderRef);
  return asked !== undefined && context.time - asked.time < context.deadline("cancel") * SECOND;
}

export function onOrderSent(context: Context, event: EventOf<"orderSent">): void {
  const { orderRef, wireId, generation } = event;
  context.count("ordersSent");
  const isWithdrawn = context.ledger.orders.get(orderRef)?.pendingCancel === true;
  context.note({ kind: "SENT", body: { orderRef, wireId, generation } });
  // Its cancel may have found nothing to cancel yet, where the order waited for the message window.
  if (isWithdrawn) context.emit({ kind: "cancel", orderRef, reason: "cancelled before it left" });
}

/** Nothing left the machine. Final: the strategy decides afresh, with a new intent. */
export function onOrderNotSent(context: Context, event: EventOf<"orderNotSent">): void {
  const { orderRef, code, detail } = event;
  const status = code === "INTENT_EXPIRED" ? "expired" : "notPlaced";
  statusNote(context, { what: "notSent", orderRef, status, text: `${code}: ${detail}` });
  context.alert("warning", "ORDER_NOT_SENT", `${orderRef} was not sent: ${code}: ${detail}`, { orderRef });
}

export function onOrderReport(context: Context, event: EventOf<"orderReport">): void {
  const { report } = event;
  if (!context.ledger.orders.has(report.orderRef)) return;
  statusNote(context, { what: "report", report });
  const { orderRef } = report;
  if (report.kind === "rejected") {
    context.alert("warning", "ORDER_REJECTED", `${orderRef} was rejected: ${report.text}`, { orderRef });
  }
  // What the broker's word leaves open is asked for, never guessed.
  if (report.kind === "cancelRejected" || report.kind === "inactive" || report.kind === "unrecognised") {
    context.askBroker(`${report.kind} for ${orderRef}`);
  }
}

/** Fills come from here alone, once per execution, in whatever state the order is. */
export function onExecution(context: Context, execution: Execution, kill: (reason: string) => void): void {
  const { ledger } = context;
  // What happened before the opening balance is contained in it, also when it is listed again later.
  if (!ledger.isOpened) context.beforeOpening.add(execution.execId);
  if (!ledger.isOpened || ledger.isContained(execution.execId) || ledger.executions.has(execution.execId)) return;
  const applied = context.note({ kind: "EXECUTION", body: { execution } });
  if (applied.booking === "duplicate") return;
  context.count("fills");
  context.publishFill(execution.execId);
  context.publishPosition(execution.symbol);
  context.emit({ kind: "touch", topic: "account", key: "account" });
  const { orderRef, symbol } = execution;
  if (applied.alarm !== undefined) {
    context.alert("critical", applied.alarm.toUpperCase(), `${execution.execId} of ${orderRef}: ${applied.alarm}`, {
      symbol,
      orderRef,
    });
  }
  if (!ledger.orders.has(orderRef)) {
    const text = `an execution of ${execution.quantity} ${symbol} belongs to no order of ours; it is booked`;
    context.alert("critical", "FOREIGN_EXECUTION", text, { symbol });
  }
  watchLosses(context, kill);
}

export function onCommission(context: Context, event: EventOf<"commission">): void {
  const { execId, commission } = event;
  if (!context.ledger.isOpened || context.ledger.commissionOf(execId) === commission) return;
  context.note({ kind: "COMMISSION", body: { execId, commission } });
  context.publishFill(execId);
  const symbol = context.ledger.executions.get(execId)?.symbol;
  if (symbol !== undefined) context.publishPosition(symbol);
}

/** Orders whose answer is overdue: no acknowledgement, an entry that does not fill, a cancel without an answer. */
export function watchDeadlines(context: Context): void {
  let mustAsk = false;
  for (const order of context.ledger.openOrders()) {
    const age = (since: number): number => (context.time - since) / SECOND;
    if (
      order.status === "sent" &&
      order.sentTime !== undefined &&
      age(order.sentTime) >= context.deadline("acknowledgement")
    ) {
      const text = `no acknowledgement within ${context.deadline("acknowledgement")} s`;
      statusNote(context, { what: "unknown", orderRef: order.orderRef, text, isSilence: true });
      context.alert("critical", "ORDER_UNKNOWN", `${order.orderRef}: ${text}`, { orderRef: order.orderRef });
      mustAsk = true;
    }
    if (order.status === "unknown") mustAsk = true;
    if (order.pendingCancel && age(order.updatedTime) >= context.deadline("cancelOverdue")) mustAsk = true;
    if (isOverdueEntry(context, order) && !isJustAsked(context, order))
      cancelOrder(context, order.orderRef, "unfilled entry timed out");
  }
  if (mustAsk) context.askBroker("an order's state is open");
  for (const orderRef of context.cancelsAsked.keys()) {
    const order = context.ledger.orders.get(orderRef);
    if (order === undefined || isTerminal(order.status)) context.cancelsAsked.delete(orderRef);
  }
}

/** A position that is held for longer than a person allowed is told once a run; whether it is closed is theirs to say. */
export function watchHoldings(context: Context): void {
  const hours = context.options.positionTimeoutHours;
  for (const [symbol, since] of context.ledger.heldSince) {
    if (context.time - since < hours * HOUR || context.overdueHoldings.has(symbol)) continue;
    context.overdueHoldings.add(symbol);
    context.alert("warning", "POSITION_TIMEOUT", `${symbol} is held for more than ${hours} h`, { symbol });
  }
  for (const symbol of context.overdueHoldings) {
    if (!context.ledger.heldSince.has(symbol)) context.overdueHoldings.delete(symbol);
  }
}

function isOverdueEntry(context: Context, order: Order): boolean {
  if (order.role !== "entry" || order.timeInForce === "gtc" || order.pendingCancel) return false;
  if (order.status !== "acked" && order.status !== "partial") return false;
  return context.time - order.createdTime >= context.options.orderTimeoutSeconds * SECOND;
}

export function statusNote(context: Context, change: OrderChange): void {
  const orderRef = change.what === "report" ? change.report.orderRef : change.orderRef;
  const before = context.ledger.orders.get(orderRef);
  const applied = context.note({ kind: "STATUS", body: change }, before?.intentId);
  if (applied.alarm === undefined) return;
  const text = `the broker's report does not fit: ${change.what} while ${before?.status ?? "unknown"}`;
  context.alert("warning", "IMPOSSIBLE_REPORT", `${orderRef}: ${text}`, { orderRef });
}
