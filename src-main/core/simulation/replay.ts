import { createBarBuilder } from "#core/market/bar-builder.ts";
import type { Calendar } from "#core/market/calendar.ts";
import { present } from "#shared/lib/assert.ts";
import { incrementAt, roundToTick } from "#shared/lib/ticks.ts";
import { MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Bar, Quote, Timeframe, Trade } from "#shared/model/market.ts";
import { type BarPrint, barPrints, FIRST_SIZES, type QuoteBar, quotePrints } from "./bar-prints.ts";
import type { MarketInstant, MarketSource } from "./market-source.ts";

/** What was recorded of one symbol. All bars are of one size. */
export type Recording = {
  readonly instrument: Instrument;
  /** Minutes of the day that is played and of the days before it, ascending. */
  readonly bars: readonly Bar[];
  readonly quoteBars: readonly QuoteBar[];
  readonly dailyBars: readonly Bar[];
};

const RESEND = 2 * SECOND;
const SPREAD_FRACTION = 0.0002;
const ORDER_OF_A_PRINT = { bar: 0, quote: 1, trade: 2 } as const;

type Item = {
  readonly time: Micros;
  readonly kind: keyof typeof ORDER_OF_A_PRINT;
  readonly symbol: string;
  readonly bar?: Bar;
  readonly quote?: Quote;
  readonly trade?: Trade;
};

/**
 * Plays recorded minute bars and quotes of [from, to) by the four-print rule. The standing quote is sent again every two
 * seconds, so that a thin file does not look like a dead feed; a completed bar comes at its end, before the next prints.
 */
export function createReplay(input: {
  readonly recordings: readonly Recording[];
  readonly calendar: Calendar;
  readonly from: Micros;
  readonly to: Micros;
  /** Size of the bars; one minute unless the file says otherwise. */
  readonly length?: Micros;
}): MarketSource {
  const length = input.length ?? MINUTE;
  const recordings = [...input.recordings].sort((a, b) => (a.instrument.symbol < b.instrument.symbol ? -1 : 1));
  const items = recordings.flatMap((recording) => itemsOf(recording, input.from, input.to, length));
  items.sort(
    (a, b) =>
      a.time - b.time ||
      ORDER_OF_A_PRINT[a.kind] - ORDER_OF_A_PRINT[b.kind] ||
      (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0),
  );
  const bySymbol = new Map(recordings.map((recording) => [recording.instrument.symbol, recording]));
  let position = 0;
  return {
    instruments: recordings.map((recording) => recording.instrument),
    start: items[0]?.time ?? input.from,
    peek: () => items[position]?.time,
    next() {
      const time = items[position]?.time;
      if (time === undefined) return undefined;
      const bars: MarketInstant["bars"][number][] = [];
      const quotes: Quote[] = [];
      const trades: Trade[] = [];
      for (let item = items[position]; item !== undefined && item.time === time; item = items[position]) {
        if (item.bar !== undefined) bars.push({ symbol: item.symbol, bar: item.bar });
        if (item.quote !== undefined) quotes.push(item.quote);
        if (item.trade !== undefined) trades.push(item.trade);
        position += 1;
      }
      return { time, bars, quotes, trades };
    },
    history(symbol, timeframe, from, to) {
      const recording = bySymbol.get(symbol);
      return recording === undefined ? [] : historyOf(recording, timeframe, from, to, length, input.calendar);
    },
  };
}

function itemsOf(recording: Recording, from: Micros, to: Micros, length: Micros): Item[] {
  const symbol = recording.instrument.symbol;
  const bars = new Map(within(recording.bars, from, to).map((bar) => [bar.start, bar]));
  const quotes = new Map(within(recording.quoteBars, from, to).map((bar) => [bar.start, bar]));
  const starts = [...new Set([...bars.keys(), ...quotes.keys()])].sort((a, b) => a - b);
  const items: Item[] = [];
  const prints: BarPrint[] = [];
  let sizes = FIRST_SIZES;
  for (const start of starts) {
    const bar = bars.get(start);
    const quoteBar = quotes.get(start);
    if (bar !== undefined) {
      const halfSpread = (price: number): number => halfSpreadOf(recording.instrument, price);
      prints.push(...barPrints({ symbol, bar, length, quoteBar, sizes, halfSpread }));
      items.push({ time: start + length, kind: "bar", symbol, bar });
    } else if (quoteBar !== undefined) prints.push(...quotePrints(symbol, length, quoteBar, sizes));
    if (quoteBar !== undefined) sizes = { bid: quoteBar.bidSize, ask: quoteBar.askSize };
  }
  for (const print of prints) {
    items.push({ time: print.time, kind: "quote", symbol, quote: onTicks(print.quote, recording.instrument) });
    if (print.trade !== undefined) items.push({ time: print.time, kind: "trade", symbol, trade: print.trade });
  }
  items.push(...resends(items, symbol));
  return items;
}

/** Quotes between the changes, every two seconds from the first quote to the last bar's end. */
function resends(items: readonly Item[], symbol: string): Item[] {
  const changes = items.filter((item) => item.kind === "quote").sort((a, b) => a.time - b.time);
  const again: Item[] = [];
  changes.forEach((change, index) => {
    const quote = present(change.quote, "a quote item carries a quote");
    const until = changes[index + 1]?.time ?? change.time;
    for (let time = change.time + RESEND; time < until; time += RESEND) {
      again.push({ time, kind: "quote", symbol, quote: { ...quote, time } });
    }
  });
  return again;
}

function within<T extends { readonly start: Micros }>(bars: readonly T[], from: Micros, to: Micros): readonly T[] {
  return bars.filter((bar) => bar.start >= from && bar.start < to);
}

/** Half of the larger of one tick and two basis points. */
function halfSpreadOf(instrument: Instrument, price: number): number {
  return 0.5 * Math.max(incrementAt(instrument.priceBands, price), price * SPREAD_FRACTION);
}

/** Assumed quotes are rounded outwards to the tick; recorded ones already lie on it, or carry decimals that are kept. */
function onTicks(quote: Quote, instrument: Instrument): Quote {
  const bands = instrument.priceBands;
  if (quote.bid === undefined || quote.ask === undefined) return quote;
  return { ...quote, bid: roundToTick(bands, quote.bid, "down"), ask: roundToTick(bands, quote.ask, "up") };
}

/** Bars that were complete at `to`, coarser sizes built from the minutes of the regular session. */
function historyOf(
  recording: Recording,
  timeframe: Timeframe,
  from: Micros,
  to: Micros,
  length: Micros,
  calendar: Calendar,
): readonly Bar[] {
  const minutes = recording.bars.filter((bar) => bar.start >= from && bar.start + length <= to);
  if (timeframe === "1m") return minutes;
  if (timeframe === "1d" && recording.dailyBars.length > 0) {
    return recording.dailyBars.filter(
      (bar) => bar.start >= from && (calendar.sessionOf(bar.start)?.close ?? to + 1) <= to,
    );
  }
  const builder = createBarBuilder(calendar, [timeframe]);
  const built = minutes
    .filter((bar) => calendar.sessionOf(bar.start) !== undefined)
    .flatMap((bar) => builder.push(bar));
  return [...built, ...builder.advance(to)].map((completed) => completed.bar);
}
