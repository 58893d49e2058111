import type { Bar } from "#shared/model/market.ts";
import type { Frame } from "./frame.ts";

/** Tick types of live level 1 data. */
export const TICK = {
  bidSize: 0,
  bid: 1,
  ask: 2,
  askSize: 3,
  last: 4,
  lastSize: 5,
  high: 6,
  low: 7,
  volume: 8,
  close: 9,
  open: 14,
  lastTimestamp: 45,
  shortable: 46,
  rtVolume: 48,
  halted: 49,
} as const;

export function marketDataType(requestId: number, type: number): Frame {
  return [58, 1, requestId, type];
}

/** Price -1 with size 0 says that there is no quote. Sizes are in shares. */
export function tickPrice(requestId: number, type: number, price: number, size: number): Frame {
  return [1, 6, requestId, type, price, size, 0];
}

export function tickSize(requestId: number, type: number, size: number): Frame {
  return [2, 6, requestId, type, size];
}

export function tickGeneric(requestId: number, type: number, value: number): Frame {
  return [45, 6, requestId, type, value];
}

export function tickString(requestId: number, type: number, text: string): Frame {
  return [46, 6, requestId, type, text];
}

export function snapshotEnd(requestId: number): Frame {
  return [57, 1, requestId];
}

/** A bar with the text of its time, its volume-weighted price and the number of its prints. */
export type WireBar = { readonly date: string; readonly bar: Bar; readonly average: number; readonly count: number };

export function historicalData(requestId: number, start: string, end: string, bars: readonly WireBar[]): Frame {
  const rows = bars.flatMap(({ date, bar, average, count }) => [
    date,
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
    average,
    count,
  ]);
  return [17, requestId, start, end, bars.length, ...rows];
}

/** The order of prices differs from that of a history: open, close, high, low. */
export function historicalUpdate(requestId: number, { date, bar, average, count }: WireBar): Frame {
  return [90, requestId, count, date, bar.open, bar.close, bar.high, bar.low, average, bar.volume];
}
