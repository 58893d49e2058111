import { type Micros, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";

/** What must be known of a tick beside whether it counts. */
export type MarketEvent = "quarantined" | "badTick" | "gapAccepted" | "quarantineStuck" | "refusedTick";
export type MarketFlag = "crossed" | "locked" | "oneSided" | "wide" | "outsideQuote" | "late" | "early" | "quarantined";

export type Verdict = { readonly accepted: boolean; readonly events: readonly MarketEvent[] };

export type ValidatorOptions = {
  /** Largest ratio of spread to mid before a quote is flagged. */
  readonly maxSpreadFraction?: number;
};

/** The validator of one symbol's stream, ahead of bars, features and marks (`controls.md` 3.2). */
export type Validator = {
  quote(quote: Quote): Verdict;
  trade(trade: Trade): Verdict;
  bar(bar: Bar): Verdict;
  /** A price jump waits for confirmation: no opening, no mark, no local trigger. */
  isQuarantined(): boolean;
  flags(): readonly MarketFlag[];
  /** At the open, after a halt or a long silence the next price may be anywhere. */
  resetReference(): void;
};

const ACCEPTED: Verdict = { accepted: true, events: [] };
const REFUSED: Verdict = { accepted: false, events: ["refusedTick"] };

const NARROWEST_JUMP = 0.01;
const WIDEST_JUMP = 0.1;
/** A candidate is accepted by this many agreeing ticks over this time, when two sources agree within a hundredth ... */
const CONFIRM_TICKS = 3;
const CONFIRM_TIME = 2 * SECOND;
const SOURCES_AGREE = 0.01;
/** ... or by this many over this time with one source alone. */
const LONE_TICKS = 10;
const LONE_TIME = 10 * SECOND;
const STUCK_TIME = 60 * SECOND;
const SILENCE = 60 * SECOND;

type Source = "mid" | "last";
type Candidate = {
  price: number;
  since: Micros;
  ticks: number;
  readonly newest: Map<Source, number>;
  isStuck: boolean;
};

export function createValidator(options: ValidatorOptions): Validator {
  return new StreamValidator(options.maxSpreadFraction ?? 0.01);
}

class StreamValidator implements Validator {
  private readonly maxSpreadFraction: number;
  private reference: number | undefined;
  private referenceTime: Micros = 0;
  private candidate: Candidate | undefined;
  private returns = 0;
  private variance = 0;
  private lastClose: number | undefined;
  private newestBar: Micros = Number.NEGATIVE_INFINITY;
  private quoteFlags: MarketFlag[] = [];
  private lockedSince: Micros | undefined;
  private bid: number | undefined;
  private ask: number | undefined;

  constructor(maxSpreadFraction: number) {
    this.maxSpreadFraction = maxSpreadFraction;
  }

  quote(quote: Quote): Verdict {
    const { bid, ask, bidSize, askSize } = quote;
    if (!isPrice(bid) || !isPrice(ask) || !(bidSize >= 0) || !(askSize >= 0)) return REFUSED;
    this.flagQuote(quote);
    // A one-sided or crossed book is shown as it is; it carries no mid that could be a reference.
    if (bid === undefined || ask === undefined || bid > ask) {
      this.bid = undefined;
      this.ask = undefined;
      return ACCEPTED;
    }
    const mid = (bid + ask) / 2;
    // A wide quote says little about the price: before the open its mid may be anywhere.
    if ((ask - bid) / mid > this.maxSpreadFraction) return ACCEPTED;
    this.bid = bid;
    this.ask = ask;
    return this.weigh(mid, "mid", quote.time);
  }

  trade(trade: Trade): Verdict {
    if (!isPrice(trade.price) || !(trade.size >= 0)) return REFUSED;
    if (this.isOutsideQuote(trade.price)) {
      this.quoteFlags = [...this.quoteFlags.filter((flag) => flag !== "outsideQuote"), "outsideQuote"];
      // Not a mark, but it still speaks for or against a jump.
      const verdict = this.weigh(trade.price, "last", trade.time);
      return { accepted: false, events: verdict.events };
    }
    return this.weigh(trade.price, "last", trade.time);
  }

  bar(bar: Bar): Verdict {
    const { open, high, low, close, volume, start } = bar;
    const isSound =
      [open, high, low, close].every((price) => Number.isFinite(price) && price > 0) &&
      low <= Math.min(open, close) &&
      high >= Math.max(open, close) &&
      volume >= 0 &&
      start > this.newestBar;
    if (!isSound) return REFUSED;
    this.newestBar = start;
    this.learn(close);
    return ACCEPTED;
  }

  isQuarantined(): boolean {
    return this.candidate !== undefined;
  }

  flags(): readonly MarketFlag[] {
    return this.candidate === undefined ? this.quoteFlags : [...this.quoteFlags, "quarantined"];
  }

  resetReference(): void {
    this.reference = undefined;
    this.candidate = undefined;
  }

  private flagQuote(quote: Quote): void {
    const { bid, ask, time } = quote;
    const flags: MarketFlag[] = [];
    if (bid === undefined || ask === undefined) flags.push("oneSided");
    else {
      if (bid > ask) flags.push("crossed");
      if (bid === ask) this.lockedSince ??= time;
      else this.lockedSince = undefined;
      if (this.lockedSince !== undefined && time - this.lockedSince > 2 * SECOND) flags.push("locked");
      if ((ask - bid) / ((ask + bid) / 2) > this.maxSpreadFraction) flags.push("wide");
    }
    this.quoteFlags = flags;
  }

  /** V6: a print beyond the quote by more than its own width, at least three hundredths of a percent. */
  private isOutsideQuote(price: number): boolean {
    if (this.bid === undefined || this.ask === undefined) return false;
    const width = Math.max(this.ask - this.bid, price * 0.0003, 0.03 * Math.min(1, price));
    return price < this.bid - width || price > this.ask + width;
  }

  /** Exponentially weighted variance of one-minute returns, half-life about twenty minutes. */
  private learn(close: number): void {
    if (this.lastClose !== undefined) {
      const change = close / this.lastClose - 1;
      this.returns += 1;
      const weight = Math.max(1 / this.returns, 0.034);
      this.variance += weight * (change * change - this.variance);
    }
    this.lastClose = close;
  }

  private jumpWidth(): number {
    const sigma = this.returns < 10 ? WIDEST_JUMP : Math.sqrt(this.variance);
    return Math.min(WIDEST_JUMP, Math.max(NARROWEST_JUMP, 10 * sigma));
  }

  /** V7: a price near the reference counts at once; one far from it must be confirmed before it becomes the reference. */
  private weigh(price: number, source: Source, time: Micros): Verdict {
    const isSilent = time - this.referenceTime > SILENCE;
    if (this.reference === undefined || (isSilent && this.candidate === undefined)) return this.accept(price, time, []);
    if (Math.abs(price / this.reference - 1) <= this.jumpWidth()) {
      const events: MarketEvent[] = this.candidate === undefined ? [] : ["badTick"];
      this.candidate = undefined;
      return this.accept(price, time, events);
    }
    return this.consider(price, source, time);
  }

  private accept(price: number, time: Micros, events: readonly MarketEvent[]): Verdict {
    this.reference = price;
    this.referenceTime = time;
    return events.length === 0 ? ACCEPTED : { accepted: true, events };
  }

  private consider(price: number, source: Source, time: Micros): Verdict {
    const known = this.candidate;
    if (known === undefined || Math.abs(price / known.price - 1) > this.jumpWidth()) {
      this.candidate = { price, since: time, ticks: 1, newest: new Map([[source, price]]), isStuck: false };
      return { accepted: false, events: [known === undefined ? "quarantined" : "badTick"] };
    }
    known.ticks += 1;
    known.price = price;
    known.newest.set(source, price);
    const age = time - known.since;
    const mid = known.newest.get("mid");
    const last = known.newest.get("last");
    const doAgree = mid !== undefined && last !== undefined && Math.abs(mid / last - 1) <= SOURCES_AGREE;
    const isConfirmed = doAgree && known.ticks >= CONFIRM_TICKS && age >= CONFIRM_TIME;
    const isAloneButLong = known.ticks >= LONE_TICKS && age >= LONE_TIME;
    if (isConfirmed || isAloneButLong) {
      this.candidate = undefined;
      return this.accept(price, time, ["gapAccepted"]);
    }
    if (age >= STUCK_TIME && !known.isStuck) {
      known.isStuck = true;
      return { accepted: false, events: ["quarantineStuck"] };
    }
    return { accepted: false, events: [] };
  }
}

/** Absent is allowed; what is there must be a finite price above zero. */
function isPrice(price: number | undefined): boolean {
  return price === undefined || (Number.isFinite(price) && price > 0);
}
