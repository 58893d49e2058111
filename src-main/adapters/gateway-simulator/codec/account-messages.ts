import { type Frame, UNSET_DOUBLE } from "./frame.ts";
import { stockFields, type WireContract } from "./wire-contract.ts";

export function position(account: string, contract: WireContract, quantity: number, averageCost: number): Frame {
  return [61, 3, account, ...stockFields(contract), quantity, averageCost];
}

export const positionEnd = (): Frame => [62, 1];

export function accountValue(key: string, value: string, currency: string, account: string): Frame {
  return [6, 2, key, value, currency, account];
}

/** Currency units. */
export type PortfolioRow = {
  readonly contract: WireContract;
  readonly quantity: number;
  readonly marketPrice: number;
  readonly marketValue: number;
  readonly averageCost: number;
  readonly unrealizedPnl: number;
  readonly realizedPnl: number;
};

export function portfolioValue(row: PortfolioRow, account: string): Frame {
  const { conId, symbol, secType, primaryExchange, currency, localSymbol, tradingClass } = row.contract;
  return [
    7,
    8,
    conId,
    symbol,
    secType,
    "",
    0,
    "",
    "",
    primaryExchange,
    currency,
    localSymbol,
    tradingClass,
    row.quantity,
    row.marketPrice,
    row.marketValue,
    row.averageCost,
    row.unrealizedPnl,
    row.realizedPnl,
    account,
  ];
}

/** `time` is HH:MM of the account's zone. */
export const accountTime = (time: string): Frame => [8, 1, time];
export const accountDownloadEnd = (account: string): Frame => [54, 1, account];

export function accountSummary(
  requestId: number,
  account: string,
  tag: string,
  value: string,
  currency: string,
): Frame {
  return [63, 1, requestId, account, tag, value, currency];
}

export const accountSummaryEnd = (requestId: number): Frame => [64, 1, requestId];

/** Currency units. */
export type PnlFigures = { readonly daily: number; readonly unrealized: number; readonly realized: number };

export function pnl(requestId: number, { daily, unrealized, realized }: PnlFigures): Frame {
  return [94, requestId, daily, unrealized, realized];
}

/** `value` is absent while the position has no price. */
export function pnlSingle(
  requestId: number,
  quantity: number,
  { daily, unrealized, realized }: PnlFigures,
  value: number | undefined,
): Frame {
  return [95, requestId, quantity, daily, unrealized, realized, value ?? UNSET_DOUBLE];
}
