import type { Instrument } from "#shared/model/instrument.ts";

/** How the generator plays one symbol. */
export type SymbolProfile = {
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly sector: string;
  /** Price at the start of the generated history. */
  readonly price: number;
  /** Standard deviation of daily returns. */
  readonly dailyVolatility: number;
  readonly beta: number;
  /** Mean shares a day. */
  readonly dailyVolume: number;
  readonly spreadBps: number;
};

const row = (
  symbol: string,
  name: string,
  exchange: string,
  sector: string,
  numbers: readonly [price: number, volatility: number, beta: number, volume: number, spreadBps: number],
): SymbolProfile => {
  const [price, dailyVolatility, beta, dailyVolume, spreadBps] = numbers;
  return { symbol, name, exchange, sector, price, dailyVolatility, beta, dailyVolume, spreadBps };
};

/** The plan's watchlist. Prices and volumes are of plausible size and invented. */
export const WATCHLIST: readonly SymbolProfile[] = [
  row("AAPL", "Apple", "NASDAQ", "technology", [187, 0.014, 1.1, 55e6, 1]),
  row("NVDA", "NVIDIA", "NASDAQ", "semiconductors", [132, 0.028, 1.7, 210e6, 1]),
  row("TSLA", "Tesla", "NASDAQ", "automobiles", [248, 0.032, 1.8, 95e6, 1]),
  row("IXHL", "Incannex Healthcare", "NASDAQ", "health", [0.42, 0.07, 0.9, 3e6, 90]),
  row("NUAI", "New Era Energy & Digital", "NASDAQ", "energy", [1.9, 0.06, 1.2, 2.4e6, 55]),
  row("BZAI", "Blaize Holdings", "NASDAQ", "semiconductors", [3.4, 0.055, 1.5, 4e6, 30]),
  row("ELTP", "Elite Pharmaceuticals", "PINK", "health", [0.062, 0.05, 0.5, 1.2e6, 320]),
  row("OPEN", "Opendoor", "NASDAQ", "real estate", [6.1, 0.05, 1.6, 60e6, 9]),
  row("CEG", "Constellation Energy", "NASDAQ", "utilities", [312, 0.022, 0.9, 3.2e6, 3]),
  row("VRT", "Vertiv", "NYSE", "industrials", [148, 0.03, 1.5, 7.5e6, 2]),
  row("PLTR", "Palantir", "NASDAQ", "technology", [172, 0.034, 1.6, 70e6, 1]),
  row("UPST", "Upstart", "NASDAQ", "financials", [63, 0.045, 1.9, 6e6, 5]),
  row("TEM", "Tempus AI", "NASDAQ", "health", [76, 0.04, 1.4, 9e6, 5]),
  row("HTFL", "Heartflow", "NASDAQ", "health", [31, 0.035, 1.0, 1.4e6, 12]),
  row("SDGR", "Schrodinger", "NASDAQ", "health", [20.5, 0.035, 1.2, 1.6e6, 8]),
  row("APLD", "Applied Digital", "NASDAQ", "technology", [24, 0.055, 1.9, 32e6, 4]),
  row("SOFI", "SoFi", "NASDAQ", "financials", [26.5, 0.033, 1.6, 62e6, 3]),
  row("CORZ", "Core Scientific", "NASDAQ", "technology", [16.2, 0.05, 1.8, 24e6, 6]),
  row("WULF", "TeraWulf", "NASDAQ", "technology", [11.4, 0.055, 1.9, 38e6, 8]),
];

/** United States stocks: a hundredth of a cent under one dollar, a cent from there on (Regulation NMS, rule 612). */
export const US_STOCK_BANDS = [
  { lowEdge: 0, increment: 0.0001 },
  { lowEdge: 1, increment: 0.01 },
] as const;

export function stock(symbol: string, longName: string, primaryExchange: string, sector?: string): Instrument {
  return {
    symbol,
    longName,
    currency: "USD",
    primaryExchange,
    calendar: "XNYS",
    priceBands: [...US_STOCK_BANDS],
    lotSize: 1,
    multiplier: 1,
    ...(sector === undefined ? {} : { sector }),
  };
}
