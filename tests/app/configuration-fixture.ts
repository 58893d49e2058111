import type { ConfigurationProblem } from "#app/configuration/setting.ts";
import { type ConfigurationRequest, loadConfiguration } from "#app/configuration.ts";
import { assert } from "#shared/lib/assert.ts";

export const PROFILE_FILE = "/somewhere/robotrader.simulation.json";

/** What each place says; a place that is not named says nothing. */
export type Places = {
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly dotEnv?: string;
  /** Text of the file of profile simulation, or the value that it holds. */
  readonly file?: unknown;
  /** More files by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly configFile?: string;
};

export function request(places: Places): ConfigurationRequest {
  const { file } = places;
  const files: Record<string, string> = {
    ...(file === undefined ? {} : { [PROFILE_FILE]: typeof file === "string" ? file : JSON.stringify(file) }),
    ...(places.dotEnv === undefined ? {} : { "/somewhere/.env": places.dotEnv }),
    ...places.files,
  };
  return {
    overrides: places.overrides ?? {},
    env: places.env ?? {},
    files: {
      ...(places.configFile === undefined ? {} : { configFile: places.configFile }),
      profileFiles: (profile) => [`/somewhere/robotrader.${profile}.json`],
      dotEnvFile: "/somewhere/.env",
      read: (path) => files[path],
    },
  };
}

/** The configuration in force; fails with all problems in the message. */
export function accepted(places: Places) {
  const loaded = loadConfiguration(request(places));
  assert(loaded.kind === "loaded", `refused: ${JSON.stringify(loaded)}`);
  return loaded;
}

/** What stops the start; fails when nothing does. */
export function refused(places: Places): readonly ConfigurationProblem[] {
  const loaded = loadConfiguration(request(places));
  assert(loaded.kind === "refused", "the configuration was accepted");
  return loaded.problems;
}
