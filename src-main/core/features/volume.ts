import { MINUTE } from "#shared/lib/time.ts";
import type { FeatureDefinition } from "./feature.ts";
import { lag, mean, movingAverage, ratio, sum, window } from "./primitives.ts";

const define = (
  name: string,
  warmup: number,
  scale: FeatureDefinition["scale"],
  create: FeatureDefinition["create"],
): FeatureDefinition => ({ name, warmup, scale, version: 1, create });

const averageVolume = define("volume_sma_20", 19, "level", () => {
  const average = movingAverage(20);
  return ({ volume }, commit) => average(volume, commit);
});

const relativeVolume = define("volume_ratio", 19, "scaleFree", () => {
  const average = movingAverage(20);
  return ({ volume }, commit) => ratio(volume, average(volume, commit));
});

/** Starts with the first bar's volume. */
const onBalance = define("obv", 0, "level", () => {
  const before = lag(1);
  let total: number | undefined;
  return ({ close, volume }, commit) => {
    const earlier = before(close, commit);
    const next = earlier === undefined || total === undefined ? volume : total + Math.sign(close - earlier) * volume;
    if (commit) total = next;
    return next;
  };
});

const chaikin = define("cmf_20", 19, "scaleFree", () => {
  const flows = window(20);
  const volumes = window(20);
  return ({ high, low, close, volume }, commit) => {
    const location = high === low ? 0 : (2 * close - low - high) / (high - low);
    const flow = flows(location * volume, commit);
    const recent = volumes(volume, commit);
    return flow === undefined || recent === undefined ? undefined : ratio(sum(flow), sum(recent));
  };
});

const weightedAverage = define("vwma_20", 19, "level", () => {
  const values = window(20);
  const volumes = window(20);
  return ({ close, volume }, commit) => {
    const traded = values(close * volume, commit);
    const recent = volumes(volume, commit);
    return traded === undefined || recent === undefined ? undefined : ratio(sum(traded), sum(recent));
  };
});

/** Volume-weighted price since the session's first regular bar, on the typical price. Outside a session undefined. */
function sessionPrice(part: "level" | "distance"): FeatureDefinition["create"] {
  return ({ calendar }) => {
    let session: number | undefined;
    let value = 0;
    let volume = 0;
    return (bar, commit) => {
      const open = calendar.sessionOf(bar.start)?.open;
      if (open === undefined) return undefined;
      const isNew = open !== session;
      const typical = (bar.high + bar.low + bar.close) / 3;
      const traded = (isNew ? 0 : value) + typical * bar.volume;
      const shares = (isNew ? 0 : volume) + bar.volume;
      if (commit) {
        session = open;
        value = traded;
        volume = shares;
      }
      const level = ratio(traded, shares);
      if (part === "level" || level === undefined) return level;
      return bar.close / level - 1;
    };
  };
}

const dollarVolume = define("log_dollar_vol_20", 19, "scaleFree", () => {
  const values = window(20);
  return ({ close, volume }, commit) => {
    const recent = values(close * volume, commit);
    return recent === undefined || mean(recent) <= 0 ? undefined : Math.log(mean(recent));
  };
});

const minutesFromOpen = define("minutes_from_open", 0, "scaleFree", ({ calendar }) => ({ start }) => {
  const open = calendar.sessionOf(start)?.open;
  return open === undefined ? undefined : (start - open) / MINUTE;
});

/** Volume and session (catalogue 4.5 and 4.7). */
export const VOLUME_FEATURES: readonly FeatureDefinition[] = [
  define(
    "volume",
    0,
    "level",
    () =>
      ({ volume }) =>
        volume,
  ),
  averageVolume,
  relativeVolume,
  onBalance,
  chaikin,
  weightedAverage,
  dollarVolume,
  define("vwap_session", 0, "level", sessionPrice("level")),
  define("px_to_vwap", 0, "scaleFree", sessionPrice("distance")),
  minutesFromOpen,
];
