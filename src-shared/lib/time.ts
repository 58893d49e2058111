/** UTC instant in integer microseconds since 1970-01-01; fits a safe integer until the year 2255. */
export type Micros = number;

export const MILLISECOND = 1_000;
export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Calendar date of a trading session in the venue's zone, as `YYYY-MM-DD`. */
export type SessionDate = string;

/** Days since 1970-01-01 of a proleptic Gregorian date (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Year, month and day of a count of days since 1970-01-01. */
export function civilFromDays(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * mp + 2) / 5) + 1,
  };
}

const two = (n: number): string => String(n).padStart(2, "0");

/** `YYYY-MM-DD` of a count of days since 1970-01-01. */
export function dateText(days: number): SessionDate {
  const { year, month, day } = civilFromDays(days);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

/** Days since 1970-01-01 of `YYYY-MM-DD`; undefined when the text is no date. */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const days = daysFromCivil(Number(match[1]), Number(match[2]), Number(match[3]));
  return dateText(days) === text ? days : undefined;
}

/** ISO 8601 in UTC with microseconds, e.g. `2013-10-07T13:30:00.000000Z`. */
export function isoText(time: Micros): string {
  const days = Math.floor(time / DAY);
  const rest = time - days * DAY;
  const clock = `${two(Math.floor(rest / HOUR))}:${two(Math.floor((rest % HOUR) / MINUTE))}:${two(Math.floor((rest % MINUTE) / SECOND))}`;
  return `${dateText(days)}T${clock}.${String(Math.floor(rest % SECOND)).padStart(6, "0")}Z`;
}
