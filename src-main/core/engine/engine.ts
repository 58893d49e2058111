import { createCalendar } from "#core/market/calendar.ts";
import { assert } from "#shared/lib/assert.ts";
import { MILLISECOND, MINUTE, type Micros } from "#shared/lib/time.ts";
import { BrokerFlow } from "./broker-flow.ts";
import { CommandFlow } from "./command-flow.ts";
import { Context } from "./context.ts";
import type { Effect } from "./effect.ts";
import type { EngineEvent } from "./event.ts";
import { ExitFlow } from "./exit-flow.ts";
import { MarketStage, type TickOutcome } from "./market-stage.ts";
import type { Note } from "./note.ts";
import type { EngineOptions } from "./options.ts";
import {
  onCommission,
  onExecution,
  onOrderNotSent,
  onOrderReport,
  onOrderSent,
  watchDeadlines,
  watchHoldings,
  withdrawEntries,
} from "./order-flow.ts";
import { openSession, watchLosses, watchPositionLoss } from "./risk-stage.ts";
import { SignalStage } from "./signal-stage.ts";
import type { LedgerState } from "./snapshot.ts";

/** Deadlines are looked at this often, whatever the rate of events. */
const WATCH_INTERVAL = 250 * MILLISECOND;
const MARKS_INTERVAL = 5 * MINUTE;

/**
 * The deterministic trading core: one event in, the effects that it causes out. No clock, no chance, no I/O. Live, paper,
 * simulation and replay differ only in who feeds it and who performs its effects.
 */
export class Engine {
  readonly context: Context;
  readonly signals: SignalStage;
  readonly commands: CommandFlow;
  readonly broker: BrokerFlow;
  private readonly exits: ExitFlow;
  private lastWatch: Micros = Number.NEGATIVE_INFINITY;

  constructor(options: EngineOptions) {
    const calendar = createCalendar(options.calendar);
    assert(calendar !== undefined, `calendar ${options.calendar} is known`);
    const { symbols, assumeAdv, limits } = options;
    const maxSpreadFraction = limits.maxSpreadPercent / 100;
    const market = new MarketStage({ calendar, symbols, assumeAdv, maxSpreadFraction });
    this.context = new Context(options, market);
    this.begin();
    this.exits = new ExitFlow(this.context);
    this.signals = new SignalStage(this.context, this.exits);
    this.commands = new CommandFlow(this.context, this.exits);
    this.broker = new BrokerFlow(this.context);
  }

  process(event: EngineEvent): readonly Effect[] {
    const { context } = this;
    context.time = Math.max(context.time, event.time);
    context.cause = event.kind;
    // A timer is a deadline that was asked for: it is never put off to the next event.
    const isDue = event.kind === "timer" || context.time - this.lastWatch >= WATCH_INTERVAL;
    if (isDue) this.closeBars();
    this.dispatch(event);
    this.exits.advance();
    withdrawEntries(context);
    if (isDue) this.watch();
    return context.drain();
  }

  /** Applies one fact of the journal, for recovery. Effects are not repeated: they were performed, or are not wanted. */
  fold(note: Note, time: Micros): void {
    this.context.time = Math.max(this.context.time, time);
    this.context.ledger.apply(note, time);
  }

  /** A run begins armed or not by its profile; a kill that stands keeps everything disarmed. */
  begin(): void {
    const { ledger, options } = this.context;
    ledger.isArmed = options.startsArmed && !ledger.causes.has("KILL|account");
  }

  /** Durable state as plain data: what a snapshot holds and what the state hash is taken over. */
  snapshot(): LedgerState {
    return this.context.ledger.toState();
  }

  restore(state: LedgerState): void {
    this.context.ledger.restore(state);
  }

  private dispatch(event: EngineEvent): void {
    const { context } = this;
    switch (event.kind) {
      case "timer":
        return;
      case "quote":
        return this.onTick(event.quote.symbol, context.market.onQuote(event.quote));
      case "trade":
        return this.onTick(event.trade.symbol, context.market.onTrade(event.trade));
      case "bar":
        return this.onBar(event);
      case "formingBar":
        context.market.onForming(event.symbol, event.bar);
        return context.emit({ kind: "touch", topic: "formingBars", key: event.symbol });
      case "historyEnd":
        if (event.timeframe === "1m") context.market.endHistory(event.symbol, event.time);
        return this.signals.publishAll();
      case "instrument":
        context.market.setInstrument(event.instrument);
        return context.emit({
          kind: "publish",
          topic: "instruments",
          key: event.instrument.symbol,
          body: { ...event.instrument, isTradable: true },
        });
      case "dataRefused":
        context.market.refuse(event.symbol, `${event.code}: ${event.detail}`);
        context.alert("warning", "DATA_REFUSED", `${event.symbol}: ${event.detail}`, { symbol: event.symbol });
        return context.emit({ kind: "touch", topic: "quotes", key: event.symbol });
      case "farm":
        return this.onFarm(event.name, event.isUp);
      case "command":
        return this.commands.onCommand(event);
      case "journalStall":
        context.isJournalStalled = event.stalled;
        if (event.stalled) context.alert("critical", "JOURNAL_STALL", event.detail);
        return;
      default:
        return this.dispatchBroker(event);
    }
  }

  private dispatchBroker(event: EngineEvent): void {
    const { context } = this;
    switch (event.kind) {
      case "link":
        return this.broker.onLink(event);
      case "accountValues":
        return this.broker.onAccountValues(event);
      case "orderSent":
        return onOrderSent(context, event);
      case "orderNotSent":
        return onOrderNotSent(context, event);
      case "orderReport":
        return onOrderReport(context, event);
      case "execution":
        return onExecution(context, event.execution, this.kill);
      case "commission":
        return onCommission(context, event);
      case "brokerSnapshot":
        this.broker.onSnapshot(event.snapshot);
        return this.openSession();
      default:
        assert(false, `event ${event.kind} has a handler`);
    }
  }

  /** Limits that end in KILLED press the same switch as a person. */
  private readonly kill = (reason: string): void => {
    this.commands.kill("stop", reason, { who: "risk limits", from: "host" });
  };

  private onTick(symbol: string, outcome: TickOutcome): void {
    const { context } = this;
    context.emit({ kind: "touch", topic: "quotes", key: symbol });
    for (const name of outcome.events) {
      context.count(name);
      if (name === "gapAccepted")
        context.alert("warning", "GAP_ACCEPTED", `${symbol}: a price gap was confirmed`, { symbol });
      if (name === "quarantineStuck") {
        context.alert("critical", "QUARANTINE_STUCK", `${symbol}: a price jump stays unconfirmed`, { symbol });
      }
    }
    if (!outcome.isMarkChanged || context.ledger.portfolio.quantity(symbol) === 0) return;
    context.mark(symbol);
    context.emit({ kind: "touch", topic: "account", key: symbol });
    const source = { kind: "system", why: "position loss" } as const;
    watchPositionLoss(context, symbol, (reason) => {
      this.exits.close({ symbol, owner: undefined, source, reason, isFlattening: true });
    });
    watchLosses(context, this.kill);
  }

  private onBar(event: Extract<EngineEvent, { kind: "bar" }>): void {
    const { context } = this;
    if (event.timeframe === "1d") return context.market.onDailyBar(event.symbol, event.bar, event.time);
    const isLive = event.origin === "live";
    if (!isLive) context.market.expectHistory(event.symbol);
    for (const built of context.market.onBar(event.symbol, event.bar)) {
      this.onCompleted(event.symbol, built, isLive);
    }
  }

  private onCompleted(
    symbol: string,
    built: { readonly timeframe: string; readonly bar: Parameters<SignalStage["onBar"]>[1] },
    isLive: boolean,
  ): void {
    const { context } = this;
    if (isLive) context.emit({ kind: "touch", topic: "bars", key: `${symbol}:${built.timeframe}` });
    const isRegular = context.market.calendar.sessionOf(built.bar.start) !== undefined;
    if (built.timeframe === context.options.interval && isRegular) this.signals.onBar(symbol, built.bar, isLive);
  }

  /** Bars that only time closes; a session that has begun starts its own day. */
  private closeBars(): void {
    const { context } = this;
    for (const built of context.market.advance(context.time)) this.onCompleted(built.symbol, built, built.isLive);
    this.openSession();
  }

  private openSession(): void {
    const session = this.context.market.sessionAt(this.context.time);
    if (session !== undefined) openSession(this.context, session.date);
  }

  private watch(): void {
    const { context } = this;
    this.lastWatch = context.time;
    watchDeadlines(context);
    watchHoldings(context);
    const isInSession = context.market.sessionAt(context.time) !== undefined;
    if (isInSession && context.time - context.marksNoted >= MARKS_INTERVAL) context.noteMarks();
    this.broker.watch();
    this.exits.watchProtection();
  }

  private onFarm(name: string, isUp: boolean): void {
    if (isUp) this.context.farmsDown.delete(name);
    else this.context.farmsDown.add(name);
    this.context.emit({ kind: "touch", topic: "status", key: "status" });
  }
}
