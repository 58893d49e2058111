import { type FieldReader, LayoutError } from "./field-reader.ts";
import { type DeltaNeutral, readContract, readDeltaNeutral, type WireContract } from "./wire-contract.ts";

export type OrderCondition = {
  readonly kind: number;
  readonly isConjunction: boolean;
  readonly body: readonly string[];
};

/**
 * placeOrder as the wire carries it. Every variable group is read, whether the simulator serves it or not, so that what
 * follows it is found. `present` names the groups and settings that differ from a plain order.
 */
export type WireOrder = {
  readonly orderId: number;
  readonly contract: WireContract;
  readonly action: string;
  readonly quantity: number | undefined;
  readonly orderType: string;
  readonly limitPrice: number | undefined;
  readonly auxPrice: number | undefined;
  readonly tif: string;
  readonly ocaGroup: string;
  readonly ocaType: number;
  readonly account: string;
  readonly orderRef: string;
  readonly transmit: boolean;
  readonly parentId: number;
  readonly outsideRth: boolean;
  readonly triggerMethod: number;
  readonly whatIf: boolean;
  readonly whatIfIndex: number;
  readonly algoStrategy: string;
  readonly algoParameters: readonly (readonly [tag: string, value: string])[];
  readonly conditions: readonly OrderCondition[];
  readonly deltaNeutral: DeltaNeutral | undefined;
  /** Names of the fields and groups that ask for something beyond a plain order. */
  readonly present: readonly string[];
};

/** Conditions by their type: how many fields follow the conjunction. */
const CONDITION_FIELDS: Readonly<Record<number, number>> = { 1: 5, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4 };

/** Reads placeOrder behind its message id, strictly in order. Throws LayoutError when a field is missing or left over. */
export function readPlaceOrder(reader: FieldReader, version: number): WireOrder {
  const named = new NamedReader(reader);
  const head = readHead(named);
  const ocaType = readMiddle(named, head.contract, version);
  const deltaGroup = readDeltaNeutralOrder(named);
  readScaleAndHedge(named);
  const tail = readAlgoAndFlags(named, head.orderType);
  readExtensions(named, head, version);
  reader.end();
  return { ...head, ocaType, ...tail, present: [...named.present, ...deltaGroup] };
}

/** Reads fields by name and remembers which of them are set. */
class NamedReader {
  readonly reader: FieldReader;
  readonly present: string[] = [];

  constructor(reader: FieldReader) {
    this.reader = reader;
  }

  /** Fields that are empty in a plain order. */
  texts(...names: readonly string[]): void {
    for (const name of names) if (this.reader.text() !== "") this.present.push(name);
  }

  /** Fields that are unset or zero in a plain order. */
  numbers(...names: readonly string[]): void {
    for (const name of names) if ((this.reader.optionalNumber() ?? 0) !== 0) this.present.push(name);
  }

  flags(...names: readonly string[]): void {
    for (const name of names) if (this.reader.flag()) this.present.push(name);
  }

  note(name: string): void {
    this.present.push(name);
  }
}

function readHead(named: NamedReader) {
  const { reader } = named;
  const orderId = reader.integer();
  const contract = readContract(reader);
  named.texts("secIdType", "secId");
  const action = reader.text();
  const quantity = reader.optionalNumber();
  const orderType = reader.text();
  const limitPrice = reader.optionalNumber();
  const auxPrice = reader.optionalNumber();
  const tif = reader.text();
  const ocaGroup = reader.text();
  const account = reader.text();
  reader.skip(1); // openClose: for institutions; a retail account's order says "", "O" or "C" alike
  named.numbers("origin");
  const orderRef = reader.text();
  const transmit = reader.flag();
  const parentId = reader.optionalInteger() ?? 0;
  named.flags("blockOrder", "sweepToFill");
  named.numbers("displaySize");
  const triggerMethod = reader.optionalInteger() ?? 0;
  const outsideRth = reader.flag();
  named.flags("hidden");
  return {
    orderId,
    contract,
    action,
    quantity,
    orderType,
    limitPrice,
    auxPrice,
    tif,
    ocaGroup,
    account,
    orderRef,
    transmit,
    parentId,
    triggerMethod,
    outsideRth,
  };
}

/** From the combination groups to the volatility block; returns ocaType. */
function readMiddle(named: NamedReader, contract: WireContract, version: number): number {
  const { reader } = named;
  if (contract.secType.toUpperCase() === "BAG") {
    named.note("comboLegs");
    reader.skip(8 * reader.count());
    reader.skip(reader.count());
    reader.skip(2 * reader.count());
  }
  reader.skip(1); // the deprecated sharesAllocation
  named.numbers("discretionaryAmt");
  named.texts("goodAfterTime", "goodTillDate", "faGroup", "faMethod", "faPercentage");
  if (version < 177) named.texts("faProfile");
  named.texts("modelCode");
  named.numbers("shortSaleSlot");
  named.texts("designatedLocation");
  reader.skip(1); // exemptCode: -1, 0 or empty, without meaning unless a short-sale slot is given
  const ocaType = reader.optionalInteger() ?? 0;
  named.texts("rule80A", "settlingFirm");
  named.flags("allOrNone");
  named.numbers("minQty", "percentOffset");
  reader.skip(2); // eTradeOnly and firmQuoteOnly: without function since they are deprecated
  named.numbers("nbboPriceCap", "auctionStrategy");
  named.numbers("startingPrice", "stockRefPrice", "delta", "stockRangeLower", "stockRangeUpper");
  named.flags("overridePercentageConstraints");
  named.numbers("volatility", "volatilityType");
  return ocaType;
}

function readDeltaNeutralOrder(named: NamedReader): readonly string[] {
  const { reader } = named;
  const orderType = reader.text();
  named.numbers("deltaNeutralAuxPrice");
  const isPresent = orderType !== "" && orderType.toUpperCase() !== "NONE";
  if (orderType !== "") reader.skip(8);
  named.flags("continuousUpdate");
  named.numbers("referencePriceType", "trailStopPrice", "trailingPercent");
  return isPresent ? ["deltaNeutralOrderType"] : [];
}

function readScaleAndHedge(named: NamedReader): void {
  const { reader } = named;
  named.numbers("scaleInitLevelSize", "scaleSubsLevelSize");
  if ((reader.optionalNumber() ?? 0) > 0) {
    named.note("scalePriceIncrement");
    reader.skip(7);
  }
  named.texts("scaleTable", "activeStartTime", "activeStopTime");
  if (reader.text() !== "") {
    named.note("hedgeType");
    reader.skip(1);
  }
  reader.skip(1); // optOutSmartRouting: there is one venue here
  named.texts("clearingAccount");
  reader.skip(1); // clearingIntent: IB, Away or PTA; nothing here is cleared elsewhere
  named.flags("notHeld");
}

function readAlgoAndFlags(named: NamedReader, orderType: string) {
  const { reader } = named;
  const deltaNeutral = readDeltaNeutral(reader);
  if (deltaNeutral !== undefined) named.note("deltaNeutralContract");
  const algoStrategy = reader.text();
  const algoParameters =
    algoStrategy === "" ? [] : reader.repeat(reader.count(), () => [reader.text(), reader.text()] as const);
  if (algoStrategy !== "") named.note("algoStrategy");
  named.texts("algoId");
  const whatIfIndex = reader.index;
  const whatIf = reader.flag();
  named.texts("orderMiscOptions");
  named.flags("solicited", "randomizeSize", "randomizePrice");
  if (orderType.toUpperCase() === "PEG BENCH") reader.skip(5);
  const conditions = reader.repeat(reader.count(), () => readCondition(reader));
  if (conditions.length > 0) {
    named.note("conditions");
    reader.skip(2);
  }
  return { deltaNeutral, algoStrategy, algoParameters, whatIf, whatIfIndex, conditions };
}

function readCondition(reader: FieldReader): OrderCondition {
  const kind = reader.integer();
  const fields = CONDITION_FIELDS[kind];
  if (fields === undefined) throw new LayoutError(`an order condition of the unknown type ${kind}`);
  const isConjunction = reader.text() === "a";
  return { kind, isConjunction, body: reader.repeat(fields, () => reader.text()) };
}

/** From the adjusted order to the newest fields, which depend on the negotiated version. */
function readExtensions(
  named: NamedReader,
  order: { readonly contract: WireContract; readonly orderType: string },
  version: number,
): void {
  const { reader } = named;
  const adjusted = reader.text();
  if (adjusted !== "" && adjusted !== "None") named.note("adjustedOrderType");
  // The numbers of an adjustment mean nothing without its type.
  reader.skip(6);
  named.texts("extOperator", "softDollarTierName", "softDollarTierValue");
  named.numbers("cashQty");
  named.texts("mifidDecisionMaker", "mifidDecisionAlgo", "mifidExecutionTrader", "mifidExecutionAlgo");
  reader.skip(1); // dontUseAutoPriceForHedge
  named.flags("isOmsContainer", "discretionaryUpToLimitPrice");
  reader.skip(1); // usePriceMgmtAlgo: prices are not managed here
  if (version >= 158) named.numbers("duration");
  if (version >= 160) named.numbers("postToAts");
  if (version >= 162) named.flags("autoCancelParent");
  if (version >= 166) named.texts("advancedErrorOverride");
  if (version >= 169) named.texts("manualOrderTime");
  if (version >= 170) readPegs(reader, order);
  if (version >= 183) named.texts("customerAccount");
  if (version >= 184) named.flags("professionalCustomer");
  if (version >= 187 && version < 190) reader.skip(2);
  if (version >= 189) named.flags("includeOvernight");
  if (version >= 192) reader.skip(1); // manualOrderIndicator
}

function readPegs(reader: FieldReader, order: { readonly contract: WireContract; readonly orderType: string }): void {
  if (order.contract.exchange.toUpperCase() === "IBKRATS") reader.skip(1);
  const type = order.orderType.toUpperCase();
  if (type === "PEG BEST" || type === "PEGBEST") {
    reader.skip(1);
    if (reader.optionalNumber() === Number.POSITIVE_INFINITY) reader.skip(2);
  } else if (type === "PEG MID" || type === "PEGMID") reader.skip(2);
}
