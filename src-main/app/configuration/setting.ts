import { allowedText, type ConfigKey } from "#shared/model/config.ts";
import type { ConfigAlias } from "#shared/model/config-field.ts";
import { groupDigits } from "#shared/model/config-field.ts";
import { readText } from "./text-value.ts";

/** One value that somebody gave to one key, in the key's own unit. */
export type Setting = {
  readonly key: ConfigKey;
  readonly value: unknown;
  /** `default`, `preset:<profile>`, `file:<path>`, `.env:<NAME>`, `env:<NAME>` or `command line`. */
  readonly source: string;
  /** As it was written, before conversion. */
  readonly written: unknown;
  readonly alias?: ConfigAlias;
};

/** One thing that stops the start. */
export type ConfigurationProblem = {
  readonly key: string;
  /** As it was written; safe to print. */
  readonly value: string;
  readonly allowed: string;
  readonly source: string;
  readonly reason: string;
};

const LONGEST_SHOWN = 120;

/** A value as a message shows it: control characters escaped, bounded length. */
export function shown(value: unknown): string {
  if (typeof value === "number") return String(value);
  const words = JSON.stringify(value) ?? String(value);
  return words.length <= LONGEST_SHOWN ? words : `${words.slice(0, LONGEST_SHOWN)}...`;
}

export function problemLine(problem: ConfigurationProblem): string {
  const { key, value, source, reason, allowed } = problem;
  return `${key} = ${value} (${source}): ${reason}; allowed: ${allowed}`;
}

/** The allowed values of a key, in the unit of the alias by which it was written as well. */
function allowedFor(key: ConfigKey, alias: ConfigAlias | undefined): string {
  const allowed = allowedText(key);
  if (alias === undefined || alias.factor === 1 || key.min === undefined || key.max === undefined) return allowed;
  const bound = (value: number): string => groupDigits(Number((value / alias.factor).toPrecision(12)));
  return `${allowed} (as ${alias.name}: ${bound(key.min)} to ${bound(key.max)} ${alias.unit})`;
}

function reasonFor(key: ConfigKey, value: unknown, message: string): string {
  if (key.kind === "number" || key.kind === "integer") {
    if (typeof value !== "number") return "not a number";
    if (!Number.isFinite(value)) return "not finite";
    return key.kind === "integer" && !Number.isInteger(value) ? "not a whole number" : "out of range";
  }
  if (key.kind === "choice") return "not one of the known words";
  return message;
}

/**
 * Converts and checks one value against its key.
 *
 * @param given.isText the value is text of the environment or the command line and is parsed by the kind of the key; a
 *   file must write numbers as numbers
 */
export function judgeSetting(given: {
  readonly key: ConfigKey;
  readonly written: unknown;
  readonly source: string;
  readonly isText: boolean;
  readonly alias?: ConfigAlias;
}): { readonly setting: Setting } | { readonly problem: ConfigurationProblem } {
  const { key, written, source, alias } = given;
  const refuse = (reason: string) => ({
    problem: { key: key.key, value: shown(written), allowed: allowedFor(key, alias), source, reason },
  });
  const read = given.isText && typeof written === "string" ? readText(key.kind, written) : { value: written };
  if ("reason" in read) return refuse(read.reason);
  // 12 digits: more than any unit conversion needs, and 0.07 times 100 is 7 again.
  const isScaled = alias !== undefined && alias.factor !== 1 && typeof read.value === "number";
  const own = isScaled ? Number((Number(read.value) * alias.factor).toPrecision(12)) : read.value;
  // Adding zero makes minus zero the one zero.
  const value = typeof own === "number" ? own + 0 : own;
  const result = key.schema.safeParse(value ?? null);
  if (!result.success) return refuse(reasonFor(key, value, result.error.issues[0]?.message ?? "refused"));
  const setting = { key, value: result.data, source, written };
  return { setting: alias === undefined ? setting : { ...setting, alias } };
}
