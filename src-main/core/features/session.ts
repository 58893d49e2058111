import type { Calendar, Session } from "#core/market/calendar.ts";
import { weekday } from "#core/market/new-york.ts";
import { MINUTE, type Micros, parseDate } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { endOf, type FeatureContext, type FeatureDefinition, type Kernel } from "./feature.ts";
import { define, ratio, rolling, type Step, typicalPrice } from "./primitives.ts";

/** The regular session of a bar; bars of extended hours have none and no value here. */
function sessionFinder(calendar: Calendar): (time: Micros) => Session | undefined {
  let known: Session | undefined;
  return (time) => {
    if (known === undefined || time < known.open || time >= known.close) known = calendar.sessionOf(time);
    return known;
  };
}

/** A feature of the bar's place in its session, without memory. */
const ofPlace = (
  name: string,
  value: (bar: Bar, session: Session, context: FeatureContext) => number,
): FeatureDefinition =>
  define(name, 0, "scaleFree", (context) => {
    const find = sessionFinder(context.calendar);
    return (bar) => {
      const session = find(bar.start);
      return session === undefined ? Number.NaN : value(bar, session, context);
    };
  });

const angleOfDay = (bar: Bar, { open, close }: Session): number => (2 * Math.PI * (bar.start - open)) / (close - open);
const angleOfWeek = ({ date }: Session): number => (2 * Math.PI * (weekday(parseDate(date) ?? 0) - 1)) / 5;

/**
 * A value that accumulates over a session and starts afresh with the next: `next` gets the state so far and gives the new
 * one; at the session's first bar it gets undefined, and the last state of the session before. `read` is what is shown.
 */
function sessionKernel<T>(
  { calendar }: FeatureContext,
  next: (state: T | undefined, bar: Bar, session: Session, ofLastSession: T | undefined) => T,
  read: (state: T, bar: Bar) => number,
): Kernel {
  const find = sessionFinder(calendar);
  let open: Micros | undefined;
  let state: T | undefined;
  return (bar, commit) => {
    const session = find(bar.start);
    if (session === undefined) return Number.NaN;
    const isNew = session.open !== open;
    const following = isNew ? next(undefined, bar, session, state) : next(state, bar, session, undefined);
    if (commit) {
      open = session.open;
      state = following;
    }
    return read(following, bar);
  };
}

type Traded = {
  readonly value: number;
  readonly volume: number;
  /** Volume-weighted mean and squared distances from it, updated bar by bar (West 1979, Comm. ACM 22(9)). */
  readonly mean: number;
  readonly squares: number;
};

function trade(state: Traded | undefined, bar: Bar): Traded {
  const { value, volume, mean, squares } = state ?? { value: 0, volume: 0, mean: 0, squares: 0 };
  if (bar.volume === 0) return { value, volume, mean, squares };
  const price = typicalPrice(bar);
  const shares = volume + bar.volume;
  const centre = mean + ((price - mean) * bar.volume) / shares;
  return {
    value: value + price * bar.volume,
    volume: shares,
    mean: centre,
    squares: squares + bar.volume * (price - mean) * (price - centre),
  };
}

/** Volume-weighted typical price since the session's first regular bar. */
function weightedPrice(part: "level" | "distance" | "score"): FeatureDefinition["create"] {
  return (context) =>
    sessionKernel<Traded>(context, trade, ({ value, volume, squares }, { close }) => {
      const level = ratio(value, volume);
      if (part === "level") return level;
      return part === "distance" ? ratio(close, level) - 1 : ratio(close - level, Math.sqrt(squares / volume));
    });
}

type Night = { readonly change: number; readonly lastClose: number };

/** First open of the session against the last regular close of the one before, constant through the session. */
const overnight: FeatureDefinition = {
  ...define("overnight_ret", 0, "scaleFree", (context) =>
    sessionKernel<Night>(
      context,
      (state, bar, _, ofLastSession) => ({
        change: state?.change ?? ratio(bar.open, ofLastSession?.lastClose ?? Number.NaN) - 1,
        lastClose: bar.close,
      }),
      ({ change }) => change,
    ),
  ),
  sessions: 1,
};

/** Volume against the mean volume of the last 20 bars at the same place of the session. */
const relativeVolumeOfDay: FeatureDefinition = {
  ...define("rel_volume_tod", 0, "scaleFree", (context) => {
    const find = sessionFinder(context.calendar);
    const places = new Map<number, Step>();
    return (bar, commit) => {
      const session = find(bar.start);
      if (session === undefined) return Number.NaN;
      const place = barsSince(session.open, bar, context);
      const usual = places.get(place) ?? rolling(21, (window, value) => ratio(20 * value, window.sum() - value));
      if (commit) places.set(place, usual);
      return usual(bar.volume, commit);
    };
  }),
  sessions: 20,
};

type FirstHour = { readonly open: number; readonly close: number | undefined };

/** Return from the open to 10:30, known from then on; undefined where bars are longer than that hour. */
const firstHour: FeatureDefinition = {
  ...define("first_hour_ret", 0, "scaleFree", (context) =>
    sessionKernel<FirstHour>(
      context,
      (state, bar, session) => {
        const open = state?.open ?? (bar.start === session.open ? bar.open : Number.NaN);
        const isHour = endOf(bar, context) === session.open + 60 * MINUTE;
        return { open, close: state?.close ?? (isHour ? bar.close : undefined) };
      },
      ({ open, close }) => ratio(close ?? Number.NaN, open) - 1,
    ),
  ),
  minutes: 60,
};

type OpeningRange = { readonly high: number; readonly low: number; readonly isComplete: boolean };

/** Place of the close in the range of the first 15 minutes; undefined before, and where bars are longer. */
const openingRange: FeatureDefinition = {
  ...define("opening_range_pos", 0, "scaleFree", (context) =>
    sessionKernel<OpeningRange>(
      context,
      (state, bar, session) => {
        const limit = session.open + 15 * MINUTE;
        const end = endOf(bar, context);
        if (state !== undefined && end > limit) return { ...state, isComplete: true };
        // A session that is joined late, or a bar that reaches beyond the range, has no opening range.
        const isKnown = end <= limit && (state !== undefined || bar.start === session.open);
        return {
          high: isKnown ? Math.max(state?.high ?? bar.high, bar.high) : Number.NaN,
          low: isKnown ? Math.min(state?.low ?? bar.low, bar.low) : Number.NaN,
          isComplete: end >= limit,
        };
      },
      ({ high, low, isComplete }, { close }) => (isComplete ? ratio(close - low, high - low) : Number.NaN),
    ),
  ),
  minutes: 15,
};

/** What belongs to the session (catalogue 4.7, and from 4.1 and 4.5 what is anchored at the open). */
export const SESSION_FEATURES: readonly FeatureDefinition[] = [
  define("vwap_session", 0, "level", weightedPrice("level")),
  define("px_to_vwap", 0, "scaleFree", weightedPrice("distance")),
  define("vwap_z", 1, "scaleFree", weightedPrice("score")),
  overnight,
  relativeVolumeOfDay,
  ofPlace("tod_sin", (bar, session) => Math.sin(angleOfDay(bar, session))),
  ofPlace("tod_cos", (bar, session) => Math.cos(angleOfDay(bar, session))),
  ofPlace("minutes_from_open", (bar, { open }) => (bar.start - open) / MINUTE),
  ofPlace("minutes_to_close", (bar, { close }, context) => (close - endOf(bar, context)) / MINUTE),
  ofPlace("is_half_day", (_, { isEarlyClose }) => (isEarlyClose ? 1 : 0)),
  ofPlace("dow_sin", (_, session) => Math.sin(angleOfWeek(session))),
  ofPlace("dow_cos", (_, session) => Math.cos(angleOfWeek(session))),
  ofPlace("bars_since_open", (bar, { open }, context) => barsSince(open, bar, context)),
  firstHour,
  openingRange,
];

/** By the clock, so that a missing bar does not shift the ones after it. */
function barsSince(open: Micros, bar: Bar, context: FeatureContext): number {
  if (context.timeframe === "1d") return 0;
  const minutes = { "1m": 1, "5m": 5, "15m": 15, "1h": 60 }[context.timeframe];
  return Math.floor((bar.start - open) / (minutes * MINUTE));
}
