import { z } from "zod";
import { ACCOUNT_ID, PROFILES, parseAddress, SIMULATED_ACCOUNT } from "./account-guard.ts";
import {
  alias,
  type ConfigField,
  choice,
  configFields,
  flag,
  integer,
  list,
  number,
  optionalInteger,
  optionalText,
  parameters,
  speed,
  text,
} from "./config-field.ts";
import { breakerSection, dataSection, executionSection, sizingSection } from "./config-limits.ts";
import { riskSection } from "./config-risk.ts";
import { symbolSchema } from "./instrument.ts";

/** The nineteen symbols of the plan. Penny and OTC names among them can be watched; the controls refuse to trade them. */
export const WATCHLIST: readonly string[] = [
  ...["AAPL", "NVDA", "TSLA", "IXHL", "NUAI", "BZAI", "ELTP", "OPEN", "CEG", "VRT"],
  ...["PLTR", "UPST", "TEM", "HTFL", "SDGR", "APLD", "SOFI", "CORZ", "WULF"],
];

const path = z.string().min(1).max(4_096);
const pathRange = "a path";

const ibkrSection = z.strictObject({
  host: text({
    title: "Address of TWS or IB Gateway",
    schema: z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]{2,39})$/, "this is no host"),
    default: "127.0.0.1",
    range: "a host name or address; profile simulation: of this machine",
    aliases: [alias("IBKR_HOST")],
    enforcedIn: ["LIVE_GATE"],
  }),
  port: integer({
    title: "Port of TWS or IB Gateway (profile live starts from 4001)",
    unit: "",
    default: 4_002,
    min: 1,
    max: 65_535,
    aliases: [alias("IBKR_PORT")],
    enforcedIn: ["LIVE_GATE"],
  }),
  clientIdBase: integer({
    title: "First of the five client ids",
    unit: "",
    default: 10,
    min: 1,
    max: 990,
    aliases: [alias("IBKR_CLIENT_ID")],
    enforcedIn: ["connection"],
  }),
  approvedAccounts: list({
    title: "Accounts that may be traded",
    item: z.string().regex(ACCOUNT_ID, "this is no account id"),
    min: 0,
    max: 50,
    default: [],
    range: "account ids; empty approves simulator and paper accounts only",
    aliases: [alias("IBKR_APPROVED_ACCOUNTS")],
    enforcedIn: ["LIVE_GATE"],
  }),
});

const simulationSection = z.strictObject({
  seed: integer({
    title: "Seed of market and faults",
    unit: "",
    default: 1,
    min: 0,
    max: 4_294_967_295,
    option: "--seed",
    enforcedIn: ["simulator"],
  }),
  speed: speed({
    title: "Speed of the simulated clock",
    default: 60,
    min: 1,
    max: 1_000,
    option: "--speed",
    enforcedIn: ["simulator"],
  }),
  replay: optionalText({
    title: "Folder of recorded bars to replay instead of the generated market",
    schema: path,
    range: pathRange,
    option: "--replay",
    enforcedIn: ["simulator"],
  }),
  daily: optionalText({
    title: "Folder of daily bars served as history",
    schema: path,
    range: pathRange,
    option: "--daily",
    enforcedIn: ["simulator"],
  }),
  date: optionalText({
    title: "Day that is simulated or replayed",
    schema: z.iso.date(),
    range: "a date, YYYY-MM-DD",
    option: "--date",
    enforcedIn: ["simulator"],
  }),
  startTime: optionalText({
    title: "Time of the exchange at which the simulation starts",
    schema: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, "this is no time of day"),
    range: "a time, HH:MM or HH:MM:SS",
    option: "--start-time",
    enforcedIn: ["simulator"],
  }),
  faults: optionalText({
    title: "File of the fault script",
    schema: path,
    range: pathRange,
    option: "--faults",
    enforcedIn: ["simulator"],
  }),
  assumeAdv: optionalInteger({
    title: "Average volume to assume where fewer than 20 daily bars are known; simulation only",
    unit: "shares",
    min: 1,
    max: 10_000_000_000,
    option: "--assume-adv",
    enforcedIn: ["UNKNOWN_ADV"],
  }),
  port: integer({
    title: "Port of the simulator; 0 takes a free one",
    unit: "",
    default: 0,
    min: 0,
    max: 65_535,
    option: "--port",
    enforcedIn: ["simulator"],
  }),
  gateway: optionalText({
    title: "Running simulator to join instead of starting one",
    schema: z.string().refine((address) => parseAddress(address) !== undefined, "this is no host:port"),
    range: "host:port of this machine",
    option: "--gateway",
    enforcedIn: ["LIVE_GATE"],
  }),
  account: text({
    title: "Account of the simulator",
    schema: z.string().regex(SIMULATED_ACCOUNT, "this is no account of the simulator"),
    default: "DUSIM0001",
    range: "DUSIM and four digits",
    enforcedIn: ["LIVE_GATE"],
  }),
  startingCash: number({
    title: "Cash of a new simulated account",
    unit: "account currency",
    default: 100_000,
    min: 1,
    max: 1_000_000_000,
    enforcedIn: ["simulator"],
  }),
});

const strategySection = z.strictObject({
  interval: choice({
    title: "Bars on which strategies decide",
    values: ["1m", "5m", "15m", "1h"],
    default: "5m",
    aliases: [alias("TRADING_INTERVAL")],
    option: "--interval",
    enforcedIn: ["engine"],
  }),
  enabled: list({
    title: "Strategies that are loaded",
    item: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, "this is no id of a strategy"),
    min: 0,
    max: 50,
    default: ["baseline", "momentum"],
    range: "ids of known strategies; empty trades by hand only",
    option: "--strategies",
    enforcedIn: ["engine"],
  }),
  parameters: parameters({
    title: "Parameters by strategy",
    range: "numbers by strategy id and parameter name, each in the strategy's own range",
    enforcedIn: ["engine"],
  }),
});

const httpSection = z.strictObject({
  enabled: flag({ title: "Serve the workstation on this machine", default: true, enforcedIn: ["http"] }),
  port: integer({
    title: "Port of the workstation; 0 takes a free one",
    unit: "",
    default: 4_180,
    min: 0,
    max: 65_535,
    option: "--http-port",
    enforcedIn: ["http"],
  }),
});

const logSection = z.strictObject({
  level: choice({
    title: "Least severity that is logged",
    values: ["debug", "info", "warn", "error", "silent"],
    default: "info",
    option: "--log-level",
    enforcedIn: ["log"],
  }),
});

const journalSection = z.strictObject({
  stallMilliseconds: integer({
    title: "Wall time after which an unacknowledged journal write halts trading",
    unit: "ms",
    default: 250,
    min: 50,
    max: 10_000,
    enforcedIn: ["JOURNAL_STALL"],
  }),
});

/** Everything that can be set, as it is after defaults, preset, file, environment and command line. */
export const configurationSchema = z.strictObject({
  profile: choice({
    title: "Which server may be spoken to",
    values: PROFILES,
    default: "simulation",
    option: "--profile",
    enforcedIn: ["LIVE_GATE"],
  }),
  symbols: list({
    title: "Symbols that are watched",
    item: symbolSchema,
    min: 1,
    max: 100,
    default: WATCHLIST,
    range: "1 to 100 different symbols of 1-5 capitals with an optional class, e.g. AAPL,BRK.B",
    aliases: [alias("SYMBOLS")],
    option: "--symbols",
    enforcedIn: ["engine"],
  }),
  strategy: strategySection,
  ibkr: ibkrSection,
  simulation: simulationSection,
  risk: riskSection,
  sizing: sizingSection,
  data: dataSection,
  breaker: breakerSection,
  execution: executionSection,
  http: httpSection,
  log: logSection,
  journal: journalSection,
});
type Parsed = z.infer<typeof configurationSchema>;
export type Configuration = {
  readonly [S in keyof Parsed]: Parsed[S] extends readonly string[]
    ? readonly string[]
    : Parsed[S] extends object
      ? Readonly<Parsed[S]>
      : Parsed[S];
};

/** One row of the table of all keys. `key` is the dotted path in the configuration and in its file. */
export type ConfigKey = ConfigField & {
  readonly key: string;
  /** The key's own name in the environment, e.g. `ROBOTRADER_RISK_MAX_OPEN_POSITIONS`. */
  readonly environmentName: string;
  readonly schema: z.ZodType;
};

/** `risk.maxOpenPositions` -> `ROBOTRADER_RISK_MAX_OPEN_POSITIONS` */
export function environmentName(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(".", "_");
  return `ROBOTRADER_${words.toUpperCase()}`;
}

function rowsOf(shape: Readonly<Record<string, z.core.$ZodType>>, prefix: string): readonly ConfigKey[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const key = `${prefix}${name}`;
    if (schema instanceof z.ZodObject) return rowsOf(schema.shape, `${key}.`);
    const field = configFields.get(schema);
    if (field === undefined || !(schema instanceof z.ZodType)) throw new TypeError(`${key} is not described`);
    return [{ ...field, key, environmentName: environmentName(key), schema }];
  });
}

/** Every key with its unit, default, range, aliases and where it is enforced: read off the schema, so both agree. */
export const CONFIG_KEYS: readonly ConfigKey[] = rowsOf(configurationSchema.shape, "");

/** The allowed values of a key in words, with the unit. */
export function allowedText(field: Pick<ConfigField, "range" | "unit">): string {
  return field.unit === "" ? field.range : `${field.range} ${field.unit}`;
}
