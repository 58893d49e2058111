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
  const match = /^(\d{4})(\d{2})(\d{2})([ -])(\d{2}):(\d{2}):(\d{2})(?: (\S+))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  const [hour = 0, minute = 0, second = 0] = match.slice(5, 8).map(Number);
  // A hyphen means UTC. Behind a space a zone must stand: without one it is the workstation's own time, which is not known.
  const name = match[8] ?? (match[4] === "-" ? "UTC" : undefined);
  if (name === undefined) return undefined;
  const zone = ZONES[name] ?? name;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  // Digits that are no date would roll over into another day.
  const read = new Date(asUtc);
  const isDate = read.getUTCMonth() === month - 1 && read.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = offsetOf(zone, asUtc);
  if (offset === undefined) return undefined;
  // The offset that rules at the local time, not at the same digits read as UTC.
  return (asUtc - (offsetOf(zone, asUtc - offset) ?? offset)) * 1_000;
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
