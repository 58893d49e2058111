import { type Frame, UNSET_DOUBLE, type WireValue } from "./frame.ts";
import { stockFields, type WireContract } from "./wire-contract.ts";

/** A plain stock order as the server tells it: none of the optional groups is present. Prices that its type does not use are 0. */
export type OrderState = {
  readonly contract: WireContract;
  readonly orderId: number;
  readonly clientId: number;
  readonly permId: number;
  readonly parentId: number;
  readonly action: string;
  readonly quantity: number;
  readonly orderType: string;
  readonly limitPrice: number;
  readonly auxPrice: number;
  readonly tif: string;
  readonly ocaGroup: string;
  readonly account: string;
  readonly orderRef: string;
  readonly outsideRth: boolean;
  readonly triggerMethod: number;
  readonly status: string;
};

/** Margin and commission that a what-if is answered with, in currency units. */
export type WhatIfFigures = {
  readonly initialBefore: number;
  readonly maintenanceBefore: number;
  readonly equityBefore: number;
  readonly initialChange: number;
  readonly maintenanceChange: number;
  readonly equityChange: number;
  readonly commission: number;
  readonly currency: string;
};

export type Fill = {
  readonly execId: string;
  /** `yyyymmdd HH:MM:SS Zone` with a zone that can be resolved. */
  readonly time: string;
  readonly exchange: string;
  readonly quantity: number;
  readonly price: number;
  readonly cumulativeQuantity: number;
  readonly averagePrice: number;
};

const EXEMPT = -1;
const CANCEL_WITH_BLOCK = 1;
const REDUCE_WITHOUT_BLOCK = 3;

const ocaType = (order: OrderState): number => (order.ocaGroup === "" ? REDUCE_WITHOUT_BLOCK : CANCEL_WITH_BLOCK);

/** Terms that openOrder and completedOrder share, up to orderRef. */
function termFields(order: OrderState): readonly WireValue[] {
  return [
    ...stockFields(order.contract),
    order.action,
    order.quantity,
    order.orderType,
    order.limitPrice,
    order.auxPrice,
    order.tif,
    order.ocaGroup,
    order.account,
    "",
    0,
    order.orderRef,
  ];
}

/** From modelCode to designatedLocation and exemptCode. */
const SHORT_SALE: readonly WireValue[] = ["", "", "", "", "", 0, "", EXEMPT];
/** startingPrice stockRefPrice delta stockRangeLower stockRangeUpper. */
const BOX: readonly WireValue[] = ["", "", "", "", ""];
/** volatility volatilityType dnOrderType dnAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent. */
const VOLATILITY: readonly WireValue[] = ["", 0, "", "", 0, 0, "", ""];
/** legsDescription, no legs, no leg prices, no smart parameters, scaleInit scaleSubs scaleIncrement, hedgeType. */
const COMBO_SCALE_HEDGE: readonly WireValue[] = ["", 0, 0, 0, "", "", "", ""];

const PEGS: readonly WireValue[] = ["", "", "", "", ""];

export function openOrder(order: OrderState, version: number, whatIf?: WhatIfFigures): Frame {
  return [
    5,
    order.orderId,
    ...termFields(order),
    order.clientId,
    order.permId,
    order.outsideRth,
    false,
    0,
    "",
    "",
    ...["", "", ""],
    ...(version < 177 ? [""] : []),
    ...SHORT_SALE,
    0,
    ...BOX,
    ...["", false, false, false, ""],
    ocaType(order),
    ...[false, false, ""],
    order.parentId,
    order.triggerMethod,
    ...VOLATILITY,
    ...["", ""],
    ...COMBO_SCALE_HEDGE,
    ...[false, "", "IB", false, false],
    "",
    false,
    ...whatIfFields(order.status, whatIf),
    ...[false, false],
    0,
    ...["None", UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, 0],
    ...["", "", ""],
    ...["", false, false, false, false],
    ...(version >= 158 ? [""] : []),
    ...(version >= 160 ? [""] : []),
    ...(version >= 162 ? [false] : []),
    ...(version >= 170 ? PEGS : []),
    ...(version >= 183 ? [""] : []),
    ...(version >= 184 ? [false] : []),
    ...(version >= 185 ? [""] : []),
    ...(version >= 189 ? [false] : []),
    ...(version >= 193 ? ["", ""] : []),
  ];
}

/** whatIf, status, nine margins, three commissions, their currency and a warning. */
function whatIfFields(status: string, figures: WhatIfFigures | undefined): readonly WireValue[] {
  if (figures === undefined) return [false, status, ...Array<string>(9).fill(UNSET_DOUBLE), "", "", "", "", ""];
  const { initialBefore, maintenanceBefore, equityBefore, initialChange, maintenanceChange, equityChange } = figures;
  const before = [initialBefore, maintenanceBefore, equityBefore];
  const change = [initialChange, maintenanceChange, equityChange];
  const after = before.map((value, index) => cents(value + (change[index] ?? 0)));
  const { commission, currency } = figures;
  return [true, status, ...before, ...change, ...after, commission, commission, commission, currency, ""];
}

const cents = (value: number): number => Math.round(value * 100) / 100;

/** An order that is over. It carries neither orderId nor clientId: only permId and orderRef can match it. */
export function completedOrder(
  order: OrderState & {
    readonly filledQuantity: number;
    readonly completedTime: string;
    readonly completedStatus: string;
    readonly parentPermId: number;
  },
  version: number,
): Frame {
  return [
    101,
    ...termFields(order),
    order.permId,
    order.outsideRth,
    false,
    0,
    "",
    ...["", "", ""],
    ...(version < 177 ? [""] : []),
    ...SHORT_SALE,
    ...BOX,
    ...["", false, false, ""],
    ocaType(order),
    order.triggerMethod,
    ...VOLATILITY,
    ...COMBO_SCALE_HEDGE,
    ...["", "IB", false, false],
    "",
    false,
    order.status,
    ...[false, false],
    0,
    ...[UNSET_DOUBLE, UNSET_DOUBLE],
    "",
    ...[false, false],
    "",
    order.filledQuantity,
    ...[0, false, "", false, false],
    order.parentPermId,
    order.completedTime,
    order.completedStatus,
    ...(version >= 170 ? PEGS : []),
    ...(version >= 183 ? [""] : []),
    ...(version >= 184 ? [false] : []),
  ];
}

export function orderStatus(
  order: OrderState,
  fills: { readonly filled: number; readonly remaining: number; readonly average: number; readonly last: number },
): Frame {
  const { orderId, status, permId, parentId, clientId } = order;
  const { filled, remaining, average, last } = fills;
  return [3, orderId, status, filled, remaining, average, permId, parentId, last, clientId, "", 0];
}

/** `requestId` is -1 for a live execution. */
export function execDetails(requestId: number, order: OrderState, fill: Fill, version: number): Frame {
  return [
    11,
    requestId,
    order.orderId,
    ...stockFields(order.contract),
    fill.execId,
    fill.time,
    order.account,
    fill.exchange,
    order.action === "BUY" ? "BOT" : "SLD",
    fill.quantity,
    fill.price,
    order.permId,
    order.clientId,
    0,
    fill.cumulativeQuantity,
    fill.averagePrice,
    order.orderRef,
    "",
    "",
    "",
    2,
    ...(version >= 178 ? [false] : []),
  ];
}

/** `realizedPnl` is absent for a fill that opened. Currency units. */
export function commissionReport(
  execId: string,
  commission: number,
  currency: string,
  realizedPnl: number | undefined,
): Frame {
  return [59, 1, execId, commission, currency, realizedPnl ?? UNSET_DOUBLE, UNSET_DOUBLE, ""];
}

export const openOrderEnd = (): Frame => [53, 1];
export const completedOrdersEnd = (): Frame => [102];
export const executionsEnd = (requestId: number): Frame => [55, 1, requestId];
