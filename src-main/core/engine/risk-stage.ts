import { CONTROLS } from "#core/risk/checks.ts";
import { breakerAdmits } from "#core/risk/circuit-breaker.ts";
import { gaugeOf } from "#core/risk/control.ts";
import { lossGauges, lossStages } from "#core/risk/loss-stages.ts";
import type { RiskView } from "#core/risk/risk-view.ts";
import { MICROS_PER_UNIT } from "#shared/lib/money.ts";
import { MINUTE } from "#shared/lib/time.ts";
import { type Order, type OrderRequest, signed } from "#shared/model/order.ts";
import type { RiskCode, RiskGauge, StateCause, TradingState } from "#shared/model/risk.ts";
import type { Context } from "./context.ts";

const POSITION_LOSS_EQUITY_PERCENT = 1;
const SEVERITY: readonly TradingState[] = ["ACTIVE", "REDUCING", "HALTED", "KILLED"];

/** Strictest state over the account and the scopes named. */
export function tradingState(context: Context, scopes: readonly string[] = []): TradingState {
  let strictest = 0;
  for (const cause of context.ledger.causes.values()) {
    if (cause.scope !== "account" && !scopes.includes(cause.scope)) continue;
    strictest = Math.max(strictest, SEVERITY.indexOf(cause.severity));
  }
  return SEVERITY[strictest] ?? "KILLED";
}

export function isOpeningRole(order: Order): boolean {
  return order.role === "entry";
}

const openShares = (order: Order): number => Math.max(0, order.quantity - order.filledQuantity);

/** Everything the gate looks at for `request`, worst case: working and unacknowledged orders count as filled. */
export function riskView(
  context: Context,
  request: Pick<OrderRequest, "symbol" | "side" | "intentId" | "source">,
  likeness: string,
): RiskView {
  const { ledger, market, time } = context;
  const symbol = request.symbol;
  const strategyId = request.source.kind === "strategy" ? request.source.strategyId : undefined;
  const scopes = [`symbol:${symbol}`, ...(strategyId === undefined ? [] : [`strategy:${strategyId}`])];
  const working = ledger.openOrders();
  const openings = working.filter(isOpeningRole);
  const exposure = exposures(context, openings, request);
  const session = market.sessionAt(time);
  const instrument = market.instrument(symbol);
  const lastLike = ledger.lastLike(likeness);
  const values = context.accountValues;
  return {
    time,
    limits: context.limits(),
    tradingState: tradingState(context, scopes),
    hasExitGrant: ["EXITS", "FLATTEN", `FLATTEN:${symbol}`].some((grant) => ledger.grants.has(grant)),
    isArmed: ledger.isArmed,
    isStrategyOn: strategyId === undefined || ledger.strategies.get(strategyId) !== false,
    link: context.link,
    isReconciled: context.reconciledGeneration === context.generation && context.generation > 0,
    isSymbolFrozen: ledger.frozen.has(symbol),
    isJournalStalled: context.isJournalStalled,
    breakerFailures: ledger.breaker.failures,
    isBreakerAdmitting: breakerAdmits(ledger.breaker, ledger.breakerLimits(), time),
    market: market.view(symbol, context.farmsDown.size === 0),
    position: ledger.closable(symbol),
    workingBuy: sharesOf(openings, symbol, "buy"),
    workingSell: sharesOf(openings, symbol, "sell"),
    workingClose: closingShares(context, symbol),
    openSymbols: exposure.openSymbols.size,
    isSymbolOpen: exposure.openSymbols.has(symbol),
    equity: context.equityUnits(),
    grossExposure: exposure.gross,
    netExposure: exposure.net,
    symbolExposure: exposure.symbol,
    sectorExposure: exposure.sector,
    workingMargin: exposure.margin,
    ordersLastMinute: ledger.entryTimes.filter((entry) => entry > time - MINUTE).length,
    tradesToday: ledger.session.entries,
    notionalToday: ledger.session.notional / MICROS_PER_UNIT,
    openOrdersOnSide: openings.filter((order) => order.symbol === symbol && order.side === request.side).length,
    openOrders: openings.length,
    parentsUnderWay: openings.length,
    isKnownIntent: ledger.orders.hasIntent(request.intentId),
    ...(session === undefined ? {} : { session }),
    ...(instrument === undefined ? {} : { instrument }),
    ...(lastLike === undefined ? {} : { lastLikeTime: lastLike }),
    ...(values?.excessLiquidity === undefined ? {} : { excessLiquidity: values.excessLiquidity / MICROS_PER_UNIT }),
    ...(values === undefined ? {} : { accountValuesTime: values.time }),
  };
}

function sharesOf(orders: readonly Order[], symbol: string, side: Order["side"]): number {
  return orders
    .filter((order) => order.symbol === symbol && order.side === side)
    .reduce((sum, order) => sum + openShares(order), 0);
}

/**
 * Shares of the position that working orders may already close. A bracket's stop and target cancel each other, so a
 * family counts once, and never for more than its entry has filled and the family has not closed yet.
 */
export function closingShares(context: Context, symbol: string): number {
  const families = new Map<string, number>();
  for (const order of context.ledger.openOrders()) {
    if (order.symbol !== symbol || order.role === "entry") continue;
    const parent = order.parentRef === undefined ? undefined : context.ledger.orders.get(order.parentRef);
    const open = order.quantity - order.filledQuantity;
    const held = parent === undefined ? open : parent.filledQuantity - context.ledger.orders.closedBy(parent.orderRef);
    const family = order.parentRef ?? order.orderRef;
    families.set(family, Math.max(families.get(family) ?? 0, Math.min(open, held)));
  }
  let total = 0;
  for (const shares of families.values()) total += Math.max(0, shares);
  return total;
}

/** Worst case of what is held and being opened. The other side's orders may never fill, so they lower no net exposure. */
function exposures(
  context: Context,
  openings: readonly Order[],
  { symbol, side }: Pick<OrderRequest, "symbol" | "side">,
) {
  const held = new Map<string, number>();
  for (const name of context.ledger.portfolio.symbols()) {
    const quantity = context.ledger.portfolio.quantity(name);
    if (quantity !== 0) held.set(name, quantity * priceOf(context, name));
  }
  const openSymbols = new Set(held.keys());
  let gross = 0;
  let net = 0;
  for (const value of held.values()) {
    gross += Math.abs(value);
    net += value;
  }
  const sector = sectorOf(context, symbol);
  let mine = Math.abs(held.get(symbol) ?? 0);
  let inSector = 0;
  for (const [name, value] of held) if (sectorOf(context, name) === sector) inSector += Math.abs(value);
  let margin = 0;
  for (const order of openings) {
    const value = openShares(order) * (order.limitPrice ?? order.stopPrice ?? priceOf(context, order.symbol));
    openSymbols.add(order.symbol);
    gross += value;
    if (order.side === side) net += signed(order.side, value);
    margin += order.side === "sell" ? 1.5 * value : value;
    if (order.symbol === symbol) mine += value;
    if (sectorOf(context, order.symbol) === sector) inSector += value;
  }
  return { openSymbols, gross, net, symbol: mine, sector: inSector, margin };
}

const sectorOf = (context: Context, symbol: string): string => context.market.instrument(symbol)?.sector ?? "unknown";

/** Mark, else the average cost: a holding without a price must not vanish from the limits. */
function priceOf(context: Context, symbol: string): number {
  const position = context.ledger.portfolio.position(symbol);
  return position?.mark ?? position?.averageCost ?? context.market.mark(symbol) ?? 0;
}

/** The rows of the risk console, from the same limits that block. */
export function riskGauges(context: Context): readonly RiskGauge[] {
  const symbol = context.market.stalestSymbol() ?? context.options.symbols[0] ?? "";
  const view = riskView(context, { symbol, side: "buy", intentId: "", source: { kind: "manual", who: "" } }, "");
  const worst = Math.max(0, ...context.ledger.portfolio.symbols().map((one) => lossPercent(context, one)));
  const denied = (code: RiskCode) => context.denials.get(code) ?? { count: 0 };
  return [
    ...CONTROLS.map((control) => gaugeOf(control, view, denied(control.code))),
    ...lossGauges(lossInput(context), worst, context.limits()).map((gauge) => ({
      ...gauge,
      denialsToday: denied(gauge.code).count,
    })),
  ];
}

function lossInput(context: Context) {
  const { session, highWaterEquity, acknowledgedEquity } = context.ledger;
  return {
    ...(acknowledgedEquity === undefined ? {} : { acknowledgedEquity: acknowledgedEquity / MICROS_PER_UNIT }),
    equity: context.equityUnits(),
    sessionStartEquity: session.startEquity === undefined ? undefined : session.startEquity / MICROS_PER_UNIT,
    highWaterEquity: highWaterEquity === undefined ? undefined : highWaterEquity / MICROS_PER_UNIT,
  };
}

/** Loss limits act on the event that crosses them: causes are added at once, and killing ones cancel what opens. */
export function watchLosses(context: Context, kill: (reason: string) => void): void {
  const { ledger } = context;
  const equity = ledger.portfolio.equity();
  if (ledger.highWaterEquity !== undefined && equity > ledger.highWaterEquity * 1.001) {
    context.note({ kind: "STATE", body: { what: "highWater", highWaterEquity: equity } });
  }
  for (const stage of lossStages(lossInput(context), context.limits())) {
    const key = `${stage.code}|account`;
    const known = ledger.causes.get(key);
    if (known !== undefined && SEVERITY.indexOf(known.severity) >= SEVERITY.indexOf(stage.severity)) continue;
    const cause: StateCause = { ...stage, scope: "account", since: context.time };
    context.note({ kind: "STATE", body: { what: "cause", cause } });
    context.alert("critical", stage.code, stage.detail);
    if (stage.severity === "KILLED") kill(stage.detail);
  }
}

/** Unrealised loss of a holding in percent of its entry value; negative for a gain, 0 while flat or unknown. */
function lossPercent(context: Context, symbol: string): number {
  const position = context.ledger.portfolio.position(symbol);
  if (position?.unrealizedPnl === undefined || position.quantity === 0) return 0;
  return (-position.unrealizedPnl / Math.abs(position.cost)) * 100;
}

/**
 * A position that lost too much stops opening in its symbol and is closed; the second one of a session, in the account.
 * Shares that were held before us are not ours to sell: what they cost then says nothing about a risk that we took.
 */
export function watchPositionLoss(context: Context, symbol: string, close: (reason: string) => void): void {
  const { ledger } = context;
  const position = ledger.portfolio.position(symbol);
  if (position?.unrealizedPnl === undefined || position.quantity === 0 || position.unrealizedPnl >= 0) return;
  if (ledger.causes.has(`POSITION_LOSS|symbol:${symbol}`) || ledger.adopted.has(symbol)) return;
  const percent = lossPercent(context, symbol);
  const ofEquity = (-position.unrealizedPnl / ledger.portfolio.equity()) * 100;
  const limit = context.limits().positionLossPercent;
  if (percent < limit && ofEquity < POSITION_LOSS_EQUITY_PERCENT) return;
  const detail = `${symbol} lost ${percent.toFixed(2)} % of its entry value (allowed ${limit} %), ${ofEquity.toFixed(2)} % of equity (allowed ${POSITION_LOSS_EQUITY_PERCENT} %)`;
  const others = [...ledger.causes.values()].filter(({ code }) => code === "POSITION_LOSS").length;
  const scopes = others > 0 ? [`symbol:${symbol}`, "account"] : [`symbol:${symbol}`];
  for (const scope of scopes) {
    const cause: StateCause = {
      code: "POSITION_LOSS",
      scope,
      severity: "REDUCING",
      since: context.time,
      detail,
      clears: "next session",
    };
    context.note({ kind: "STATE", body: { what: "cause", cause } });
  }
  context.alert("critical", "POSITION_LOSS", detail, { symbol });
  close("position loss");
}

/** A new session: the counters of the day start again, and causes that end with the day are cleared. */
export function openSession(context: Context, date: string): void {
  const { ledger } = context;
  if (ledger.session.date === date || !ledger.isOpened) return;
  context.noteMarks();
  const equity = ledger.portfolio.equity();
  const highWaterEquity = Math.max(equity, ledger.highWaterEquity ?? equity);
  context.note({ kind: "STATE", body: { what: "session", date, startEquity: equity, highWaterEquity } });
  for (const cause of ledger.causes.values()) {
    const endsWithDay = cause.code === "DAILY_LOSS" || cause.code === "POSITION_LOSS";
    if (!endsWithDay || cause.severity === "KILLED") continue;
    context.note({ kind: "STATE", body: { what: "clear", code: cause.code, scope: cause.scope } });
  }
  context.denials.clear();
}
