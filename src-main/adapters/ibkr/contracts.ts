import { type Contract, type ContractDetails, SecType } from "@stoqey/ib";
import type { PriceBand } from "#shared/lib/ticks.ts";
import type { Instrument } from "#shared/model/instrument.ts";

/**
 * The broker writes a class of shares behind a space: `BRK B` is `BRK.B`. Undefined for what is no stock: an option on
 * AAPL bears its symbol too, and is not shares of it.
 */
export function symbolOf(contract: Contract): string | undefined {
  if (contract.secType !== undefined && contract.secType !== SecType.STK) return undefined;
  return contract.symbol?.replace(" ", ".");
}

/** How a symbol is asked for before the broker has told its number. The word `Contract` stops in this folder. */
export function contractOf(symbol: string, conId?: number): Contract {
  const stock: Contract = {
    symbol: symbol.replace(".", " "),
    secType: SecType.STK,
    exchange: "SMART",
    currency: "USD",
  };
  return conId === undefined ? stock : { ...stock, conId };
}

/** Exchanges whose sessions our calendar knows. */
const CALENDARS: Readonly<Record<string, string>> = {
  NYSE: "XNYS",
  NASDAQ: "XNYS",
  ARCA: "XNYS",
  AMEX: "XNYS",
  BATS: "XNYS",
  PINK: "XNYS",
};

/** The market rule of the exchange that orders are routed to: same place in both lists. */
export function marketRuleOf(details: ContractDetails): number | undefined {
  const exchanges = (details.validExchanges ?? "").split(",");
  const rules = (details.marketRuleIds ?? "").split(",");
  const place = Math.max(0, exchanges.indexOf("SMART"));
  const rule = Number(rules[place]);
  return Number.isInteger(rule) && rule > 0 ? rule : undefined;
}

/** Undefined when the broker's description lacks what trading needs. */
export function instrumentOf(details: ContractDetails, bands: readonly PriceBand[]): Instrument | undefined {
  const { contract } = details;
  const symbol = symbolOf(contract);
  const primaryExchange = contract.primaryExch ?? "";
  if (symbol === undefined || bands.length === 0) return undefined;
  const sector = details.category;
  return {
    symbol,
    longName: details.longName ?? symbol,
    currency: contract.currency ?? "USD",
    primaryExchange,
    calendar: CALENDARS[primaryExchange] ?? "",
    priceBands: [...bands],
    lotSize: Math.max(1, Math.round(Number(details.sizeIncrement ?? 1)) || 1),
    multiplier: Math.max(1, Number(contract.multiplier ?? 1) || 1),
    ...(sector === undefined || sector === "" ? {} : { sector }),
  };
}
