import type { Rng } from "#shared/lib/rng.ts";
import type { SymbolProfile } from "./watchlist.ts";

const SECONDS_A_DAY = 23_400;
const MARKET_VOLATILITY = 0.009;
const SECTOR_VOLATILITY = 0.006;
/** Degrees of freedom of the shocks; four gives tails well beyond the normal's. */
const TAIL = 4;
/** Variance recursion per step of a minute: weights of the constant, the last shock and the last variance. */
const GARCH = { constant: 0.04, shock: 0.12, memory: 0.84 } as const;
const MINUTES_A_REGIME = 35;

const REGIMES = {
  bull: { drift: 1.6, scale: 0.9 },
  bear: { drift: -1.6, scale: 1.2 },
  range: { drift: 0, scale: 0.7 },
  volatile: { drift: 0, scale: 1.9 },
} as const;
type Regime = keyof typeof REGIMES;
const REGIME_NAMES: readonly Regime[] = ["bull", "range", "bear", "range", "volatile"];

/** The common movements of a market and what each symbol adds of its own. */
export type Factors = {
  /** Moves on by `seconds`; `activity` scales volatility through the session. */
  step(activity: number, seconds?: number): void;
  /** Log return of a symbol in the step just made. */
  move(symbol: string): number;
};

type Clustered = { variance: number; pending: number };

/** Log returns = drift of the regime + beta x market + sector + own shock, each with clustered, fat-tailed variance. */
export function createFactors(rng: Rng, profiles: readonly SymbolProfile[]): Factors {
  const market = rng.fork("market");
  const regimes = rng.fork("regimes");
  const sectors = new Map(
    [...new Set(profiles.map((profile) => profile.sector))].map((name) => [name, rng.fork(`sector/${name}`)]),
  );
  const own = new Map(profiles.map((profile) => [profile.symbol, rng.fork(`own/${profile.symbol}`)]));
  const clusters = new Map<string, Clustered>();
  const moves = new Map<string, number>();
  let regime: Regime = "range";
  let secondsToSwitch = MINUTES_A_REGIME * 60;
  let secondsToMinute = 60;

  const shock = (name: string, source: Rng): number => {
    const cluster = clusters.get(name) ?? { variance: 1, pending: 0 };
    clusters.set(name, cluster);
    const value = Math.sqrt(cluster.variance) * studentT(source);
    cluster.pending += value * value;
    return value;
  };

  const endMinute = (steps: number): void => {
    for (const cluster of clusters.values()) {
      const surprise = cluster.pending / steps;
      cluster.variance = Math.min(9, GARCH.constant + GARCH.shock * surprise + GARCH.memory * cluster.variance);
      cluster.pending = 0;
    }
  };

  return {
    step(activity, seconds = 1) {
      secondsToSwitch -= seconds;
      if (secondsToSwitch <= 0) {
        regime = REGIME_NAMES[regimes.integer(0, REGIME_NAMES.length - 1)] ?? "range";
        secondsToSwitch = Math.round(MINUTES_A_REGIME * 60 * (0.4 + 1.2 * regimes.next()));
      }
      const { drift, scale } = REGIMES[regime];
      const time = Math.sqrt((seconds * activity) / SECONDS_A_DAY) * scale;
      const common = MARKET_VOLATILITY * (time * shock("market", market) + (drift * seconds) / SECONDS_A_DAY);
      const sectorMoves = new Map<string, number>();
      for (const [name, source] of sectors) sectorMoves.set(name, SECTOR_VOLATILITY * time * shock(name, source));
      for (const profile of profiles) {
        const source = own.get(profile.symbol);
        if (source === undefined) continue;
        const shared = profile.beta * common + (sectorMoves.get(profile.sector) ?? 0);
        const sharedVolatility = Math.hypot(profile.beta * MARKET_VOLATILITY, SECTOR_VOLATILITY);
        const rest = Math.sqrt(
          Math.max(0.1 * profile.dailyVolatility ** 2, profile.dailyVolatility ** 2 - sharedVolatility ** 2),
        );
        moves.set(profile.symbol, shared + rest * time * shock(profile.symbol, source));
      }
      secondsToMinute -= seconds;
      if (secondsToMinute > 0) return;
      secondsToMinute = 60;
      endMinute(60 / seconds);
    },
    move: (symbol) => moves.get(symbol) ?? 0,
  };
}

/** Student's t with `TAIL` degrees of freedom, scaled to unit variance. */
function studentT(rng: Rng): number {
  let squares = 0;
  for (let i = 0; i < TAIL; i += 1) {
    const draw = rng.normal();
    squares += draw * draw;
  }
  return (rng.normal() / Math.sqrt(squares / TAIL)) * Math.sqrt((TAIL - 2) / TAIL);
}
