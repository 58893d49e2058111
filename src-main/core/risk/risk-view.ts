import type { Micros } from "#shared/lib/time.ts";
import type { LinkState } from "#shared/model/broker.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { OrderRequest } from "#shared/model/order.ts";
import type { TradingState } from "#shared/model/risk.ts";

/**
 * The limits that block, which are the limits that are shown. Units are in the names: percent of equity, currency units,
 * shares, seconds. Keys are the keys of the configuration without their section.
 */
export type RiskLimits = {
  readonly maxOrderQuantity: number;
  readonly maxOrderNotional: number;
  readonly maxOrderEquityPercent: number;
  readonly maxAdvPercent: number;
  readonly maxOpenPositions: number;
  readonly maxSymbolPercent: number;
  readonly maxGrossPercent: number;
  readonly maxNetPercent: number;
  readonly maxOrdersPerMinute: number;
  readonly maxDailyTrades: number;
  readonly maxDailyNotional: number;
  readonly maxOpenOrdersPerSide: number;
  readonly maxOpenOrders: number;
  readonly maxConcurrentParents: number;
  readonly stopLossPercent: number;
  readonly takeProfitPercent: number;
  readonly dailyLossReducePercent: number;
  readonly dailyLossKillPercent: number;
  /** Account currency; undefined = no absolute bound beside the percentage. */
  readonly dailyLossKillAmount: number | undefined;
  readonly drawdownReducePercent: number;
  readonly drawdownKillPercent: number;
  readonly stalenessSeconds: number;
  readonly feedStalenessSeconds: number;
  readonly maxSpreadPercent: number;
  readonly collarPercent: number;
  readonly passiveCollarPercent: number;
  readonly marketableLimitPercent: number;
  readonly minVolumeShares: number;
  readonly buyingPowerPercent: number;
  readonly accountValuesSeconds: number;
  readonly signalExpirySeconds: number;
  readonly duplicateSeconds: number;
  readonly maxSectorPercent: number;
  readonly positionLossPercent: number;
  /** Failures in a row that open the breaker of orders, and seconds until it is probed. */
  readonly breakerThreshold: number;
  readonly breakerTimeoutSeconds: number;
};

/** The market of one symbol as the gate sees it. Absent = unknown, which denies. */
export type MarketView = {
  readonly bid?: number;
  readonly ask?: number;
  readonly last?: number;
  readonly quoteTime?: Micros;
  /** Time of the newest tick of any symbol of the feed. */
  readonly feedTime?: Micros;
  /** Median gap between the symbol's ticks; widens or tightens the allowed age of a thin or busy symbol. */
  readonly medianGapSeconds?: number;
  readonly isLive: boolean;
  readonly isFarmUp: boolean;
  readonly isQuarantined: boolean;
  /** Mean daily volume of the last 20 complete days, in shares. */
  readonly averageDailyVolume?: number;
};

/** Everything the controls look at: one value, made by the engine for one request, worst case throughout. */
export type RiskView = {
  readonly time: Micros;
  readonly limits: RiskLimits;
  /** Strictest of account, strategy and symbol. */
  readonly tradingState: TradingState;
  /** True while KILLED and a grant lets a person's exits through. */
  readonly hasExitGrant: boolean;
  readonly isArmed: boolean;
  readonly isStrategyOn: boolean;
  readonly link: LinkState;
  readonly isReconciled: boolean;
  readonly isSymbolFrozen: boolean;
  readonly isJournalStalled: boolean;
  /** Breaker of orders: failures in a row, and whether an opening order may pass. */
  readonly breakerFailures: number;
  readonly isBreakerAdmitting: boolean;
  readonly instrument?: Instrument;
  readonly market: MarketView;
  /** The regular session that contains `time`; undefined outside. */
  readonly session?: { readonly open: Micros; readonly close: Micros };
  /** Signed shares; the smaller of the local and the broker's view where they differ. */
  readonly position: number;
  /** Unfilled shares of working and unacknowledged opening orders, by side, worst case. */
  readonly workingBuy: number;
  readonly workingSell: number;
  /** Shares of |position| already being closed outside the protective group. */
  readonly workingClose: number;
  /** Symbols held or being opened, this one counted only if it already is. */
  readonly openSymbols: number;
  readonly isSymbolOpen: boolean;
  /** Currency units; equity at marks, exposures including working orders. */
  readonly equity: number;
  readonly grossExposure: number;
  readonly netExposure: number;
  readonly symbolExposure: number;
  /** Value held and being opened in the symbol's sector; symbols of unknown sector are one sector. */
  readonly sectorExposure: number;
  readonly excessLiquidity?: number;
  readonly accountValuesTime?: Micros;
  /** Initial margin of the opening orders that work already. */
  readonly workingMargin: number;
  readonly ordersLastMinute: number;
  readonly tradesToday: number;
  readonly notionalToday: number;
  readonly openOrdersOnSide: number;
  readonly openOrders: number;
  readonly parentsUnderWay: number;
  readonly isKnownIntent: boolean;
  /** Time of the last request with the same source, symbol, side, quantity and price; undefined when none. */
  readonly lastLikeTime?: Micros;
};

/** True when the order can raise |position| in some order of fills. */
export function isOpening(request: OrderRequest, view: Pick<RiskView, "position" | "workingClose">): boolean {
  if (request.reduceOnly) return false;
  const signedQuantity = request.side === "buy" ? request.quantity : -request.quantity;
  const isOpposite = Math.sign(signedQuantity) === -Math.sign(view.position);
  return !(isOpposite && request.quantity <= Math.abs(view.position) - view.workingClose);
}

/** Where the collar is drawn around: mid of a two-sided quote, else the last print. */
export function collarReference({ bid, ask, last }: MarketView): number | undefined {
  return bid !== undefined && ask !== undefined ? (bid + ask) / 2 : last;
}

/** The price by which an order's size is judged: its own limit or stop, else the side of the quote it would pay. */
export function referencePrice(request: OrderRequest, market: MarketView): number | undefined {
  if (request.type === "limit" || request.type === "stopLimit") return request.limitPrice;
  if (request.type === "stop") return request.stopPrice;
  return (request.side === "buy" ? market.ask : market.bid) ?? market.last;
}

/**
 * The price at which an entry would be filled now: a limit that crosses the market pays the far side, not its limit.
 * Stops and targets are measured from here.
 */
export function expectedEntryPrice(request: OrderRequest, market: MarketView): number | undefined {
  if (request.type === "stop") return request.stopPrice;
  const far = request.side === "buy" ? market.ask : market.bid;
  if (request.limitPrice === undefined) return far ?? market.last;
  if (far === undefined) return request.limitPrice;
  return request.side === "buy" ? Math.min(request.limitPrice, far) : Math.max(request.limitPrice, far);
}
