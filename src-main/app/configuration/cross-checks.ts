import { z } from "zod";
import { STRATEGIES } from "#core/strategies/registry.ts";
import { addressGuard, isLoopback, LIVE_PORTS, PAPER_PORTS, parseAddress } from "#shared/model/account-guard.ts";
import type { Configuration } from "#shared/model/config.ts";
import { type ConfigurationProblem, shown } from "./setting.ts";

/** The whole configuration, and where each value of it comes from. */
export type Candidate = { readonly config: Configuration; readonly sourceOf: (key: string) => string };

type Finding = {
  readonly key: string;
  readonly value: unknown;
  readonly allowed: string;
  readonly reason: string;
};
/** A rule between keys. It is left out when one of its keys has a problem of its own. */
type CrossCheck = { readonly keys: readonly string[]; readonly find: (candidate: Candidate) => readonly Finding[] };

/** `lower` must stay below `upper`. */
function ordered(lower: string, upper: string, pick: (config: Configuration) => readonly [number, number]): CrossCheck {
  return {
    keys: [lower, upper],
    find: ({ config, sourceOf }) => {
      const [low, high] = pick(config);
      if (low < high) return [];
      const allowed = `below ${upper}, which is ${high} (${sourceOf(upper)})`;
      return [{ key: lower, value: low, allowed, reason: `not below ${upper}` }];
    },
  };
}

function ports(config: Configuration): readonly Finding[] {
  const { profile, ibkr } = config;
  const reason = addressGuard({ profile, host: ibkr.host, port: ibkr.port });
  if (reason === undefined) return [];
  if (profile === "simulation")
    return [{ key: "ibkr.host", value: ibkr.host, allowed: "127.0.0.0/8, ::1 or localhost", reason }];
  const refused = profile === "live" ? PAPER_PORTS : LIVE_PORTS;
  const allowed = `1 to 65,535 but not ${refused.join(", ")} in profile ${profile}`;
  return [{ key: "ibkr.port", value: ibkr.port, allowed, reason }];
}

function approved(config: Configuration): readonly Finding[] {
  const { profile } = config;
  const accounts = config.ibkr.approvedAccounts;
  const refuse = (allowed: string, reason: string) => [
    { key: "ibkr.approvedAccounts", value: accounts, allowed, reason },
  ];
  if (profile === "simulation") return [];
  if (accounts.some((account) => account.startsWith("DUSIM")))
    return refuse("accounts of the broker", `an account of the simulator in profile ${profile}`);
  if (profile === "live" && accounts.length === 0)
    return refuse("at least one account id that does not begin with D", "profile live needs an approved account");
  if (profile === "live" && accounts.every((account) => account.startsWith("D")))
    return refuse("at least one account id that does not begin with D", "only paper accounts in profile live");
  if (profile === "paper" && accounts.length > 0 && !accounts.some((account) => account.startsWith("D")))
    return refuse("empty, or at least one account id that begins with D", "only live accounts in profile paper");
  return [];
}

const SIMULATION_KEYS = [
  ...["seed", "speed", "replay", "daily", "date", "startTime", "faults", "assumeAdv", "port", "gateway"],
  ...["account", "startingCash"],
] as const;

/** A person who sets these believes in a simulation; nothing else may start then. */
function simulationOnly({ config, sourceOf }: Candidate): readonly Finding[] {
  if (config.profile === "simulation") return [];
  return SIMULATION_KEYS.filter((name) => sourceOf(`simulation.${name}`) !== "default").map((name) => ({
    key: `simulation.${name}`,
    value: config.simulation[name],
    allowed: "unset, or profile simulation",
    reason: `applies to profile simulation only, not to ${config.profile}`,
  }));
}

function joinedGateway({ config, sourceOf }: Candidate): readonly Finding[] {
  const { gateway } = config.simulation;
  if (gateway === undefined || config.profile !== "simulation") return [];
  const host = parseAddress(gateway)?.host ?? "";
  const away = isLoopback(host)
    ? []
    : [
        {
          key: "simulation.gateway",
          value: gateway,
          allowed: "host:port with a host of 127.0.0.0/8, ::1 or localhost",
          reason: "profile simulation speaks to this machine only",
        },
      ];
  const own = (["replay", "daily", "date", "faults", "port"] as const).filter(
    (name) => sourceOf(`simulation.${name}`) !== "default",
  );
  const ignored = own.map((name) => ({
    key: `simulation.${name}`,
    value: config.simulation[name],
    allowed: "unset beside simulation.gateway",
    reason: "belongs to the start of the simulator, and that one runs already",
  }));
  return [...away, ...ignored];
}

function knownStrategies(config: Configuration): readonly Finding[] {
  const known = STRATEGIES.map((strategy) => strategy.id);
  const allowed = `ids of ${known.join(", ")}`;
  const strangers = config.strategy.enabled.filter((id) => !known.includes(id));
  const unknownIds = Object.keys(config.strategy.parameters).filter((id) => !known.includes(id));
  return [
    ...strangers.map((id) => ({ key: "strategy.enabled", value: id, allowed, reason: `no strategy is called ${id}` })),
    ...unknownIds.map((id) => ({
      key: `strategy.parameters.${id}`,
      value: config.strategy.parameters[id],
      allowed,
      reason: `no strategy is called ${id}`,
    })),
  ];
}

const boundsSchema = z.object({
  properties: z.record(z.string(), z.object({ minimum: z.number(), maximum: z.number() }).partial()),
});

/** The ranges of a strategy's parameters as its own schema states them. */
function rangesOf(schema: z.ZodType): ReadonlyMap<string, string> {
  const parsed = boundsSchema.safeParse(z.toJSONSchema(schema, { io: "input" }));
  const properties = parsed.success ? parsed.data.properties : {};
  return new Map(
    Object.entries(properties).map(([name, { minimum, maximum }]) => [name, `${minimum ?? "-"} to ${maximum ?? "-"}`]),
  );
}

function strategyParameters(config: Configuration): readonly Finding[] {
  return STRATEGIES.flatMap(({ id, parameters }) => {
    const given = config.strategy.parameters[id];
    const result = given === undefined ? undefined : parameters.safeParse(given);
    if (given === undefined || result === undefined || result.success) return [];
    const ranges = rangesOf(parameters);
    const names = [...ranges].map(([name, range]) => `${name} ${range}`).join(", ");
    return result.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? "");
      if (name === "") return { key: `strategy.parameters.${id}`, value: given, allowed: names, reason: issue.message };
      const allowed = ranges.get(name) ?? names;
      return { key: `strategy.parameters.${id}.${name}`, value: given[name], allowed, reason: "out of range" };
    });
  });
}

const CHECKS: readonly CrossCheck[] = [
  ordered("risk.dailyLossReducePercent", "risk.dailyLossKillPercent", ({ risk }) => [
    risk.dailyLossReducePercent,
    risk.dailyLossKillPercent,
  ]),
  ordered("risk.drawdownReducePercent", "risk.drawdownKillPercent", ({ risk }) => [
    risk.drawdownReducePercent,
    risk.drawdownKillPercent,
  ]),
  { keys: ["profile", "ibkr.host", "ibkr.port"], find: ({ config }) => ports(config) },
  { keys: ["profile", "ibkr.approvedAccounts"], find: ({ config }) => approved(config) },
  { keys: ["profile"], find: simulationOnly },
  { keys: ["profile", "simulation.gateway"], find: joinedGateway },
  { keys: ["strategy.enabled", "strategy.parameters"], find: ({ config }) => knownStrategies(config) },
  { keys: ["strategy.parameters"], find: ({ config }) => strategyParameters(config) },
];

/** Everything that is wrong between keys whose own values are right. */
export function crossCheck(candidate: Candidate, faulty: ReadonlySet<string>): readonly ConfigurationProblem[] {
  return CHECKS.filter((check) => !check.keys.some((key) => faulty.has(key))).flatMap((check) =>
    check.find(candidate).map(({ key, value, allowed, reason }) => ({
      key,
      value: shown(value),
      allowed,
      source: candidate.sourceOf(key.split(".").slice(0, 2).join(".")),
      reason,
    })),
  );
}
