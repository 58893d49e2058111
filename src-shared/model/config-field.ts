import { z } from "zod";

/**
 * Another name by which the environment may set a key: a variable of the plan or an older one.
 * The value times `factor` is the value in the key's own unit; 1 leaves it as it is.
 */
export type ConfigAlias = {
  readonly name: string;
  readonly unit: "same" | "percent" | "fraction" | "factor" | "currency";
  readonly factor: number;
  /** Setting the key by this name also lowers another key to at most this part of it. */
  readonly lowers?: { readonly key: string; readonly part: number };
};

/** How a value is written and read. `speed` is a number or the word max. */
export type ConfigKind = "number" | "integer" | "boolean" | "choice" | "text" | "list" | "record" | "speed";

/** What a person is told about one key. Stands beside the key's zod schema; made with it, so that both agree. */
export type ConfigField = {
  readonly title: string;
  readonly kind: ConfigKind;
  /** Empty for words, lists and switches. */
  readonly unit: string;
  /** Undefined = unset until somebody sets it. */
  readonly default: unknown;
  /** The allowed values in words, without the unit. */
  readonly range: string;
  /** Bounds of a number; absent for the rest. */
  readonly min?: number;
  readonly max?: number;
  readonly aliases: readonly ConfigAlias[];
  /** Codes of the controls that apply it, or the part of the product that reads it. */
  readonly enforcedIn: readonly string[];
  /** False while nothing in the running path reads the key; said wherever it is shown, and when somebody sets it. */
  readonly isEnforced: boolean;
  /** Long option of the command line, e.g. `--seed`. */
  readonly option?: string;
};

/** The fields of every key, by its schema. */
export const configFields = z.registry<ConfigField>();

export const alias = (name: string): ConfigAlias => ({ name, unit: "same", factor: 1 });
export const percentAlias = (name: string): ConfigAlias => ({ name, unit: "percent", factor: 1 });
/** 0.02 by this name is 2 percent. */
export const fractionAlias = (name: string): ConfigAlias => ({ name, unit: "fraction", factor: 100 });
/** A leverage of 1.5 is 150 percent. */
export const factorAlias = (name: string): ConfigAlias => ({ name, unit: "factor", factor: 100 });
export const currencyAlias = (name: string): ConfigAlias => ({ name, unit: "currency", factor: 1 });

type Common = {
  readonly title: string;
  readonly enforcedIn: readonly string[];
  readonly aliases?: readonly ConfigAlias[];
  readonly isEnforced?: false;
  readonly option?: string;
};
type Numeric = Common & { readonly unit: string; readonly min: number; readonly max: number };
type Worded = Common & { readonly range: string };

/** 1000000 -> "1,000,000"; without the locale of the machine. */
export function groupDigits(value: number): string {
  const [whole = "", decimals] = String(value).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

function fieldOf(common: Common, own: Pick<ConfigField, "kind" | "unit" | "default" | "range">): ConfigField {
  const { title, enforcedIn, aliases = [], isEnforced = true, option } = common;
  return { title, ...own, aliases, enforcedIn, isEnforced, ...(option === undefined ? {} : { option }) };
}

function numericField(given: Numeric, kind: "number" | "integer", preset: number | undefined): ConfigField {
  const { unit, min, max } = given;
  const bounds = `${groupDigits(min)} to ${groupDigits(max)}`;
  const range = kind === "integer" ? `whole number, ${bounds}` : bounds;
  return { ...fieldOf(given, { kind, unit, default: preset, range }), min, max };
}

/** A number from `min` to `max`, both included. */
export function number(given: Numeric & { readonly default: number }) {
  const schema = z.number().min(given.min).max(given.max).default(given.default);
  return schema.register(configFields, numericField(given, "number", given.default));
}

/** A number that acts only when it is set. */
export function optionalNumber(given: Numeric) {
  return z
    .number()
    .min(given.min)
    .max(given.max)
    .optional()
    .register(configFields, numericField(given, "number", undefined));
}

/** A whole number from `min` to `max`, both included. */
export function integer(given: Numeric & { readonly default: number }) {
  const schema = z.number().int().min(given.min).max(given.max).default(given.default);
  return schema.register(configFields, numericField(given, "integer", given.default));
}

/** A whole number that acts only when it is set. */
export function optionalInteger(given: Numeric) {
  const schema = z.number().int().min(given.min).max(given.max).optional();
  return schema.register(configFields, numericField(given, "integer", undefined));
}

export function flag(given: Common & { readonly default: boolean }) {
  const field = fieldOf(given, { kind: "boolean", unit: "", default: given.default, range: "true or false" });
  return z.boolean().default(given.default).register(configFields, field);
}

export function choice<const T extends readonly [string, ...string[]]>(
  given: Common & { readonly values: T; readonly default: T[number] },
) {
  const range = `one of ${given.values.join(", ")}`;
  const field = fieldOf(given, { kind: "choice", unit: "", default: given.default, range });
  return z.enum(given.values).default(given.default).register(configFields, field);
}

export function text(given: Worded & { readonly schema: z.ZodString; readonly default: string }) {
  const field = fieldOf(given, { kind: "text", unit: "", default: given.default, range: given.range });
  return given.schema.default(given.default).register(configFields, field);
}

export function optionalText(given: Worded & { readonly schema: z.ZodType<string> }) {
  const field = fieldOf(given, { kind: "text", unit: "", default: undefined, range: given.range });
  return given.schema.optional().register(configFields, field);
}

/** Different words; written with commas between them. */
export function list(
  given: Worded & {
    readonly item: z.ZodString;
    readonly min: number;
    readonly max: number;
    readonly default: readonly string[];
  },
) {
  const field = fieldOf(given, { kind: "list", unit: "", default: given.default, range: given.range });
  return z
    .array(given.item)
    .min(given.min)
    .max(given.max)
    .refine((items) => new Set(items).size === items.length, "an entry stands twice")
    .default([...given.default])
    .register(configFields, field);
}

/** Numbers by strategy and parameter. */
export function parameters(given: Worded) {
  const field = fieldOf(given, { kind: "record", unit: "", default: {}, range: given.range });
  return z.record(z.string(), z.record(z.string(), z.number())).default({}).register(configFields, field);
}

/** A factor on real time, or `max`: virtual time in lock-step, as fast as the machine allows. */
export function speed(given: Common & { readonly min: number; readonly max: number; readonly default: number }) {
  const range = `${groupDigits(given.min)} to ${groupDigits(given.max)}, or max`;
  const field = fieldOf(given, { kind: "speed", unit: "x", default: given.default, range });
  return z
    .union([z.number().min(given.min).max(given.max), z.literal("max")])
    .default(given.default)
    .register(configFields, { ...field, min: given.min, max: given.max });
}
