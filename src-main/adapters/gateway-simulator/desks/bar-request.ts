import { merge } from "#core/market/bar-builder.ts";
import type { Calendar } from "#core/market/calendar.ts";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";

/** A bar size that is served: the timeframe it is read from, and its length. */
export type BarSize = { readonly source: Timeframe; readonly length: Micros };

/** Sizes between those that the market source holds are put together from the next finer one. */
const SIZES: Readonly<Record<string, BarSize>> = {
  "1 min": { source: "1m", length: MINUTE },
  "2 mins": { source: "1m", length: 2 * MINUTE },
  "3 mins": { source: "1m", length: 3 * MINUTE },
  "5 mins": { source: "5m", length: 5 * MINUTE },
  "10 mins": { source: "5m", length: 10 * MINUTE },
  "15 mins": { source: "15m", length: 15 * MINUTE },
  "20 mins": { source: "5m", length: 20 * MINUTE },
  "30 mins": { source: "15m", length: 30 * MINUTE },
  "1 hour": { source: "1h", length: HOUR },
  "1 day": { source: "1d", length: DAY },
};

export function barSizeOf(text: string): BarSize | undefined {
  return Object.hasOwn(SIZES, text) ? SIZES[text] : undefined;
}

export type Duration = { readonly count: number; readonly unit: "S" | "D" | "W" | "M" | "Y" };

const CALENDAR_DAYS = { W: 7, M: 30, Y: 365 } as const;

export function durationOf(text: string): Duration | undefined {
  const match = /^(\d{1,6}) ([SDWMY])$/.exec(text);
  const unit = match?.[2];
  const count = Number(match?.[1]);
  if (count < 1 || (unit !== "S" && unit !== "D" && unit !== "W" && unit !== "M" && unit !== "Y")) return undefined;
  return { count, unit };
}

/**
 * Where a request begins that ends at `end`. Seconds and days count trading time only; for daily bars days are those that
 * are over, for finer ones the running session counts as the first day.
 */
export function startOf(duration: Duration, size: BarSize, end: Micros, calendar: Calendar): Micros {
  const { count, unit } = duration;
  if (unit === "S") return secondsBack(count * SECOND, end, calendar);
  if (unit !== "D") return end - count * CALENDAR_DAYS[unit] * DAY;
  let session = size.source === "1d" ? undefined : calendar.sessionOf(end);
  let start = session?.open ?? end;
  for (let day = session === undefined ? 0 : 1; day < count; day += 1) {
    session = calendar.previousSession(start);
    if (session === undefined) break;
    start = session.open;
  }
  return start;
}

function secondsBack(length: Micros, end: Micros, calendar: Calendar): Micros {
  let left = length;
  let session = calendar.sessionOf(end) ?? calendar.previousSession(end);
  let until = Math.min(end, session?.close ?? end);
  while (session !== undefined) {
    if (until - session.open >= left) return until - left;
    left -= until - session.open;
    session = calendar.previousSession(session.open);
    until = session?.close ?? until;
  }
  return until;
}

/** Bars of `length` over finer ones of the same session; each begins at a multiple of its length after the open. */
export function aggregate(bars: readonly Bar[], length: Micros, calendar: Calendar): readonly Bar[] {
  const built: Bar[] = [];
  for (const bar of bars) {
    const start = barStart(bar.start, length, calendar);
    const last = built.at(-1);
    if (last !== undefined && last.start === start) built[built.length - 1] = merge(last, bar);
    else built.push({ ...bar, start });
  }
  return built;
}

/** Start of the bar that `time` lies in. */
export function barStart(time: Micros, length: Micros, calendar: Calendar): Micros {
  const session = calendar.sessionOf(time);
  if (session === undefined) return Math.floor(time / length) * length;
  return length >= DAY ? session.open : session.open + Math.floor((time - session.open) / length) * length;
}
