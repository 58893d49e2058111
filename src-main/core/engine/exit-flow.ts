import { type Micros, SECOND } from "#shared/lib/time.ts";
import { isTerminal, type Order, type OrderRequest, type OrderSource, signed } from "#shared/model/order.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import type { Context } from "./context.ts";
import { ownerOf } from "./ledger.ts";
import { cancelOrder, refusedBeforehand, submitRequest } from "./order-flow.ts";
import { closingShares, tradingState } from "./risk-stage.ts";

/** How far through the market each further try of a flattening exit goes, in percent. */
const WIDENING_PERCENT = [0.5, 1, 2, 3] as const;

/** Seconds between two tries to mend the protection of a symbol, at most. */
const LONGEST_PAUSE = 60;

type Exit = {
  readonly symbol: string;
  /** A strategy's id or `manual`: whose shares; undefined = the whole position. */
  readonly owner: string | undefined;
  readonly source: OrderSource;
  readonly reason: string;
  /** `exit` closes; `protect` puts a stop back once what was left of the family is gone. */
  readonly aim: "exit" | "protect";
  /** Tries again, wider, until flat. */
  readonly isFlattening: boolean;
  readonly limitPrice: number | undefined;
  readonly quantity: number | undefined;
  phase: "cancelling" | "working" | "withdrawing";
  since: Micros;
  refs: readonly string[];
  exitRef: string | undefined;
  attempts: number;
};

/** A symbol whose stops do not fit its position, and when that is mended next. */
type Exposed = { readonly fault: "bare" | "over" | "idle"; readonly next: Micros; readonly tries: number };

export type ExitWish = Pick<Exit, "symbol" | "owner" | "source" | "reason"> & {
  readonly isFlattening?: boolean;
  readonly limitPrice?: number;
  readonly quantity?: number;
};

/** Whether a position is being closed now; the gate's refusals where it is not for them. */
export type Closing = { readonly isStarted: boolean; readonly failures: readonly RiskFailure[] };
const NOTHING_TO_CLOSE: Closing = { isStarted: false, failures: [] };

/**
 * Closes positions without ever filling twice: cancel target and stop, await both cancels, send the exit, and if it is not
 * filled in two seconds withdraw it and protect the rest again (`controls.md` 1).
 */
export class ExitFlow {
  private readonly context: Context;
  private readonly exits = new Map<string, Exit>();
  private readonly exposed = new Map<string, Exposed>();

  constructor(context: Context) {
    this.context = context;
  }

  isExiting(symbol: string, owner?: string): boolean {
    return [...this.exits.values()].some(
      (exit) => exit.symbol === symbol && (exit.owner === undefined || owner === undefined || exit.owner === owner),
    );
  }

  /**
   * Starts to close; a symbol that is being closed already is left alone. What the gate would refuse does not begin: its
   * stops stay.
   */
  close(wish: ExitWish): Closing {
    if (this.isExiting(wish.symbol, wish.owner) && wish.isFlattening !== true) return NOTHING_TO_CLOSE;
    const { symbol, owner } = wish;
    const held = Math.abs(this.remaining(symbol, owner));
    if (held === 0) return NOTHING_TO_CLOSE;
    const asked = this.exitRequest(this.exitOf({ ...wish, aim: "exit" }, []), Math.min(held, wish.quantity ?? held));
    const failures = refusedBeforehand(this.context, asked);
    if (failures.length > 0) return { isStarted: false, failures };
    for (const [key, exit] of this.exits) {
      if (exit.symbol === symbol && (owner === undefined || exit.owner === owner)) this.exits.delete(key);
    }
    this.begin({ ...wish, aim: "exit" }, this.familyRefs(symbol, owner));
    return { isStarted: true, failures: [] };
  }

  /** Moves every exit on as far as the reports allow. Called after each event. */
  advance(): void {
    for (const [key, exit] of this.exits) {
      if (this.step(exit) === "done") this.exits.delete(key);
    }
  }

  /** Every position has its stop at the broker: one that lacks it for two seconds gets it, with an alarm. */
  watchProtection(): void {
    const { context } = this;
    if (context.link !== "live" || context.reconciledGeneration !== context.generation) return;
    for (const symbol of context.ledger.portfolio.symbols()) {
      if (this.isExiting(symbol)) continue;
      const fault = this.faultOf(symbol);
      const known = this.exposed.get(symbol);
      if (fault === undefined) this.exposed.delete(symbol);
      else if (known?.fault !== fault) {
        this.exposed.set(symbol, { fault, next: context.time + context.deadline("protection") * SECOND, tries: 0 });
        context.wakeIn(context.deadline("protection"));
      } else if (context.time >= known.next) this.mend(symbol, known);
    }
  }

  /** What is wrong with the stops of a symbol; undefined when they close what is held and no more. */
  private faultOf(symbol: string): Exposed["fault"] | undefined {
    const { ledger } = this.context;
    const position = this.context.position(symbol);
    if (position === undefined) return undefined;
    if (position.protectedQuantity < Math.abs(ledger.closable(symbol))) return "bare";
    if (this.idleOrders(symbol).length > 0) return "idle";
    const isOver = closingShares(this.context, symbol) > Math.abs(position.quantity) && position.quantity !== 0;
    return isOver && !ledger.frozen.has(symbol) ? "over" : undefined;
  }

  /** Stops and targets that would open: nothing is held on their side, and no entry of theirs works any more. */
  private idleOrders(symbol: string): readonly Order[] {
    const { ledger } = this.context;
    const closing = Math.sign(-ledger.portfolio.quantity(symbol));
    return ledger.openOrders().filter((order) => {
      if (order.symbol !== symbol || (order.role !== "stop" && order.role !== "target")) return false;
      const entry = order.parentRef === undefined ? undefined : ledger.orders.get(order.parentRef);
      const hasEnded = entry === undefined || isTerminal(entry.status);
      return hasEnded && Math.sign(signed(order.side, 1)) !== closing;
    });
  }

  /** Tried again after twice the time, up to a minute: what the market or the gate refuses is not asked for all day. */
  private mend(symbol: string, { fault, tries }: Exposed): void {
    const { context } = this;
    if (fault === "bare" && context.ledger.adopted.has(symbol)) {
      this.exposed.set(symbol, { fault, next: Number.POSITIVE_INFINITY, tries });
      const text = `${symbol} was held before us and has no stop of ours: protect it or close it by hand`;
      return context.alert("warning", "ADOPTED_UNPROTECTED", text, { symbol });
    }
    const pause = Math.min(LONGEST_PAUSE, context.deadline("protection") * 2 ** (tries + 1));
    this.exposed.set(symbol, { fault, next: context.time + pause * SECOND, tries: tries + 1 });
    if (fault === "idle") {
      for (const { orderRef } of this.idleOrders(symbol)) {
        cancelOrder(context, orderRef, "it would open a position: nothing is held that it could close");
      }
      context.alert("warning", "IDLE_STOP", `${symbol}: stops or targets that protect nothing are cancelled`, {
        symbol,
      });
    } else this.protect(symbol, fault);
  }

  private protect(symbol: string, fault: "bare" | "over"): void {
    const { context } = this;
    const mayPlace = tradingState(context, [`symbol:${symbol}`]) !== "KILLED" || context.ledger.grants.has("EXITS");
    if (fault === "over") {
      const text = `${symbol}: its stops would close more than is held; one of the right size takes their place`;
      context.alert("warning", "OVERPROTECTED", text, { symbol });
    } else {
      context.alert("critical", "UNPROTECTED", `${symbol} has no working stop for its whole position`, { symbol });
    }
    if (!mayPlace) return;
    this.begin(
      {
        symbol,
        owner: undefined,
        source: { kind: "system", why: "protection" },
        reason: "restore stop",
        aim: "protect",
      },
      this.familyRefs(symbol, undefined),
    );
  }

  private exitOf(wish: ExitWish & { readonly aim: Exit["aim"] }, refs: readonly string[]): Exit {
    return {
      symbol: wish.symbol,
      owner: wish.owner,
      source: wish.source,
      reason: wish.reason,
      aim: wish.aim,
      isFlattening: wish.isFlattening ?? false,
      limitPrice: wish.limitPrice,
      quantity: wish.quantity,
      phase: "cancelling",
      since: this.context.time,
      refs,
      exitRef: undefined,
      attempts: 0,
    };
  }

  private begin(wish: ExitWish & { readonly aim: Exit["aim"] }, refs: readonly string[]): void {
    const { context } = this;
    const exit = this.exitOf(wish, refs);
    for (const orderRef of refs) cancelOrder(context, orderRef, wish.reason);
    this.exits.set(`${wish.symbol}|${wish.owner ?? "*"}`, exit);
    if (this.step(exit) === "done") this.exits.delete(`${wish.symbol}|${wish.owner ?? "*"}`);
  }

  /** Orders that must be gone before an exit may leave: everything of the owner that works on the symbol. */
  private familyRefs(symbol: string, owner: string | undefined): readonly string[] {
    return this.context.ledger
      .openOrders()
      .filter((order) => order.symbol === symbol && (owner === undefined || ownerOf(order) === owner))
      .map((order) => order.orderRef);
  }

  private remaining(symbol: string, owner: string | undefined): number {
    const { ledger } = this.context;
    const total = ledger.closable(symbol);
    if (owner === undefined) return total;
    const mine = ledger.strategyPosition(owner, symbol);
    // The smaller view of equal sign; where the signs differ nothing passes.
    return Math.sign(mine) === Math.sign(total) ? Math.sign(total) * Math.min(Math.abs(mine), Math.abs(total)) : 0;
  }

  private step(exit: Exit): "going" | "done" {
    switch (exit.phase) {
      case "cancelling":
        return this.stepCancelling(exit);
      case "working":
        return this.stepWorking(exit);
      case "withdrawing":
        return this.stepWithdrawing(exit);
    }
  }

  private age(exit: Exit): number {
    return (this.context.time - exit.since) / SECOND;
  }

  private isGone(orderRef: string): boolean {
    const order = this.context.ledger.orders.get(orderRef);
    return order === undefined || isTerminal(order.status);
  }

  private stepCancelling(exit: Exit): "going" | "done" {
    if (exit.refs.every((orderRef) => this.isGone(orderRef))) return this.send(exit);
    // No answer is no permission: the broker is asked, and the exit waits.
    if (this.age(exit) >= this.context.deadline("exitGivenUp")) {
      const text = `${exit.symbol}: cancels of ${exit.refs.join(", ")} are not answered; close it by hand`;
      this.context.alert("critical", "EXIT_STUCK", text, { symbol: exit.symbol });
      return "done";
    }
    if (this.age(exit) >= this.context.deadline("cancel")) {
      for (const orderRef of exit.refs) cancelOrder(this.context, orderRef, exit.reason);
      this.context.askBroker(`cancels before the exit of ${exit.symbol} are open`);
    }
    return "going";
  }

  private send(exit: Exit): "going" | "done" {
    const { context } = this;
    const wanted = Math.abs(this.remaining(exit.symbol, exit.owner));
    const room = Math.abs(context.ledger.closable(exit.symbol)) - closingShares(context, exit.symbol);
    const quantity = Math.min(wanted, room, exit.quantity ?? wanted);
    if (quantity <= 0) return "done";
    const request = exit.aim === "exit" ? this.exitRequest(exit, quantity) : this.stopRequest(exit, quantity);
    if (request === undefined) return "done";
    const submission = submitRequest(context, request);
    if (!submission.isAccepted) {
      const codes = submission.failures.map((failure) => failure.code).join(", ");
      context.alert("critical", "EXIT_REFUSED", `${exit.symbol}: ${exit.reason} was refused: ${codes}`, {
        symbol: exit.symbol,
      });
      return "done";
    }
    if (exit.aim === "protect") return "done";
    exit.exitRef = submission.orderRefs[0];
    exit.phase = "working";
    exit.since = context.time;
    context.wakeIn(context.deadline("exit"));
    return "going";
  }

  private base(exit: Exit, quantity: number): Omit<OrderRequest, "type" | "role"> {
    const { context } = this;
    return {
      symbol: exit.symbol,
      side: context.ledger.portfolio.quantity(exit.symbol) > 0 ? "sell" : "buy",
      quantity,
      timeInForce: "day",
      outsideRth: false,
      intentId: context.mintIntentId("exit"),
      source: exit.source,
      time: context.time,
      reason: exit.reason,
      reduceOnly: true,
    };
  }

  private exitRequest(exit: Exit, quantity: number): OrderRequest {
    const base = this.base(exit, quantity);
    const role = exit.isFlattening ? "flatten" : "exit";
    if (exit.limitPrice !== undefined) return { ...base, role, type: "limit", limitPrice: exit.limitPrice };
    const market = this.context.market.view(exit.symbol, true);
    const far = base.side === "buy" ? market.ask : market.bid;
    if (exit.attempts === 0 || far === undefined) return { ...base, role, type: "market" };
    const percent = WIDENING_PERCENT[Math.min(exit.attempts, WIDENING_PERCENT.length - 1)] ?? 3;
    const limitPrice = far * (1 + ((base.side === "buy" ? 1 : -1) * percent) / 100);
    return { ...base, role, type: "limit", limitPrice };
  }

  /** A stop at the configured distance from the cost, or just behind the market where that has passed it. */
  private stopRequest(exit: Exit, quantity: number): OrderRequest | undefined {
    const { context } = this;
    const position = context.ledger.portfolio.position(exit.symbol);
    const view = context.market.view(exit.symbol, true);
    const base = this.base(exit, quantity);
    const reference = (base.side === "sell" ? view.bid : view.ask) ?? view.last;
    if (reference === undefined || position?.averageCost === undefined) return undefined;
    const distance = context.limits().stopLossPercent / 100;
    const stopPrice =
      base.side === "sell"
        ? Math.min(position.averageCost * (1 - distance), reference * 0.995)
        : Math.max(position.averageCost * (1 + distance), reference * 1.005);
    return { ...base, role: "stop", type: "stop", stopPrice, timeInForce: "gtc" };
  }

  private stepWorking(exit: Exit): "going" | "done" {
    if (exit.exitRef === undefined || this.isGone(exit.exitRef)) return this.finish(exit);
    if (this.age(exit) < this.context.deadline("exit")) return "going";
    cancelOrder(this.context, exit.exitRef, "exit not filled in time");
    exit.phase = "withdrawing";
    exit.since = this.context.time;
    return "going";
  }

  private stepWithdrawing(exit: Exit): "going" | "done" {
    if (exit.exitRef === undefined || this.isGone(exit.exitRef)) return this.finish(exit);
    if (this.age(exit) < this.context.deadline("exitGivenUp")) return "going";
    const text = `${exit.symbol}: the exit ${exit.exitRef} can be neither filled nor cancelled`;
    this.context.alert("critical", "EXIT_STUCK", text, { symbol: exit.symbol });
    return "done";
  }

  /** What is left is flattened wider, or left to the protection watch, which puts its stop back. */
  private finish(exit: Exit): "going" | "done" {
    if (this.remaining(exit.symbol, exit.owner) === 0 || !exit.isFlattening) return "done";
    exit.attempts += 1;
    exit.phase = "cancelling";
    exit.since = this.context.time;
    exit.refs = this.familyRefs(exit.symbol, exit.owner);
    for (const orderRef of exit.refs) cancelOrder(this.context, orderRef, exit.reason);
    return this.context.market.sessionAt(this.context.time) === undefined ? "done" : this.step(exit);
  }
}
