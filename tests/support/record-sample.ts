import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCalendar } from "#core/market/calendar.ts";
import { newYorkOffset } from "#core/market/new-york.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { DAY, dateText, isoText, MINUTE, type Micros } from "#shared/lib/time.ts";
import type { Bar, Quote } from "#shared/model/market.ts";

/** The session under `assets/sample-session`: what the seeded generator plays, written as recorded files. */
export const SAMPLE = { date: "2026-11-23", seed: 7, symbols: ["AAPL", "NVDA", "SOFI"], dailyDays: 60 } as const;

type QuoteRow = { start: Micros; bid: number[]; ask: number[]; bidSize: number; askSize: number };

/** New York local time to the second. */
const stamp = (time: Micros): string => isoText(time + newYorkOffset(time)).slice(0, 19);

const barRow = (label: string, { open, high, low, close, volume }: Bar): string =>
  [label, open, high, low, close, volume].join(",");

/** A quote row is of the quotes that stood when something was traded, so that no print is replayed beside its quote. */
function collect(rows: QuoteRow[], quote: Quote, time: Micros): void {
  const { bid, ask, bidSize = 0, askSize = 0 } = quote;
  if (bid === undefined || ask === undefined) return;
  const start = time - (time % MINUTE);
  const last = rows.at(-1);
  if (last?.start !== start) {
    rows.push({ start, bid: [bid, bid, bid, bid], ask: [ask, ask, ask, ask], bidSize, askSize });
    return;
  }
  const grow = ([open = 0, high = 0, low = 0]: number[], price: number): number[] => [
    open,
    Math.max(high, price),
    Math.min(low, price),
    price,
  ];
  last.bid = grow(last.bid, bid);
  last.ask = grow(last.ask, ask);
  last.bidSize = bidSize;
  last.askSize = askSize;
}

/** Every file of the sample by its name; the same seed gives the same files. */
export function sampleFiles(): ReadonlyMap<string, string> {
  const calendar = present(createCalendar("XNYS"), "New York has a calendar");
  const session = present(calendar.sessionOn(SAMPLE.date), "the sample's day is a session");
  const before = present(calendar.previousSession(session.open), "there is a session before it");
  const profiles = WATCHLIST.filter(({ symbol }) => SAMPLE.symbols.some((one) => one === symbol));
  const { seed, dailyDays } = SAMPLE;
  const source = createMarketGenerator({ seed, calendar, profiles, start: session.open, dailyDays, minuteDays: 2 });
  const bars = new Map<string, Bar[]>(SAMPLE.symbols.map((symbol) => [symbol, []]));
  const quotes = new Map<string, QuoteRow[]>(SAMPLE.symbols.map((symbol) => [symbol, []]));
  const standing = new Map<string, Quote>();
  const daily = new Map(SAMPLE.symbols.map((symbol) => [symbol, source.history(symbol, "1d", 0, session.open)]));
  const minutes = new Map(
    SAMPLE.symbols.map((symbol) => [symbol, source.history(symbol, "1m", before.open, session.open)]),
  );
  for (let at = source.peek(); at !== undefined && at <= session.close; at = source.peek()) {
    const instant = source.next();
    for (const { symbol, bar } of instant?.bars ?? []) bars.get(symbol)?.push(bar);
    for (const quote of instant?.quotes ?? []) standing.set(quote.symbol, quote);
    for (const { symbol, time } of instant?.trades ?? []) {
      const quote = present(standing.get(symbol), "a quote stands when something is traded");
      collect(present(quotes.get(symbol), "a symbol of the sample"), quote, time);
    }
  }
  const files = new Map<string, string>();
  const write = (name: string, lines: readonly string[]): void => {
    files.set(name, `${lines.join("\n")}\n`);
  };
  const compact = (date: string): string => date.replaceAll("-", "");
  for (const symbol of SAMPLE.symbols) {
    const tradeFile = (date: string, rows: readonly Bar[]): void =>
      write(`minute/${symbol}_${compact(date)}_trade.csv`, [
        "time_ny,open,high,low,close,volume",
        ...rows.map((bar) => barRow(stamp(bar.start), bar)),
      ]);
    tradeFile(before.date, minutes.get(symbol) ?? []);
    tradeFile(SAMPLE.date, bars.get(symbol) ?? []);
    write(`minute/${symbol}_${compact(SAMPLE.date)}_quote.csv`, [
      "time_ny,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size",
      ...(quotes.get(symbol) ?? []).map((row) =>
        [stamp(row.start), ...row.bid, row.bidSize, ...row.ask, row.askSize].join(","),
      ),
    ]);
    write(`daily/${symbol}.csv`, [
      "date,open,high,low,close,volume",
      ...(daily.get(symbol) ?? []).map((bar) => barRow(dateText(Math.floor(bar.start / DAY)), bar)),
    ]);
  }
  return files;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const folder = join("assets", "sample-session");
  rmSync(folder, { recursive: true, force: true });
  for (const [name, text] of sampleFiles()) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
