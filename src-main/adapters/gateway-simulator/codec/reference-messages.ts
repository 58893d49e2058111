import type { PriceBand } from "#shared/lib/ticks.ts";
import type { Frame, WireValue } from "./frame.ts";
import type { WireContract } from "./wire-contract.ts";

export type ContractDetails = {
  readonly contract: WireContract;
  readonly minTick: number;
  readonly orderTypes: string;
  readonly validExchanges: string;
  readonly marketRuleIds: string;
  readonly longName: string;
  readonly industry: string;
  readonly category: string;
  readonly timeZone: string;
  readonly tradingHours: string;
  readonly liquidHours: string;
  readonly secIds: readonly (readonly [tag: string, value: string])[];
  readonly stockType: string;
  readonly sizeIncrement: number;
};

/** A stock's details; the layout of other types is not served. */
export function contractDetails(requestId: number, details: ContractDetails, version: number): Frame {
  const { contract } = details;
  return [
    10,
    ...(version < 164 ? [8] : []),
    requestId,
    contract.symbol,
    contract.secType,
    "",
    ...(version >= 182 ? [""] : []),
    0,
    "",
    contract.exchange,
    contract.currency,
    contract.localSymbol,
    contract.tradingClass,
    contract.tradingClass,
    contract.conId,
    details.minTick,
    ...(version < 164 ? [100] : []),
    "",
    details.orderTypes,
    details.validExchanges,
    1,
    0,
    details.longName,
    contract.primaryExchange,
    "",
    details.industry,
    details.category,
    details.category,
    details.timeZone,
    details.tradingHours,
    details.liquidHours,
    "",
    0,
    details.secIds.length,
    ...details.secIds.flat(),
    1,
    "",
    "",
    details.marketRuleIds,
    "",
    details.stockType,
    ...sizeFields(details.sizeIncrement, version),
    ...(version >= 186 ? [0] : []),
  ];
}

function sizeFields(increment: number, version: number): readonly WireValue[] {
  if (version < 163) return [];
  return version < 164 ? [increment] : [increment, increment, increment];
}

export function contractDetailsEnd(requestId: number): Frame {
  return [52, 1, requestId];
}

export function symbolSamples(
  requestId: number,
  samples: readonly { readonly contract: WireContract; readonly longName: string }[],
  version: number,
): Frame {
  const rows = samples.flatMap(({ contract, longName }): readonly WireValue[] => {
    const { conId, symbol, secType, primaryExchange, currency } = contract;
    return [conId, symbol, secType, primaryExchange, currency, 0, ...(version >= 176 ? [longName, ""] : [])];
  });
  return [79, requestId, samples.length, ...rows];
}

export function marketRule(ruleId: number, bands: readonly PriceBand[]): Frame {
  return [93, ruleId, bands.length, ...bands.flatMap(({ lowEdge, increment }) => [lowEdge, increment])];
}
