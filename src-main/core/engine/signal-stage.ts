import { createFeatureSet, type FeatureSet } from "#core/features/feature-set.ts";
import { sizeTarget } from "#core/portfolio/targets.ts";
import { orderNotionalLimit } from "#core/risk/exposure-checks.ts";
import { marketableLimit } from "#core/risk/risk-engine.ts";
import { strategyOf } from "#core/strategies/registry.ts";
import type { Strategy, StrategyDefinition } from "#core/strategies/strategy.ts";
import { isoText, type Micros } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import type { OrderRequest } from "#shared/model/order.ts";
import type { RiskFailure } from "#shared/model/risk.ts";
import type { StrategyView } from "#shared/model/strategy.ts";
import type { Context } from "./context.ts";
import type { ExitFlow } from "./exit-flow.ts";
import { ownerOf } from "./ledger.ts";
import { submitRequest } from "./order-flow.ts";

/** One strategy with one instance a symbol, so that symbols never share state. */
type Running = {
  readonly definition: StrategyDefinition;
  readonly parameters: Readonly<Record<string, number>>;
  readonly instances: Map<string, Strategy>;
  readonly warm: Set<string>;
  signals: number;
  lastTime: Micros | undefined;
  lastText: string | undefined;
  error: string | undefined;
};

/** Completed bars -> features -> strategies -> targets -> requests. History warms everything up and trades nothing. */
export class SignalStage {
  private readonly context: Context;
  private readonly exits: ExitFlow;
  private readonly running: readonly Running[];
  private readonly featureSets = new Map<string, FeatureSet>();
  /** End of the newest bar of each symbol. */
  private readonly ends = new Map<string, Micros>();
  private readonly featureNames: readonly string[];
  private readonly lastWhyNot = new Map<string, string>();

  constructor(context: Context, exits: ExitFlow) {
    this.context = context;
    this.exits = exits;
    this.running = context.options.strategies.map(({ id, parameters }) => ({
      definition: strategyOf(id),
      parameters,
      instances: new Map(),
      warm: new Set(),
      signals: 0,
      lastTime: undefined,
      lastText: undefined,
      error: undefined,
    }));
    this.featureNames = [...new Set(this.running.flatMap(({ definition }) => definition.features))].sort();
  }

  /** Feature values that every running strategy asked for, once per symbol and bar however many ask. */
  onBar(symbol: string, bar: Bar, isLive: boolean): void {
    const { context } = this;
    const set = this.featureSet(symbol);
    this.restartAfterGap(symbol, set, bar, isLive);
    const vector = set.push(bar);
    this.ends.set(symbol, vector.asOf);
    const features: Record<string, number> = {};
    vector.names.forEach((name, index) => {
      const value = vector.values[index];
      if (value !== undefined && Number.isFinite(value)) features[name] = value;
    });
    for (const strategy of this.running) {
      if (strategy.error !== undefined) continue;
      const wish = this.ask(strategy, symbol, bar, features);
      if (wish === undefined) continue;
      strategy.warm.add(symbol);
      if (!isLive || context.ledger.strategies.get(strategy.definition.id) === false) continue;
      strategy.signals += 1;
      strategy.lastTime = context.time;
      strategy.lastText = `${symbol} ${wish.direction.toFixed(2)}: ${wish.reason}`;
      this.act(strategy, symbol, wish, features);
      this.publish(strategy);
    }
  }

  /** Windows that span a hole would take distant bars for neighbours: after one the features warm up again. */
  private restartAfterGap(symbol: string, set: FeatureSet, bar: Bar, isLive: boolean): void {
    const { context } = this;
    const { calendar } = context.market;
    const end = this.ends.get(symbol);
    if (end === undefined) return;
    const next = calendar.sessionOf(end) === undefined ? calendar.nextSession(end)?.open : end;
    if (next === undefined || bar.start <= next) return;
    set.rebuild([]);
    context.count("gaps");
    if (!isLive) return;
    const text = `${symbol}: no bar between ${isoText(next)} and ${isoText(bar.start)}; its features warm up again`;
    context.alert("warning", "DATA_GAP", text, { symbol });
  }

  /** A strategy that throws is switched off by name; the engine goes on. */
  private ask(
    strategy: Running,
    symbol: string,
    bar: Bar,
    features: Readonly<Record<string, number>>,
  ): { readonly direction: number; readonly reason: string } | undefined {
    const { context } = this;
    const { id } = strategy.definition;
    try {
      return this.instance(strategy, symbol).onBar({
        time: context.time,
        symbol,
        timeframe: context.options.interval,
        bar,
        features,
        position: context.ledger.strategyPosition(id, symbol),
        parameters: strategy.parameters,
      });
    } catch (error) {
      strategy.error = error instanceof Error ? error.message : String(error);
      const origin = { who: "engine", from: "host" } as const;
      const reason = `it threw: ${strategy.error}`;
      context.note({ kind: "STRATEGY", body: { strategyId: id, enabled: false, reason, origin } });
      context.alert("critical", "STRATEGY_FAILED", `${id} is off: it threw on ${symbol}: ${strategy.error}`, {
        symbol,
      });
      this.publish(strategy);
      return undefined;
    }
  }

  private instance(strategy: Running, symbol: string): Strategy {
    const known = strategy.instances.get(symbol);
    if (known !== undefined) return known;
    const instance = strategy.definition.create(strategy.parameters);
    strategy.instances.set(symbol, instance);
    return instance;
  }

  private featureSet(symbol: string): FeatureSet {
    const known = this.featureSets.get(symbol);
    if (known !== undefined) return known;
    const set = createFeatureSet(this.featureNames, {
      calendar: this.context.market.calendar,
      timeframe: this.context.options.interval,
    });
    this.featureSets.set(symbol, set);
    return set;
  }

  /** What the strategy wants against what it has: an entry, an exit, or a reason why nothing is sent. */
  private act(
    strategy: Running,
    symbol: string,
    wish: { readonly direction: number; readonly reason: string },
    features: Readonly<Record<string, number>>,
  ): void {
    const { context } = this;
    const { id } = strategy.definition;
    const held = context.ledger.strategyPosition(id, symbol);
    const key = `${id}|${symbol}`;
    if (held !== 0 && (wish.direction === 0 || Math.sign(wish.direction) !== Math.sign(held))) {
      const source = { kind: "strategy", strategyId: id } as const;
      context.count("signals");
      this.lastWhyNot.delete(key);
      this.exits.close({ symbol, owner: id, source, reason: wish.reason });
      return;
    }
    if (held !== 0 || wish.direction === 0) return;
    if (this.isEntering(id, symbol) || this.exits.isExiting(symbol, id)) return;
    context.count("signals");
    this.enter(strategy, symbol, wish, features);
  }

  private isEntering(strategyId: string, symbol: string): boolean {
    return this.context.ledger
      .openOrders()
      .some((order) => order.symbol === symbol && order.role === "entry" && ownerOf(order) === strategyId);
  }

  private enter(
    strategy: Running,
    symbol: string,
    wish: { readonly direction: number; readonly reason: string },
    features: Readonly<Record<string, number>>,
  ): void {
    const { context } = this;
    const { id } = strategy.definition;
    const limits = context.limits();
    const side = wish.direction > 0 ? "buy" : "sell";
    const view = context.market.view(symbol, context.farmsDown.size === 0);
    const price = (side === "buy" ? view.ask : view.bid) ?? view.last;
    const intentId = context.mintIntentId(id);
    const equity = context.equityUnits();
    if (price === undefined || !(price > 0) || !(equity > 0)) {
      this.sayWhyNot(id, symbol, side, intentId, wish.reason, {
        code: "DATA_STALE",
        detail: "no price to size the position by",
      });
      return;
    }
    const stopDistance = (price * limits.stopLossPercent) / 100;
    const sized = sizeTarget({
      equity,
      price,
      direction: wish.direction,
      positionPercent: context.options.sizing.positionPercent,
      riskPercent: context.options.sizing.riskPercent,
      stopDistance,
      maxOrderNotional: orderNotionalLimit({ limits, equity }),
      limitPrice: Math.max(price, marketableLimit(side, price, limits)),
      lotSize: context.market.instrument(symbol)?.lotSize ?? 1,
    });
    const quantity = Math.abs(sized.quantity);
    if (quantity === 0) {
      const detail = `the rounded size is zero: ${sized.binding} binds`;
      this.sayWhyNot(id, symbol, side, intentId, wish.reason, { code: "SIZE_ZERO", detail });
      return;
    }
    const request: OrderRequest = {
      intentId,
      symbol,
      side,
      quantity,
      type: "market",
      timeInForce: "day",
      outsideRth: false,
      role: "entry",
      source: { kind: "strategy", strategyId: id },
      time: context.time,
      reason: wish.reason,
      reduceOnly: false,
      stopLoss: side === "buy" ? price - stopDistance : price + stopDistance,
    };
    const submission = submitRequest(context, request, { ...features, sizedBy: sized.binding });
    if (submission.isAccepted) this.lastWhyNot.delete(`${id}|${symbol}`);
  }

  /** A non-trade is shown once, until its reason changes. */
  private sayWhyNot(
    strategyId: string,
    symbol: string,
    side: "buy" | "sell",
    intentId: string,
    reason: string,
    failure: RiskFailure,
  ): void {
    const { context } = this;
    const key = `${strategyId}|${symbol}`;
    if (this.lastWhyNot.get(key) === failure.code) return;
    this.lastWhyNot.set(key, failure.code);
    const known = context.denials.get(failure.code);
    context.denials.set(failure.code, { count: (known?.count ?? 0) + 1, lastTime: context.time });
    const decision = {
      intentId,
      time: context.time,
      verdict: "denied" as const,
      symbol,
      side,
      quantity: 0,
      role: "entry",
      source: strategyId,
      reason,
      orderRefs: [],
      failures: [failure],
      controls: 0,
      saw: {},
    };
    context.note({ kind: "DENIED", body: { decision, likeness: "" } }, intentId);
    context.count("decisionsDenied");
    context.emit({ kind: "publish", topic: "decisions", key: intentId, body: decision });
  }

  views(): readonly StrategyView[] {
    return this.running.map((strategy) => this.view(strategy));
  }

  private view(strategy: Running): StrategyView {
    const { definition, parameters, error, lastTime, lastText } = strategy;
    return {
      id: definition.id,
      title: definition.title,
      version: definition.version,
      enabled: error === undefined && this.context.ledger.strategies.get(definition.id) !== false,
      symbols: [...this.context.options.symbols],
      timeframe: this.context.options.interval,
      parameters: { ...parameters },
      warmedUp: strategy.warm.size,
      signals: strategy.signals,
      ...(lastTime === undefined ? {} : { lastSignalTime: lastTime }),
      ...(lastText === undefined ? {} : { lastSignal: lastText }),
      ...(error === undefined ? {} : { error }),
    };
  }

  private publish(strategy: Running): void {
    const view = this.view(strategy);
    this.context.emit({ kind: "publish", topic: "strategies", key: view.id, body: view });
  }

  publishAll(): void {
    for (const strategy of this.running) this.publish(strategy);
  }
}
