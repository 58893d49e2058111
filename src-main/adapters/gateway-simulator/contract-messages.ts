import type { Instrument } from "#shared/model/instrument.ts";
import type { Field } from "./wire.ts";

/** The market rule of stocks in this simulator: its id, and the bands it stands for. */
export const STOCK_RULE = 26;

/** conId of a symbol: its place in the simulator's list, far from any real one. */
export type ContractBook = {
  readonly instruments: readonly Instrument[];
  conIdOf(symbol: string): number;
  find(query: { readonly conId: number; readonly symbol: string }): Instrument | undefined;
};

const FIRST_CON_ID = 900_000_001;

export function createContractBook(instruments: readonly Instrument[]): ContractBook {
  const ids = new Map(instruments.map((instrument, index) => [instrument.symbol, FIRST_CON_ID + index]));
  return {
    instruments,
    conIdOf: (symbol) => ids.get(symbol) ?? 0,
    find({ conId, symbol }) {
      if (conId > 0) return instruments[conId - FIRST_CON_ID];
      return instruments.find((instrument) => instrument.symbol === symbol);
    },
  };
}

/** conId symbol secType expiry strike right multiplier exchange currency localSymbol tradingClass */
export function contractFields(instrument: Instrument, conId: number): readonly Field[] {
  const { symbol, currency } = instrument;
  return [conId, symbol, "STK", "", 0, "", "", "SMART", currency, symbol, symbol];
}

export function contractDetails(input: {
  readonly request: number;
  readonly instrument: Instrument;
  readonly conId: number;
  readonly version: number;
  readonly hours: string;
}): readonly Field[] {
  const { request, instrument, conId, version, hours } = input;
  const { symbol, currency, primaryExchange, longName, sector } = instrument;
  const smallest = Math.min(...instrument.priceBands.map((band) => band.increment));
  return [
    10,
    request,
    symbol,
    "STK",
    "",
    ...(version >= 182 ? [""] : []),
    0,
    "",
    "SMART",
    currency,
    symbol,
    symbol,
    symbol,
    conId,
    smallest,
    "",
    "LMT,MKT,STP,STP LMT,WHATIF",
    `SMART,${primaryExchange}`,
    1,
    0,
    longName,
    primaryExchange,
    "",
    sector ?? "",
    sector ?? "",
    "",
    "US/Eastern",
    hours,
    hours,
    "",
    0,
    0,
    1,
    "",
    "",
    `${STOCK_RULE},${STOCK_RULE}`,
    "",
    "COMMON",
    instrument.lotSize,
    instrument.lotSize,
    100,
    ...(version >= 186 ? [0] : []),
  ];
}

export function marketRule(id: number, instrument: Instrument): readonly Field[] {
  return [
    93,
    id,
    instrument.priceBands.length,
    ...instrument.priceBands.flatMap((band) => [band.lowEdge, band.increment]),
  ];
}

export function symbolSamples(
  request: number,
  found: readonly { instrument: Instrument; conId: number }[],
): readonly Field[] {
  return [
    79,
    request,
    found.length,
    ...found.flatMap(({ instrument, conId }) => [
      conId,
      instrument.symbol,
      "STK",
      instrument.primaryExchange,
      instrument.currency,
      0,
      instrument.longName,
      "",
    ]),
  ];
}
