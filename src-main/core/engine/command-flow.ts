import { type Command, type CommandResult, type Origin, REARM_PHRASE, type Ticket } from "#shared/model/command.ts";
import { allowedText, CONFIG_KEYS } from "#shared/model/config.ts";
import { isTerminal, type OrderRequest, signed } from "#shared/model/order.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import type { Context } from "./context.ts";
import type { EventOf } from "./event.ts";
import type { ExitFlow } from "./exit-flow.ts";
import { ownerOf } from "./ledger.ts";
import { cancelEntries, cancelOrder, previewRequest, submitRequest } from "./order-flow.ts";
import { closingShares } from "./risk-stage.ts";

const RESULTS_KEPT = 1_000;

/** Floors and pauses: less of them lets more through. */
const LOOSER_WHEN_LOWER: ReadonlySet<string> = new Set([
  "minVolumeShares",
  "duplicateSeconds",
  "breakerTimeoutSeconds",
]);

type Answer = Omit<CommandResult, "commandId">;

const yes = (message: string, orderRefs: readonly string[] = []): Answer => ({
  accepted: true,
  message,
  orderRefs: [...orderRefs],
  failures: [],
});
const DIFFERS = "the broker holds another position than our books; what both agree on is all that is closed";
const no = (message: string): Answer => ({ accepted: false, message, orderRefs: [], failures: [] });

function stopStands(symbol: string): Answer {
  const detail = `${symbol} has its stop at the broker already; close the position, or sell by a limit`;
  return { ...no(detail), failures: [{ code: "STOP_STANDS", detail }] };
}

/** The gate's word about an exit that did not begin. */
const refused = (failures: readonly RiskFailure[]): Answer => ({
  ...no("refused by the risk gate; nothing was cancelled"),
  failures: [...failures],
});

/** A person's acts. Each is answered once; the same id again gives the same answer and no second effect. */
export class CommandFlow {
  private readonly context: Context;
  private readonly exits: ExitFlow;
  private readonly results = new Map<string, CommandResult>();

  constructor(context: Context, exits: ExitFlow) {
    this.context = context;
    this.exits = exits;
  }

  onCommand(event: EventOf<"command">): void {
    const known = this.results.get(event.commandId);
    const result = known ?? { commandId: event.commandId, ...this.perform(event.command, event.origin) };
    if (known === undefined) {
      this.results.set(event.commandId, result);
      const oldest = this.results.keys().next().value;
      if (this.results.size > RESULTS_KEPT && oldest !== undefined) this.results.delete(oldest);
      const { commandId, command, origin } = event;
      const { accepted, message } = result;
      this.context.note({ kind: "COMMAND", body: { commandId, command, origin, accepted, message } });
    }
    this.context.emit({ kind: "reply", result });
    this.context.emit({ kind: "touch", topic: "status", key: "status" });
  }

  private perform(command: Command, origin: Origin): Answer {
    switch (command.kind) {
      case "placeOrder":
        return this.place(command.ticket, origin);
      case "cancelOrder":
        return this.cancel(command.orderRef, origin);
      case "closePosition":
        return this.close(command.symbol, origin);
      case "flatten":
        return this.flatten(command.symbol, origin);
      case "kill":
        return this.kill(command.mode, command.reason, origin);
      case "rearm":
        return this.rearm(command.phrase, command.reason, origin);
      case "arm":
        return this.arm(command.accountId, origin);
      case "disarm":
        this.context.note({ kind: "DISARM", body: { reason: command.reason, origin } });
        return yes("strategies are disarmed; working orders and stops stay");
      case "setStrategy":
        return this.setStrategy(command.strategyId, command.enabled, origin);
      case "setLimit":
        return this.setLimit(command.key, command.value, command.reason, origin);
    }
  }

  /** The gate's answer for a ticket, without any consequence. */
  preview(ticket: Ticket) {
    const request = this.requestOf(ticket, "preview", "preview");
    return previewRequest(this.context, request, this.isExitBesideStops(request) && ticket.stopPrice === undefined);
  }

  private requestOf(ticket: Ticket, who: string, intentId: string): OrderRequest {
    const position = this.context.ledger.portfolio.quantity(ticket.symbol);
    const isOpposite = Math.sign(signed(ticket.side, 1)) === -Math.sign(position);
    const isExit = ticket.reduceOnly || (isOpposite && ticket.quantity <= Math.abs(position));
    const { stopLoss, takeProfit, ...terms } = ticket;
    return {
      ...terms,
      intentId,
      role: isExit ? "exit" : "entry",
      source: { kind: "manual", who },
      time: this.context.time,
      reason: "manual order",
      reduceOnly: isExit,
      ...(stopLoss === undefined || isExit ? {} : { stopLoss }),
      ...(takeProfit === undefined || isExit ? {} : { takeProfit }),
    };
  }

  /** Such an exit could fill twice: it takes the way that cancels the stops first. */
  private isExitBesideStops(request: OrderRequest): boolean {
    return request.reduceOnly && closingShares(this.context, request.symbol) > 0;
  }

  private place(ticket: Ticket, origin: Origin): Answer {
    const { context } = this;
    const request = this.requestOf(ticket, origin.who, context.mintIntentId("manual"));
    if (this.isExitBesideStops(request)) {
      const { symbol, quantity, limitPrice } = ticket;
      // That way sends at once: a stop that waits for its price would be sold at the market.
      if (ticket.stopPrice !== undefined) return stopStands(ticket.symbol);
      const wish = { symbol, quantity, owner: undefined, source: request.source, reason: request.reason };
      const closing = this.exits.close(limitPrice === undefined ? wish : { ...wish, limitPrice });
      if (closing.failures.length > 0) return refused(closing.failures);
      return closing.isStarted ? yes("stops are cancelled first, then the exit is sent") : no("nothing to close");
    }
    const submission = submitRequest(context, request);
    const message = submission.isAccepted ? "approved" : "refused by the risk gate";
    return {
      accepted: submission.isAccepted,
      message,
      orderRefs: [...submission.orderRefs],
      failures: [...submission.failures],
    };
  }

  private cancel(orderRef: string, origin: Origin): Answer {
    const order = this.context.ledger.orders.get(orderRef);
    if (order === undefined) return no(`no order ${orderRef}`);
    if (isTerminal(order.status)) return no(`${orderRef} is ${order.status} already`);
    const entry = order.parentRef === undefined ? undefined : this.context.ledger.orders.get(order.parentRef);
    const mayStillOpen = entry !== undefined && !isTerminal(entry.status);
    const isHeld = this.context.ledger.portfolio.quantity(order.symbol) !== 0;
    if (order.role === "stop" && (isHeld || mayStillOpen))
      return no("a protective stop is cancelled only with its position: close the position instead");
    return cancelOrder(this.context, orderRef, `by ${origin.who}`)
      ? yes(`cancel of ${orderRef} is on its way`, [orderRef])
      : yes(`cancel of ${orderRef} was asked for already`, [orderRef]);
  }

  private close(symbol: string, origin: Origin): Answer {
    const source = { kind: "manual", who: origin.who } as const;
    const reason = `closed by ${origin.who}`;
    const { isStarted, failures } = this.exits.close({ symbol, owner: undefined, source, reason });
    if (failures.length > 0) return refused(failures);
    if (!isStarted && this.context.ledger.frozen.has(symbol)) return no(`${symbol}: ${DIFFERS}`);
    return isStarted ? yes(`closing ${symbol}`) : no(`nothing to close in ${symbol}, or it is being closed already`);
  }

  /** Before a kill: ordinary exits through the gate. While killed: a FLATTEN grant, journalled. */
  private flatten(symbol: string | undefined, origin: Origin): Answer {
    const { context } = this;
    if (context.ledger.causes.has("KILL|account")) {
      const grant = symbol === undefined ? {} : { symbol };
      context.note({ kind: "GRANT", body: { grant: "FLATTEN", ...grant } });
    }
    const symbols = symbol === undefined ? context.ledger.portfolio.symbols() : [symbol];
    const source = { kind: "manual", who: origin.who } as const;
    const closings = symbols.map((name) => {
      const wish = { symbol: name, owner: undefined, source, reason: "flatten", isFlattening: true };
      return { name, ...this.exits.close(wish) };
    });
    const closed = closings.filter(({ isStarted }) => isStarted).map(({ name }) => name);
    const failures = closings.flatMap((closing) => closing.failures);
    const kept = closings.filter((closing) => closing.failures.length > 0).map(({ name }) => name);
    if (kept.length > 0 && closed.length === 0) return refused(failures);
    // Where the two disagree nobody knows that it is flat.
    const differing = [...context.ledger.frozen.keys()].filter((name) => symbol === undefined || name === symbol);
    const also = [
      ...(kept.length === 0 ? [] : [`${kept.join(", ")} stay with their stops`]),
      ...(differing.length === 0 ? [] : [`${differing.join(", ")}: ${DIFFERS}`]),
    ];
    if (closed.length === 0) return also.length === 0 ? yes("flat already") : no(also.join("; "));
    return { ...yes([`flattening ${closed.join(", ")}`, ...also].join("; ")), failures };
  }

  /** STOP: entries go, stops stay, a person's exits stay possible. PANIC: everything goes. */
  kill(mode: "stop" | "panic" | "panicFlatten", reason: string, origin: Origin): Answer {
    const { context } = this;
    context.note({ kind: "KILL", body: { mode, reason, origin } });
    // After a panic nothing is put back by itself: what a person still wants is a FLATTEN.
    if (mode === "stop") context.note({ kind: "GRANT", body: { grant: "EXITS" } });
    context.emit({ kind: "latch", engaged: true, reason: `${mode} by ${origin.who}: ${reason}` });
    const entries = cancelEntries(context, `kill: ${mode}`, () => true);
    if (mode !== "stop") context.emit({ kind: "cancelAll", reason: `kill: ${mode}` });
    context.alert("critical", "KILL", `${mode} by ${origin.who} (${origin.from}): ${reason}`);
    const held = context.ledger.portfolio.symbols().filter((symbol) => context.ledger.portfolio.quantity(symbol) !== 0);
    if (mode === "panicFlatten") {
      context.note({ kind: "GRANT", body: { grant: "FLATTEN" } });
      const source = { kind: "system", why: "panic" } as const;
      for (const symbol of held) {
        this.exits.close({ symbol, owner: undefined, source, reason: "panic and flatten", isFlattening: true });
      }
    }
    return yes(`KILLED: ${entries} entries are being cancelled, ${held.length} positions remain`);
  }

  private rearm(phrase: string, reason: string, origin: Origin): Answer {
    const { context } = this;
    if (phrase !== REARM_PHRASE) return no(`type ${REARM_PHRASE} to re-arm`);
    if (reason.trim() === "") return no("a re-arm needs a reason");
    if (context.reconciledGeneration !== context.generation || context.link !== "live") {
      return no("a re-arm needs a live and reconciled link");
    }
    const equity = context.ledger.portfolio.equity();
    context.note({ kind: "ARM", body: { what: "rearm", reason, origin, equity } });
    context.emit({ kind: "latch", engaged: false, reason });
    context.alert("warning", "REARMED", `re-armed by ${origin.who}: ${reason}; strategies are disarmed`);
    return yes("the kill switch is released; strategies stay disarmed until they are armed");
  }

  private arm(accountId: string | undefined, origin: Origin): Answer {
    const { context } = this;
    if (context.ledger.causes.has("KILL|account")) return no("killed: re-arm first");
    if (context.options.profile === "live" && accountId !== context.options.accountId) {
      return no("profile live is armed by typing its account id");
    }
    context.note({ kind: "ARM", body: { what: "arm", reason: "armed", origin } });
    return yes("strategies are armed");
  }

  /** Off means off: entries are cancelled, stops stay. */
  private setStrategy(strategyId: string, enabled: boolean, origin: Origin): Answer {
    const { context } = this;
    if (!context.options.strategies.some((strategy) => strategy.id === strategyId)) {
      return no(`no strategy ${strategyId}`);
    }
    context.note({ kind: "STRATEGY", body: { strategyId, enabled, reason: "switched by a person", origin } });
    context.emit({ kind: "touch", topic: "status", key: "strategies" });
    if (enabled) return yes(`${strategyId} is on`);
    const entries = cancelEntries(context, `${strategyId} switched off`, (order) => ownerOf(order) === strategyId);
    return yes(`${strategyId} is off: ${entries} entries are being cancelled, stops stay`);
  }

  private setLimit(key: string, value: number, reason: string, origin: Origin): Answer {
    const { context } = this;
    const limits = new Map<string, number | undefined>(Object.entries(context.limits()));
    const [section = "", rest = ""] = key.split(".");
    // The breaker's limits carry their section in their name.
    const name = [rest || section, `${section}${rest.charAt(0).toUpperCase()}${rest.slice(1)}`].find((one) =>
      limits.has(one),
    );
    const field = CONFIG_KEYS.find((known) => known.key === key);
    if (name === undefined || field === undefined) return no(`no limit ${key}`);
    if (!field.schema.safeParse(value).success) return no(`${key} ${value}: allowed is ${allowedText(field)}`);
    const from = limits.get(name);
    const isLooser = from === undefined || (LOOSER_WHEN_LOWER.has(name) ? value < from : value > from);
    if (isLooser && reason.trim() === "") return no("loosening a limit needs a reason");
    context.note({ kind: "LIMIT_CHANGE", body: { key: name, from, to: value, reason, origin } });
    return yes(`${key}: ${from ?? "unset"} -> ${value}`);
  }
}
