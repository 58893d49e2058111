import { MILLISECOND, type Micros } from "#shared/lib/time.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";

/** A bar of quotes: open, high, low and close of both sides; sizes are those of its last quote. */
export type QuoteBar = {
  readonly start: Micros;
  readonly bid: readonly [open: number, high: number, low: number, close: number];
  readonly ask: readonly [open: number, high: number, low: number, close: number];
  readonly bidSize: number;
  readonly askSize: number;
};

/** One instant of a bar as it is played: the quote just before, and the print if a share is left for it. */
export type BarPrint = { readonly time: Micros; readonly quote: Quote; readonly trade?: Trade };

type Column = 0 | 1 | 2 | 3;
type Step = { readonly column: Column; readonly price: number };

/** What a bar played before leaves to the next one: sizes of the standing quote. */
export type Sizes = { readonly bid: number; readonly ask: number };

const DEFAULT_SIZE = 100;

/**
 * Plays a bar [start, start + length) as four prints: open, the extreme nearer to the open (at equal distance the low), the
 * other extreme, close; at 0, a quarter, a half, and one millisecond before the end. Nothing of the bar is visible before
 * its own instant, and the prints rebuild the bar exactly wherever it has a share for each distinct price.
 */
export function barPrints(input: {
  readonly symbol: string;
  readonly bar: Bar;
  readonly length: Micros;
  readonly quoteBar: QuoteBar | undefined;
  readonly sizes: Sizes;
  /** The quote to assume around a price where there is no quote file, already on the tick. */
  readonly assume: (price: number) => { readonly bid: number; readonly ask: number };
}): readonly BarPrint[] {
  const { symbol, bar, length, quoteBar } = input;
  const isLowFirst = bar.open - bar.low <= bar.high - bar.open;
  const steps: readonly Step[] = [
    { column: 0, price: bar.open },
    isLowFirst ? { column: 2, price: bar.low } : { column: 1, price: bar.high },
    isLowFirst ? { column: 1, price: bar.high } : { column: 2, price: bar.low },
    { column: 3, price: bar.close },
  ];
  const times = [0, length / 4, length / 2, length - MILLISECOND];
  const shares = dealShares(
    steps.map((step) => step.price),
    bar.volume,
  );
  return steps.map((step, index) => {
    const time = bar.start + (times[index] ?? 0);
    const size = shares[index] ?? 0;
    const quote = quoteAt({ ...input, step, time, isLast: index === 3, size });
    if (size <= 0) return { time, quote };
    return { time, quote, trade: { symbol, time, price: step.price, size } };
  });

  function quoteAt(at: { step: Step; time: Micros; isLast: boolean; size: number }): Quote {
    const shared = { symbol, time: at.time, quality: "live" as const };
    if (quoteBar === undefined) {
      const size = Math.max(DEFAULT_SIZE, at.size);
      return { ...shared, ...input.assume(at.step.price), bidSize: size, askSize: size };
    }
    return {
      ...shared,
      bid: quoteBar.bid[at.step.column],
      ask: quoteBar.ask[at.step.column],
      bidSize: at.isLast ? quoteBar.bidSize : input.sizes.bid,
      askSize: at.isLast ? quoteBar.askSize : input.sizes.ask,
    };
  }
}

/**
 * A quarter of the shares each, rounded down, the rest to the close. With fewer than four shares equal neighbours are
 * merged and the shares dealt one to a print; a print left without a share is a quote only.
 */
function dealShares(prices: readonly number[], volume: number): readonly number[] {
  const whole = Math.floor(volume);
  if (whole >= 4) {
    const quarter = Math.floor(whole / 4);
    return [quarter, quarter, quarter, volume - 3 * quarter];
  }
  const shares = [0, 0, 0, 0];
  // The close must print, then the open, then the extremes: that is the order in which a bar can be told apart.
  const distinct = [3, 0, 1, 2].filter((index) => index === 3 || prices[index] !== prices[index + 1]);
  for (const index of distinct.slice(0, whole)) shares[index] = 1;
  const left = whole - Math.min(whole, distinct.length);
  shares[3] = (shares[3] ?? 0) + left;
  return shares;
}

/** The quote alone of a minute in which nothing traded. */
export function quotePrints(symbol: string, length: Micros, quoteBar: QuoteBar, sizes: Sizes): readonly BarPrint[] {
  const [open, high, low, close] = quoteBar.bid;
  const bar: Bar = { start: quoteBar.start, open, high, low, close, volume: 0 };
  const assume = (price: number) => ({ bid: price, ask: price });
  return barPrints({ symbol, bar, length, quoteBar, sizes, assume }).map(({ time, quote }) => ({
    time,
    quote,
  }));
}

export const FIRST_SIZES: Sizes = { bid: DEFAULT_SIZE, ask: DEFAULT_SIZE };
