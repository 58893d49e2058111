import { hash32 } from "#shared/lib/rng.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";

/** A circuit breaker as plain data. It admits or refuses what opens risk; it never retries and never stops an exit. */
export type BreakerState = {
  /** Failures in a row. */
  readonly failures: number;
  /** Newest calls of the last minute: when, and whether they failed. */
  readonly calls: readonly (readonly [time: Micros, isFailure: boolean])[];
  /** Set while it is open or half open. */
  readonly openedAt?: Micros;
  /** Openings since the last success; each doubles the time until it is probed. */
  readonly openings: number;
  /** The one call that is let through while half open. */
  readonly probe?: string;
};

export type BreakerLimits = { readonly threshold: number; readonly timeoutSeconds: number };
export type BreakerPhase = "closed" | "open" | "halfOpen";

export const CLOSED_BREAKER: BreakerState = { failures: 0, calls: [], openings: 0 };

const WINDOW = 60 * SECOND;
const CALLS_TO_JUDGE = 10;
const LONGEST_SECONDS = 1_800;
const JITTER = 0.1;

/** Microseconds until an open breaker is probed: doubled per re-opening up to half an hour, +-10 % by a seeded draw. */
export function breakerTimeout(state: BreakerState, limits: BreakerLimits): Micros {
  const doubled = limits.timeoutSeconds * 2 ** Math.max(0, state.openings - 1);
  const seconds = Math.min(doubled, Math.max(LONGEST_SECONDS, limits.timeoutSeconds));
  const draw = hash32(`breaker/${state.openedAt ?? 0}/${state.openings}`) / 0xffff_ffff;
  return Math.round(seconds * (1 + JITTER * (2 * draw - 1)) * SECOND);
}

export function breakerPhase(state: BreakerState, limits: BreakerLimits, time: Micros): BreakerPhase {
  if (state.openedAt === undefined) return "closed";
  return time - state.openedAt < breakerTimeout(state, limits) ? "open" : "halfOpen";
}

/** True when something that opens risk may pass now; half open, one probe at a time. */
export function breakerAdmits(state: BreakerState, limits: BreakerLimits, time: Micros): boolean {
  const phase = breakerPhase(state, limits, time);
  return phase === "closed" || (phase === "halfOpen" && state.probe === undefined);
}

/** What was admitted while half open is the probe. */
export function breakerProbe(state: BreakerState, limits: BreakerLimits, name: string, time: Micros): BreakerState {
  return breakerPhase(state, limits, time) === "halfOpen" ? { ...state, probe: name } : state;
}

/** The probe never reached the broker: the next order may be the probe. */
export function breakerReleased(state: BreakerState): BreakerState {
  const { probe: _, ...rest } = state;
  return rest;
}

export function breakerSucceeded(state: BreakerState, time: Micros): BreakerState {
  const calls = [...recent(state, time), [time, false] as const];
  // While it is open an answer to an older call proves nothing; half open, any answer of the broker is the proof.
  return state.openedAt !== undefined && state.probe === undefined ? { ...state, calls } : { ...CLOSED_BREAKER, calls };
}

/** Opens after `threshold` failures in a row, or when more than half of at least ten calls of a minute failed. */
export function breakerFailed(state: BreakerState, limits: BreakerLimits, time: Micros): BreakerState {
  const calls = [...recent(state, time), [time, true] as const];
  const failures = state.failures + 1;
  const counted = { ...state, calls, failures };
  const { probe: _, ...rest } = counted;
  if (state.openedAt !== undefined) {
    return state.probe === undefined ? counted : { ...rest, openedAt: time, openings: state.openings + 1 };
  }
  const failed = calls.filter(([, isFailure]) => isFailure).length;
  const isMostlyFailing = calls.length >= CALLS_TO_JUDGE && failed * 2 > calls.length;
  if (failures < limits.threshold && !isMostlyFailing) return counted;
  return { ...rest, openedAt: time, openings: state.openings + 1 };
}

const recent = (state: BreakerState, time: Micros) => state.calls.filter(([called]) => called > time - WINDOW);
