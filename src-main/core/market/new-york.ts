import { civilFromDays, DAY, daysFromCivil, HOUR, type Micros } from "#shared/lib/time.ts";

const STANDARD = -5 * HOUR;
const SUMMER = -4 * HOUR;
/** The clocks change at 02:00 local time. */
const SWITCH_TIME = 2 * HOUR;

/** 0 = Sunday; 1970-01-01 was a Thursday. */
export function weekday(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The n-th Sunday of a month (n from 1), as days since 1970; n = -1 is the last one. */
function sundayOf(year: number, month: number, n: number): number {
  if (n > 0) {
    const first = daysFromCivil(year, month, 1);
    return first + ((7 - weekday(first)) % 7) + (n - 1) * 7;
  }
  const last = daysFromCivil(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - 1;
  return last - weekday(last);
}

/**
 * First and last day of United States summer time: from 2007 the second Sunday of March to the first of November (Energy
 * Policy Act of 2005), 1987 to 2006 the first Sunday of April to the last of October.
 */
function summer(year: number): { readonly start: number; readonly end: number } {
  return year >= 2007
    ? { start: sundayOf(year, 3, 2), end: sundayOf(year, 11, 1) }
    : { start: sundayOf(year, 4, 1), end: sundayOf(year, 10, -1) };
}

/** Microseconds to add to UTC for New York local time. */
export function newYorkOffset(time: Micros): number {
  const { year } = civilFromDays(Math.floor((time + STANDARD) / DAY));
  const { start, end } = summer(year);
  const starts = start * DAY + SWITCH_TIME - STANDARD;
  const ends = end * DAY + SWITCH_TIME - SUMMER;
  return time >= starts && time < ends ? SUMMER : STANDARD;
}

/** UTC of a New York local time of day. The hour that is skipped in spring counts as summer time's. */
export function newYorkToUtc(days: number, microsOfDay: number): Micros {
  const local = days * DAY + microsOfDay;
  const asSummer = local - SUMMER;
  return newYorkOffset(asSummer) === SUMMER ? asSummer : local - STANDARD;
}
