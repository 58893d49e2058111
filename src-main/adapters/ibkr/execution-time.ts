import type { Micros } from "#shared/lib/time.ts";

/** Zone names that TWS writes and the zone database does not, or writes otherwise. */
const ZONES: Readonly<Record<string, string>> = {
  "US/Eastern": "America/New_York",
  EST: "America/New_York",
  EDT: "America/New_York",
  "US/Central": "America/Chicago",
  "US/Pacific": "America/Los_Angeles",
  MET: "Europe/Berlin",
  GMT: "UTC",
  UTC: "UTC",
};

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Instant of `yyyymmdd HH:MM:SS Zone` (also with a hyphen). Undefined for a form or a zone that is not known: local time is
 * never assumed.
 */
export function parseExecutionTime(text: string): Micros | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})[ -](\d{2}):(\d{2}):(\d{2})(?: (\S+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const zone = ZONES[match[7] ?? "UTC"] ?? match[7];
  const asUtc = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  const offset = zone === undefined ? undefined : offsetOf(zone, asUtc);
  if (offset === undefined) return undefined;
  // The offset that rules at the local time, not at the same digits read as UTC.
  return (asUtc - (offsetOf(zone ?? "UTC", asUtc - offset) ?? offset)) * 1_000;
}

/** Milliseconds to add to UTC; undefined for an unknown zone. */
function offsetOf(zone: string, utcMs: number): number | undefined {
  try {
    const format =
      formats.get(zone) ??
      new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    formats.set(zone, format);
    const parts = Object.fromEntries(format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - utcMs;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
