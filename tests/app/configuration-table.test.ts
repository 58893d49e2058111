import { describe, expect, test } from "vitest";
import { configurationMarkdown, configurationTable, describeConfiguration } from "#app/configuration/describe.ts";
import { engineSettings } from "#app/configuration/engine-settings.ts";
import { loadConfiguration } from "#app/configuration.ts";
import { CONTROLS } from "#core/risk/checks.ts";
import { STRATEGIES } from "#core/strategies/registry.ts";
import { assert } from "#shared/lib/assert.ts";
import { CONFIG_KEYS, type ConfigKey, configurationSchema, environmentName, WATCHLIST } from "#shared/model/config.ts";
import { RISK_CODES } from "#shared/model/risk.ts";
import { accepted } from "./configuration-fixture.ts";

const keyOf = (name: string): ConfigKey => {
  const key = CONFIG_KEYS.find((one) => one.key === name);
  assert(key !== undefined, `${name} is a key`);
  return key;
};

describe("the table and the schema say the same", () => {
  const named = CONFIG_KEYS.map((key) => [key.key, key] as const);

  test.each(named)("%s has the default of its schema", (_, key) => {
    expect(key.schema.parse(undefined)).toEqual(key.default);
    expect(accepted({}).sources.get(key.key)).toEqual({ value: key.default, source: "default" });
  });

  test.each(named.filter(([, key]) => key.min !== undefined))(
    "%s takes both ends of its range and nothing beyond",
    (_, key) => {
      const { min = 0, max = 0 } = key;
      const step = key.kind === "integer" ? 1 : max * 1e-9;
      expect([min, max].map((value) => key.schema.safeParse(value).success)).toEqual([true, true]);
      expect([min - step, max + step].map((value) => key.schema.safeParse(value).success)).toEqual([false, false]);
      expect([Number.NaN, Number.POSITIVE_INFINITY].map((value) => key.schema.safeParse(value).success)).toEqual([
        false,
        false,
      ]);
      if (key.kind === "integer") expect(key.schema.safeParse(min + 0.5).success).toBe(false);
    },
  );

  test("every leaf of the schema is a row, and nothing else is", () => {
    const leaves = Object.entries(accepted({}).config).flatMap(([section, value]) =>
      typeof value === "object" && !Array.isArray(value) ? [section] : [],
    );
    const sections = new Set(CONFIG_KEYS.filter(({ key }) => key.includes(".")).map(({ key }) => key.split(".")[0]));
    expect([...sections].sort()).toEqual(leaves.sort());
    expect(configurationSchema.safeParse(accepted({}).config).success).toBe(true);
    expect(configurationSchema.safeParse({ ...accepted({}).config, colour: "dark" }).success).toBe(false);
  });

  test("no name of the environment and no option stands for two keys", () => {
    const names = CONFIG_KEYS.flatMap((key) => [key.environmentName, ...key.aliases.map(({ name }) => name)]);
    const options = CONFIG_KEYS.flatMap(({ option }) => option ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(options).size).toBe(options.length);
    expect(environmentName("risk.maxOpenPositions")).toBe("ROBOTRADER_RISK_MAX_OPEN_POSITIONS");
  });

  test("what an alias lowers is a key", () => {
    const lowered = CONFIG_KEYS.flatMap(({ aliases }) => aliases.flatMap(({ lowers }) => lowers?.key ?? []));
    expect(lowered).toEqual(["risk.dailyLossReducePercent"]);
    expect(lowered.map((name) => keyOf(name).kind)).toEqual(["number"]);
  });
});

test("the watchlist is the plan's nineteen symbols, and strategies decide every five minutes", () => {
  const { config } = accepted({});
  expect([config.symbols, WATCHLIST.length]).toEqual([WATCHLIST, 19]);
  expect([config.strategy.interval, config.strategy.enabled]).toEqual(["5m", ["baseline", "momentum"]]);
  expect([config.profile, config.simulation.account, config.simulation.startingCash]).toEqual([
    "simulation",
    "DUSIM0001",
    100_000,
  ]);
});

// The figures of the plan's safety table, written out: a default that drifts is a limit that changed unseen.
test.each([
  ["risk.maxOpenPositions", 5, 1, 100],
  ["risk.maxOrdersPerMinute", 10, 1, 60],
  ["risk.maxDailyTrades", 100, 1, 1_000],
  ["risk.stopLossPercent", 2, 0.1, 20],
  ["risk.takeProfitPercent", 3, 0.1, 100],
  ["risk.trailingStopPercent", 5, 0.1, 20],
  ["risk.dailyLossReducePercent", 2, 0.1, 10],
  ["risk.dailyLossKillPercent", 3, 0.1, 10],
  ["risk.positionLossPercent", 5, 0.5, 20],
  ["risk.maxSectorPercent", 30, 1, 50],
  ["risk.maxGrossPercent", 150, 100, 400],
  ["risk.maxBeta", 1.2, 0, 2],
  ["sizing.positionPercent", 2, 0.1, 10],
  ["sizing.correlationFrom", 0.7, 0, 0.95],
  ["data.stalenessSeconds", 60, 1, 60],
  ["data.maxSpreadPercent", 1, 0.01, 5],
  ["breaker.threshold", 5, 1, 50],
  ["breaker.timeoutSeconds", 300, 10, 3_600],
  ["execution.orderTimeoutSeconds", 30, 5, 300],
  ["execution.positionTimeoutHours", 24, 1, 168],
  ["execution.maxConcurrentParents", 10, 1, 50],
])("%s is %d unless set, from %d to %d", (name, preset, min, max) => {
  const key = keyOf(name);
  expect([key.default, key.min, key.max]).toEqual([preset, min, max]);
});

describe("a limit that is shown is a limit that acts", () => {
  /** A value of the key that is not its default. */
  const shifted = (key: ConfigKey): unknown =>
    key.kind === "boolean" ? key.default !== true : key.default === key.min ? key.max : key.min;
  const limits = CONFIG_KEYS.filter(({ key }) => /^(risk|sizing|data|breaker|execution)\./.test(key));

  test.each(limits.map((key) => [key.key, key] as const))(
    "%s reaches the engine exactly when it is called enforced",
    (name, key) => {
      const before = accepted({}).config;
      const [section = "", field = ""] = name.split(".");
      const config = configurationSchema.parse({
        ...before,
        [section]: { ...Object(Object.entries(before).find(([one]) => one === section)?.[1]), [field]: shifted(key) },
      });
      const isRead = JSON.stringify(engineSettings(config)) !== JSON.stringify(engineSettings(before));
      expect(isRead).toBe(key.isEnforced);
    },
  );

  test("every control that names a key names one of the table, and the key names the control", () => {
    for (const control of CONTROLS) {
      if (control.configKey === undefined) continue;
      const key = keyOf(control.configKey);
      expect([control.configKey, key.isEnforced, key.enforcedIn]).toEqual([control.configKey, true, [control.code]]);
    }
  });

  test("a key that is called enforced by a control names a code of the closed list", () => {
    const codes: readonly string[] = RISK_CODES;
    const unknown = CONFIG_KEYS.filter(({ isEnforced }) => isEnforced)
      .flatMap(({ enforcedIn }) => enforcedIn)
      .filter((code) => /^[A-Z_]+$/.test(code) && !codes.includes(code));
    expect(unknown).toEqual([]);
  });

  test("only profile simulation starts armed", () => {
    const { config } = accepted({});
    const armed = (["simulation", "paper", "live"] as const).map(
      (profile) => engineSettings({ ...config, profile }).startsArmed,
    );
    expect(armed).toEqual([true, false, false]);
  });

  test("parameters reach their strategy", () => {
    const { config } = accepted({ file: { strategy: { parameters: { momentum: { minAdx: 25 } } } } });
    expect(engineSettings(config).strategies).toEqual([
      { id: "baseline", parameters: {} },
      { id: "momentum", parameters: { minAdx: 25 } },
    ]);
    expect(STRATEGIES.map(({ id }) => id)).toEqual(expect.arrayContaining([...config.strategy.enabled]));
  });
});

describe("robotrader config", () => {
  test("shows value, source, range, unit and aliases of every key", () => {
    const rows = describeConfiguration(accepted({ env: { RISK_STOP_LOSS_PCT: "0.015" } }));
    expect(rows.map(({ key }) => key)).toEqual(CONFIG_KEYS.map(({ key }) => key));
    expect(rows.find(({ key }) => key === "risk.stopLossPercent")).toMatchObject({
      value: "1.5",
      source: "env:RISK_STOP_LOSS_PCT",
      default: "2",
      range: "0.1 to 20",
      unit: "% of price",
      aliases: ["STOP_LOSS_PERCENT (percent)", "RISK_STOP_LOSS_PCT (fraction)"],
      environmentName: "ROBOTRADER_RISK_STOP_LOSS_PERCENT",
      enforcedIn: "STOP_REQUIRED",
    });
    expect(rows.find(({ key }) => key === "risk.dailyLossKillAmount")?.value).toBe("-");
  });

  test("prints a line a key under one heading, columns aligned", () => {
    const lines = configurationTable(describeConfiguration(accepted({}))).split("\n");
    expect(lines.length).toBe(CONFIG_KEYS.length + 1);
    const column = lines[0]?.indexOf("Source") ?? -1;
    expect(lines.slice(1).map((line) => line.slice(column, column + 7))).toEqual(CONFIG_KEYS.map(() => "default"));
  });

  test("the README's table has a row of seven cells for each key", () => {
    const lines = configurationMarkdown().split("\n");
    expect(lines.length).toBe(CONFIG_KEYS.length + 2);
    expect(new Set(lines.map((line) => line.split(/(?<!\\)\|/).length))).toEqual(new Set([9]));
    expect(lines.find((line) => line.startsWith("| `risk.maxBeta`"))).toContain("`RISK_MAX_PORTFOLIO_BETA`");
  });
});

test("what is loaded can be loaded again from a file without a change", () => {
  const { config } = accepted({ env: { STOP_LOSS_PERCENT: "1.5" }, overrides: { "--speed": "max" } });
  const again = loadConfiguration({
    overrides: {},
    env: {},
    files: { configFile: "/saved.json", profileFiles: () => [], read: () => JSON.stringify(config) },
  });
  expect(again).toMatchObject({ kind: "loaded", config });
});
