import { createBarBuilder, merge } from "#core/market/bar-builder.ts";
import type { Calendar } from "#core/market/calendar.ts";
import { present } from "#shared/lib/assert.ts";
import { incrementAt, roundToTick } from "#shared/lib/ticks.ts";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Bar, Quote, Timeframe, Trade } from "#shared/model/market.ts";
import { type BarPrint, barPrints, FIRST_SIZES, type QuoteBar, quotePrints } from "./bar-prints.ts";
import type { MarketInstant, MarketSource } from "./market-source.ts";
import type { RecordedQuote } from "./recorded-files.ts";

/** What was recorded of one symbol: bars of one size with their quotes, or every trade and change of the best quote. */
export type Recording = {
  readonly instrument: Instrument;
  /** Bars of the day that is played and of the days before it, ascending. */
  readonly bars: readonly Bar[];
  readonly quoteBars: readonly QuoteBar[];
  /** Size of the bars in microseconds. An hour bar holds what of its hour lies in the session, a daily bar the session. */
  readonly length: Micros;
  readonly trades: readonly Trade[];
  readonly quotes: readonly RecordedQuote[];
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
 * Plays what was recorded of [from, to): bars by the four-print rule, trades and quotes at their own instants. The standing
 * quote is sent again every two seconds, so that a thin file does not look like a dead feed; a completed minute comes at
 * its end, before the next prints.
 */
export function createReplay(input: {
  readonly recordings: readonly Recording[];
  readonly calendar: Calendar;
  readonly from: Micros;
  readonly to: Micros;
}): MarketSource {
  const { calendar } = input;
  const recordings = [...input.recordings].sort((a, b) => (a.instrument.symbol < b.instrument.symbol ? -1 : 1));
  const items = recordings.flatMap((recording) => itemsOf(recording, input.from, input.to, calendar));
  items.sort(
    (a, b) =>
      a.time - b.time ||
      ORDER_OF_A_PRINT[a.kind] - ORDER_OF_A_PRINT[b.kind] ||
      (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0),
  );
  const minutes = new Map(recordings.map((one) => [one.instrument.symbol, minutesOf(one, calendar)]));
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
      return recording === undefined
        ? []
        : historyOf(recording, minutes.get(symbol) ?? [], timeframe, from, to, calendar);
    },
  };
}

function itemsOf(recording: Recording, from: Micros, to: Micros, calendar: Calendar): Item[] {
  const symbol = recording.instrument.symbol;
  const items: Item[] = [];
  const quote = (time: Micros, value: Quote): void => {
    items.push({ time, kind: "quote", symbol, quote: value });
  };
  for (const print of printsOf(recording, from, to, calendar)) {
    quote(print.time, print.quote);
    if (print.trade !== undefined) items.push({ time: print.time, kind: "trade", symbol, trade: print.trade });
  }
  for (const trade of recording.trades) {
    if (trade.time >= from && trade.time < to) items.push({ time: trade.time, kind: "trade", symbol, trade });
  }
  for (const one of recording.quotes) {
    if (one.time >= from && one.time < to) quote(one.time, { ...one, symbol, quality: "live" });
  }
  for (const bar of within(minutesOf(recording, calendar), from, to)) {
    items.push({ time: bar.start + MINUTE, kind: "bar", symbol, bar });
  }
  return items.concat(resends(items, symbol));
}

function printsOf(recording: Recording, from: Micros, to: Micros, calendar: Calendar): readonly BarPrint[] {
  const { instrument } = recording;
  const symbol = instrument.symbol;
  // An hour is labelled before the part of it that is played.
  const labelledFrom = recording.length >= HOUR ? from - recording.length : from;
  const bars = new Map(within(recording.bars, labelledFrom, to).map((bar) => [bar.start, bar]));
  const quotes = new Map(within(recording.quoteBars, labelledFrom, to).map((bar) => [bar.start, bar]));
  const starts = [...new Set([...bars.keys(), ...quotes.keys()])].sort((a, b) => a - b);
  const prints: BarPrint[] = [];
  let sizes = FIRST_SIZES;
  for (const labelled of starts) {
    const bar = bars.get(labelled);
    const quoteBar = quotes.get(labelled);
    const { start, length } = playedSpan(recording.length, labelled, calendar);
    if (start < from) continue;
    if (bar !== undefined) {
      const assume = (price: number) => assumedQuote(instrument, price);
      prints.push(...barPrints({ symbol, bar: { ...bar, start }, length, quoteBar, sizes, assume }));
    } else if (quoteBar !== undefined) prints.push(...quotePrints(symbol, length, quoteBar, sizes));
    if (quoteBar !== undefined) sizes = { bid: quoteBar.bidSize, ask: quoteBar.askSize };
  }
  return prints;
}

/** Hours are labelled from midnight and days with their date: of both only what lies in the session was traded. */
function playedSpan(size: Micros, start: Micros, calendar: Calendar): { start: Micros; length: Micros } {
  if (size < HOUR) return { start, length: size };
  const session = calendar.sessionOf(start) ?? calendar.nextSession(start);
  if (session === undefined) return { start, length: size };
  const end = Math.min(size >= DAY ? session.close : start + size, session.close);
  const begin = Math.max(start, session.open);
  return end > begin ? { start: begin, length: end - begin } : { start, length: size };
}

/** Minutes with a trade: those of the file, seconds merged, or what the prints of longer bars and of ticks come to. */
function minutesOf(recording: Recording, calendar: Calendar): readonly Bar[] {
  if (recording.length === MINUTE && recording.bars.length > 0) return recording.bars;
  const parts: readonly Bar[] =
    recording.length < MINUTE
      ? recording.bars
      : printsOf(recording, 0, Number.MAX_SAFE_INTEGER, calendar).flatMap(({ trade }) =>
          trade === undefined ? [] : [barOfTrade(trade)],
        );
  const minutes: Bar[] = [];
  for (const part of recording.trades.length > 0 ? recording.trades.map(barOfTrade) : parts) {
    const start = part.start - (part.start % MINUTE);
    const last = minutes.at(-1);
    if (last?.start === start) minutes[minutes.length - 1] = merge(last, part);
    else minutes.push({ ...part, start });
  }
  return minutes;
}

function barOfTrade({ time, price, size }: Trade): Bar {
  return { start: time, open: price, high: price, low: price, close: price, volume: size };
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

/** The larger of one tick and two basis points around a price, rounded outwards to the tick. */
function assumedQuote({ priceBands }: Instrument, price: number): { readonly bid: number; readonly ask: number } {
  const half = 0.5 * Math.max(incrementAt(priceBands, price), price * SPREAD_FRACTION);
  return { bid: roundToTick(priceBands, price - half, "down"), ask: roundToTick(priceBands, price + half, "up") };
}

/** Bars that were complete at `to`, coarser sizes built from the minutes of the regular session. */
function historyOf(
  recording: Recording,
  known: readonly Bar[],
  timeframe: Timeframe,
  from: Micros,
  to: Micros,
  calendar: Calendar,
): readonly Bar[] {
  const minutes = known.filter((bar) => bar.start >= from && bar.start + MINUTE <= to);
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
