import { newYorkOffset } from "#core/market/new-york.ts";
import { DAY, dateText, HOUR, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";

const two = (value: number): string => String(value).padStart(2, "0");

/** `yyyymmdd HH:MM:SS` in New York, as TWS writes it; the zone is added by the caller. */
export function easternTime(time: Micros): string {
  const local = time + newYorkOffset(time);
  const days = Math.floor(local / DAY);
  const rest = local - days * DAY;
  const clock = [Math.floor(rest / HOUR), Math.floor((rest % HOUR) / MINUTE), Math.floor((rest % MINUTE) / SECOND)];
  return `${dateText(days).replaceAll("-", "")} ${clock.map(two).join(":")}`;
}

/** `yyyymmdd` of a New York calendar day. */
export function easternDate(time: Micros): string {
  return easternTime(time).slice(0, 8);
}

/** `yyyymmdd:HHMM`, the form of trading hours. */
export function easternMinute(time: Micros): string {
  const text = easternTime(time);
  return `${text.slice(0, 8)}:${text.slice(9, 11)}${text.slice(12, 14)}`;
}
