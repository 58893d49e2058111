import type { OrderType, TimeInForce } from "#shared/model/order.ts";
import { FieldReader } from "./wire.ts";

/** A placeOrder message as far as this simulator serves it, and the name of the first thing in it that it does not. */
export type PlaceOrder = {
  readonly orderId: number;
  readonly conId: number;
  readonly symbol: string;
  readonly secType: string;
  readonly action: string;
  readonly quantity: number;
  readonly orderType: OrderType | undefined;
  readonly limitPrice: number | undefined;
  readonly auxPrice: number | undefined;
  readonly timeInForce: TimeInForce | undefined;
  readonly ocaGroup: string;
  readonly account: string;
  readonly orderRef: string;
  readonly transmit: boolean;
  readonly parentId: number;
  readonly outsideRth: boolean;
  readonly ocaType: number;
  readonly whatIf: boolean;
  /** Undefined when everything asked for is served. */
  readonly notServed: string | undefined;
};

const TYPES: Readonly<Record<string, OrderType>> = { MKT: "market", LMT: "limit", STP: "stop", "STP LMT": "stopLimit" };
const TIFS: Readonly<Record<string, TimeInForce>> = { "": "day", DAY: "day", GTC: "gtc", IOC: "ioc" };

/** Reads the whole message in its one order; every variable group is walked, whether it is served or not. */
export function readPlaceOrder(fields: readonly string[], version: number): PlaceOrder {
  const reader = new FieldReader(fields, 1);
  const orderId = reader.integer();
  const conId = reader.integer();
  const symbol = reader.text();
  const secType = reader.text();
  // The rest of the contract, and the two fields of a security identifier.
  reader.skip(9 + 2);
  const action = reader.text();
  const quantity = reader.number() ?? 0;
  const type = reader.text();
  const limitPrice = reader.number();
  const auxPrice = reader.number();
  const tif = reader.text();
  const ocaGroup = reader.text();
  const account = reader.text();
  reader.skip(2);
  const orderRef = reader.text();
  const transmit = reader.flag();
  const parentId = reader.integer();
  reader.skip(4);
  const outsideRth = reader.flag();
  reader.skip(1);
  const refused: string[] = [];
  if (secType === "BAG") skipLegs(reader);
  reader.skip(1 + 1);
  if (reader.text() !== "") refused.push("goodAfterTime");
  if (reader.text() !== "") refused.push("goodTillDate");
  reader.skip(3);
  if (version < 177) reader.skip(1);
  reader.skip(4);
  const ocaType = reader.integer();
  reader.skip(2);
  if (reader.flag()) refused.push("allOrNone");
  reader.skip(14);
  if (reader.text() !== "") {
    refused.push("delta neutral order");
    reader.skip(1);
    reader.skip(8);
  } else reader.skip(1);
  reader.skip(2);
  if (reader.number() !== undefined) refused.push("trailStopPrice");
  if (reader.number() !== undefined) refused.push("trailingPercent");
  const whatIf = readTail(reader, type, version, refused);
  const orderType = TYPES[type];
  const timeInForce = TIFS[tif];
  if (orderType === undefined) refused.unshift(`order type ${type}`);
  if (timeInForce === undefined) refused.unshift(`time in force ${tif}`);
  if (secType !== "STK") refused.unshift(`security type ${secType}`);
  return {
    orderId,
    conId,
    symbol,
    secType,
    action,
    quantity,
    orderType,
    limitPrice,
    auxPrice,
    timeInForce,
    ocaGroup,
    account,
    orderRef,
    transmit,
    parentId,
    outsideRth,
    ocaType,
    whatIf,
    notServed: refused[0],
  };
}

function skipLegs(reader: FieldReader): void {
  reader.skip(8 * reader.integer());
  reader.skip(reader.integer());
  reader.skip(2 * reader.integer());
}

/** From the scale fields to the end. Returns `whatIf`, which has no fixed place. */
function readTail(reader: FieldReader, type: string, version: number, refused: string[]): boolean {
  reader.skip(2);
  const increment = reader.number();
  if (increment !== undefined && increment > 0) {
    refused.push("scale order");
    reader.skip(7);
  }
  reader.skip(3);
  if (reader.text() !== "") {
    refused.push("hedge");
    reader.skip(1);
  }
  reader.skip(4);
  if (reader.flag()) reader.skip(3);
  if (reader.text() !== "") {
    refused.push("algo strategy");
    reader.skip(2 * reader.integer());
  }
  reader.skip(1);
  const whatIf = reader.flag();
  reader.skip(4);
  if (type === "PEG BENCH") reader.skip(5);
  const conditions = reader.integer();
  if (conditions > 0) {
    refused.push("conditions");
    for (let i = 0; i < conditions; i += 1) skipCondition(reader);
    reader.skip(2);
  }
  // Adjusted stop (7), operator and soft-dollar tier (4), MiFID II (4), hedge and price flags (4).
  reader.skip(7 + 4 + 4 + 4);
  if (version >= 158) reader.skip(1);
  if (version >= 160) reader.skip(1);
  if (version >= 162) reader.skip(1);
  if (version >= 166) reader.skip(1);
  if (version >= 169) reader.skip(1);
  return whatIf;
}

const CONDITION_FIELDS: Readonly<Record<number, number>> = { 1: 5, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4 };

function skipCondition(reader: FieldReader): void {
  const kind = reader.integer();
  reader.skip(1 + (CONDITION_FIELDS[kind] ?? 0));
}
