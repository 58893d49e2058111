import { BarSizeSetting, type ContractDetails, EventName, type IBApi, type WhatToShow } from "@stoqey/ib";
import type { EngineEvent } from "#core/engine/event.ts";
import type { PriceBand } from "#shared/lib/ticks.ts";
import { DAY, MINUTE, type Micros, parseDate, SECOND } from "#shared/lib/time.ts";
import type { Bar, DataQuality, Quote } from "#shared/model/market.ts";
import { contractOf, instrumentOf, marketRuleOf, symbolOf } from "./contracts.ts";
import { classOf, keepsStream } from "./error-codes.ts";
import type { Lane } from "./pacing.ts";
import type { SafeListen } from "./session.ts";

/** Market-data lines that we use of the hundred that a workstation shares with us. */
const LINE_CAP = 90;
const HISTORY_IN_FLIGHT = 5;
/** A history server that has not answered by then is not waited for; wall time, for it is the server's work. */
const HISTORY_MS = 60_000;
const TRADES = "TRADES" as WhatToShow;
/** 14:30 UTC lies in every regular session of New York: a daily bar is stamped inside its day. */
const INSIDE_A_DAY = 14.5 * 3_600 * SECOND;
/** Live and delayed numbers of the same tick. */
const TICK = {
  bid: [1, 66],
  ask: [2, 67],
  last: [4, 68],
  bidSize: [0, 69],
  askSize: [3, 70],
  lastSize: [5, 71],
} as const;

/** An event that gets its time when it is handed over: in lock-step that is the step's. */
export type Pending = (time: Micros) => EngineEvent | undefined;

type Parts = {
  readonly market: () => IBApi | undefined;
  readonly history: () => IBApi | undefined;
  readonly send: (lane: Lane, work: () => void) => void;
  readonly nextRequestId: () => number;
  readonly minuteDays: number;
  readonly emitMarket: (event: Pending) => void;
  readonly emitHistory: (event: Pending) => void;
  /** Events were emitted outside of a read. */
  readonly onGivenUp: () => void;
};

type Level1 = {
  bid?: number;
  ask?: number;
  last?: number;
  bidSize: number;
  askSize: number;
  quality: DataQuality;
  isDirty: boolean;
  hasNewPrint: boolean;
};
type HistoryRequest = {
  readonly symbol: string;
  readonly kind: "1m" | "1d";
  bars: Bar[];
  isDone: boolean;
  deadline?: NodeJS.Timeout;
};

/**
 * Desired market data and what is really subscribed: level 1, one-minute bars kept up to date, daily history. Every
 * (re)subscription has a new request id; what arrives for a retired id is dropped.
 */
export class MarketData {
  private readonly parts: Parts;
  private symbols: readonly string[] = [];
  private readonly details = new Map<string, ContractDetails>();
  private readonly rules = new Map<number, readonly PriceBand[]>();
  private readonly rulesAsked = new Set<number>();
  private readonly detailRequests = new Map<number, string>();
  private readonly lines = new Map<number, string>();
  private readonly histories = new Map<number, HistoryRequest>();
  private readonly level1 = new Map<string, Level1>();
  private readonly newestBar = new Map<string, Micros>();
  private readonly forming = new Map<string, Bar>();
  private readonly queue: (() => void)[] = [];
  private inFlight = 0;
  /** Request ids that are given up here and may still live at the gateway. */
  private readonly staleLines: number[] = [];
  private readonly staleHistories: number[] = [];
  /** Subscriptions made so far, for the monitor and the tests: each symbol once a generation. */
  subscriptions = 0;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  watch(symbols: readonly string[]): void {
    this.symbols = symbols;
  }

  get lineCount(): number {
    return this.lines.size;
  }

  /** A new generation is up: everything desired is asked for again, once. */
  restore(): void {
    this.reset();
    for (const id of this.staleLines.splice(0)) this.parts.send(4, () => this.parts.market()?.cancelMktData(id));
    for (const id of this.staleHistories.splice(0)) {
      this.parts.send(5, () => this.parts.history()?.cancelHistoricalData(id));
    }
    this.parts.send(4, () => this.parts.market()?.reqMarketDataType(1));
    for (const symbol of this.symbols) {
      if (this.details.has(symbol)) this.load(symbol);
      else this.describe(symbol);
    }
  }

  /** Bars that are kept up to date die with the broker's own link, even where it says that data were kept. */
  restoreBars(): void {
    const kept = [...this.histories].filter(([, { kind }]) => kind === "1m");
    for (const [id, request] of kept) {
      this.histories.delete(id);
      clearTimeout(request.deadline);
      if (!request.isDone) this.inFlight -= 1;
      this.parts.send(5, () => this.parts.history()?.cancelHistoricalData(id));
      this.requestBars(request.symbol, "1m");
    }
  }

  /** A connection is gone, or all is asked anew: what lives on at the gateway is cancelled before it is asked for again. */
  reset(lost?: "orders" | "market" | "history"): void {
    if (lost === "market") this.staleLines.length = 0;
    else this.staleLines.push(...this.lines.keys());
    if (lost === "history") this.staleHistories.length = 0;
    else for (const [id, { kind }] of this.histories) if (kind === "1m") this.staleHistories.push(id);
    this.detailRequests.clear();
    this.rulesAsked.clear();
    this.lines.clear();
    for (const { deadline } of this.histories.values()) clearTimeout(deadline);
    this.histories.clear();
    this.level1.clear();
    this.queue.length = 0;
    this.inFlight = 0;
  }

  listenToMarket(listen: SafeListen): void {
    listen(EventName.tickPrice, (id: number, field: number, value: number) => this.onPrice(id, field, value));
    listen(EventName.tickSize, (id: number, field: number, value: number) => this.onSize(id, field, value));
    listen(EventName.marketDataType, (id: number, type: number) => {
      const line = this.lineOf(id);
      if (line !== undefined) line.level.quality = type === 1 ? "live" : type === 3 ? "delayed" : "frozen";
    });
  }

  listenToHistory(listen: SafeListen): void {
    listen(EventName.contractDetails, (id: number, details: ContractDetails) => {
      const symbol = this.detailRequests.get(id);
      if (symbol === undefined || symbolOf(details.contract) !== symbol) return;
      this.details.set(symbol, details);
      this.load(symbol);
    });
    listen(EventName.marketRule, (rule: number, bands: { lowEdge?: number; increment?: number }[]) => {
      this.rules.set(
        rule,
        bands.flatMap(({ lowEdge, increment }) =>
          increment !== undefined && increment > 0 ? [{ lowEdge: lowEdge ?? 0, increment }] : [],
        ),
      );
      for (const symbol of this.symbols) this.publishInstrument(symbol, rule);
    });
    listen(EventName.historicalData, (...row: HistoryRow) => this.onHistory(row));
    listen(EventName.historicalDataUpdate, (...row: UpdateRow) => this.onUpdate(row));
  }

  /** Returns true when the error belonged to a request of ours. */
  onError(id: number, code: number, text: string): boolean {
    const history = this.histories.get(id);
    if (history !== undefined) return this.onHistoryError(id, history, code, text);
    const described = this.detailRequests.get(id);
    const symbol = described ?? this.lines.get(id);
    if (symbol === undefined) return false;
    const kind = classOf(code, text);
    if (keepsStream(code) || kind === "benign" || kind === "orderNote") return true;
    // A code that nobody has listed is told, and ends nothing: if the line is dead, its age says so.
    if (described === undefined && kind !== "unknown") this.lines.delete(id);
    this.parts.emitMarket((time) => ({ kind: "dataRefused", time, symbol, code, detail: text }));
    return true;
  }

  /** Quotes that changed since the last hand-over, one event each however many ticks made it. */
  flushQuotes(): void {
    for (const [symbol, level] of this.level1) {
      if (!level.isDirty) continue;
      level.isDirty = false;
      const { bid, ask, bidSize, askSize, quality } = level;
      this.parts.emitMarket((time) => {
        const quote: Quote = {
          symbol,
          time,
          bidSize,
          askSize,
          quality,
          ...(bid === undefined ? {} : { bid }),
          ...(ask === undefined ? {} : { ask }),
        };
        return { kind: "quote", time, quote };
      });
    }
  }

  private describe(symbol: string): void {
    const id = this.parts.nextRequestId();
    this.detailRequests.set(id, symbol);
    this.parts.send(5, () => this.parts.history()?.reqContractDetails(id, contractOf(symbol)));
  }

  private load(symbol: string): void {
    const details = this.details.get(symbol);
    const rule = details === undefined ? undefined : marketRuleOf(details);
    if (rule !== undefined && !this.rules.has(rule) && !this.rulesAsked.has(rule)) {
      this.rulesAsked.add(rule);
      this.parts.send(5, () => this.parts.history()?.reqMarketRule(rule));
    }
    if (rule !== undefined) this.publishInstrument(symbol, rule);
    this.subscribe(symbol);
    this.requestBars(symbol, "1d");
    this.requestBars(symbol, "1m");
  }

  private publishInstrument(symbol: string, rule: number): void {
    const details = this.details.get(symbol);
    const bands = this.rules.get(rule);
    if (details === undefined || bands === undefined || marketRuleOf(details) !== rule) return;
    const instrument = instrumentOf(details, bands);
    if (instrument !== undefined) this.parts.emitHistory((time) => ({ kind: "instrument", time, instrument }));
  }

  private subscribe(symbol: string): void {
    if (this.lines.size >= LINE_CAP) {
      const detail = `all ${LINE_CAP} market-data lines are in use by symbols before it`;
      this.parts.emitMarket((time) => ({ kind: "dataRefused", time, symbol, code: 101, detail }));
      return;
    }
    const id = this.parts.nextRequestId();
    this.lines.set(id, symbol);
    this.level1.set(symbol, { bidSize: 0, askSize: 0, quality: "live", isDirty: false, hasNewPrint: false });
    this.subscriptions += 1;
    const conId = this.details.get(symbol)?.contract.conId;
    this.parts.send(4, () => this.parts.market()?.reqMktData(id, contractOf(symbol, conId), "", false, false));
  }

  private requestBars(symbol: string, kind: "1m" | "1d"): void {
    this.queue.push(() => {
      const id = this.parts.nextRequestId();
      const request: HistoryRequest = { symbol, kind, bars: [], isDone: false };
      request.deadline = setTimeout(() => this.giveUp(id, request), HISTORY_MS);
      this.histories.set(id, request);
      const contract = contractOf(symbol, this.details.get(symbol)?.contract.conId);
      const isDaily = kind === "1d";
      const duration = isDaily ? "1 Y" : `${this.parts.minuteDays} D`;
      const size = isDaily ? BarSizeSetting.DAYS_ONE : BarSizeSetting.MINUTES_ONE;
      this.parts.send(5, () =>
        this.parts.history()?.reqHistoricalData(id, contract, "", duration, size, TRADES, 1, 2, !isDaily),
      );
    });
    this.pumpHistory();
  }

  /** Five that are never answered would keep every other symbol waiting for ever. */
  private giveUp(id: number, request: HistoryRequest): void {
    this.parts.send(5, () => this.parts.history()?.cancelHistoricalData(id));
    this.onHistoryError(id, request, 0, `no answer to the history request in ${HISTORY_MS / 1_000} s`);
    this.parts.onGivenUp();
  }

  /** At most five answers outstanding: the soft limit of the broker's history servers. */
  private pumpHistory(): void {
    while (this.inFlight < HISTORY_IN_FLIGHT) {
      const next = this.queue.shift();
      if (next === undefined) return;
      this.inFlight += 1;
      next();
    }
  }

  private endHistory(request: HistoryRequest): void {
    if (request.isDone) return;
    request.isDone = true;
    clearTimeout(request.deadline);
    this.inFlight -= 1;
    const { symbol, kind, bars } = request;
    for (const bar of bars) this.emitHistoryBar(symbol, kind, bar);
    const count = bars.length;
    request.bars = [];
    this.parts.emitHistory((time) => ({ kind: "historyEnd", time, symbol, timeframe: kind, bars: count }));
    this.pumpHistory();
  }

  private emitHistoryBar(symbol: string, timeframe: "1m" | "1d", bar: Bar): void {
    if (timeframe === "1d") {
      this.parts.emitHistory((time) => ({ kind: "bar", time, symbol, timeframe, bar, origin: "history" }));
      return;
    }
    this.parts.emitHistory((time) => {
      // The minute that is still growing is part of the answer: it is complete only once it has ended.
      if (bar.start <= (this.newestBar.get(symbol) ?? 0) || bar.start + MINUTE > time) return undefined;
      this.newestBar.set(symbol, bar.start);
      return { kind: "bar", time, symbol, timeframe, bar, origin: "history" };
    });
  }

  private onHistory([id, date, open, high, low, close, volume]: HistoryRow): void {
    const request = this.histories.get(id);
    if (request === undefined) return;
    if (String(date).startsWith("finished")) return this.endHistory(request);
    const start = barStart(String(date), request.kind);
    if (start !== undefined) request.bars.push({ start, open, high, low, close, volume: Math.max(0, volume) });
  }

  private onUpdate([id, date, open, high, low, close, volume]: UpdateRow): void {
    const request = this.histories.get(id);
    const start = barStart(String(date), "1m");
    if (request === undefined || start === undefined) return;
    const { symbol } = request;
    const bar: Bar = { start, open, high, low, close, volume: Math.max(0, volume) };
    this.parts.emitHistory((time) => this.completeBefore(symbol, bar, time));
    this.parts.emitHistory((time) => {
      if (start <= (this.newestBar.get(symbol) ?? 0)) return undefined;
      if (time < start + MINUTE) {
        this.forming.set(symbol, bar);
        return { kind: "formingBar", time, symbol, bar };
      }
      this.forming.delete(symbol);
      this.newestBar.set(symbol, start);
      return { kind: "bar", time, symbol, timeframe: "1m", bar, origin: "live" };
    });
  }

  /** A bar that starts ends the one before it, should its last update have been missed or come early. */
  private completeBefore(symbol: string, next: Bar, time: Micros): EngineEvent | undefined {
    const before = this.forming.get(symbol);
    if (before === undefined || before.start >= next.start || before.start <= (this.newestBar.get(symbol) ?? 0)) {
      return undefined;
    }
    this.forming.delete(symbol);
    this.newestBar.set(symbol, before.start);
    return { kind: "bar", time, symbol, timeframe: "1m", bar: before, origin: "live" };
  }

  private onHistoryError(id: number, request: HistoryRequest, code: number, text: string): boolean {
    if (!request.isDone) this.endHistory(request);
    this.histories.delete(id);
    // No data is an answer, not a fault; a pacing violation or a refusal is said.
    if (/no data|cancelled/i.test(text)) return true;
    const { symbol } = request;
    this.parts.emitHistory((time) => ({ kind: "dataRefused", time, symbol, code, detail: text }));
    return true;
  }

  private lineOf(id: number): { readonly symbol: string; readonly level: Level1 } | undefined {
    const symbol = this.lines.get(id);
    const level = symbol === undefined ? undefined : this.level1.get(symbol);
    return symbol === undefined || level === undefined ? undefined : { symbol, level };
  }

  private onPrice(id: number, field: number, value: number): void {
    const line = this.lineOf(id);
    if (line === undefined) return;
    const { level } = line;
    // -1 means that nobody quotes; it is never a price.
    const price = value > 0 && Number.isFinite(value) ? value : undefined;
    if (includes(TICK.bid, field)) this.setSide(level, "bid", price);
    else if (includes(TICK.ask, field)) this.setSide(level, "ask", price);
    else if (includes(TICK.last, field) && price !== undefined) {
      level.last = price;
      level.hasNewPrint = true;
    }
  }

  private setSide(level: Level1, side: "bid" | "ask", price: number | undefined): void {
    if (price === undefined) delete level[side];
    else level[side] = price;
    level.isDirty = true;
  }

  /**
   * A print is a last price with the size that follows it; the size alone, which the server repeats, is none. Quotes that
   * changed before the print are handed over before it.
   */
  private onSize(id: number, field: number, size: number): void {
    const line = this.lineOf(id);
    if (line === undefined) return;
    const { symbol, level } = line;
    if (includes(TICK.bidSize, field)) level.bidSize = Math.max(0, size ?? 0);
    else if (includes(TICK.askSize, field)) level.askSize = Math.max(0, size ?? 0);
    else if (!includes(TICK.lastSize, field) || !level.hasNewPrint || level.last === undefined) return;
    else {
      level.hasNewPrint = false;
      const price = level.last;
      this.flushQuotes();
      this.parts.emitMarket((time) => ({
        kind: "trade",
        time,
        trade: { symbol, time, price, size: Math.max(0, size ?? 0) },
      }));
      return;
    }
    level.isDirty = true;
  }
}

type HistoryRow = [id: number, date: string, open: number, high: number, low: number, close: number, volume: number];
type UpdateRow = [id: number, date: string, open: number, high: number, low: number, close: number, volume: number];

function includes(pair: readonly [number, number], field: number): boolean {
  return pair[0] === field || pair[1] === field;
}

/** Epoch seconds for minutes, `yyyymmdd` for days; undefined for anything else. */
function barStart(text: string, kind: "1m" | "1d"): Micros | undefined {
  if (kind === "1m") return /^\d{9,11}$/.test(text) ? Number(text) * SECOND : undefined;
  const days = parseDate(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`);
  return days === undefined ? undefined : days * DAY + INSIDE_A_DAY;
}
