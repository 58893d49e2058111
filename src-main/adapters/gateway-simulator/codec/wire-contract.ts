import type { FieldReader } from "./field-reader.ts";
import type { WireValue } from "./frame.ts";

/** A contract as a request names it. `conId` alone is enough; 0 means that it is not given. */
export type WireContract = {
  readonly conId: number;
  readonly symbol: string;
  readonly secType: string;
  readonly lastTradeDateOrMonth: string;
  readonly strike: number;
  readonly right: string;
  readonly multiplier: string;
  readonly exchange: string;
  readonly primaryExchange: string;
  readonly currency: string;
  readonly localSymbol: string;
  readonly tradingClass: string;
};

export type ComboLeg = {
  readonly conId: number;
  readonly ratio: number;
  readonly action: string;
  readonly exchange: string;
};

/** The twelve contract fields of a request. */
export function readContract(reader: FieldReader): WireContract {
  return {
    conId: reader.optionalInteger() ?? 0,
    symbol: reader.text(),
    secType: reader.text(),
    lastTradeDateOrMonth: reader.text(),
    strike: reader.optionalNumber() ?? 0,
    right: reader.text(),
    multiplier: reader.text(),
    exchange: reader.text(),
    primaryExchange: reader.text(),
    currency: reader.text(),
    localSymbol: reader.text(),
    tradingClass: reader.text(),
  };
}

/** The counted legs of a combination, which only a contract of type BAG carries. */
export function readLegs(reader: FieldReader, contract: WireContract): readonly ComboLeg[] {
  if (contract.secType.toUpperCase() !== "BAG") return [];
  return reader.repeat(reader.count(), () => ({
    conId: reader.integer(),
    ratio: reader.integer(),
    action: reader.text(),
    exchange: reader.text(),
  }));
}

export type DeltaNeutral = { readonly conId: number; readonly delta: number; readonly price: number };

export function readDeltaNeutral(reader: FieldReader): DeltaNeutral | undefined {
  if (!reader.flag()) return undefined;
  return {
    conId: reader.integer(),
    delta: reader.optionalNumber() ?? 0,
    price: reader.optionalNumber() ?? 0,
  };
}

/** The eleven contract fields of a reply. A stock has no expiry, strike, right or multiplier. */
export function stockFields(contract: WireContract, exchange = contract.exchange): readonly WireValue[] {
  const { conId, symbol, secType, currency, localSymbol, tradingClass } = contract;
  return [conId, symbol, secType, "", 0, "", "", exchange, currency, localSymbol, tradingClass];
}
