import type { Profile } from "#shared/model/account-guard.ts";
import { CONFIG_KEYS, type Configuration, configurationSchema } from "#shared/model/config.ts";
import { crossCheck } from "./configuration/cross-checks.ts";
import { parseDotEnv, type Variable } from "./configuration/dot-env.ts";
import type { ConfigurationFiles } from "./configuration/files.ts";
import {
  commandLineLayer,
  configKey,
  environmentLayer,
  fileLayer,
  type Layer,
  mergeLayers,
} from "./configuration/layers.ts";
import { type ConfigurationProblem, judgeSetting, problemLine, type Setting, shown } from "./configuration/setting.ts";

export type ConfigurationRequest = {
  /** By key (`risk.maxOpenPositions`) or long option (`--seed`); text or values. Undefined entries do not count. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: ConfigurationFiles;
};

/** One value in force and who set it. */
export type EffectiveValue = { readonly value: unknown; readonly source: string };

export type LoadedConfiguration = {
  readonly kind: "loaded";
  readonly config: Configuration;
  /** One entry for each key of the table. */
  readonly sources: ReadonlyMap<string, EffectiveValue>;
  /** What a person should know although nothing stops. */
  readonly notices: readonly string[];
};
export type RefusedConfiguration = { readonly kind: "refused"; readonly problems: readonly ConfigurationProblem[] };

/** Values that a profile starts from: above the defaults, below everything a person sets, checked like the rest. */
const PRESETS: Readonly<Record<Profile, Readonly<Record<string, unknown>>>> = {
  simulation: {},
  paper: {},
  live: { "ibkr.port": 4_001 },
};

const nothing: Layer = { settings: [], problems: [], notices: [] };

function presetLayer(profile: Profile): Layer {
  const judged = Object.entries(PRESETS[profile]).flatMap(([name, written]) => {
    const key = configKey(name);
    return key === undefined ? [] : [judgeSetting({ key, written, source: `preset:${profile}`, isText: false })];
  });
  return {
    settings: judged.flatMap((one) => ("setting" in one ? [one.setting] : [])),
    problems: judged.flatMap((one) => ("problem" in one ? [one.problem] : [])),
    notices: [],
  };
}

/** The text of a file, undefined when it is not there, or the problem of reading it. */
function readFile(
  files: ConfigurationFiles,
  path: string,
): { readonly text?: string; readonly problem?: ConfigurationProblem } {
  try {
    const text = files.read(path);
    return text === undefined ? {} : { text };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: { key: path, value: shown(path), allowed: "a readable file", source: `file:${path}`, reason } };
  }
}

function variablesOf(request: ConfigurationRequest): {
  readonly variables: readonly Variable[];
  readonly layer: Layer;
} {
  const path = request.files.dotEnvFile;
  const file = path === undefined ? {} : readFile(request.files, path);
  const dotEnv = parseDotEnv(file.text ?? "");
  const faults = dotEnv.faults.map(({ line, text, reason }) => ({
    key: `line ${line}`,
    value: shown(text),
    allowed: "NAME=value, # comment",
    source: `file:${path ?? ""}`,
    reason,
  }));
  const byName = new Map(dotEnv.variables.map((variable) => [variable.name, variable]));
  for (const [name, value] of Object.entries(request.env)) {
    if (value !== undefined) byName.set(name, { name, value, source: `env:${name}` });
  }
  const problems = [...(file.problem === undefined ? [] : [file.problem]), ...faults];
  return { variables: [...byName.values()], layer: { ...nothing, problems } };
}

/** The file that a person named; it has to be there. */
function namedFileLayer(files: ConfigurationFiles, path: string): Layer {
  const { text, problem } = readFile(files, path);
  if (text !== undefined) return fileLayer(path, text);
  const missing = { key: "--config", value: shown(path), allowed: "a readable file", source: "command line" };
  return { ...nothing, problems: [problem ?? { ...missing, reason: "the file is not there" }] };
}

/** The file of the profile, which may be absent. It may repeat its own profile, not name another. */
function profileFileLayer(files: ConfigurationFiles, profile: Profile): Layer {
  const found = files.profileFiles(profile).map((path) => ({ path, ...readFile(files, path) }));
  const present = found.filter(({ text }) => text !== undefined);
  const layer = mergeLayers(present.map(({ path, text }) => fileLayer(path, text ?? "")));
  const unreadable = found.flatMap(({ problem }) => problem ?? []);
  const other = layer.settings.filter(({ key, value }) => key.key === "profile" && value !== profile);
  const strange = other.map(({ value, source }) => ({
    key: "profile",
    value: shown(value),
    allowed: profile,
    source,
    reason: `the file of profile ${profile} names another`,
  }));
  const twice = present.slice(1).map(({ path }) => ({
    key: path,
    value: shown(path),
    allowed: "one of the files, or --config with one of them",
    source: `file:${path}`,
    reason: `${present[0]?.path ?? ""} is there too`,
  }));
  return { ...layer, problems: [...layer.problems, ...unreadable, ...strange, ...twice] };
}

/** The last layer that sets the profile decides; it also says which file and which preset count. */
function profileOf(layers: readonly Layer[]): Profile {
  const settings = layers.flatMap((layer) => layer.settings).filter(({ key }) => key.key === "profile");
  return configurationSchema.shape.profile.parse(settings.at(-1)?.value);
}

/** Lowers what an older name of the winning setting promises to lower. */
function lowered(
  winner: Setting,
  effective: ReadonlyMap<string, Setting>,
): ReturnType<typeof judgeSetting> | undefined {
  const rule = winner.alias?.lowers;
  const key = rule === undefined ? undefined : configKey(rule.key);
  if (rule === undefined || key === undefined || typeof winner.value !== "number") return undefined;
  // Rounded down, so that "at most" holds; 12 digits first, so that two thirds of 3 stay 2.
  const most = Math.floor(Number((winner.value * rule.part * 10_000).toPrecision(12))) / 10_000;
  const present = effective.get(rule.key)?.value ?? key.default;
  if (typeof present === "number" && present <= most) return undefined;
  const judged = judgeSetting({ key, written: most, source: winner.source, isText: false });
  if ("setting" in judged) return judged;
  const reason = `${winner.source}=${shown(winner.written)} lowers it to two thirds of itself, and that is out of range`;
  return { problem: { ...judged.problem, reason } };
}

/** Later layers win; of several names of one key in the environment the one that lowers another key stands for all. */
function winners(layers: readonly Layer[]): ReadonlyMap<string, Setting> {
  const effective = new Map<string, Setting>();
  for (const layer of layers) {
    const said = new Map<string, Setting>();
    for (const setting of layer.settings) {
      if (said.get(setting.key.key)?.alias?.lowers === undefined) said.set(setting.key.key, setting);
    }
    for (const [key, setting] of said) effective.set(key, setting);
  }
  return effective;
}

function assembled(effective: ReadonlyMap<string, Setting>): Configuration {
  const draft: Record<string, unknown> = {};
  for (const { key } of CONFIG_KEYS) {
    const [section = key, name] = key.split(".");
    if (name === undefined) draft[section] = effective.get(key)?.value;
    else draft[section] = { ...Object(draft[section]), [name]: effective.get(key)?.value };
  }
  return configurationSchema.parse(draft);
}

function notEnforced(effective: ReadonlyMap<string, Setting>): readonly string[] {
  return [...effective.values()]
    .filter(({ key }) => !key.isEnforced)
    .map(({ key, source }) => `${key.key} is set (${source}), but this version does not enforce it`);
}

/**
 * Finds the configuration in force: defaults, then the preset of the profile, file, `.env`, environment, command line.
 * Every layer is checked whether it wins or not, and all problems are told at once.
 */
export function loadConfiguration(request: ConfigurationRequest): LoadedConfiguration | RefusedConfiguration {
  const { files } = request;
  const { variables, layer: dotEnvFaults } = variablesOf(request);
  const environment = environmentLayer(variables);
  const commandLine = commandLineLayer(request.overrides);
  const named = files.configFile === undefined ? undefined : namedFileLayer(files, files.configFile);
  const profile = profileOf([...(named === undefined ? [] : [named]), environment, commandLine]);
  const file = named ?? profileFileLayer(files, profile);
  const layers = [presetLayer(profile), file, dotEnvFaults, environment, commandLine];

  const effective = new Map(winners(layers));
  const lowerings = [...effective.values()].flatMap((winner) => lowered(winner, effective) ?? []);
  for (const one of lowerings) if ("setting" in one) effective.set(one.setting.key.key, one.setting);
  const own = [
    ...layers.flatMap((layer) => layer.problems),
    ...lowerings.flatMap((one) => ("problem" in one ? [one.problem] : [])),
  ];

  const config = assembled(effective);
  const sourceOf = (key: string): string => effective.get(key)?.source ?? "default";
  const problems = [...own, ...crossCheck({ config, sourceOf }, new Set(own.map(({ key }) => key)))];
  if (problems.length > 0) return { kind: "refused", problems };
  const sources = new Map(
    CONFIG_KEYS.map((key) => {
      const setting = effective.get(key.key);
      return [key.key, { value: setting === undefined ? key.default : setting.value, source: sourceOf(key.key) }];
    }),
  );
  const notices = [...layers.flatMap((layer) => layer.notices), ...notEnforced(effective)];
  return { kind: "loaded", config, sources, notices };
}

/** All problems for a person: a count, then a line each. */
export function problemText(problems: readonly ConfigurationProblem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [`configuration refused, ${count}:`, ...problems.map((problem) => `  ${problemLine(problem)}`)].join("\n");
}
