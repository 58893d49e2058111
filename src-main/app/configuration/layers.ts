import { canonical } from "#shared/lib/canonical.ts";
import { allowedText, CONFIG_KEYS, type ConfigKey } from "#shared/model/config.ts";
import type { ConfigAlias } from "#shared/model/config-field.ts";
import type { Variable } from "./dot-env.ts";
import { nearest } from "./edit-distance.ts";
import { isRecord, parseJsonObject } from "./json-file.ts";
import { type ConfigurationProblem, judgeSetting, type Setting, shown } from "./setting.ts";

/** What one place says: valid values, and what is wrong with the others. */
export type Layer = {
  readonly settings: readonly Setting[];
  readonly problems: readonly ConfigurationProblem[];
  readonly notices: readonly string[];
};

const BY_KEY: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [key.key, key]));
const BY_OPTION: ReadonlyMap<string, ConfigKey> = new Map(
  CONFIG_KEYS.flatMap((key) => (key.option === undefined ? [] : [[key.option, key] as const])),
);
/** Every name that the environment may use. */
const BY_NAME: ReadonlyMap<string, { readonly key: ConfigKey; readonly alias?: ConfigAlias }> = new Map(
  CONFIG_KEYS.flatMap((key) => [
    [key.environmentName, { key }] as const,
    ...key.aliases.map((alias) => [alias.name, { key, alias }] as const),
  ]),
);
const SECTIONS: ReadonlySet<string> = new Set(CONFIG_KEYS.map(({ key }) => key.split(".")[0] ?? key));

export const configKey = (key: string): ConfigKey | undefined => BY_KEY.get(key);

function gather(judged: readonly ReturnType<typeof judgeSetting>[]): Layer {
  return {
    settings: judged.flatMap((one) => ("setting" in one ? [one.setting] : [])),
    problems: judged.flatMap((one) => ("problem" in one ? [one.problem] : [])),
    notices: [],
  };
}

/** An unknown key, with what it was probably meant to be. */
function unknownKey(given: { readonly key: string; readonly value: unknown; readonly source: string }) {
  const { key, value, source } = given;
  const sameName = CONFIG_KEYS.find((known) => known.key.endsWith(`.${key.split(".").at(-1) ?? key}`))?.key;
  const meant =
    BY_NAME.get(key)?.key.key ?? nearest(key, [...BY_KEY.keys(), ...SECTIONS, ...BY_OPTION.keys()], 4) ?? sameName;
  const allowed = meant === undefined ? "a key of the configuration" : `did you mean ${meant}?`;
  return { key, value: shown(value), allowed, source, reason: "unknown key" };
}

function walkFile(object: Readonly<Record<string, unknown>>, prefix: string, source: string): Layer[] {
  return Object.entries(object).map(([name, value]) => {
    const path = `${prefix}${name}`;
    const key = BY_KEY.get(path);
    if (key !== undefined) return gather([judgeSetting({ key, written: value, source, isText: false })]);
    if (prefix === "" && SECTIONS.has(name)) {
      if (isRecord(value)) return mergeLayers(walkFile(value, `${name}.`, source));
      const problem = { key: path, value: shown(value), allowed: "an object of keys", source, reason: "not an object" };
      return { settings: [], problems: [problem], notices: [] };
    }
    return { settings: [], problems: [unknownKey({ key: path, value, source })], notices: [] };
  });
}

export function mergeLayers(layers: readonly Layer[]): Layer {
  return {
    settings: layers.flatMap((layer) => layer.settings),
    problems: layers.flatMap((layer) => layer.problems),
    notices: layers.flatMap((layer) => layer.notices),
  };
}

/** The settings of one JSON file: sections as objects, keys as in the table, numbers as numbers. */
export function fileLayer(path: string, json: string): Layer {
  const source = `file:${path}`;
  const parsed = parseJsonObject(json);
  if ("object" in parsed) return mergeLayers(walkFile(parsed.object, "", source));
  const problem = { key: path, value: shown(json), allowed: "a JSON object", source, reason: parsed.reason };
  return { settings: [], problems: [problem], notices: [] };
}

/** Shorter names are too near to what other programs use. */
const SHORTEST_NEAR_MISS = 6;

/** A name that is almost one of ours is a limit that would silently not act. */
function nearMiss(variable: Variable): ConfigurationProblem | undefined {
  const { name, value, source } = variable;
  if (name.length < SHORTEST_NEAR_MISS) return undefined;
  const meant = nearest(name.toUpperCase(), [...BY_NAME.keys()], name.length < 9 ? 1 : 2);
  const known = meant === undefined ? undefined : BY_NAME.get(meant);
  if (meant === undefined || known === undefined) return undefined;
  const allowed = `${meant}, ${allowedText(known.key)}`;
  return { key: name, value: shown(value), allowed, source, reason: `almost ${meant}, which sets ${known.key.key}` };
}

/** Two names of one key that say different things after conversion: neither is believed. */
function disagreement(settings: readonly Setting[]): ConfigurationProblem | undefined {
  const [first] = settings;
  if (first === undefined || new Set(settings.map((setting) => canonical(setting.value))).size < 2) return undefined;
  const said = settings.map(({ source, written, value }) => {
    const own = shown(value);
    return `${source}=${shown(written)} means ${own}`;
  });
  return {
    key: first.key.key,
    value: settings.map((setting) => shown(setting.value)).join(" and "),
    allowed: `one value, ${allowedText(first.key)}`,
    source: settings.map((setting) => setting.source).join(" and "),
    reason: `names of one key disagree: ${said.join("; ")}`,
  };
}

function groupedByKey(settings: readonly Setting[]): readonly (readonly Setting[])[] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) groups.set(setting.key.key, [...(groups.get(setting.key.key) ?? []), setting]);
  return [...groups.values()];
}

/** The settings of `.env` and environment together: of one name the environment's value counts. */
export function environmentLayer(variables: readonly Variable[]): Layer {
  const judged = gather(
    variables.flatMap(({ name, value, source }) => {
      const target = BY_NAME.get(name);
      return target === undefined ? [] : [judgeSetting({ ...target, written: value, source, isText: true })];
    }),
  );
  const others = variables.filter(({ name }) => !BY_NAME.has(name));
  const misses = others.flatMap((variable) => nearMiss(variable) ?? []);
  const quarrels = groupedByKey(judged.settings).flatMap((group) => disagreement(group) ?? []);
  const strangers = others.filter(
    ({ name, source }) =>
      /^ROBOTRADER_(?!TEST_|PROOF_|BENCH_)/.test(name) &&
      !misses.some((miss) => miss.key === name && miss.source === source),
  );
  return {
    settings: judged.settings,
    problems: [...judged.problems, ...misses, ...quarrels],
    notices: strangers.map(({ name, source }) => `${source} is not a key of the configuration; ${name} has no effect`),
  };
}

/** The settings of the command line, by key (`risk.maxOpenPositions`) or by long option (`--seed`). */
export function commandLineLayer(overrides: Readonly<Record<string, unknown>>): Layer {
  const source = "command line";
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  const layers = given.map(([name, value]): Layer => {
    const key = BY_KEY.get(name) ?? BY_OPTION.get(name);
    if (key === undefined) return { settings: [], problems: [unknownKey({ key: name, value, source })], notices: [] };
    return gather([judgeSetting({ key, written: value, source, isText: true })]);
  });
  return mergeLayers(layers);
}

/**
 * From the options as a command-line library hands them over (`assumeAdv`, `maxConcurrent`) to overrides; what is no key of
 * the configuration (`json`, `dataDir`) is left out.
 */
export function overridesOf(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const entries = [...BY_OPTION].flatMap(([option, key]) => {
    const name = option.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return Object.hasOwn(options, name) && options[name] !== undefined ? [[key.key, options[name]] as const] : [];
  });
  return Object.fromEntries(entries);
}
