import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Calendar, Session } from "#core/market/calendar.ts";
import type { QuoteBar } from "#core/simulation/bar-prints.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import {
  parseBars,
  parseQuoteBars,
  parseQuotes,
  parseTrades,
  RecordedFileError,
  type RecordedQuote,
  recordedKind,
} from "#core/simulation/recorded-files.ts";
import { createReplay, type Recording } from "#core/simulation/replay.ts";
import { stock, WATCHLIST } from "#core/simulation/watchlist.ts";
import { DAY, dateText, HOUR, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Trade } from "#shared/model/market.ts";

export type RecordedFolder = {
  /**
   * Files of one symbol each, plain or gzip: a day's `SPY_20131007_trade.csv` and `..._quote.csv`, or bars over many days
   * in `SPY.csv` or `SPY_anything.csv`. Bars of any size, quotes beside them, or every trade and change of the best quote.
   */
  readonly folder: string;
  /** Files of daily bars, `SPY.csv`; undefined: daily bars are built from the minutes there are. */
  readonly daily: string | undefined;
  /** The day that is played; undefined: the last one in the folder. */
  readonly date: string | undefined;
  readonly symbols?: readonly string[];
};

/** Quotes before the open are played from here, so that a price stands when the session begins. */
const BEFORE_OPEN = 5 * MINUTE;
const AFTER_CLOSE = MINUTE;
/** More than this between a day's file and the replayed close means that one of them is adjusted. */
const LARGEST_DIFFERENCE = 0.2;

type RecordedFile = {
  readonly symbol: string;
  /** Day of a file of one day; undefined: its rows say. */
  readonly date: string | undefined;
  readonly path: string;
};

/**
 * A recorded day as a market that plays itself.
 *
 * @throws RecordedFileError naming the folder, file, line or value that is wrong
 */
export function openRecordedFolder(options: RecordedFolder, calendar: Calendar): MarketSource {
  const { folder } = options;
  const files = listFiles(folder).filter(({ symbol }) => options.symbols?.includes(symbol) !== false);
  if (files.length === 0) {
    throw new RecordedFileError(`${folder}: no file like SPY_20131007_trade.csv or SPY.csv is in it`);
  }
  const dated = files.flatMap((file) => file.date ?? []);
  // Files of one day each are opened only where they are needed; the others must be read to know their days.
  const wanted = options.date ?? (dated.length === files.length ? dated.sort().at(-1) : undefined);
  const mayHold = ({ date }: RecordedFile): boolean => date === undefined || wanted === undefined || date === wanted;
  const symbols = [...new Set(files.filter(mayHold).map((file) => file.symbol))].sort();
  const all = symbols.map((symbol) => recordingOf(symbol, files, wanted, options.daily, calendar));
  const days = new Set([...dated, ...all.flatMap((recording) => daysOf(recording, calendar))]);
  const date = wanted ?? [...days].sort().at(-1) ?? "";
  const session = calendar.sessionOn(date);
  if (session === undefined) throw new RecordedFileError(`date ${date}: the exchange does not trade on that day`);
  const recordings = all.filter((recording) => daysOf(recording, calendar).includes(date));
  if (recordings.length === 0) {
    throw new RecordedFileError(`${folder}: no recording of ${date}; there are ${shortened([...days].sort())}`);
  }
  for (const recording of recordings) refuseMixedAdjustment(recording, session);
  return createReplay({ recordings, calendar, from: session.open - BEFORE_OPEN, to: session.close + AFTER_CLOSE });
}

function shortened(days: readonly string[]): string {
  return days.length <= 12 ? days.join(", ") : `${days.length} days from ${days[0]} to ${days.at(-1)}`;
}

function listFiles(folder: string): readonly RecordedFile[] {
  if (!existsSync(folder)) throw new RecordedFileError(`${folder}: there is no such folder`);
  if (!statSync(folder).isDirectory()) throw new RecordedFileError(`${folder}: it is a file, a folder is needed`);
  return readdirSync(folder)
    .sort()
    .flatMap((name): RecordedFile[] => {
      const match = /^([A-Z.]{1,8})(?:_(\d{4})(\d{2})(\d{2})_(?:trade|quote)|_[\w-]+)?\.csv(?:\.gz)?$/.exec(name);
      if (match === null) return [];
      const [, symbol = "", year, month, day] = match;
      return [{ symbol, date: year === undefined ? undefined : `${year}-${month}-${day}`, path: join(folder, name) }];
    });
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new RecordedFileError(`${path}: it cannot be read: ${cause}`, { cause: error });
  }
}

/** Everything of a symbol up to the day; bars of earlier days are its history. */
function recordingOf(
  symbol: string,
  files: readonly RecordedFile[],
  date: string | undefined,
  dailyFolder: string | undefined,
  calendar: Calendar,
): Recording {
  const opens = (days: number): Micros | undefined => calendar.sessionOn(dateText(days))?.open;
  // A day of ticks has more rows than a call has room for arguments: lists are joined, never spread into a push.
  let bars: readonly Bar[] = [];
  let quoteBars: readonly QuoteBar[] = [];
  let trades: readonly Trade[] = [];
  let quotes: readonly RecordedQuote[] = [];
  const mine = files.filter((file) => file.symbol === symbol && (file.date ?? "") <= (date ?? "9999"));
  for (const { path, date: day } of mine.sort((a, b) => ((a.date ?? "") < (b.date ?? "") ? -1 : 1))) {
    const text = readText(path);
    const kind = recordedKind(path, text);
    const isPlayed = day === undefined || date === undefined || day === date;
    if (kind === "bars") bars = bars.concat(parseBars(path, text, opens));
    else if (kind === "quoteBars" && isPlayed) quoteBars = quoteBars.concat(parseQuoteBars(path, text));
    else if (kind === "trades") trades = trades.concat(parseTrades(path, text, symbol));
    else if (kind === "quotes" && isPlayed) quotes = quotes.concat(parseQuotes(path, text));
  }
  bars.forEach((bar, index) => {
    if (bar.start > (bars[index - 1]?.start ?? -1)) return;
    throw new RecordedFileError(`${symbol}: two files hold the bar of ${new Date(bar.start / 1_000).toISOString()}`);
  });
  const known = WATCHLIST.find((profile) => profile.symbol === symbol);
  return {
    instrument: stock(symbol, known?.name ?? symbol, known?.exchange ?? "ARCA", known?.sector),
    bars,
    quoteBars,
    length: lengthOf(bars),
    trades,
    quotes,
    dailyBars: dailyFolder === undefined ? [] : readDaily(symbol, dailyFolder, calendar),
  };
}

/** Size of the bars: the smallest distance between two, a day where every one is a session's. */
function lengthOf(bars: readonly Bar[]): Micros {
  let least = Number.POSITIVE_INFINITY;
  bars.forEach((bar, index) => {
    const before = bars[index - 1];
    if (before !== undefined) least = Math.min(least, bar.start - before.start);
  });
  if (!Number.isFinite(least)) return MINUTE;
  return least > 20 * HOUR ? DAY : least;
}

function daysOf(recording: Recording, calendar: Calendar): readonly string[] {
  const starts = recording.bars.length > 0 ? recording.bars : recording.trades.map(({ time }) => ({ start: time }));
  const days = new Set<string>();
  let session: Session | undefined;
  for (const { start } of starts) {
    const length = recording.length >= HOUR ? recording.length : MINUTE;
    if (session !== undefined && start >= session.open && start < session.close) continue;
    session = calendar.sessionOf(start) ?? calendar.sessionOf(start + length - 1);
    if (session !== undefined) days.add(session.date);
  }
  return [...days];
}

function readDaily(symbol: string, folder: string, calendar: Calendar): readonly Bar[] {
  const path = join(folder, `${symbol}.csv`);
  if (!existsSync(path)) throw new RecordedFileError(`${path}: there is no such file of daily bars`);
  const opens = (days: number): Micros | undefined => calendar.sessionOn(dateText(days))?.open;
  return parseBars(path, readText(path), opens);
}

/** Raw prices in both, or adjusted prices in both: a mixture would size orders on prices that never were. */
function refuseMixedAdjustment({ instrument, bars, trades, dailyBars }: Recording, session: Session): void {
  const day = dailyBars.find((bar) => bar.start === session.open);
  // An hour is labelled before the part of it that lies in the session.
  const bar = bars.findLast(({ start }) => start > session.open - HOUR && start < session.close);
  const trade = trades.findLast(({ time }) => time >= session.open && time < session.close);
  const close = bar?.close ?? trade?.price;
  if (day === undefined || close === undefined) return;
  const difference = Math.abs(day.close / close - 1);
  if (difference <= LARGEST_DIFFERENCE) return;
  throw new RecordedFileError(
    `${instrument.symbol}: the daily close ${day.close} and the replayed close ${close} of ${session.date} differ by more than ${LARGEST_DIFFERENCE * 100} %: one of the two is adjusted`,
  );
}
