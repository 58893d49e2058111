import { type Micros, SECOND } from "#shared/lib/time.ts";

/** `outside`: a print beyond the quote. It speaks for or against a jump, but is never itself a mark. */
export type PriceSource = "mid" | "last" | "outside";
export type JumpEvent = "quarantined" | "badTick" | "gapAccepted" | "quarantineStuck";

export type Tick = { readonly price: number; readonly source: PriceSource; readonly time: Micros };

/** A price far from the reference that asks to become it. */
type Candidate = {
  readonly price: number;
  readonly since: Micros;
  readonly ticks: number;
  /** Newest price of each independent source that agrees with it. */
  readonly mid?: number;
  readonly last?: number;
  readonly bar?: number;
};

/** Plain data, for snapshots. */
export type JumpState = {
  readonly reference?: number | undefined;
  /** The reference is from before the open, a halt or a hole in the data: what follows may lie further away. */
  readonly isOld: boolean;
  readonly lastTick?: Micros | undefined;
  readonly candidate?: Candidate | undefined;
  readonly quarantinedSince?: Micros | undefined;
  readonly isStuck: boolean;
  readonly returns: number;
  /** Exponentially weighted variance of one-minute returns. */
  readonly variance: number;
};

export type Judgement = {
  readonly jump: JumpState;
  readonly accepted: boolean;
  readonly events: readonly JumpEvent[];
};

export const EMPTY_JUMP: JumpState = { isOld: false, isStuck: false, returns: 0, variance: 0 };

/** Width of what is near the reference: ten standard deviations of a minute within these bounds. */
const NARROWEST = 0.01;
const WIDEST = 0.1;
const SIGMAS = 10;
const OLD_WIDTH = 0.2;
/** With fewer returns the deviation is not known and the widest bound holds. */
const KNOWN_RETURNS = 10;
/** Weight of a new return: a half-life of about twenty minutes. */
const RETURN_WEIGHT = 0.034;

/** A candidate is accepted by this many ticks in a row over this time, when two sources agree within a hundredth ... */
const CONFIRM_TICKS = 3;
const CONFIRM_TIME = 2 * SECOND;
const SOURCES_AGREE = 0.01;
/** ... or by this many over this time with one source alone. */
const LONE_TICKS = 10;
const LONE_TIME = 10 * SECOND;
const STUCK_TIME = 60 * SECOND;
const SILENCE = 60 * SECOND;

const NO_EVENTS: readonly JumpEvent[] = [];

export function isQuarantined(state: JumpState): boolean {
  return state.candidate !== undefined;
}

/**
 * Judges one price. A price near the reference becomes it at once; one far from it must be confirmed first, so that a bad
 * print moves nothing; and it can be confirmed, so that a genuine gap does not block the symbol for ever.
 */
export function judge(given: JumpState, tick: Tick): Judgement {
  const isSilent = given.lastTick !== undefined && tick.time - given.lastTick > SILENCE;
  const state: JumpState = { ...(isSilent ? resetJump(given) : given), lastTick: tick.time };
  const { reference } = state;
  const isNear = reference !== undefined && Math.abs(tick.price / reference - 1) <= widthOf(state);
  const isFirst = reference === undefined && tick.source !== "outside";
  if (isNear || isFirst) return takeNear(state, tick);
  return consider(state, tick);
}

/** Forgets the candidate; the next price is judged by `previousClose`, or else by the last reference, more widely. */
export function resetJump(state: JumpState, previousClose?: number): JumpState {
  return {
    ...state,
    reference: previousClose ?? state.reference,
    isOld: true,
    candidate: undefined,
    quarantinedSince: undefined,
    isStuck: false,
  };
}

/** The close of a bar as a further source for the candidate. Bars come late: one near the reference drops nothing. */
export function witness(state: JumpState, close: number): JumpState {
  const { candidate } = state;
  if (candidate === undefined || Math.abs(close / candidate.price - 1) > widthOf(state)) return state;
  return { ...state, candidate: { ...candidate, bar: close } };
}

export function learnReturn(state: JumpState, change: number): JumpState {
  const returns = state.returns + 1;
  const weight = Math.max(1 / returns, RETURN_WEIGHT);
  return { ...state, returns, variance: state.variance + weight * (change * change - state.variance) };
}

function widthOf(state: JumpState): number {
  if (state.isOld) return OLD_WIDTH;
  const sigma = state.returns < KNOWN_RETURNS ? WIDEST : Math.sqrt(state.variance);
  return Math.min(WIDEST, Math.max(NARROWEST, SIGMAS * sigma));
}

function takeNear(state: JumpState, tick: Tick): Judgement {
  const events: readonly JumpEvent[] = state.candidate === undefined ? NO_EVENTS : ["badTick"];
  const calm = state.candidate === undefined ? state : leaveQuarantine(state);
  if (tick.source === "outside") return { jump: calm, accepted: false, events };
  return { jump: { ...calm, reference: tick.price, isOld: false }, accepted: true, events };
}

function consider(state: JumpState, tick: Tick): Judgement {
  const known = state.candidate;
  const agrees = known !== undefined && Math.abs(tick.price / known.price - 1) <= Math.min(WIDEST, widthOf(state));
  const candidate = candidateOf(agrees ? known : undefined, tick);
  if (isConfirmed(candidate, tick.time)) {
    const jump = { ...leaveQuarantine(state), reference: tick.price, isOld: false };
    return { jump, accepted: tick.source !== "outside", events: ["gapAccepted"] };
  }
  const quarantinedSince = state.quarantinedSince ?? tick.time;
  // Counted from the first far price: two bad levels that alternate start new candidates for ever.
  const becomesStuck = !state.isStuck && tick.time - quarantinedSince >= STUCK_TIME;
  const events: JumpEvent[] = known === undefined ? ["quarantined"] : agrees ? [] : ["badTick"];
  if (becomesStuck) events.push("quarantineStuck");
  return {
    jump: { ...state, candidate, quarantinedSince, isStuck: state.isStuck || becomesStuck },
    accepted: false,
    events,
  };
}

function candidateOf(known: Candidate | undefined, { price, source, time }: Tick): Candidate {
  const seen = source === "mid" ? { mid: price } : { last: price };
  if (known === undefined) return { price, since: time, ticks: 1, ...seen };
  return { ...known, price, ticks: known.ticks + 1, ...seen };
}

function isConfirmed({ since, ticks, mid, last, bar }: Candidate, time: Micros): boolean {
  const age = time - since;
  const doAgree = isClose(mid, last) || isClose(mid, bar) || isClose(last, bar);
  return (doAgree && ticks >= CONFIRM_TICKS && age >= CONFIRM_TIME) || (ticks >= LONE_TICKS && age >= LONE_TIME);
}

function isClose(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && Math.abs(a / b - 1) <= SOURCES_AGREE;
}

function leaveQuarantine(state: JumpState): JumpState {
  return { ...state, candidate: undefined, quarantinedSince: undefined, isStuck: false };
}
