/** How numbers and times look, in one place. Unknown is a dash, never a zero. */
export const UNKNOWN = "—";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: "America/New_York",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** Decimals of a stock's tick at a price: a hundredth of a cent under one dollar, a cent above. */
function decimalsAt(value: number): number {
  return Math.abs(value) < 1 ? 4 : 2;
}

export function price(value: number | undefined): string {
  return value === undefined ? UNKNOWN : value.toFixed(decimalsAt(value));
}

/** Signed change in the units of the price. */
export function change(value: number | undefined, of: number | undefined): string {
  if (value === undefined || of === undefined) return UNKNOWN;
  return `${sign(value)}${Math.abs(value).toFixed(decimalsAt(of))}`;
}

export function percent(value: number | undefined, digits = 2): string {
  return value === undefined || !Number.isFinite(value)
    ? UNKNOWN
    : `${sign(value)}${Math.abs(value).toFixed(digits)} %`;
}

export function whole(value: number | undefined): string {
  return value === undefined ? UNKNOWN : grouped.format(value);
}

/** 1,234,567 as 1.23M: where a column has no room for the digits. */
export function short(value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  // The letter is that of the rounded number: 999,950 is 1.00M, not 1000.0K.
  if (Math.abs(value) >= 999_995_000) return `${(value / 1e9).toFixed(2)}B`;
  if (Math.abs(value) >= 999_950) return `${(value / 1e6).toFixed(2)}M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toFixed(1)}K`;
  return grouped.format(value);
}

/** Amount in units of the currency, to the cent. */
export function money(units: number | undefined): string {
  return units === undefined || !Number.isFinite(units) ? UNKNOWN : cents.format(units).replace("-", "−");
}

/** Amount in micro-units of the currency. */
export function amount(micros: number | undefined): string {
  return micros === undefined ? UNKNOWN : cents.format(micros / 1e6).replace("-", "−");
}

/** Signed amount in micro-units: profit and loss. */
export function profit(micros: number | undefined): string {
  if (micros === undefined) return UNKNOWN;
  return `${sign(micros)}${cents.format(Math.abs(micros) / 1e6)}`;
}

export function number(value: number | undefined, digits = 2): string {
  return value === undefined || !Number.isFinite(value)
    ? UNKNOWN
    : value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** `HH:MM:SS` in New York of engine microseconds. */
export function time(micros: number | undefined): string {
  return micros === undefined || micros <= 0 ? UNKNOWN : clock.format(micros / 1000);
}

/** `0.4 s`, `3 m`, `2 h`. */
export function age(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  const value = Math.max(0, seconds);
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 90) return `${Math.round(value)} s`;
  return value < 5_400 ? `${Math.round(value / 60)} m` : `${Math.round(value / 3_600)} h`;
}

/** `2:05:09` until an instant. */
export function countdown(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  const total = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${Math.floor(total / 3600)}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
}

export function milliseconds(value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  return value < 1 ? `${(value * 1000).toFixed(0)} µs` : `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** Class that goes with a direction; the sign stands in the text as well. */
export function direction(value: number | undefined): string {
  if (value === undefined || value === 0) return "";
  return value > 0 ? "up" : "down";
}

function sign(value: number): string {
  return value > 0 ? "+" : value < 0 ? "−" : "";
}

type Refusal = {
  readonly code: string;
  readonly detail: string;
  readonly allowed?: number | string | undefined;
  readonly requested?: number | string | undefined;
};

/** Why something was refused, with what was asked and what is allowed where both are known. */
export function reason({ detail, allowed, requested }: Omit<Refusal, "code">): string {
  if (allowed === undefined || requested === undefined) return detail;
  const text = (value: number | string): string => (typeof value === "number" ? number(value) : value);
  return `${detail} (${text(requested)}, allowed ${text(allowed)})`;
}

export function refusal(failure: Refusal): string {
  return `${failure.code}: ${reason(failure)}`;
}

/** What the market-data validator has against the newest prices, in words. */
const FLAGS: Readonly<Record<string, string>> = {
  crossed: "bid above ask",
  locked: "bid equals ask",
  oneSided: "one side only",
  wide: "wide spread",
  outsideQuote: "last outside the quote",
  late: "late",
  early: "early",
  thinVolume: "thin",
  quarantined: "jump not confirmed",
};

export function flag(name: string): string {
  return FLAGS[name] ?? name;
}
