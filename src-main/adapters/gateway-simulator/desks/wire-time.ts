import { newYorkOffset, newYorkToUtc } from "#core/market/new-york.ts";
import { DAY, HOUR, isoText, MINUTE, type Micros, parseDate, SECOND } from "#shared/lib/time.ts";

/** The zone in which the simulated server tells its times. */
export const ZONE = "US/Eastern";

/** Local date and time of New York as `yyyymmdd HH:MM:SS`. */
export function easternText(time: Micros): string {
  const text = isoText(time + newYorkOffset(time));
  return `${text.slice(0, 10).replaceAll("-", "")} ${text.slice(11, 19)}`;
}

/** `yyyymmdd`. */
export function easternDate(time: Micros): string {
  return easternText(time).slice(0, 8);
}

/** `yyyymmdd:HHMM`, as trading hours are told. */
export function easternMinute(time: Micros): string {
  const text = easternText(time);
  return `${text.slice(0, 8)}:${text.slice(9, 11)}${text.slice(12, 14)}`;
}

export function zonedText(time: Micros): string {
  return `${easternText(time)} ${ZONE}`;
}

export function epochSeconds(time: Micros): number {
  return Math.floor(time / SECOND);
}

/**
 * A time of a request: `yyyymmdd-HH:MM:SS` is UTC, `yyyymmdd HH:MM:SS` with no zone, New York's or UTC is that zone's.
 * Undefined when it cannot be read.
 */
export function parseWireTime(text: string): Micros | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})([- ])\s*(\d{2}):(\d{2}):(\d{2})(?: +(\S+))?$/.exec(text);
  const days = parseDate(`${match?.[1]}-${match?.[2]}-${match?.[3]}`);
  if (match === null || days === undefined) return undefined;
  const clock = Number(match[5]) * HOUR + Number(match[6]) * MINUTE + Number(match[7]) * SECOND;
  const zone = match[8] ?? (match[4] === "-" ? "UTC" : ZONE);
  if (zone === "UTC" || zone === "GMT") return days * DAY + clock;
  return zone === ZONE || zone === "America/New_York" ? newYorkToUtc(days, clock) : undefined;
}
