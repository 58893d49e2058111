import { decimalsOf, incrementAt, type PriceBand, roundToTick } from "#shared/lib/ticks.ts";
import type { Ticket } from "#shared/model/command.ts";
import type { OrderType, TimeInForce } from "#shared/model/order.ts";

/** The ticket as it is typed. */
export type Draft = {
  readonly side: "buy" | "sell";
  readonly quantity: string;
  readonly type: OrderType;
  readonly limitPrice: string;
  readonly stopPrice: string;
  readonly timeInForce: TimeInForce;
  readonly stopLoss: string;
  readonly takeProfit: string;
};

export const EMPTY: Draft = {
  side: "buy",
  quantity: "10",
  type: "limit",
  limitPrice: "",
  stopPrice: "",
  timeInForce: "day",
  stopLoss: "",
  takeProfit: "",
};

export const TYPES: readonly (readonly [OrderType, string])[] = [
  ["limit", "LMT"],
  ["market", "MKT (protected)"],
  ["stop", "STP"],
  ["stopLimit", "STP LMT"],
];

export const needsLimit = ({ type }: Draft): boolean => type === "limit" || type === "stopLimit";
export const needsStop = ({ type }: Draft): boolean => type === "stop" || type === "stopLimit";

/** What is typed as a trader reads it: digits and a point. `0x10` and `1e3` are numbers to a machine only. */
function amountOf(text: string): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}

/** The ticket of a draft, or what it still lacks. What is typed into an optional field is never left out in silence. */
export function ticketOf(draft: Draft, symbol: string | undefined): Ticket | { readonly lacks: string } {
  const [limitPrice, stopPrice] = [amountOf(draft.limitPrice), amountOf(draft.stopPrice)];
  const [stopLoss, takeProfit] = [amountOf(draft.stopLoss), amountOf(draft.takeProfit)];
  const quantity = amountOf(draft.quantity);
  if (symbol === undefined) return { lacks: "a symbol" };
  if (quantity === undefined || !Number.isInteger(quantity)) return { lacks: "Shares: a whole number above zero" };
  if (needsLimit(draft) && limitPrice === undefined) return { lacks: "Limit: a price above zero" };
  if (needsStop(draft) && stopPrice === undefined) return { lacks: "Trigger: a price above zero" };
  if (draft.stopLoss.trim() !== "" && stopLoss === undefined) return { lacks: "Stop loss: a price above zero" };
  if (draft.takeProfit.trim() !== "" && takeProfit === undefined) return { lacks: "Target: a price above zero" };
  return {
    symbol,
    side: draft.side,
    quantity,
    type: draft.type,
    timeInForce: draft.timeInForce,
    outsideRth: false,
    reduceOnly: false,
    ...(needsLimit(draft) && limitPrice !== undefined ? { limitPrice } : {}),
    ...(needsStop(draft) && stopPrice !== undefined ? { stopPrice } : {}),
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(takeProfit === undefined ? {} : { takeProfit }),
  };
}

export type Bracket = {
  readonly bands: readonly PriceBand[] | undefined;
  /** The engine's own limits, in percent of the entry; unknown = the field stays empty. */
  readonly stopPercent: number | undefined;
  readonly targetPercent: number | undefined;
};

/** What a press of a side fills in: the far side of the quote, with stop and target at the distances in force. */
export function filledFrom(side: Draft["side"], at: number, bracket: Bracket): Partial<Draft> {
  const sign = side === "buy" ? 1 : -1;
  const priceText = (percent: number | undefined, direction: "up" | "down" | "nearest"): string => {
    if (percent === undefined) return "";
    const value = at * (1 + percent / 100);
    if (bracket.bands === undefined) return value.toFixed(value < 1 ? 4 : 2);
    return roundToTick(bracket.bands, value, direction).toFixed(decimalsOf(incrementAt(bracket.bands, value)));
  };
  const { stopPercent, targetPercent } = bracket;
  return {
    side,
    limitPrice: priceText(0, "nearest"),
    // Towards the entry: a stop a tick further away would be refused.
    stopLoss: priceText(stopPercent === undefined ? undefined : -sign * stopPercent, side === "buy" ? "up" : "down"),
    takeProfit: priceText(targetPercent === undefined ? undefined : sign * targetPercent, "nearest"),
  };
}

/** The button's text is the order. */
export function orderText(draft: Draft, symbol: string | undefined, profile: string | undefined): string {
  const type = TYPES.find(([value]) => value === draft.type)?.[1] ?? "";
  const prices = [needsStop(draft) ? draft.stopPrice : "", needsLimit(draft) ? draft.limitPrice : ""].filter(Boolean);
  const mode = profile === "simulation" ? "SIM" : (profile ?? "").toUpperCase();
  const bracket = [
    draft.stopLoss === "" ? "" : `, stop ${draft.stopLoss}`,
    draft.takeProfit === "" ? "" : `, target ${draft.takeProfit}`,
  ].join("");
  const terms = [type, ...prices, draft.timeInForce.toUpperCase()].join(" ");
  return `${draft.side.toUpperCase()} ${draft.quantity} ${symbol ?? ""} ${terms}${bracket} — ${mode}`;
}
