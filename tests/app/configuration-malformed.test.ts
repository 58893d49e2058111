import { describe, expect, test } from "vitest";
import { problemLine } from "#app/configuration/setting.ts";
import { type Places, PROFILE_FILE, refused } from "./configuration-fixture.ts";

type Case = {
  readonly what: string;
  readonly places: Places;
  readonly key: string;
  readonly value: string;
  readonly allowed: string;
  readonly source: string;
};

const env = (name: string, value: string, key: string, allowed: string): Case => ({
  what: `${name}=${JSON.stringify(value)}`,
  places: { env: { [name]: value } },
  key,
  value: JSON.stringify(value),
  allowed,
  source: `env:${name}`,
});
const file = (what: string, content: unknown, told: Pick<Case, "key" | "value" | "allowed">): Case => ({
  what: `a file with ${what}`,
  places: { file: content },
  ...told,
  source: `file:${PROFILE_FILE}`,
});
const option = (name: string, value: unknown, told: Pick<Case, "key" | "allowed">): Case => ({
  what: `${name} ${JSON.stringify(value)}`,
  places: { overrides: { [name]: value } },
  ...told,
  value: JSON.stringify(value),
  source: "command line",
});

const POSITIONS = "whole number, 1 to 100 symbols";
const STOP = "0.1 to 20 % of price";
const NOTIONAL = "0.01 to 1,000,000,000 account currency";

const NUMBERS: readonly Case[] = [
  env("STOP_LOSS_PERCENT", "0.5%", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "Infinity", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "-Infinity", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "NaN", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", " 2 ", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "2\n", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "2,5", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "2.0.0", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "two", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "٢", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "0.09", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "20.01", "risk.stopLossPercent", STOP),
  env("STOP_LOSS_PERCENT", "-2", "risk.stopLossPercent", STOP),
  env("RISK_STOP_LOSS_PCT", "2.0", "risk.stopLossPercent", "RISK_STOP_LOSS_PCT: 0.001 to 0.2 fraction"),
  env("RISK_MAX_ORDER_NOTIONAL", "1e400", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "1e4", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "0x10", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "10000USD", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "10_000", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "none", "risk.maxOrderNotional", NOTIONAL),
  env("RISK_MAX_ORDER_NOTIONAL", "0", "risk.maxOrderNotional", NOTIONAL),
  env("MAX_OPEN_POSITIONS", "0", "risk.maxOpenPositions", POSITIONS),
  env("MAX_OPEN_POSITIONS", "101", "risk.maxOpenPositions", POSITIONS),
  env("MAX_OPEN_POSITIONS", "2.5", "risk.maxOpenPositions", POSITIONS),
  env("MAX_OPEN_POSITIONS", "+5", "risk.maxOpenPositions", POSITIONS),
  env("MAX_OPEN_POSITIONS", "99999999999999999999", "risk.maxOpenPositions", POSITIONS),
  env("DATA_STALENESS_SECONDS", "61", "data.stalenessSeconds", "1 to 60 s"),
  env("CIRCUIT_BREAKER_THRESHOLD", "0", "breaker.threshold", "whole number, 1 to 50 failures"),
  env("MAX_DAILY_LOSS", "-1000", "risk.dailyLossKillAmount", NOTIONAL),
  env("RISK_MAX_LEVERAGE", "5", "risk.maxGrossPercent", "RISK_MAX_LEVERAGE: 1 to 4 factor"),
];

const WORDS: readonly Case[] = [
  env("TRADING_INTERVAL", "30m", "strategy.interval", "one of 1m, 5m, 15m, 1h"),
  env("TRADING_INTERVAL", "300", "strategy.interval", "one of 1m, 5m, 15m, 1h"),
  env("USE_TRAILING_STOP", "yes", "risk.useTrailingStop", "true or false"),
  env("IBKR_APPROVED_ACCOUNTS", "U123,,U124", "ibkr.approvedAccounts", "account ids"),
  env("IBKR_APPROVED_ACCOUNTS", "u1234567", "ibkr.approvedAccounts", "account ids"),
  env("SYMBOLS", "AAPL,aapl", "symbols", "1 to 100 different symbols"),
  env("SYMBOLS", "AAPL,AAPL", "symbols", "1 to 100 different symbols"),
  env("SYMBOLS", "", "symbols", "1 to 100 different symbols"),
  env("IBKR_PORT", "70000", "ibkr.port", "whole number, 1 to 65,535"),
  env("ROBOTRADER_STRATEGY_PARAMETERS", '{"momentum":', "strategy.parameters", "numbers by strategy id"),
  env("ROBOTRADER_STRATEGY_PARAMETERS", '{"__proto__":{"a":1}}', "strategy.parameters", "numbers by strategy id"),
  option("--profile", "Live", { key: "profile", allowed: "one of simulation, paper, live" }),
  option("--speed", "fast", { key: "simulation.speed", allowed: "1 to 1,000, or max" }),
  option("--speed", "0.5", { key: "simulation.speed", allowed: "1 to 1,000, or max" }),
  option("--date", "2013-02-30", { key: "simulation.date", allowed: "YYYY-MM-DD" }),
  option("--start-time", "24:00", { key: "simulation.startTime", allowed: "HH:MM" }),
  option("--gateway", "localhost", { key: "simulation.gateway", allowed: "host:port" }),
  option("--gateway", "example.com:4002", { key: "simulation.gateway", allowed: "127.0.0.0/8" }),
  option("simulation.account", "DU1234567", { key: "simulation.account", allowed: "DUSIM and four digits" }),
  option("strategy.enabled", "baseline,magic", { key: "strategy.enabled", allowed: "baseline, momentum" }),
  option("risk.maxopenpositions", 5, { key: "risk.maxopenpositions", allowed: "did you mean risk.maxOpenPositions?" }),
  option("--replai", "5", { key: "--replai", allowed: "did you mean --replay?" }),
  option("__proto__x", "5", { key: "__proto__x", allowed: "a key of the configuration" }),
].map((one) => (one.key === "strategy.enabled" ? { ...one, value: '"magic"' } : one));

const FILES: readonly Case[] = [
  file("no JSON", "{", { key: PROFILE_FILE, value: '"{"', allowed: "a JSON object" }),
  file("nothing", "", { key: PROFILE_FILE, value: '""', allowed: "a JSON object" }),
  file("a list", "[]", { key: PROFILE_FILE, value: '"[]"', allowed: "a JSON object" }),
  file("a comment", "{} // note", { key: PROFILE_FILE, value: '"{} // note"', allowed: "a JSON object" }),
  file("null", "null", { key: PROFILE_FILE, value: '"null"', allowed: "a JSON object" }),
  file("__proto__", '{"__proto__":{"profile":"live"}}', {
    key: PROFILE_FILE,
    value: "__proto__",
    allowed: "a JSON object",
  }),
  file("constructor inside", '{"risk":{"constructor":{}}}', {
    key: PROFILE_FILE,
    value: "constructor",
    allowed: "a JSON object",
  }),
  file("one key twice", '{"risk":{"maxOpenPositions":5,"maxOpenPositions":50}}', {
    key: PROFILE_FILE,
    value: "maxOpenPositions",
    allowed: "a JSON object",
  }),
  file("a section that is a number", { risk: 5 }, { key: "risk", value: "5", allowed: "an object of keys" }),
  file(
    "a misspelt key",
    { risk: { maxOpenPosition: 5 } },
    { key: "risk.maxOpenPosition", value: "5", allowed: "did you mean risk.maxOpenPositions?" },
  ),
  file(
    "a name of the environment",
    { MAX_OPEN_POSITIONS: 5 },
    { key: "MAX_OPEN_POSITIONS", value: "5", allowed: "did you mean risk.maxOpenPositions?" },
  ),
  file(
    "a key in the wrong section",
    { data: { maxOpenPositions: 5 } },
    { key: "data.maxOpenPositions", value: "5", allowed: "did you mean risk.maxOpenPositions?" },
  ),
  file(
    "a number as text",
    { risk: { maxOpenPositions: "5" } },
    {
      key: "risk.maxOpenPositions",
      value: '"5"',
      allowed: POSITIONS,
    },
  ),
  file(
    "null for a number",
    { risk: { maxOpenPositions: null } },
    {
      key: "risk.maxOpenPositions",
      value: "null",
      allowed: POSITIONS,
    },
  ),
  file("1e400", '{"risk":{"maxOrderNotional":1e400}}', {
    key: "risk.maxOrderNotional",
    value: "Infinity",
    allowed: NOTIONAL,
  }),
  file(
    "true for a number",
    { breaker: { threshold: true } },
    {
      key: "breaker.threshold",
      value: "true",
      allowed: "whole number, 1 to 50 failures",
    },
  ),
  file(
    "a parameter out of its range",
    { strategy: { parameters: { momentum: { minAdx: 101 } } } },
    {
      key: "strategy.parameters.momentum.minAdx",
      value: "101",
      allowed: "0 to 100",
    },
  ),
  file(
    "an unknown parameter",
    { strategy: { parameters: { baseline: { margin: 1 } } } },
    {
      key: "strategy.parameters.baseline",
      value: '{"margin":1}',
      allowed: "marginPercent 0 to 5",
    },
  ),
  file(
    "parameters of no strategy",
    { strategy: { parameters: { magic: { a: 1 } } } },
    {
      key: "strategy.parameters.magic",
      value: '{"a":1}',
      allowed: "baseline, momentum",
    },
  ),
  file(
    "a reducing stage above the kill stage",
    { risk: { dailyLossReducePercent: 4 } },
    {
      key: "risk.dailyLossReducePercent",
      value: "4",
      allowed: "below risk.dailyLossKillPercent, which is 3",
    },
  ),
  file(
    "a drawdown stage above the kill stage",
    { risk: { drawdownReducePercent: 10 } },
    {
      key: "risk.drawdownReducePercent",
      value: "10",
      allowed: "below risk.drawdownKillPercent, which is 10",
    },
  ),
  file(
    "the profile of another file",
    { profile: "live" },
    {
      key: "profile",
      value: '"live"',
      allowed: "simulation",
    },
  ),
  file(
    "101 symbols",
    {
      symbols: Array.from(
        { length: 101 },
        (_, index) => `${String.fromCharCode(65 + Math.floor(index / 26))}.${String.fromCharCode(65 + (index % 26))}`,
      ),
    },
    {
      key: "symbols",
      value: '["A.A"',
      allowed: "1 to 100 different symbols",
    },
  ),
];

describe("a malformed configuration stops the start, and the message names key, value, allowed range and source", () => {
  const cases = [...NUMBERS, ...WORDS, ...FILES];

  test("there are more than forty of them", () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  test.each(cases.map((one) => [one.what, one] as const))("%s", (_, { places, key, value, allowed, source }) => {
    const problems = refused(places);
    expect(problems.map((problem) => problem.key)).toEqual([key]);
    const line = problems.map(problemLine).join("\n");
    for (const part of [key, value, allowed, source]) expect(line).toContain(part);
  });
});

test("a line of .env that is no assignment stops the start with its number", () => {
  const [problem, ...others] = refused({ dotEnv: "# fine\nMAX_OPEN_POSITIONS 5\n" });
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ key: "line 2", value: '"MAX_OPEN_POSITIONS 5"', allowed: "NAME=value, # comment" });
});

test("a name that stands in .env with two values stops the start", () => {
  const [problem] = refused({ dotEnv: "MAX_OPEN_POSITIONS=5\nMAX_OPEN_POSITIONS=50" });
  expect(problem?.reason).toBe("MAX_OPEN_POSITIONS has another value above");
});

test("a file named by --config has to be there", () => {
  const [problem] = refused({ configFile: "/nowhere.json" });
  expect(problem).toMatchObject({ key: "--config", value: '"/nowhere.json"', reason: "the file is not there" });
});

test("all problems of all places are told at once, of losing values too", () => {
  const problems = refused({
    file: { risk: { maxOpenPositions: 500 }, colour: "dark" },
    dotEnv: "TAKE_PROFIT_PERCENT=lots",
    env: { MAX_SPREAD_PERCENT: "9", MAX_ORDERS_PER_MINUT: "5" },
    overrides: { "risk.maxOpenPositions": 5, "--seed": "-1" },
  });
  expect(problems.map((problem) => problem.key).sort()).toEqual([
    "MAX_ORDERS_PER_MINUT",
    "colour",
    "data.maxSpreadPercent",
    "risk.maxOpenPositions",
    "risk.takeProfitPercent",
    "simulation.seed",
  ]);
});
