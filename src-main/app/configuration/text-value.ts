import { unreachable } from "#shared/lib/assert.ts";
import type { ConfigKind } from "#shared/model/config-field.ts";
import { forbiddenKey } from "./json-file.ts";

export type TextValue = { readonly value: unknown } | { readonly reason: string };

/** Digits, one point, a minus. No exponent, sign of plus, hexadecimal, separator, unit, infinity or blank. */
const PLAIN_DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/;

function readNumber(text: string): TextValue {
  if (text === "") return { reason: "empty, not a number" };
  if (!PLAIN_DECIMAL.test(text)) return { reason: "not a plain decimal number" };
  return { value: Number(text) };
}

function readList(text: string): TextValue {
  if (text.trim() === "") return { value: [] };
  const items = text.split(",").map((item) => item.trim());
  return items.includes("") ? { reason: "an entry is empty" } : { value: items };
}

function readRecord(text: string): TextValue {
  try {
    const value: unknown = JSON.parse(text);
    const forbidden = forbiddenKey(value);
    return forbidden === undefined ? { value } : { reason: `${forbidden} is no name` };
  } catch {
    return { reason: "not JSON" };
  }
}

/** Reads the text of an environment variable or a command-line option as its key demands. Ranges are checked later. */
export function readText(kind: ConfigKind, text: string): TextValue {
  switch (kind) {
    case "number":
    case "integer":
      return readNumber(text);
    case "speed":
      return text === "max" ? { value: "max" } : readNumber(text);
    case "boolean":
      return text === "true" || text === "false" ? { value: text === "true" } : { reason: "not true or false" };
    case "list":
      return readList(text);
    case "record":
      return readRecord(text);
    case "choice":
    case "text":
      return { value: text };
    default:
      return unreachable(kind);
  }
}
