import { toUnits } from "#shared/lib/money.ts";
import { MILLISECOND, type Micros } from "#shared/lib/time.ts";
import { signed } from "#shared/model/order.ts";
import type { Account } from "#shared/model/portfolio.ts";
import type { StateCause, TradingState } from "#shared/model/risk.ts";
import type { Context } from "./context.ts";
import { tradingState } from "./risk-stage.ts";

/** What the status bar shows of the engine. The host adds what only it knows (build, speed, latencies). */
export type EngineStatus = {
  readonly time: Micros;
  readonly tradingState: TradingState;
  readonly causes: readonly StateCause[];
  readonly armed: boolean;
  readonly strategiesOn: number;
  readonly link: { readonly state: string; readonly since: Micros; readonly detail: string };
  readonly data: {
    readonly watched: number;
    readonly live: number;
    readonly stale: number;
    readonly refused: number;
    readonly oldestAgeMs?: number;
  };
  readonly market: {
    readonly phase: "open" | "closed";
    readonly sessionDate?: string;
    readonly open?: Micros;
    readonly close?: Micros;
    readonly nextOpen?: Micros;
    readonly isEarlyClose: boolean;
  };
  readonly pnl: { readonly day?: number; readonly dayPercent?: number; readonly headroom?: number };
  readonly kill: {
    readonly entries: number;
    readonly protective: number;
    readonly positions: number;
    readonly value: number;
  };
};

/** Our ledger beside what the broker reports. */
export function accountView(context: Context): Account {
  const { ledger, accountValues, options } = context;
  const { portfolio } = ledger;
  const equity = portfolio.equity();
  const start = ledger.session.startEquity ?? equity;
  return {
    accountId: options.accountId,
    currency: options.currency,
    cash: portfolio.cash(),
    realizedPnl: portfolio.realizedPnl(),
    unrealizedPnl: portfolio.unrealizedPnl(),
    commissions: portfolio.commissions(),
    equity,
    dayPnl: equity - start,
    sessionStartEquity: start,
    highWaterEquity: ledger.highWaterEquity ?? equity,
    ...(accountValues?.netLiquidation === undefined ? {} : { brokerNetLiquidation: accountValues.netLiquidation }),
    ...(accountValues?.cash === undefined ? {} : { brokerCash: accountValues.cash }),
    ...(accountValues?.excessLiquidity === undefined ? {} : { excessLiquidity: accountValues.excessLiquidity }),
    ...(accountValues === undefined ? {} : { brokerTime: accountValues.time }),
  };
}

export function statusView(context: Context): EngineStatus {
  const { ledger, time } = context;
  const open = ledger.openOrders();
  return {
    time,
    tradingState: tradingState(context),
    causes: [...ledger.causes.values()],
    armed: ledger.isArmed,
    strategiesOn: context.options.strategies.filter(({ id }) => ledger.strategies.get(id) !== false).length,
    link: { state: context.link, since: context.linkSince, detail: context.linkDetail },
    data: dataView(context),
    market: marketView(context),
    pnl: pnlView(context),
    kill: {
      entries: open.filter((order) => order.role === "entry").length,
      protective: open.filter((order) => order.role === "stop").length,
      ...holdings(context),
    },
  };
}

function holdings(context: Context): { readonly positions: number; readonly value: number } {
  let positions = 0;
  let value = 0;
  for (const symbol of context.ledger.portfolio.symbols()) {
    const position = context.ledger.portfolio.position(symbol);
    if (position === undefined || position.quantity === 0) continue;
    positions += 1;
    value += Math.abs(position.cost + (position.unrealizedPnl ?? 0));
  }
  return { positions, value };
}

function dataView(context: Context): EngineStatus["data"] {
  const { market, time } = context;
  const limit = context.limits().stalenessSeconds * 1_000;
  let live = 0;
  let stale = 0;
  let oldestAgeMs: number | undefined;
  for (const symbol of market.symbols()) {
    const tick = market.lastTickTime(symbol);
    if (tick === undefined) continue;
    const age = (time - tick) / MILLISECOND;
    oldestAgeMs = Math.max(oldestAgeMs ?? 0, age);
    if (age <= limit) live += 1;
    else stale += 1;
  }
  return {
    watched: market.symbols().length,
    live,
    stale,
    refused: market.refusals().length,
    ...(oldestAgeMs === undefined ? {} : { oldestAgeMs }),
  };
}

function marketView(context: Context): EngineStatus["market"] {
  const session = context.market.sessionAt(context.time);
  const next = context.market.nextSession(context.time);
  return {
    phase: session === undefined ? "closed" : "open",
    isEarlyClose: (session ?? next)?.isEarlyClose ?? false,
    ...(session === undefined ? {} : { sessionDate: session.date, open: session.open, close: session.close }),
    ...(next === undefined ? {} : { nextOpen: next.open }),
  };
}

function pnlView(context: Context): EngineStatus["pnl"] {
  const { ledger } = context;
  const start = ledger.session.startEquity;
  if (start === undefined || start <= 0) return {};
  const day = ledger.portfolio.equity() - start;
  const limit = context.limits().dailyLossReducePercent;
  return { day, dayPercent: (day / start) * 100, headroom: Math.round((start * limit) / 100 + day) };
}

/** The figures of a run, for `--json` and the parity of two runs. Money in currency units with six exact decimals. */
export function reportView(context: Context, cashDifference: number | undefined) {
  const { ledger } = context;
  const { portfolio } = ledger;
  const orders = [...ledger.orders.values()];
  const positions = portfolio.symbols().flatMap((symbol) => {
    const position = portfolio.position(symbol);
    if (position === undefined || position.quantity === 0) return [];
    return [{ symbol, quantity: position.quantity, averageCost: position.averageCost }];
  });
  const traded = new Map<string, number>();
  for (const execution of ledger.executions.values()) {
    const quantity = signed(execution.side, execution.quantity);
    traded.set(execution.symbol, (traded.get(execution.symbol) ?? 0) + quantity);
  }
  return {
    signals: context.counters.get("signals") ?? 0,
    decisions: {
      approved: context.counters.get("decisionsApproved") ?? 0,
      denied: context.counters.get("decisionsDenied") ?? 0,
      denials: Object.fromEntries([...context.denials].map(([code, { count }]) => [code, count])),
    },
    orders: orders.length,
    ordersSent: context.counters.get("ordersSent") ?? 0,
    fills: ledger.executions.size,
    sumOfFills: Object.fromEntries(traded),
    commissions: toUnits(portfolio.commissions()),
    realizedPnl: toUnits(portfolio.realizedPnl()),
    unrealizedPnl: toUnits(portfolio.unrealizedPnl()),
    cash: toUnits(portfolio.cash()),
    equity: toUnits(portfolio.equity()),
    positions,
    openOrders: ledger.openOrders().length,
    workingEntries: ledger.openOrders().filter(({ role }) => role === "entry").length,
    reconciled:
      context.reconciledGeneration === context.generation &&
      context.generation > 0 &&
      ledger.frozen.size === 0 &&
      cashDifference !== undefined &&
      Math.abs(cashDifference) < 0.005,
    ...(cashDifference === undefined ? {} : { cashDifference }),
    tradingState: tradingState(context),
  };
}
