import {
  averagePrice,
  type ExchangeExecution,
  type ExchangeOrder,
  remaining,
} from "#core/simulation/exchange-order.ts";
import { toUnits } from "#shared/lib/money.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { OrderType } from "#shared/model/order.ts";
import { contractFields } from "./contract-messages.ts";
import { easternTime } from "./eastern-time.ts";
import { type Field, UNSET_DOUBLE } from "./wire.ts";

const TYPE_TEXT: Readonly<Record<OrderType, string>> = {
  market: "MKT",
  limit: "LMT",
  stop: "STP",
  stopLimit: "STP LMT",
};

/** TWS's word for where an order stands. */
export function statusText(order: ExchangeOrder): string {
  if (order.status === "filled") return "Filled";
  if (order.status === "cancelled") return "Cancelled";
  if (order.status === "rejected") return "Inactive";
  if (order.isPendingCancel) return "PendingCancel";
  if (order.status === "held") return "Inactive";
  return order.status === "parked" ? "PreSubmitted" : "Submitted";
}

/** What a what-if answers: the margin before, the change, and after; and the commission. Currency units. */
export type WhatIf = {
  readonly initialBefore: number;
  readonly maintenanceBefore: number;
  readonly equityBefore: number;
  readonly initialChange: number;
  readonly commission: number;
};

type OpenOrderInput = {
  readonly order: ExchangeOrder;
  readonly instrument: Instrument;
  readonly conId: number;
  readonly version: number;
  readonly whatIf?: WhatIf;
};

export function openOrder(input: OpenOrderInput): readonly Field[] {
  const { order, instrument, conId, version, whatIf } = input;
  return [
    5,
    order.orderId,
    ...contractFields(instrument, conId),
    order.side === "buy" ? "BUY" : "SELL",
    order.quantity,
    TYPE_TEXT[order.type],
    order.limitPrice ?? 0,
    order.stopPrice ?? 0,
    order.timeInForce.toUpperCase(),
    order.ocaGroup,
    order.accountId,
    "",
    0,
    order.orderRef,
    order.clientId,
    order.permId,
    order.outsideRth,
    false,
    0,
    ...["", "", "", "", ""],
    ...(version < 177 ? [""] : []),
    ...["", "", "", "", ""],
    ...[0, "", -1, 0, "", "", "", "", ""],
    ...["", false, false, false, ""],
    order.ocaGroup === "" ? 3 : 1,
    ...[false, false, "", order.parentId, 0],
    ...["", 0, "", ""],
    ...[0, 0, "", ""],
    ...["", "", ""],
    ...[0, 0, 0],
    ...["", "", ""],
    "",
    ...[false, "", "", false, 0],
    "",
    false,
    whatIf !== undefined,
    whatIf === undefined ? statusText(order) : "PreSubmitted",
    ...marginFields(whatIf),
    ...["", false, false],
    0,
    ...["None", UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, 0],
    ...["", 0, ""],
    ...[0, false, false, false, false],
    ...(version >= 158 ? [""] : []),
    ...(version >= 160 ? [""] : []),
    ...(version >= 162 ? [false] : []),
    ...(version >= 170 ? ["", "", "", "", ""] : []),
    ...(version >= 183 ? [""] : []),
    ...(version >= 184 ? [false] : []),
    ...(version >= 185 ? [""] : []),
    ...(version >= 189 ? [false] : []),
    ...(version >= 193 ? ["", ""] : []),
  ];
}

/** Nine margin figures, three commissions and their currency. */
function marginFields(whatIf: WhatIf | undefined): readonly Field[] {
  if (whatIf === undefined) return [...Array<string>(9).fill(UNSET_DOUBLE), "", "", "", ""];
  const { initialBefore, maintenanceBefore, equityBefore, initialChange, commission } = whatIf;
  return [
    initialBefore,
    maintenanceBefore,
    equityBefore,
    initialChange,
    initialChange,
    -commission,
    initialBefore + initialChange,
    maintenanceBefore + initialChange,
    equityBefore - commission,
    commission,
    commission,
    commission,
    "USD",
  ];
}

export function orderStatus(order: ExchangeOrder): readonly Field[] {
  return [
    3,
    order.orderId,
    statusText(order),
    order.filledQuantity,
    remaining(order),
    averagePrice(order),
    order.permId,
    order.parentId,
    order.lastFillPrice,
    order.clientId,
    "",
    0,
  ];
}

/** Carries neither orderId nor clientId: only permId and orderRef can match it. */
export function completedOrder(input: Omit<OpenOrderInput, "whatIf">): readonly Field[] {
  const { order, instrument, conId, version } = input;
  const status = statusText(order);
  return [
    101,
    ...contractFields(instrument, conId),
    order.side === "buy" ? "BUY" : "SELL",
    order.quantity,
    TYPE_TEXT[order.type],
    order.limitPrice ?? 0,
    order.stopPrice ?? 0,
    order.timeInForce.toUpperCase(),
    order.ocaGroup,
    order.accountId,
    "",
    0,
    order.orderRef,
    order.permId,
    order.outsideRth,
    false,
    0,
    ...["", "", "", ""],
    ...(version < 177 ? [""] : []),
    ...["", "", "", "", ""],
    ...[0, "", -1],
    ...["", "", "", "", ""],
    ...["", false, false, "", 0, 0],
    ...["", 0, "", ""],
    ...[0, 0, "", "", ""],
    ...[0, 0, 0],
    ...["", "", ""],
    "",
    ...["", "", false, 0],
    "",
    false,
    status,
    ...[false, false, 0],
    ...[UNSET_DOUBLE, UNSET_DOUBLE],
    ...[0, false, false, ""],
    order.filledQuantity,
    ...[0, false, "", false, false],
    0,
    `${easternTime(order.placedTime)} US/Eastern`,
    status === "Filled" ? `Filled Size: ${order.filledQuantity}` : "Cancelled by Trader",
    ...(version >= 170 ? ["", "", "", "", ""] : []),
    ...(version >= 183 ? [""] : []),
    ...(version >= 184 ? [false] : []),
  ];
}

export function execDetails(input: {
  readonly request: number;
  readonly execution: ExchangeExecution;
  readonly instrument: Instrument;
  readonly conId: number;
  readonly version: number;
}): readonly Field[] {
  const { request, execution, instrument, conId, version } = input;
  const { order } = execution;
  return [
    11,
    request,
    order.orderId,
    ...contractFields(instrument, conId),
    execution.execId,
    `${easternTime(execution.time)} US/Eastern`,
    order.accountId,
    instrument.primaryExchange,
    execution.side === "buy" ? "BOT" : "SLD",
    execution.quantity,
    execution.price,
    order.permId,
    order.clientId,
    0,
    execution.cumulativeQuantity,
    execution.averagePrice,
    order.orderRef,
    "",
    "",
    "",
    2,
    ...(version >= 178 ? [false] : []),
  ];
}

export function commissionReport(execution: ExchangeExecution): readonly Field[] {
  const realized = execution.realizedPnl === undefined ? UNSET_DOUBLE : toUnits(execution.realizedPnl);
  return [59, 1, execution.execId, toUnits(execution.commission), "USD", realized, UNSET_DOUBLE, ""];
}
