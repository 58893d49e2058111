import { MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";
import {
  EMPTY_JUMP,
  isQuarantined,
  type JumpEvent,
  type JumpState,
  judge,
  learnReturn,
  type PriceSource,
  resetJump,
  witness,
} from "./price-jump.ts";

/** What must be known of a tick beside whether it counts. */
export type MarketEvent = JumpEvent | "refusedTick" | "barRevised";
export type MarketFlag =
  | "crossed"
  | "locked"
  | "oneSided"
  | "wide"
  | "outsideQuote"
  | "late"
  | "early"
  | "thinVolume"
  | "quarantined";

/** `accepted`: the price may be a mark, trigger orders and make bars. */
export type Verdict = {
  readonly accepted: boolean;
  readonly flags: readonly MarketFlag[];
  readonly events: readonly MarketEvent[];
};

export type ValidatorOptions = {
  /** Largest ratio of spread to mid before a quote is flagged. */
  readonly maxSpreadFraction?: number;
  /** The price step that rules at a price. Given, it also refuses bars off the grid; else US equities' for prints only. */
  readonly increment?: (price: number) => number;
};

/** Plain data, for snapshots. */
export type ValidatorState = {
  readonly jump: JumpState;
  readonly quoteFlags: readonly MarketFlag[];
  readonly lockedSince?: Micros | undefined;
  /** The newest two-sided quote that a print may be judged by. */
  readonly bid?: number | undefined;
  readonly ask?: number | undefined;
  readonly newestQuote?: Micros | undefined;
  readonly newestTrade?: Micros | undefined;
  readonly newestBar?: Bar | undefined;
};

/** The validator of one symbol's stream, ahead of bars, features and marks. `receivedAt` is the clock's, where it is known. */
export type Validator = {
  quote(quote: Quote, receivedAt?: Micros): Verdict;
  trade(trade: Trade, receivedAt?: Micros): Verdict;
  bar(bar: Bar): Verdict;
  /** A price jump waits for confirmation: no opening, no mark, no local trigger. */
  isQuarantined(): boolean;
  flags(): readonly MarketFlag[];
  /** The middle of the newest quote; undefined while that is one-sided, crossed, wide or in quarantine. */
  mid(): number | undefined;
  /** At the open and after a halt: the next price is judged by `previousClose`, or the last reference, more widely. */
  resetReference(previousClose?: number): void;
  snapshot(): ValidatorState;
  restore(state: ValidatorState): void;
};

const LOCKED_TIME = 2 * SECOND;
const MAX_AHEAD = 2 * SECOND;
const MAX_AGE = 60 * SECOND;
const HIGHEST_PRICE = 1e12;
const THIN_VOLUME = 100;
/** A print may lie this many price steps outside the quote, or the spread if that is wider. */
const OUTSIDE_STEPS = 3;

const REFUSED: Verdict = { accepted: false, flags: [], events: ["refusedTick"] };
const EMPTY: ValidatorState = { jump: EMPTY_JUMP, quoteFlags: [] };

export function createValidator(options: ValidatorOptions): Validator {
  return new StreamValidator(options);
}

class StreamValidator implements Validator {
  private readonly maxSpreadFraction: number;
  private readonly increment: (price: number) => number;
  private readonly isGridKnown: boolean;
  private state: ValidatorState = EMPTY;

  constructor(options: ValidatorOptions) {
    this.maxSpreadFraction = options.maxSpreadFraction ?? 0.01;
    this.increment = options.increment ?? usEquityIncrement;
    this.isGridKnown = options.increment !== undefined;
  }

  quote(quote: Quote, receivedAt?: Micros): Verdict {
    const { bid, ask, bidSize, askSize, time } = quote;
    const isSound = isPrice(bid) && isPrice(ask) && isAmount(bidSize) && isAmount(askSize) && Number.isFinite(time);
    if (!isSound) return REFUSED;
    const clock = clockFlag(time, this.state.newestQuote, receivedAt);
    if (clock !== undefined) return { accepted: false, flags: [clock], events: ["refusedTick"] };
    const lockedSince = bid !== undefined && bid === ask ? (this.state.lockedSince ?? time) : undefined;
    const quoteFlags = this.quoteFlags(quote, lockedSince);
    this.state = { ...this.state, newestQuote: time, lockedSince, quoteFlags, bid: undefined, ask: undefined };
    // A one-sided or crossed book is shown as it is, but carries no mid that could be a reference. Nor does a wide one:
    // before the open its mid may be anywhere.
    if (bid === undefined || ask === undefined || bid > ask || quoteFlags.includes("wide")) {
      return this.verdict(true, []);
    }
    const verdict = this.weigh((bid + ask) / 2, "mid", time);
    // Prints are not judged by a quote that is itself in quarantine.
    if (verdict.accepted) this.state = { ...this.state, bid, ask };
    return verdict;
  }

  trade(trade: Trade, receivedAt?: Micros): Verdict {
    const { price, size, time } = trade;
    if (!isPrice(price) || !isAmount(size) || !Number.isFinite(time)) return REFUSED;
    const clock = clockFlag(time, this.state.newestTrade, receivedAt);
    if (clock !== undefined) return { accepted: false, flags: [clock], events: ["refusedTick"] };
    const isOutside = this.isOutsideQuote(price, time);
    const others = this.state.quoteFlags.filter((flag) => flag !== "outsideQuote");
    const quoteFlags: readonly MarketFlag[] = isOutside ? [...others, "outsideQuote"] : others;
    this.state = { ...this.state, newestTrade: time, quoteFlags };
    return this.weigh(price, isOutside ? "outside" : "last", time);
  }

  bar(bar: Bar): Verdict {
    const { newestBar } = this.state;
    if (!this.isSoundBar(bar)) return REFUSED;
    if (newestBar !== undefined && bar.start <= newestBar.start) {
      // The vendor has changed its mind about a minute: the first value has been acted on and stays.
      const isRevision = bar.start === newestBar.start && !isSameBar(bar, newestBar);
      return { accepted: false, flags: [], events: isRevision ? ["barRevised"] : ["refusedTick"] };
    }
    let jump = witness(this.state.jump, bar.close);
    // Only neighbouring minutes make a one-minute return: a night or a hole would be taken for volatility.
    if (newestBar !== undefined && bar.start - newestBar.start === MINUTE) {
      jump = learnReturn(jump, bar.close / newestBar.close - 1);
    }
    this.state = { ...this.state, jump, newestBar: bar };
    return { accepted: true, flags: bar.volume < THIN_VOLUME ? ["thinVolume"] : [], events: [] };
  }

  isQuarantined(): boolean {
    return isQuarantined(this.state.jump);
  }

  flags(): readonly MarketFlag[] {
    const { quoteFlags } = this.state;
    return this.isQuarantined() ? [...quoteFlags, "quarantined"] : quoteFlags;
  }

  mid(): number | undefined {
    const { bid, ask } = this.state;
    return bid === undefined || ask === undefined ? undefined : (bid + ask) / 2;
  }

  resetReference(previousClose?: number): void {
    this.state = { ...this.state, jump: resetJump(this.state.jump, previousClose), bid: undefined, ask: undefined };
  }

  snapshot(): ValidatorState {
    return this.state;
  }

  restore(state: ValidatorState): void {
    this.state = state;
  }

  private weigh(price: number, source: PriceSource, time: Micros): Verdict {
    const { jump, accepted, events } = judge(this.state.jump, { price, source, time });
    if (jump !== this.state.jump) this.state = { ...this.state, jump };
    return this.verdict(accepted, events);
  }

  private verdict(accepted: boolean, events: readonly MarketEvent[]): Verdict {
    return { accepted, flags: this.flags(), events };
  }

  private quoteFlags({ bid, ask, time }: Quote, lockedSince: Micros | undefined): readonly MarketFlag[] {
    if (bid === undefined || ask === undefined) return ["oneSided"];
    if (bid > ask) return ["crossed"];
    if (lockedSince !== undefined) return time - lockedSince > LOCKED_TIME ? ["locked"] : [];
    return (ask - bid) / ((ask + bid) / 2) > this.maxSpreadFraction ? ["wide"] : [];
  }

  private isOutsideQuote(price: number, time: Micros): boolean {
    const { bid, ask, newestQuote } = this.state;
    // A quote that has stood for long may be one that the feed has forgotten.
    if (bid === undefined || ask === undefined || time - (newestQuote ?? time) > MAX_AGE) return false;
    // Differences of decimals are off by a binary tail, which must not tip a print that lies on the edge.
    const width = Math.max(ask - bid, OUTSIDE_STEPS * this.increment(price)) * (1 + 1e-9);
    return price < bid - width || price > ask + width;
  }

  private isSoundBar({ start, open, high, low, close, volume }: Bar): boolean {
    const prices = [open, high, low, close];
    const isBar =
      Number.isSafeInteger(start) &&
      prices.every(isPrice) &&
      low <= Math.min(open, close) &&
      high >= Math.max(open, close) &&
      isAmount(volume);
    return isBar && (!this.isGridKnown || prices.every((price) => isOnGrid(price, this.increment(price))));
  }
}

/** Times of one stream ascend, are not ahead of the clock and not long past; undefined when all is well. */
function clockFlag(
  time: Micros,
  newest: Micros | undefined,
  receivedAt: Micros | undefined,
): "late" | "early" | undefined {
  if (newest !== undefined && time < newest) return "late";
  if (receivedAt === undefined) return undefined;
  if (time - receivedAt > MAX_AHEAD) return "early";
  return receivedAt - time > MAX_AGE ? "late" : undefined;
}

function isOnGrid(price: number, increment: number): boolean {
  const steps = price / increment;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

function isSameBar(a: Bar, b: Bar): boolean {
  const isSameRange = a.open === b.open && a.high === b.high && a.low === b.low;
  return isSameRange && a.close === b.close && a.volume === b.volume;
}

/** Absent is allowed; what is there must be a price above zero. The wire writes an unset number as 1.8e308. */
function isPrice(price: number | undefined): boolean {
  return price === undefined || (price > 0 && price < HIGHEST_PRICE);
}

function isAmount(amount: number): boolean {
  return Number.isFinite(amount) && amount >= 0;
}

/** Regulation NMS rule 612: a cent from one dollar on, a hundredth of a cent below. */
function usEquityIncrement(price: number): number {
  return price >= 1 ? 0.01 : 0.0001;
}
