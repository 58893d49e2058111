import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overridesOf } from "#app/configuration/layers.ts";
import { loadConfiguration } from "#app/configuration.ts";
import { CONFIG_KEYS } from "#shared/model/config.ts";
import { accepted, PROFILE_FILE, refused, request } from "./configuration-fixture.ts";

const sourceOf = (places: Parameters<typeof accepted>[0], key: string) => accepted(places).sources.get(key);

describe("precedence", () => {
  const file = { risk: { maxOpenPositions: 2 } };
  const dotEnv = "MAX_OPEN_POSITIONS=3";
  const env = { MAX_OPEN_POSITIONS: "4" };
  const overrides = { "risk.maxOpenPositions": "6" };

  test("each place wins over the one before it, and the source says which it was", () => {
    const key = "risk.maxOpenPositions";
    expect(sourceOf({}, key)).toEqual({ value: 5, source: "default" });
    expect(sourceOf({ file }, key)).toEqual({ value: 2, source: `file:${PROFILE_FILE}` });
    expect(sourceOf({ file, dotEnv }, key)).toEqual({ value: 3, source: ".env:MAX_OPEN_POSITIONS" });
    expect(sourceOf({ file, dotEnv, env }, key)).toEqual({ value: 4, source: "env:MAX_OPEN_POSITIONS" });
    expect(sourceOf({ file, dotEnv, env, overrides }, key)).toEqual({ value: 6, source: "command line" });
  });

  test("what is shown as in force is what the configuration holds, for every key", () => {
    const { config, sources } = accepted({ file, env, overrides: { "--seed": "7" } });
    for (const { key } of CONFIG_KEYS) {
      const [section = "", name] = key.split(".");
      const held = Object.entries(config).find(([given]) => given === section)?.[1];
      const value = name === undefined ? held : Object.entries(Object(held)).find(([given]) => given === name)?.[1];
      expect([key, sources.get(key)?.value]).toEqual([key, value]);
    }
    expect(sources.size).toBe(CONFIG_KEYS.length);
  });

  test("the preset of profile live is port 4001, and a file may still change it", () => {
    const env = { IBKR_APPROVED_ACCOUNTS: "U1234567" };
    const live = { env, overrides: { "--profile": "live" } };
    expect(sourceOf(live, "ibkr.port")).toEqual({ value: 4_001, source: "preset:live" });
    const files = { "/somewhere/robotrader.live.json": '{"ibkr":{"port":7496}}' };
    expect(accepted({ ...live, files }).config.ibkr.port).toBe(7_496);
  });

  test("the profile decides which file is read", () => {
    const files = { "/somewhere/robotrader.paper.json": '{"profile":"paper","risk":{"maxOpenPositions":9}}' };
    expect(accepted({ files }).config.risk.maxOpenPositions).toBe(5);
    expect(accepted({ files, env: { ROBOTRADER_PROFILE: "paper" } }).config.risk.maxOpenPositions).toBe(9);
  });

  test("a file named by --config may choose the profile, and stands for the file of the profile", () => {
    const files = { "/mine.json": '{"profile":"paper"}', "/somewhere/robotrader.paper.json": "not read" };
    expect(accepted({ files, configFile: "/mine.json" }).config.profile).toBe("paper");
    expect(accepted({ files, configFile: "/mine.json", overrides: { "--profile": "simulation" } }).config.profile).toBe(
      "simulation",
    );
  });

  test("two files of one profile in two folders stop the start", () => {
    const loaded = loadConfiguration({
      overrides: {},
      env: {},
      files: { profileFiles: () => ["/a.json", "/b.json"], read: () => "{}" },
    });
    expect(loaded).toMatchObject({ kind: "refused", problems: [{ key: "/b.json", reason: "/a.json is there too" }] });
  });

  test("a file that cannot be read stops the start", () => {
    const read = (): string => {
      throw new Error("EACCES: permission denied");
    };
    const loaded = loadConfiguration({ overrides: {}, env: {}, files: { profileFiles: () => ["/a.json"], read } });
    expect(loaded).toMatchObject({ problems: [{ key: "/a.json", reason: "EACCES: permission denied" }] });
  });

  test("options that are not given do not count", () => {
    expect(accepted({ overrides: { "--seed": undefined } }).config.simulation.seed).toBe(1);
    expect(overridesOf({ assumeAdv: "5000", maxConcurrent: 3, seed: undefined, json: true, dataDir: "/x" })).toEqual({
      "simulation.assumeAdv": "5000",
      "execution.maxConcurrentParents": 3,
    });
  });
});

describe("names of the environment", () => {
  test.each([
    ["STOP_LOSS_PERCENT", "1.5", "risk.stopLossPercent", 1.5],
    ["RISK_STOP_LOSS_PCT", "0.015", "risk.stopLossPercent", 1.5],
    ["TAKE_PROFIT_PERCENT", "7", "risk.takeProfitPercent", 7],
    ["RISK_TAKE_PROFIT_PCT", "0.07", "risk.takeProfitPercent", 7],
    ["RISK_MAX_LEVERAGE", "2", "risk.maxGrossPercent", 200],
    ["RISK_MAX_PORTFOLIO_BETA", "1.1", "risk.maxBeta", 1.1],
    ["RISK_MAX_SECTOR_EXPOSURE", "0.29", "risk.maxSectorPercent", 29],
    ["RISK_MAX_POSITION_PCT", "0.03", "sizing.positionPercent", 3],
    ["RISK_MAX_POSITION_LOSS_PCT", "0.05", "risk.positionLossPercent", 5],
    ["MAX_DAILY_LOSS", "1000", "risk.dailyLossKillAmount", 1_000],
    ["MAX_SPREAD_PERCENT", "0.5", "data.maxSpreadPercent", 0.5],
    ["DATA_STALENESS_SECONDS", "30", "data.stalenessSeconds", 30],
    ["CIRCUIT_BREAKER_THRESHOLD", "3", "breaker.threshold", 3],
    ["CIRCUIT_BREAKER_TIMEOUT", "60", "breaker.timeoutSeconds", 60],
    ["MAX_ORDERS_PER_MINUTE", "2", "risk.maxOrdersPerMinute", 2],
    ["EXECUTION_MAX_DAILY_TRADES", "20", "risk.maxDailyTrades", 20],
    ["USE_TRAILING_STOP", "true", "risk.useTrailingStop", true],
    ["IBKR_APPROVED_ACCOUNTS", "U1234567, DU7654321", "ibkr.approvedAccounts", ["U1234567", "DU7654321"]],
    ["TRADING_INTERVAL", "15m", "strategy.interval", "15m"],
    ["ROBOTRADER_RISK_MAX_OPEN_POSITIONS", "3", "risk.maxOpenPositions", 3],
    ["ROBOTRADER_SIMULATION_SPEED", "max", "simulation.speed", "max"],
  ])("%s=%s sets %s to %s", (name, value, key, expected) => {
    expect(sourceOf({ env: { [name]: value } }, key)).toEqual({ value: expected, source: `env:${name}` });
  });

  test("a fraction and a percentage of the same size agree", () => {
    const env = { STOP_LOSS_PERCENT: "2.9", RISK_STOP_LOSS_PCT: "0.029" };
    expect(accepted({ env }).config.risk.stopLossPercent).toBe(2.9);
  });

  test.each([
    [{ MAX_OPEN_POSITIONS: "5", RISK_MAX_OPEN_POSITIONS: "20" }, "risk.maxOpenPositions", ['"5"', '"20"']],
    [{ STOP_LOSS_PERCENT: "2", RISK_STOP_LOSS_PCT: "0.03" }, "risk.stopLossPercent", ['"2"', '"0.03" means 3']],
    [{ ROBOTRADER_RISK_MAX_DAILY_TRADES: "7", MAX_DAILY_TRADES: "8" }, "risk.maxDailyTrades", ['"7"', '"8"']],
  ])("%j stops the start and names both with their values", (env, key, values) => {
    const [problem, ...others] = refused({ env });
    expect(others).toEqual([]);
    expect(problem?.key).toBe(key);
    for (const part of [...Object.keys(env), ...values]) expect(problem?.reason).toContain(part);
  });

  test("names that disagree between .env and environment stop the start too", () => {
    const [problem] = refused({ dotEnv: "RISK_MAX_OPEN_POSITIONS=20", env: { MAX_OPEN_POSITIONS: "5" } });
    expect(problem?.source).toContain(".env:RISK_MAX_OPEN_POSITIONS");
  });

  test.each([
    ["MAX_OPEN_POSITION", "MAX_OPEN_POSITIONS"],
    ["MAX_OPNE_POSITIONS", "MAX_OPEN_POSITIONS"],
    ["max_open_positions", "MAX_OPEN_POSITIONS"],
    ["STOPLOSS_PERCENT", "STOP_LOSS_PERCENT"],
    ["STOPLOSS_PERCNT", "STOP_LOSS_PERCENT"],
    ["SYMBOL", "SYMBOLS"],
    ["CIRCUIT_BREAKER_TRESHOLD", "CIRCUIT_BREAKER_THRESHOLD"],
    ["IBKR_APPROVED_ACCOUNT", "IBKR_APPROVED_ACCOUNTS"],
    ["TRADING_INTERVALL", "TRADING_INTERVAL"],
    ["ROBOTRADER_RISK_MAX_OPENPOSITIONS", "ROBOTRADER_RISK_MAX_OPEN_POSITIONS"],
  ])("%s is taken for a misspelt %s and stops the start", (name, meant) => {
    for (const places of [{ env: { [name]: "4" } }, { dotEnv: `${name}=4` }]) {
      const problems = refused(places);
      expect(problems.map(({ key, value }) => [key, value])).toEqual([[name, '"4"']]);
      expect(problems[0]?.allowed).toContain(meant);
    }
  });

  test("variables of other programs are left alone", () => {
    const names = [
      ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "PWD", "OLDPWD", "EDITOR", "DISPLAY"],
      ...["XDG_DATA_HOME", "XDG_RUNTIME_DIR", "HOSTNAME", "NODE_ENV", "NODE_OPTIONS", "npm_config_port", "DB_HOST"],
      ...["CI", "DEBUG", "PORT", "HOST", "HTTP_PROXY", "NO_PROXY", "SSH_AUTH_SOCK", "VITEST", "TZ", "MAX_WORKERS"],
      ...[
        "PGHOST",
        "PGPORT",
        "DOCKER_HOST",
        "IB_HOST",
        "GITHUB_ACTIONS",
        "LOG_LEVEL",
        "SYMBOLIC",
        "DATABASE_URL",
        "ROBOTRADER_TEST_DATA",
      ],
    ];
    const loaded = accepted({ env: Object.fromEntries(names.map((name) => [name, "something"])) });
    expect([...loaded.sources.values()].every(({ source }) => source === "default")).toBe(true);
    expect(loaded.notices).toEqual([]);
  });

  test("a number sign inside a value of .env is part of it", () => {
    const { config } = accepted({ dotEnv: "ROBOTRADER_SIMULATION_REPLAY=/days#1 # the first" });
    expect(config.simulation.replay).toBe("/days#1");
  });

  test("minus zero is zero", () => {
    expect(Object.is(accepted({ file: '{"simulation":{"seed":-0}}' }).config.simulation.seed, 0)).toBe(true);
    expect(Object.is(accepted({ overrides: { "--seed": "-0" } }).config.simulation.seed, 0)).toBe(true);
  });

  test("a name of ours that is far from every key is told, since it has no effect", () => {
    const { notices } = accepted({ env: { ROBOTRADER_RISK_EVERYTHING: "0" } });
    expect(notices).toEqual([
      "env:ROBOTRADER_RISK_EVERYTHING is not a key of the configuration; ROBOTRADER_RISK_EVERYTHING has no effect",
    ]);
  });

  test(".env takes quotes, comments, export and Windows line ends", () => {
    const dotEnv = [
      "# limits",
      "export MAX_OPEN_POSITIONS='3'",
      'TRADING_INTERVAL="1m" # fast',
      "STOP_LOSS_PERCENT = 1.5 # tight",
      "",
    ].join("\r\n");
    const { config } = accepted({ dotEnv });
    expect([config.risk.maxOpenPositions, config.strategy.interval, config.risk.stopLossPercent]).toEqual([
      3,
      "1m",
      1.5,
    ]);
  });
});

describe("the older limit of the day", () => {
  test.each([
    ["0.005", 0.5, 0.3333],
    ["0.006", 0.6, 0.4],
    ["0.03", 3, 2],
    ["0.05", 5, 2],
  ])("RISK_MAX_DAILY_LOSS_PCT=%s kills at %s percent and reduces at %s", (value, kill, reduce) => {
    const { config } = accepted({ env: { RISK_MAX_DAILY_LOSS_PCT: value } });
    expect([config.risk.dailyLossKillPercent, config.risk.dailyLossReducePercent]).toEqual([kill, reduce]);
  });

  test("the lowered stage names the variable that lowered it", () => {
    const places = { env: { RISK_MAX_DAILY_LOSS_PCT: "0.01" }, file: { risk: { dailyLossReducePercent: 0.9 } } };
    expect(sourceOf(places, "risk.dailyLossReducePercent")).toEqual({
      value: 0.6666,
      source: "env:RISK_MAX_DAILY_LOSS_PCT",
    });
  });

  test("a stage that is tight enough stays", () => {
    const places = { env: { RISK_MAX_DAILY_LOSS_PCT: "0.03" }, file: { risk: { dailyLossReducePercent: 1 } } };
    expect(accepted(places).config.risk.dailyLossReducePercent).toBe(1);
  });

  test("a variable that loses to the command line lowers nothing", () => {
    const places = { env: { RISK_MAX_DAILY_LOSS_PCT: "0.005" }, overrides: { "risk.dailyLossKillPercent": "4" } };
    expect(accepted(places).config.risk.dailyLossReducePercent).toBe(2);
  });

  test("it lowers the stage beside another name that says the same", () => {
    const env = { ROBOTRADER_RISK_DAILY_LOSS_KILL_PERCENT: "1", RISK_MAX_DAILY_LOSS_PCT: "0.01" };
    for (const names of [env, Object.fromEntries(Object.entries(env).reverse())])
      expect(accepted({ env: names }).config.risk.dailyLossReducePercent).toBe(0.6666);
  });

  test("a value whose two thirds are out of range stops the start", () => {
    const [problem] = refused({ env: { RISK_MAX_DAILY_LOSS_PCT: "0.001" } });
    expect(problem).toMatchObject({ key: "risk.dailyLossReducePercent", value: "0.0666", allowed: "0.1 to 10 %" });
  });
});

describe("profiles", () => {
  const approved = "U1234567";
  const profile = (name: string, settings: Readonly<Record<string, unknown>>) => ({
    overrides: { profile: name, ...settings },
  });

  test.each([7_496, 4_001, 7_498, 4_003])("paper refuses the live port %i", (port) => {
    expect(refused(profile("paper", { "ibkr.port": port })).map(({ key, value }) => [key, value])).toEqual([
      ["ibkr.port", String(port)],
    ]);
  });

  test.each([7_497, 4_002, 7_499, 4_004])("live refuses the paper port %i", (port) => {
    const problems = refused(profile("live", { "ibkr.port": port, "ibkr.approvedAccounts": approved }));
    expect(problems.map(({ key, value }) => [key, value])).toEqual([["ibkr.port", String(port)]]);
  });

  test.each([
    ["", "needs an approved account"],
    ["DU1234567", "only paper accounts"],
    ["DUSIM0001", "of the simulator"],
  ])("live refuses to start with the approved accounts %j", (accounts, reason) => {
    const [problem] = refused(profile("live", { "ibkr.approvedAccounts": accounts }));
    expect([problem?.key, problem?.reason]).toEqual(["ibkr.approvedAccounts", expect.stringContaining(reason)]);
  });

  test("paper starts without approved accounts, and not with live ones alone", () => {
    expect(accepted(profile("paper", {})).config.ibkr.port).toBe(4_002);
    expect(refused(profile("paper", { "ibkr.approvedAccounts": approved }))[0]?.reason).toContain("only live accounts");
  });

  test.each(["192.168.1.5", "example.com", "127.0.0.1.example.com", "0.0.0.0"])(
    "simulation refuses the host %s",
    (host) => {
      expect(refused({ env: { IBKR_HOST: host } }).map(({ key, value }) => [key, value])).toEqual([
        ["ibkr.host", `"${host}"`],
      ]);
      const gateway = `${host}:4002`;
      expect(refused({ overrides: { "--gateway": gateway } }).map(({ value }) => value)).toEqual([`"${gateway}"`]);
    },
  );

  test("simulation joins a simulator of this machine, and refuses what belongs to its start", () => {
    expect(accepted({ overrides: { "--gateway": "[::1]:4002" } }).config.simulation.gateway).toBe("[::1]:4002");
    const problems = refused({
      overrides: { "--gateway": "127.0.0.1:4002", "--replay": "/days", "--faults": "/f.json" },
    });
    expect(problems.map(({ key }) => key)).toEqual(["simulation.replay", "simulation.faults"]);
  });

  test.each(["paper", "live"])("%s refuses everything that belongs to a simulation", (name) => {
    const problems = refused(
      profile(name, { "ibkr.approvedAccounts": "U1234567,DU1234567", "--assume-adv": "1000000", "--speed": "max" }),
    );
    expect(problems.map(({ key, value }) => [key, value])).toEqual([
      ["simulation.speed", '"max"'],
      ["simulation.assumeAdv", "1000000"],
    ]);
  });
});

test("a limit that this version does not enforce is said when somebody sets it", () => {
  const { notices } = accepted({ env: { RISK_MAX_PORTFOLIO_BETA: "1" } });
  const isEnforced = CONFIG_KEYS.find(({ key }) => key === "risk.maxBeta")?.isEnforced;
  expect(notices).toEqual(
    isEnforced === true
      ? []
      : ["risk.maxBeta is set (env:RISK_MAX_PORTFOLIO_BETA), but this version does not enforce it"],
  );
});

describe("whatever stands in a file", () => {
  const numeric = CONFIG_KEYS.filter(({ min, max }) => min !== undefined && max !== undefined);
  /** Every number in force lies in its range, and nothing reached a prototype. */
  function expectSafe(content: unknown): void {
    const loaded = loadConfiguration(request({ file: content }));
    expect(Object.keys(Object.prototype)).toEqual([]);
    if (loaded.kind === "refused") {
      expect(loaded.problems.length).toBeGreaterThan(0);
      return;
    }
    for (const { key, min = 0, max = 0 } of numeric) {
      const value = loaded.sources.get(key)?.value;
      if (typeof value !== "number") continue;
      expect(value >= min && value <= max, `${key} = ${value}`).toBe(true);
    }
    expect(loaded.config.profile).toBe("simulation");
  }

  test("it is loaded safely or refused with a problem, for any text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), expectSafe), { numRuns: 500 });
  });

  test("it is loaded safely or refused with a problem, for known keys with any values", () => {
    const key = fc.constantFrom(...CONFIG_KEYS.map((one) => one.key));
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.jsonValue(),
      fc.constant("__proto__"),
    );
    const entries = fc.array(fc.tuple(key, value), { maxLength: 6 });
    const nested = entries.map((pairs) => {
      const sections: Record<string, Record<string, unknown>> = {};
      const top: Record<string, unknown> = {};
      for (const [path, given] of pairs) {
        const [section = "", name] = path.split(".");
        if (name === undefined) top[section] = given;
        else sections[section] = { ...sections[section], [name]: given };
      }
      return { ...top, ...sections };
    });
    fc.assert(fc.property(nested, expectSafe), { numRuns: 1_000 });
  });

  test("a number in a file is in force if and only if it lies in the range of its key", () => {
    const plain = numeric.filter(({ key }) => /^(sizing|data|breaker|execution|journal)\./.test(key));
    const near = fc.constantFrom(...plain).chain((key) => {
      const { min = 0, max = 0 } = key;
      const draw =
        key.kind === "integer"
          ? fc.integer({ min: min - 3, max: max + 3 })
          : fc.double({ min: min - 1, max: max + 1, noNaN: true });
      return fc.tuple(fc.constant(key), fc.oneof(draw, fc.constantFrom(min, max)));
    });
    fc.assert(
      fc.property(near, ([{ key, min = 0, max = 0 }, value]) => {
        const [section = "", name = ""] = key.split(".");
        const loaded = loadConfiguration(request({ file: { [section]: { [name]: value } } }));
        const isInside = value >= min && value <= max;
        expect(loaded.kind).toBe(isInside ? "loaded" : "refused");
        if (loaded.kind === "loaded") expect(loaded.sources.get(key)?.value).toBe(value + 0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("any text of a numeric variable is a plain number in range, or refused", () => {
    const text = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.float().map((value) => value.toFixed(4)),
    );
    fc.assert(
      fc.property(text, (value) => {
        const loaded = loadConfiguration(request({ env: { STOP_LOSS_PERCENT: value } }));
        if (loaded.kind === "refused") return;
        expect(value).toMatch(/^\d+(\.\d+)?$/);
        expect(loaded.config.risk.stopLossPercent).toBe(Number(value));
        expect(loaded.config.risk.stopLossPercent >= 0.1 && loaded.config.risk.stopLossPercent <= 20).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
