import type { Calendar } from "#core/market/calendar.ts";
import { weekday } from "#core/market/new-york.ts";
import { present } from "#shared/lib/assert.ts";
import type { PriceBand } from "#shared/lib/ticks.ts";
import { DAY, HOUR, type Micros, parseDate } from "#shared/lib/time.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { ContractDetails } from "../codec/reference-messages.ts";
import type { WireContract } from "../codec/wire-contract.ts";
import { easternDate, easternMinute, ZONE } from "./wire-time.ts";

const FIRST_CON_ID = 100_001;
const FIRST_RULE = 26;
const SMART = "SMART";
const SAMPLES = 16;
const DAYS_OF_HOURS = 7;
/** Before and after the regular session, in which limit orders may ask to work. */
const EARLY = 5.5 * HOUR;
const LATE = 4 * HOUR;

/** One instrument as the wire names it. Contract ids ascend in the order of the market source. */
export type Listing = { readonly instrument: Instrument; readonly contract: WireContract; readonly ruleId: number };

/** The contracts that the simulated broker knows. */
export class ContractBook {
  readonly listings: readonly Listing[];
  private readonly bySymbol: ReadonlyMap<string, Listing>;
  private readonly byConId: ReadonlyMap<number, Listing>;
  private readonly rules = new Map<number, readonly PriceBand[]>();

  constructor(instruments: readonly Instrument[]) {
    this.listings = instruments.map((instrument, index) => ({
      instrument,
      contract: contractOf(instrument, FIRST_CON_ID + index),
      ruleId: this.ruleOf(instrument.priceBands),
    }));
    this.bySymbol = new Map(this.listings.map((listing) => [listing.instrument.symbol, listing]));
    this.byConId = new Map(this.listings.map((listing) => [listing.contract.conId, listing]));
  }

  of(symbol: string): Listing {
    return present(this.bySymbol.get(symbol), `${symbol} is listed`);
  }

  rule(ruleId: number): readonly PriceBand[] | undefined {
    return this.rules.get(ruleId);
  }

  byId(conId: number): Listing | undefined {
    return this.byConId.get(conId);
  }

  /** The one listing that fits a request's contract; a conId alone is enough. */
  find(wanted: WireContract): Listing | undefined {
    const symbol = instrumentSymbol(wanted.symbol === "" ? wanted.localSymbol : wanted.symbol);
    const listing = wanted.conId > 0 ? this.byConId.get(wanted.conId) : this.bySymbol.get(symbol);
    if (listing === undefined || (symbol !== "" && listing.instrument.symbol !== symbol)) return undefined;
    const { contract } = listing;
    const exchanges = ["", SMART, contract.primaryExchange];
    const isFitting =
      ["", contract.secType].includes(wanted.secType) &&
      ["", contract.currency].includes(wanted.currency) &&
      exchanges.includes(wanted.exchange) &&
      exchanges.includes(wanted.primaryExchange);
    return isFitting ? listing : undefined;
  }

  /** Listings whose symbol begins with the pattern, then those whose name contains it. */
  matching(pattern: string): readonly Listing[] {
    const wanted = pattern.trim().toUpperCase();
    if (wanted === "") return [];
    const starting = this.listings.filter(({ instrument }) => instrument.symbol.startsWith(wanted));
    const named = this.listings.filter(
      (listing) => !starting.includes(listing) && listing.instrument.longName.toUpperCase().includes(wanted),
    );
    return [...starting, ...named].slice(0, SAMPLES);
  }

  details(listing: Listing, calendar: Calendar, now: Micros): ContractDetails {
    const { instrument, contract, ruleId } = listing;
    const increments = instrument.priceBands.map(({ increment }) => increment);
    return {
      contract,
      minTick: Math.min(...increments),
      orderTypes: "IOC,LMT,MKT,STP,STPLMT,WHATIF",
      validExchanges: `${SMART},${contract.primaryExchange}`,
      marketRuleIds: `${ruleId},${ruleId}`,
      longName: instrument.longName,
      industry: instrument.sector ?? "",
      category: instrument.sector ?? "",
      timeZone: ZONE,
      tradingHours: hours(calendar, now, EARLY, LATE),
      liquidHours: hours(calendar, now, 0, 0),
      secIds: [],
      stockType: "COMMON",
      sizeIncrement: instrument.lotSize,
    };
  }

  /** The rule that holds these price bands; instruments with the same bands share one. */
  private ruleOf(bands: readonly PriceBand[]): number {
    const text = JSON.stringify(bands);
    for (const [id, known] of this.rules) if (JSON.stringify(known) === text) return id;
    const id = FIRST_RULE + this.rules.size;
    this.rules.set(id, bands);
    return id;
  }
}

/** A class of shares stands behind a space on the wire, behind a dot in the model. */
function wireSymbol(symbol: string): string {
  return symbol.replace(".", " ");
}

function instrumentSymbol(symbol: string): string {
  return symbol.replace(" ", ".");
}

function contractOf(instrument: Instrument, conId: number): WireContract {
  const symbol = wireSymbol(instrument.symbol);
  return {
    conId,
    symbol,
    secType: "STK",
    lastTradeDateOrMonth: "",
    strike: 0,
    right: "",
    multiplier: "",
    exchange: SMART,
    primaryExchange: instrument.primaryExchange,
    currency: instrument.currency,
    localSymbol: symbol,
    tradingClass: instrument.primaryExchange === "NASDAQ" ? "NMS" : symbol,
  };
}

/** The coming week as `yyyymmdd:HHMM-yyyymmdd:HHMM` or `yyyymmdd:CLOSED`, separated by semicolons. */
function hours(calendar: Calendar, now: Micros, before: Micros, after: Micros): string {
  const today = parseDate(easternDate(now).replace(/(....)(..)(..)/, "$1-$2-$3")) ?? Math.floor(now / DAY);
  const parts: string[] = [];
  for (let day = today; day < today + DAYS_OF_HOURS; day += 1) {
    const date = easternDate(day * DAY + DAY / 2);
    const session = calendar.sessionOn(date.replace(/(....)(..)(..)/, "$1-$2-$3"));
    if (session === undefined) {
      if (weekday(day) !== 0) parts.push(`${date}:CLOSED`);
      continue;
    }
    parts.push(`${easternMinute(session.open - before)}-${easternMinute(session.close + after)}`);
  }
  return parts.join(";");
}
