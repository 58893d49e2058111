import { reconcile, type Verdict } from "#core/execution/reconciliation.ts";
import { toUnits } from "#shared/lib/money.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import type { BrokerSnapshot } from "#shared/model/broker.ts";
import { isTerminal } from "#shared/model/order.ts";
import type { Context } from "./context.ts";
import type { EventOf } from "./event.ts";
import type { NoteOf } from "./note.ts";
import { RECONCILE_INTERVAL_SECONDS } from "./options.ts";
import { cancelOrder, repeatCancel, statusNote } from "./order-flow.ts";

type Absence = { readonly generation: number; readonly since: Micros };

/** What the link and the broker's own lists do to the engine. */
export class BrokerFlow {
  private readonly context: Context;
  private readonly absences = new Map<string, Absence>();
  private linkLostSince: Micros | undefined;
  private readonly reportedDifferences = new Set<string>();

  constructor(context: Context) {
    this.context = context;
  }

  onLink(event: EventOf<"link">): void {
    const { context } = this;
    const wasUp = context.link === "live" || context.link === "degraded";
    context.link = event.state;
    context.linkSince = event.time;
    context.linkDetail = event.detail;
    context.generation = event.generation;
    context.emit({ kind: "touch", topic: "status", key: "status" });
    if (event.state === "live") {
      this.linkLostSince = undefined;
      this.clearLinkCause();
      return;
    }
    this.linkLostSince ??= event.time;
    context.wakeIn(context.deadline("linkAlarm"));
    if (event.state === "down") {
      // The next connection says itself which farms are down; their names may be others.
      context.farmsDown.clear();
      // The minutes of the outage are read again: bars that grew when it began wait for them.
      context.market.expectHistory();
      if (wasUp) this.doubtOrdersInFlight();
    }
    if (event.state === "syncing") {
      context.reconciledGeneration = 0;
      context.lastReading = Number.NEGATIVE_INFINITY;
      context.askBroker(`link ${event.state}`);
    }
  }

  /** An order whose fate was under way when the link broke is unknown until the broker says otherwise. */
  private doubtOrdersInFlight(): void {
    for (const order of this.context.ledger.openOrders()) {
      const isInFlight = order.status === "sent" || order.pendingCancel;
      if (!isInFlight) continue;
      statusNote(this.context, { what: "unknown", orderRef: order.orderRef, text: "the link broke while in flight" });
    }
  }

  onAccountValues(event: EventOf<"accountValues">): void {
    const { context } = this;
    const { time, netLiquidation, cash, excessLiquidity } = event;
    const known = context.accountValues;
    context.accountValues = {
      ...known,
      time,
      ...(netLiquidation === undefined ? {} : { netLiquidation }),
      ...(cash === undefined ? {} : { cash }),
      ...(excessLiquidity === undefined ? {} : { excessLiquidity }),
    };
    context.emit({ kind: "touch", topic: "account", key: "account" });
  }

  watch(): void {
    const { context } = this;
    const isDue = context.time - context.lastReading >= RECONCILE_INTERVAL_SECONDS * SECOND;
    // A reading that was given up is begun again; one that runs is not disturbed by being asked for.
    if ((context.link === "live" && isDue) || context.link === "syncing") context.askBroker("periodic");
    else if (context.wantedReading !== undefined) context.askBroker(context.wantedReading);
    this.watchLink();
  }

  private watchLink(): void {
    const { context } = this;
    const isLong =
      this.linkLostSince !== undefined && context.time - this.linkLostSince >= context.deadline("linkAlarm") * SECOND;
    if (!isLong || context.ledger.causes.has("LINK|account")) return;
    if (context.market.sessionAt(context.time) === undefined) return;
    const detail = `no live link for ${context.deadline("linkAlarm")} s in session hours: ${context.linkDetail}`;
    const cause = { code: "LINK", scope: "account", severity: "HALTED", since: context.time, detail } as const;
    context.note({ kind: "STATE", body: { what: "cause", cause: { ...cause, clears: "reconciliation finished" } } });
    context.alert("critical", "LINK", detail);
  }

  private clearLinkCause(): void {
    if (!this.context.ledger.causes.has("LINK|account")) return;
    this.context.note({ kind: "STATE", body: { what: "clear", code: "LINK", scope: "account" } });
  }

  onSnapshot(snapshot: BrokerSnapshot): void {
    const { context } = this;
    if (snapshot.generation !== context.generation) return;
    const opening = this.openingBalance(snapshot);
    if (opening === "unknown") return;
    const { ledger } = context;
    const openingPositions = opening?.positions ?? [];
    const positions = new Map(openingPositions.map(({ symbol, quantity }) => [symbol, quantity] as const));
    for (const symbol of ledger.portfolio.symbols()) positions.set(symbol, ledger.portfolio.quantity(symbol));
    const found = reconcile({ orders: [...ledger.orders.values()], positions, snapshot });
    const body: NoteOf<"RECONCILED">["body"] = {
      generation: snapshot.generation,
      reason: context.link === "live" ? "periodic" : "connect",
      // A matched order that is known to work is no news; the journal holds what changed.
      verdicts: found.verdicts.filter((verdict) => this.isNews(verdict)),
      foreign: found.foreign,
      differences: found.differences,
      ...(opening === undefined ? {} : { opening }),
    };
    context.note({ kind: "RECONCILED", body });
    for (const { kind, orderRef } of found.verdicts) if (kind === "matched") repeatCancel(context, orderRef);
    for (const orderRef of found.untransmitted) cancelOrder(context, orderRef, "left behind untransmitted");
    for (const orderRef of found.revived) this.bury(orderRef, snapshot.begun);
    for (const verdict of found.verdicts) this.weigh(verdict, snapshot);
    this.reportDifferences(found.differences);
    for (const symbol of ledger.portfolio.symbols()) context.publishPosition(symbol);
    if (context.reconciledGeneration !== snapshot.generation) {
      context.reconciledGeneration = snapshot.generation;
      context.emit({ kind: "confirmReconciled", generation: snapshot.generation });
    }
  }

  /** Undefined when the account is open already; `unknown` while the broker has not told its cash. */
  private openingBalance(snapshot: BrokerSnapshot): NoteOf<"RECONCILED">["body"]["opening"] | "unknown" {
    const { context } = this;
    if (context.ledger.isOpened) return undefined;
    const cash = context.accountValues?.cash;
    if (cash === undefined) return "unknown";
    const positions = snapshot.positions
      .filter((position) => position.quantity !== 0)
      .map(({ symbol, quantity, averageCost }) => ({ symbol, quantity, averageCost }));
    const executions = new Set([...context.beforeOpening, ...snapshot.executions.map(({ execId }) => execId)]);
    context.beforeOpening.clear();
    return { cash, positions, executions: [...executions] };
  }

  private isNews(verdict: Verdict): boolean {
    const order = this.context.ledger.orders.get(verdict.orderRef);
    const isSettled = order?.status === "acked" || order?.status === "partial";
    return !(verdict.kind === "matched" && isSettled && order.permId === verdict.permId);
  }

  /** Absence is evidence only twice, in one healthy generation, two seconds apart, and only of what was sent before it was read. */
  private weigh(verdict: Verdict, { generation, begun }: BrokerSnapshot): void {
    const { context, absences } = this;
    const order = context.ledger.orders.get(verdict.orderRef);
    if (verdict.kind !== "absent" || order === undefined || isTerminal(order.status)) {
      absences.delete(verdict.orderRef);
      return;
    }
    if ((order.sentTime ?? order.createdTime) >= begun) return;
    const known = absences.get(verdict.orderRef);
    if (known === undefined || known.generation !== generation) {
      absences.set(verdict.orderRef, { generation, since: context.time });
      statusNote(context, { what: "unknown", orderRef: order.orderRef, text: "absent from one complete snapshot" });
      context.wakeIn(context.deadline("evidence"));
      return;
    }
    if (context.time - known.since < context.deadline("evidence") * SECOND) return;
    absences.delete(verdict.orderRef);
    const text = "absent from two complete snapshots; it is never sent again";
    statusNote(context, { what: "notPlaced", orderRef: order.orderRef, text });
    context.alert("warning", "ORDER_NOT_PLACED", `${order.orderRef}: ${text}`, { orderRef: order.orderRef });
  }

  /** It works although it had ended for us before the broker was read: nobody counts it, so it must go. */
  private bury(orderRef: string, begun: Micros): void {
    const { context } = this;
    const order = context.ledger.orders.get(orderRef);
    if (order === undefined || order.updatedTime >= begun) return;
    const reason = `it works at the broker although it is ${order.status}`;
    context.note({ kind: "CANCEL", body: { orderRef, reason } }, order.intentId);
    context.emit({ kind: "cancel", orderRef, reason });
    context.alert("critical", "ORDER_ALIVE", `${orderRef}: ${reason}; it is cancelled`, { orderRef });
  }

  /** A position snapshot may lag an execution by a moment: it is read again before anybody is alarmed. */
  private reportDifferences(differences: NoteOf<"RECONCILED">["body"]["differences"]): void {
    const now = new Set(differences.map(({ symbol, local, broker }) => `${symbol}|${local}|${broker}`));
    for (const { symbol, local, broker } of differences) {
      const key = `${symbol}|${local}|${broker}`;
      if (!this.reportedDifferences.has(key)) {
        this.reportedDifferences.add(key);
        this.context.askBroker("positions differ");
        continue;
      }
      const text = `${symbol}: our books say ${local}, the broker says ${broker}; the symbol is frozen`;
      this.context.alert("critical", "POSITION_DIFFERENCE", text, { symbol });
    }
    for (const key of this.reportedDifferences) if (!now.has(key)) this.reportedDifferences.delete(key);
  }

  /** Difference between the broker's cash and ours in currency units; undefined while unknown. */
  cashDifference(): number | undefined {
    const cash = this.context.accountValues?.cash;
    return cash === undefined ? undefined : toUnits(cash - this.context.ledger.portfolio.cash());
  }
}
