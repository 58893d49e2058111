import { present } from "#shared/lib/assert.ts";
import type { Rng } from "#shared/lib/rng.ts";
import type { SymbolProfile } from "./watchlist.ts";

const SECONDS_A_DAY = 23_400;
/** Standard deviation of a day of the whole market, from close to close. */
const MARKET_VOLATILITY = 0.012;
const SECTOR_VOLATILITY = 0.006;
/** Share of a day's variance that falls between two sessions. */
const OVERNIGHT = 0.25;
/** The most that market and sector together explain of a symbol's variance. */
const SHARED_MOST = 0.8;
/** Degrees of freedom of the shocks; both give tails well beyond the normal's. */
const MINUTE_TAIL = 4;
const DAY_TAIL = 6;
/** Bounds of a day's variance, where one is the average: no day is dead, and none tears the market apart. */
const DAY_VARIANCE = { least: 0.6, most: 9 } as const;

type Recursion = { readonly constant: number; readonly shock: number; readonly memory: number; readonly most: number };
/** Variance recursions of a minute and of a day: weights of the constant, the last shock and the last variance. */
const MINUTE_GARCH: Recursion = { constant: 0.04, shock: 0.12, memory: 0.84, most: 9 };
const DAY_GARCH: Recursion = { constant: 0.05, shock: 0.12, memory: 0.83, most: 4 };

/** A regime's drift is in daily volatilities of the market a day; its scale multiplies volatility. */
type Regime = { readonly drift: number; readonly scale: number };
const MINUTE_REGIMES: readonly Regime[] = [
  { drift: 1.6, scale: 0.9 },
  { drift: 0, scale: 0.7 },
  { drift: -1.6, scale: 1.2 },
  { drift: 0, scale: 0.7 },
  { drift: 0, scale: 1.9 },
];
/** Bull, range, bear and turmoil, as they last for weeks. */
const DAY_REGIMES: readonly Regime[] = [
  { drift: 0.12, scale: 0.9 },
  { drift: 0, scale: 0.85 },
  { drift: -0.15, scale: 1.15 },
  { drift: 0, scale: 0.85 },
  { drift: 0, scale: 1.4 },
];
const SECONDS_A_REGIME = 35 * 60;
const DAYS_A_REGIME = 15;

/** The common movements of a market and what each symbol adds of its own. */
export type Factors = {
  /** A day begins: its volatility is drawn, and the move since the last close is made. */
  openDay(): void;
  /** Moves on by `seconds` of the session; `activity` scales volatility through it. */
  step(activity: number, seconds?: number): void;
  /** Log return of a symbol in the move just made. */
  move(symbol: string): number;
};

/**
 * One source of movement, of unit variance a day on average. Its volatility is clustered twice, over minutes and over days,
 * and a day has a draw of its own, which makes the day's return Student's t however finely the day is played.
 */
type Source = {
  readonly rng: Rng;
  /** What the step just made moved it by. */
  move: number;
  /** What yesterday and the days before it lead to expect of today. */
  dayVariance: number;
  /** Standard deviation that today has. */
  dayScale: number;
  /** The sum of today's moves. */
  dayReturn: number;
  minuteVariance: number;
  squares: number;
};

/** Log returns = drift of the regimes + beta x market + sector + own shock, each with clustered, fat-tailed variance. */
export function createFactors(rng: Rng, profiles: readonly SymbolProfile[]): Factors {
  const market = createSource(rng.fork("market"));
  const sectors = new Map(
    profiles.map(({ sector }) => sector).map((name) => [name, createSource(rng.fork(`sector/${name}`))]),
  );
  const symbols = profiles.map((profile) => ({
    ...profile,
    own: createSource(rng.fork(`own/${profile.symbol}`)),
    sector: present(sectors.get(profile.sector), "a sector of the market"),
    ...loadings(profile),
  }));
  const sources = [market, ...sectors.values(), ...symbols.map(({ own }) => own)];
  const minuteRegimes = createRegimes(rng.fork("regimes"), MINUTE_REGIMES, SECONDS_A_REGIME);
  const dayRegimes = createRegimes(rng.fork("regimes/days"), DAY_REGIMES, DAYS_A_REGIME);
  const moves = new Map<string, number>();
  let dayRegime = dayRegimes(0);
  let [secondsToMinute, steps] = [60, 0];

  /** Every source moves once; `drift` is the market's own, in its daily volatilities. */
  const moveAll = (draw: (source: Source) => number, scale: number, drift: number): void => {
    for (const source of sources) {
      source.move = draw(source) * source.dayScale * scale;
      source.dayReturn += source.move;
    }
    const common = MARKET_VOLATILITY * (market.move + drift);
    for (const { symbol, beta, sector, own, shared, rest } of symbols) {
      moves.set(symbol, shared * (beta * common + SECTOR_VOLATILITY * sector.move) + rest * own.move);
    }
  };

  return {
    openDay() {
      dayRegime = dayRegimes(1);
      for (const source of sources) openDayOf(source);
      moveAll(({ rng }) => rng.normal(), Math.sqrt(OVERNIGHT) * dayRegime.scale, 0);
    },
    step(activity, seconds = 1) {
      const regime = minuteRegimes(seconds);
      const share = seconds / SECONDS_A_DAY;
      const scale = Math.sqrt((1 - OVERNIGHT) * activity * share) * regime.scale * dayRegime.scale;
      moveAll(minuteShock, scale, (regime.drift + dayRegime.drift) * share);
      secondsToMinute -= seconds;
      steps += 1;
      if (secondsToMinute > 0) return;
      for (const source of sources) endMinuteOf(source, steps);
      [secondsToMinute, steps] = [60, 0];
    },
    move: (symbol) => moves.get(symbol) ?? 0,
  };
}

/** Before the first day lies one of average size. */
function createSource(rng: Rng): Source {
  return { rng, move: 0, dayVariance: 1, dayScale: 1, dayReturn: 1, minuteVariance: 1, squares: 0 };
}

/** Yesterday's move enters the recursion, and today's variance is drawn around it. */
function openDayOf(source: Source): void {
  source.dayVariance = nextVariance(DAY_GARCH, source.dayVariance, source.dayReturn ** 2);
  source.dayReturn = 0;
  const { least, most } = DAY_VARIANCE;
  source.dayScale = Math.sqrt(Math.min(most, Math.max(least, source.dayVariance * mixing(source.rng, DAY_TAIL))));
}

function minuteShock(source: Source): number {
  const value = Math.sqrt(source.minuteVariance * mixing(source.rng, MINUTE_TAIL)) * source.rng.normal();
  source.squares += value * value;
  return value;
}

function endMinuteOf(source: Source, steps: number): void {
  source.minuteVariance = nextVariance(MINUTE_GARCH, source.minuteVariance, source.squares / steps);
  source.squares = 0;
}

/** @see Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity", J. of Econometrics 31(3) */
function nextVariance({ constant, shock, memory, most }: Recursion, variance: number, square: number): number {
  return Math.min(most, constant + shock * square + memory * variance);
}

/** Random variance of mean one: a normal of this variance is Student's t with variance one. */
function mixing(rng: Rng, degreesOfFreedom: number): number {
  let squares = 0;
  for (let i = 0; i < degreesOfFreedom; i += 1) squares += rng.normal() ** 2;
  return (degreesOfFreedom - 2) / squares;
}

/** Regimes that take turns at random, with a variance of one on average; told how much time passes, says which one rules. */
function createRegimes(rng: Rng, table: readonly Regime[], meanDuration: number): (passed: number) => Regime {
  const meanSquare = table.reduce((sum, { scale }) => sum + scale * scale, 0) / table.length;
  const regimes = table.map(({ drift, scale }) => ({ drift, scale: scale / Math.sqrt(meanSquare) }));
  const draw = (): Regime => present(regimes[rng.integer(0, regimes.length - 1)], "a regime of the table");
  const duration = (): number => Math.round(meanDuration * (0.4 + 1.2 * rng.next()));
  let [regime, left] = [draw(), duration()];
  return (passed) => {
    left -= passed;
    if (left <= 0) [regime, left] = [draw(), duration()];
    return regime;
  };
}

/** How much a symbol takes of what is shared, and its own volatility, so that together they have that of its profile. */
function loadings({ beta, dailyVolatility }: SymbolProfile): { readonly shared: number; readonly rest: number } {
  const common = (beta * MARKET_VOLATILITY) ** 2 + SECTOR_VOLATILITY ** 2;
  const variance = dailyVolatility ** 2;
  const shared = Math.min(1, Math.sqrt((SHARED_MOST * variance) / common));
  return { shared, rest: Math.sqrt(variance - shared ** 2 * common) };
}
