import { dateText, HOUR, MINUTE, type Micros, parseDate, type SessionDate } from "#shared/lib/time.ts";
import { newYorkToUtc } from "./new-york.ts";
import { closeMinutes } from "./nyse-rules.ts";

/** One regular trading session: [open, close) in UTC microseconds, named by its local date. */
export type Session = {
  readonly date: SessionDate;
  readonly open: Micros;
  readonly close: Micros;
  readonly isEarlyClose: boolean;
};

/** The sessions of one venue. A time is found by binary search in a table that is expanded once. */
export type Calendar = {
  readonly id: string;
  /** The session whose [open, close) contains `time`. */
  sessionOf(time: Micros): Session | undefined;
  sessionOn(date: SessionDate): Session | undefined;
  /** The first session that opens after `time`. */
  nextSession(time: Micros): Session | undefined;
  /** The last session that closed at or before `time`. */
  previousSession(time: Micros): Session | undefined;
  /** Sessions that open in [from, to). */
  sessionsBetween(from: Micros, to: Micros): readonly Session[];
};

const FIRST_YEAR = 1990;
const LAST_YEAR = 2040;
const OPEN_MINUTE = 9 * 60 + 30;

const tables = new Map<string, readonly Session[]>();

/** The calendar of a venue by its market identifier; undefined for a venue we have no rules for, which is not tradable. */
export function createCalendar(id: string): Calendar | undefined {
  if (id !== "XNYS") return undefined;
  const sessions = tables.get(id) ?? expand();
  tables.set(id, sessions);
  return calendarOver(id, sessions);
}

function expand(): readonly Session[] {
  const sessions: Session[] = [];
  const first = parseDate(`${FIRST_YEAR}-01-01`) ?? 0;
  const last = parseDate(`${LAST_YEAR}-12-31`) ?? 0;
  for (let day = first; day <= last; day += 1) {
    const close = closeMinutes(day);
    if (close === undefined) continue;
    sessions.push({
      date: dateText(day),
      open: newYorkToUtc(day, OPEN_MINUTE * MINUTE),
      close: newYorkToUtc(day, close * MINUTE),
      isEarlyClose: close < (16 * HOUR) / MINUTE,
    });
  }
  return sessions;
}

function calendarOver(id: string, sessions: readonly Session[]): Calendar {
  /** Number of sessions that open at or before `time`. */
  const opened = (time: Micros): number => {
    let low = 0;
    let high = sessions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sessions[middle]?.open ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const byDate = new Map(sessions.map((session) => [session.date, session]));
  return {
    id,
    sessionOf(time) {
      const session = sessions[opened(time) - 1];
      return session !== undefined && time < session.close ? session : undefined;
    },
    sessionOn: (date) => byDate.get(date),
    nextSession: (time) => sessions[opened(time)],
    previousSession(time) {
      const index = opened(time) - 1;
      const session = sessions[index];
      return session !== undefined && session.close <= time ? session : sessions[index - 1];
    },
    sessionsBetween(from, to) {
      return sessions.slice(opened(from - 1), Math.max(opened(from - 1), opened(to - 1)));
    },
  };
}
