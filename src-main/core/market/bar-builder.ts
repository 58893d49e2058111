import { assert } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";
import type { Calendar, Session } from "./calendar.ts";

/** A bar that is usable: `end` is the instant from which it may be known. */
export type CompletedBar = { readonly timeframe: Timeframe; readonly bar: Bar; readonly end: Micros };

type Built = Exclude<Timeframe, "1m">;
type Growing = { bar: Bar; readonly end: Micros };

/** Builds larger bars out of completed one-minute bars of the regular session. Missing minutes stay missing. */
export type BarBuilder = {
  /** Takes the next completed minute; minutes ascend. Returns what it completes, smaller sizes first. */
  push(minute: Bar): readonly CompletedBar[];
  /** Completes every bar whose end has passed, whether or not its last minute traded. */
  advance(time: Micros): readonly CompletedBar[];
  forming(timeframe: Built): Bar | undefined;
  snapshot(): readonly (readonly [Built, { readonly bar: Bar; readonly end: Micros }])[];
  restore(state: readonly (readonly [Built, { readonly bar: Bar; readonly end: Micros }])[]): void;
};

const LENGTH: Readonly<Record<Exclude<Built, "1d">, Micros>> = {
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": HOUR,
};

/**
 * Bars are labelled by their start and anchored at the session's open, so the hour bars of a regular day start at 09:30,
 * 10:30, ..., 15:30 and the last one is 30 minutes long.
 */
export function createBarBuilder(calendar: Calendar, timeframes: readonly Built[]): BarBuilder {
  const growing = new Map<Built, Growing>();
  let newest = Number.NEGATIVE_INFINITY;

  const closeUntil = (time: Micros): CompletedBar[] => {
    const completed: CompletedBar[] = [];
    for (const timeframe of timeframes) {
      const open = growing.get(timeframe);
      if (open === undefined || open.end > time) continue;
      growing.delete(timeframe);
      completed.push({ timeframe, bar: open.bar, end: open.end });
    }
    return completed;
  };

  return {
    push(minute) {
      assert(minute.start > newest, "minutes ascend");
      newest = minute.start;
      const session = calendar.sessionOf(minute.start);
      assert(session !== undefined, "a minute of the regular session builds larger bars");
      const completed = closeUntil(minute.start);
      for (const timeframe of timeframes) {
        const open = growing.get(timeframe);
        if (open === undefined) growing.set(timeframe, start(minute, timeframe, session));
        else open.bar = merge(open.bar, minute);
      }
      return [...completed, ...closeUntil(minute.start + MINUTE)];
    },
    advance: closeUntil,
    forming: (timeframe) => growing.get(timeframe)?.bar,
    snapshot: () => [...growing].map(([timeframe, { bar, end }]) => [timeframe, { bar, end }] as const),
    restore(state) {
      growing.clear();
      for (const [timeframe, { bar, end }] of state) growing.set(timeframe, { bar, end });
    },
  };
}

function start(minute: Bar, timeframe: Built, session: Session): Growing {
  if (timeframe === "1d") return { bar: { ...minute, start: session.open }, end: session.close };
  const length = LENGTH[timeframe];
  const begin = session.open + Math.floor((minute.start - session.open) / length) * length;
  return { bar: { ...minute, start: begin }, end: Math.min(begin + length, session.close) };
}

/** One bar over two that follow each other. */
export function merge(first: Bar, next: Bar): Bar {
  return {
    start: first.start,
    open: first.open,
    high: Math.max(first.high, next.high),
    low: Math.min(first.low, next.low),
    close: next.close,
    volume: first.volume + next.volume,
  };
}
