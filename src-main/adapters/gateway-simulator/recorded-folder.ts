import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Calendar, Session } from "#core/market/calendar.ts";
import type { QuoteBar } from "#core/simulation/bar-prints.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import { parseBars, parseQuoteBars, RecordedFileError } from "#core/simulation/recorded-files.ts";
import { createReplay, type Recording } from "#core/simulation/replay.ts";
import { stock, WATCHLIST } from "#core/simulation/watchlist.ts";
import { dateText, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";

export type RecordedFolder = {
  /** Files of minute bars: `SPY_20131007_trade.csv` with `..._quote.csv`, or `SPY.csv` over many days. */
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

type DayFile = {
  readonly symbol: string;
  readonly date: string;
  readonly kind: "trade" | "quote";
  readonly path: string;
};

/**
 * A recorded day as a market that plays itself.
 *
 * @throws RecordedFileError naming the folder, file, line or value that is wrong
 */
export function openRecordedFolder(options: RecordedFolder, calendar: Calendar): MarketSource {
  const files = listFiles(options.folder);
  if (files.length === 0)
    throw new RecordedFileError(`${options.folder}: no file like SPY_20131007_trade.csv is in it`);
  const date =
    options.date ??
    files
      .map((file) => file.date)
      .sort()
      .at(-1) ??
    "";
  const session = calendar.sessionOn(date);
  if (session === undefined) throw new RecordedFileError(`date ${date}: the exchange does not trade on that day`);
  const symbols = [
    ...new Set(files.filter((file) => file.date === date && file.kind === "trade").map((file) => file.symbol)),
  ]
    .filter((symbol) => options.symbols === undefined || options.symbols.includes(symbol))
    .sort();
  if (symbols.length === 0) {
    const there = [...new Set(files.map((file) => file.date))].sort().join(", ");
    throw new RecordedFileError(`${options.folder}: no recording of ${date}; there are ${there}`);
  }
  const recordings = symbols.map((symbol) => recordingOf(symbol, files, date, options.daily, calendar));
  for (const recording of recordings) refuseMixedAdjustment(recording, session);
  return createReplay({ recordings, calendar, from: session.open - BEFORE_OPEN, to: session.close + AFTER_CLOSE });
}

function listFiles(folder: string): readonly DayFile[] {
  if (!existsSync(folder)) throw new RecordedFileError(`${folder}: there is no such folder`);
  return readdirSync(folder).flatMap((name): DayFile[] => {
    const match = /^([A-Z.]{1,8})_(\d{4})(\d{2})(\d{2})_(trade|quote)\.csv$/.exec(name);
    if (match === null) return [];
    const [, symbol = "", year, month, day, kind] = match;
    const isQuote = kind === "quote";
    return [{ symbol, date: `${year}-${month}-${day}`, kind: isQuote ? "quote" : "trade", path: join(folder, name) }];
  });
}

function recordingOf(
  symbol: string,
  files: readonly DayFile[],
  date: string,
  dailyFolder: string | undefined,
  calendar: Calendar,
): Recording {
  const mine = files.filter((file) => file.symbol === symbol && file.date <= date);
  const days = mine.sort((a, b) => (a.date < b.date ? -1 : 1));
  const bars: Bar[] = [];
  const quoteBars: QuoteBar[] = [];
  for (const file of days) {
    const text = readFileSync(file.path, "utf8");
    if (file.kind === "trade") bars.push(...parseBars(file.path, text, () => undefined));
    else if (file.date === date) quoteBars.push(...parseQuoteBars(file.path, text));
  }
  const known = WATCHLIST.find((profile) => profile.symbol === symbol);
  return {
    instrument: stock(symbol, known?.name ?? symbol, known?.exchange ?? "ARCA", known?.sector),
    bars,
    quoteBars,
    dailyBars: dailyFolder === undefined ? [] : readDaily(symbol, dailyFolder, calendar),
  };
}

function readDaily(symbol: string, folder: string, calendar: Calendar): readonly Bar[] {
  const path = join(folder, `${symbol}.csv`);
  if (!existsSync(path)) throw new RecordedFileError(`${path}: there is no such file of daily bars`);
  const opens = (days: number): Micros | undefined => calendar.sessionOn(dateText(days))?.open;
  return parseBars(path, readFileSync(path, "utf8"), opens);
}

/** Raw prices in both, or adjusted prices in both: a mixture would size orders on prices that never were. */
function refuseMixedAdjustment({ instrument, bars, dailyBars }: Recording, session: Session): void {
  const day = dailyBars.find((bar) => bar.start === session.open);
  const last = bars.filter((bar) => bar.start >= session.open && bar.start < session.close).at(-1);
  if (day === undefined || last === undefined) return;
  const difference = Math.abs(day.close / last.close - 1);
  if (difference <= LARGEST_DIFFERENCE) return;
  throw new RecordedFileError(
    `${instrument.symbol}: the daily close ${day.close} and the replayed close ${last.close} of ${session.date} differ by more than ${LARGEST_DIFFERENCE * 100} %: one of the two is adjusted`,
  );
}
