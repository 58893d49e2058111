import { civilFromDays, dateText, daysFromCivil } from "#shared/lib/time.ts";
import { weekday } from "./new-york.ts";

const REGULAR_CLOSE = 16 * 60;
const EARLY_CLOSE = 13 * 60;
/** Half days ended at two o'clock until the end of 1992. */
const EARLY_CLOSE_BEFORE_1993 = 14 * 60;

/** Closed by decision, not by rule. */
const CLOSED: ReadonlySet<string> = new Set([
  "1994-04-27",
  "2001-09-11",
  "2001-09-12",
  "2001-09-13",
  "2001-09-14",
  "2004-06-11",
  "2007-01-02",
  "2012-10-29",
  "2012-10-30",
  "2018-12-05",
  "2025-01-09",
]);

/**
 * Minutes after local midnight at which the New York Stock Exchange closes on a day; undefined when it does not trade.
 *
 * @see https://www.nyse.com/markets/hours-calendars
 */
export function closeMinutes(day: number): number | undefined {
  const week = weekday(day);
  if (week === 0 || week === 6 || CLOSED.has(dateText(day)) || isHoliday(day)) return undefined;
  if (!isEarlyClose(day)) return REGULAR_CLOSE;
  return civilFromDays(day).year < 1993 ? EARLY_CLOSE_BEFORE_1993 : EARLY_CLOSE;
}

/** The n-th weekday `week` of a month, n from 1. */
function nth(year: number, month: number, week: number, n: number): number {
  const first = daysFromCivil(year, month, 1);
  return first + ((week - weekday(first) + 7) % 7) + (n - 1) * 7;
}

function lastMonday(year: number, month: number): number {
  const last = daysFromCivil(year, month + 1, 1) - 1;
  return last - ((weekday(last) + 6) % 7);
}

/** Day on which a fixed-date holiday is observed: Saturday on Friday, Sunday on Monday. */
function observed(year: number, month: number, day: number): number {
  const date = daysFromCivil(year, month, day);
  const week = weekday(date);
  return week === 6 ? date - 1 : week === 0 ? date + 1 : date;
}

/** Easter Sunday by the anonymous Gregorian algorithm (Meeus, "Astronomical Algorithms", chapter 8). */
function easter(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31);
  const day = ((h + l - 7 * m + 114) % 31) + 1;
  return daysFromCivil(year, month, day);
}

function isHoliday(day: number): boolean {
  const { year } = civilFromDays(day);
  // New Year's Day on a Saturday is not observed on the Friday before: that is the last trading day of the year.
  const newYear = daysFromCivil(year, 1, 1);
  const holidays = [
    weekday(newYear) === 0 ? newYear + 1 : newYear,
    nth(year, 2, 1, 3),
    easter(year) - 2,
    lastMonday(year, 5),
    observed(year, 7, 4),
    nth(year, 9, 1, 1),
    nth(year, 11, 4, 4),
    observed(year, 12, 25),
  ];
  if (year >= 1998) holidays.push(nth(year, 1, 1, 3));
  if (year >= 2022) holidays.push(observed(year, 6, 19));
  return holidays.includes(day);
}

/** Half days by rule: after Thanksgiving, before Christmas, around Independence Day; older ones by list. */
function isEarlyClose(day: number): boolean {
  const { year, month, day: date } = civilFromDays(day);
  const week = weekday(day);
  if (year >= 1992 && day === nth(year, 11, 4, 4) + 1) return true;
  if (month === 12 && date === 24) return week >= 1 && week <= 4;
  if (month === 7 && date === 3) {
    if (week === 3) return year >= 2013;
    return year >= 1995 && (week === 1 || week === 2 || week === 4);
  }
  // Until 2012 the Friday after a holiday on Thursday was the half day, from 2013 the Wednesday before it.
  if (month === 7 && date === 5) return year >= 1995 && year < 2013 && week === 5;
  return EARLY_BY_LIST.has(dateText(day));
}

/** Half days that follow no rule. */
const EARLY_BY_LIST: ReadonlySet<string> = new Set(["1997-12-26", "1999-12-31", "2003-12-26"]);
