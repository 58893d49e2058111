import { assert } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Timeframe } from "#shared/model/market.ts";
import type { Calendar, Session } from "./calendar.ts";

/** A bar that is usable: `end` is the instant from which it may be known. */
export type CompletedBar = {
  readonly timeframe: Timeframe;
  readonly bar: Bar;
  readonly end: Micros;
  /** Starts of the minutes of [start, end) that never came; absent when none is missing. They are listed, never filled. */
  readonly missing?: readonly Micros[];
};

type Built = Exclude<Timeframe, "1m">;

/** A bar under construction; `next` is the start of the minute that would follow without a gap. */
type Growing = {
  readonly timeframe: Built;
  readonly bar: Bar;
  readonly end: Micros;
  readonly next: Micros;
  readonly missing: readonly Micros[];
};

/** Plain data, for snapshots. */
export type BarBuilderState = {
  readonly newest?: Micros;
  readonly lateMinutes: number;
  readonly closed: readonly { readonly timeframe: Built; readonly until: Micros }[];
  readonly growing: readonly Growing[];
};

/** Builds larger bars out of completed one-minute bars of the regular session. */
export type BarBuilder = {
  /**
   * Takes the next completed minute; minutes ascend. Returns what it completes, in the order of the timeframes given. A
   * minute of a bar that `advance` has closed already leaves that bar as it was seen and counts as late.
   */
  push(minute: Bar): readonly CompletedBar[];
  /**
   * Completes every bar whose end is at or before `time`, whether or not its last minute came. A live caller gives the
   * feed its delay first: asked at the very end of a bar it would close it without its last minute.
   */
  advance(time: Micros): readonly CompletedBar[];
  /** The bar that grows, with the minute that is not complete yet; a minute of the next bar begins that one. */
  forming(timeframe: Built, minute?: Bar): Bar | undefined;
  /** Minutes that came after a bar of theirs was closed. */
  lateMinutes(): number;
  snapshot(): BarBuilderState;
  restore(state: BarBuilderState): void;
};

const LENGTH: Readonly<Record<Exclude<Built, "1d">, Micros>> = {
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": HOUR,
};

/**
 * Bars are labelled by their start and anchored at the session's open, so the hour bars of a regular day start at 09:30,
 * 10:30, ..., 15:30 and the last one is 30 minutes long. A bar is complete when its last minute is, when a later minute
 * comes, or when the caller says that its time is over.
 */
export function createBarBuilder(calendar: Calendar, timeframes: readonly Built[]): BarBuilder {
  const growing = new Map<Built, Growing>();
  const closedUntil = new Map<Built, Micros>();
  let newest: Micros | undefined;
  let late = 0;

  const closeUntil = (time: Micros): CompletedBar[] => {
    const completed: CompletedBar[] = [];
    for (const timeframe of timeframes) {
      const open = growing.get(timeframe);
      if (open === undefined || open.end > time) continue;
      growing.delete(timeframe);
      closedUntil.set(timeframe, open.end);
      completed.push(finish(open));
    }
    return completed;
  };

  return {
    push(minute) {
      assert(newest === undefined || minute.start > newest, "minutes ascend");
      const session = calendar.sessionOf(minute.start);
      assert(session !== undefined, "a minute of the regular session builds larger bars");
      newest = minute.start;
      const completed = closeUntil(minute.start);
      let isLate = false;
      for (const timeframe of timeframes) {
        if (minute.start < (closedUntil.get(timeframe) ?? minute.start)) isLate = true;
        else growing.set(timeframe, grow(growing.get(timeframe) ?? start(minute, timeframe, session), minute));
      }
      if (isLate) late += 1;
      completed.push(...closeUntil(minute.start + MINUTE));
      return completed;
    },
    advance: closeUntil,
    forming(timeframe, minute) {
      const open = growing.get(timeframe);
      const session = minute === undefined ? undefined : calendar.sessionOf(minute.start);
      const isLate = minute === undefined || minute.start < Math.max(closedUntil.get(timeframe) ?? 0, open?.next ?? 0);
      if (session === undefined || isLate) return open?.bar;
      const begun = open !== undefined && minute.start < open.end ? open : start(minute, timeframe, session);
      return merge(begun.bar, minute);
    },
    lateMinutes: () => late,
    snapshot: () => ({
      ...(newest === undefined ? {} : { newest }),
      lateMinutes: late,
      closed: [...closedUntil].map(([timeframe, until]) => ({ timeframe, until })),
      growing: [...growing.values()],
    }),
    restore(state) {
      newest = state.newest;
      late = state.lateMinutes;
      closedUntil.clear();
      for (const { timeframe, until } of state.closed) closedUntil.set(timeframe, until);
      growing.clear();
      for (const open of state.growing) growing.set(open.timeframe, open);
    },
  };
}

/** The empty beginning of the bar that `minute` belongs to: its first own minute is merged by `grow`. */
function start(minute: Bar, timeframe: Built, session: Session): Growing {
  const length = timeframe === "1d" ? session.close - session.open : LENGTH[timeframe];
  const begin = session.open + Math.floor((minute.start - session.open) / length) * length;
  const end = Math.min(begin + length, session.close);
  return { timeframe, bar: { ...minute, start: begin, volume: 0 }, end, next: begin, missing: [] };
}

function grow(open: Growing, minute: Bar): Growing {
  return {
    timeframe: open.timeframe,
    bar: merge(open.bar, minute),
    end: open.end,
    next: minute.start + MINUTE,
    missing: minute.start === open.next ? open.missing : [...open.missing, ...minutesOf(open.next, minute.start)],
  };
}

function finish({ timeframe, bar, end, next, missing }: Growing): CompletedBar {
  const gaps = next < end ? [...missing, ...minutesOf(next, end)] : missing;
  return gaps.length === 0 ? { timeframe, bar, end } : { timeframe, bar, end, missing: gaps };
}

function minutesOf(from: Micros, to: Micros): readonly Micros[] {
  const minutes: Micros[] = [];
  for (let time = from; time < to; time += MINUTE) minutes.push(time);
  return minutes;
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
