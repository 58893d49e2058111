import { MILLISECOND, type Micros } from "#shared/lib/time.ts";
import { encodeFrame } from "../codec/frame.ts";
import type { Connection } from "./connection.ts";
import type { Stage } from "./stage.ts";

/** Frames and bytes that no client should get. */
export const BAD_BYTES = [
  "negativeLength",
  "zeroLength",
  "hugeLength",
  "unterminated",
  "randomBytes",
  "unknownMessage",
  "badJson",
  "missingField",
  "extraField",
  "unknownStatus",
  "notANumber",
  "invalidUtf8",
] as const;
export type BadBytes = (typeof BAD_BYTES)[number];

const BYTES: Readonly<Record<BadBytes, Buffer>> = {
  negativeLength: Buffer.from([0xff, 0xff, 0xff, 0xfc, 65]),
  zeroLength: Buffer.from([0, 0, 0, 0]),
  hugeLength: Buffer.from([0x7f, 0xff, 0xff, 0xff, 65, 0]),
  unterminated: Buffer.from([0, 0, 0, 4, 52, 57, 0, 49]),
  randomBytes: Buffer.from([0, 0, 0, 6, 0x9d, 0x01, 0xee, 0x00, 0x7f, 0]),
  unknownMessage: encodeFrame([250, 1, "what"]),
  badJson: encodeFrame([4, 2, 1, 201, "Order rejected", "{reject"]),
  missingField: encodeFrame([3, 1, "Submitted", 0]),
  extraField: encodeFrame([49, 1, 0, "extra"]),
  unknownStatus: encodeFrame([3, 1, "Sublimated", 0, 1, 0, 1, 0, 0, 0, "", 0]),
  notANumber: encodeFrame([1, 6, 1_000_000_001, 1, "NaN", "NaN", 0]),
  invalidUtf8: Buffer.from([0, 0, 0, 9, 52, 0, 50, 0, 45, 49, 0, 0xc3, 0x28]).fill(0, 12, 13),
};

/** What the gateway lets a fault reach. */
export type FaultHost = {
  readonly stage: Stage;
  connections(): readonly Connection[];
  /** Sends what waits now; in lock-step it waits for the share of the next step. */
  settle(): void;
  /** No client is let in before this virtual time. */
  refuseUntil(time: Micros): void;
  setOrderIdRollBack(count: number): void;
};

/** Faults of the first stage, to be called while the simulator runs. A client id left out means every client. */
export class Faults {
  /** Delay of every answer in milliseconds: wall time at a speed, virtual time in lock-step. */
  latencyMs: number;
  /** Wall milliseconds until a hello is answered; Infinity withholds it. */
  helloDelayMs = 0;
  private readonly host: FaultHost;
  private readonly occupied = new Set<number>();

  constructor(host: FaultHost, latencyMs: number) {
    this.host = host;
    this.latencyMs = latencyMs;
  }

  /** Ends links in an orderly way. */
  closeLink(clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.close();
  }

  /** Ends links at once, in the middle of a frame. */
  resetInFrame(clientId?: number): void {
    for (const connection of this.chosen(clientId)) {
      const frame = encodeFrame([4, 2, -1, 2104, "never complete", ""]);
      connection.write(frame.subarray(0, Math.floor(frame.length / 2)));
      connection.reset();
    }
  }

  /** The socket stays open; nothing is sent and nothing is heard. */
  silence(isSilent: boolean, clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.linkFault = isSilent ? "silent" : "none";
  }

  /** Every byte in a write of its own. */
  splitBytes(isSplit: boolean, clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.linkFault = isSplit ? "byteByByte" : "none";
  }

  bytes(bad: BadBytes | Buffer, clientId?: number): void {
    const bytes = Buffer.isBuffer(bad) ? bad : BYTES[bad];
    for (const connection of this.chosen(clientId)) connection.write(bytes);
  }

  /** Ends every link and lets nobody in for this long, on virtual time. */
  outage(length: Micros): void {
    this.host.refuseUntil(this.host.stage.now() + length);
    for (const connection of this.chosen(undefined)) connection.destroy();
  }

  /** A message of the system to every client. */
  systemMessage(code: number, text: string): void {
    for (const connection of this.chosen(undefined)) connection.error(-1, code, text);
    this.host.settle();
  }

  /** 1100: the broker's own link is lost. Nothing of the market is told and reports wait; the exchange goes on. */
  loseBroker(): void {
    this.host.stage.isDark = true;
    this.host.stage.orders.withhold(true);
    this.systemMessage(1100, "Connectivity between IBKR and Trader Workstation has been lost.");
  }

  /** 1101: it is back, subscriptions are lost. 1102: it is back with them, but bars kept up to date stay dead. */
  restoreBroker(code: 1101 | 1102): void {
    const { stage } = this.host;
    stage.isDark = false;
    stage.history.stopUpdates();
    if (code === 1101) stage.market.dropAll();
    const what = code === 1101 ? "data lost" : "data maintained";
    this.systemMessage(code, `Connectivity between IBKR and Trader Workstation has been restored - ${what}.`);
    stage.orders.withhold(false);
    this.host.settle();
  }

  /** The next `orders` new orders are acknowledged this much later, on virtual time. */
  delayAcknowledgements(lateMs: number, orders = 1): void {
    this.host.stage.orderFaults.plan({ lateMs }, orders);
  }

  /** The next `orders` new orders are never acknowledged; they work all the same. */
  loseAcknowledgements(orders = 1): void {
    this.host.stage.orderFaults.plan("lost", orders);
  }

  duplicateStatus(isDuplicated: boolean): void {
    this.host.stage.orderFaults.isStatusDuplicated = isDuplicated;
  }

  /** The account has no subscription for a symbol's market data: whoever asks for it is told 354. */
  withholdMarketData(symbol: string, isWithheld = true): void {
    const { withheld } = this.host.stage.market;
    if (isWithheld) withheld.add(symbol);
    else withheld.delete(symbol);
  }

  /** A fill takes at most this many shares of a quote; undefined ends the fault. */
  partialFills(shares: number | undefined): void {
    this.host.stage.fillCap = shares;
  }

  /** Another client holds this id: whoever asks for it is told 326. */
  occupyClientId(clientId: number, isOccupied = true): void {
    if (isOccupied) this.occupied.add(clientId);
    else this.occupied.delete(clientId);
  }

  isOccupied(clientId: number): boolean {
    return this.occupied.has(clientId);
  }

  /** The order ids that new clients are given lie this far behind those in use. */
  rollBackOrderIds(count: number): void {
    this.host.setOrderIdRollBack(count);
  }

  /** Plays a fault at a virtual time, as a part of that instant. */
  at(time: Micros, fault: (faults: Faults) => void): void {
    this.host.stage.schedule(time, () => fault(this));
  }

  /** As `at`, this many virtual milliseconds from now. */
  after(milliseconds: number, fault: (faults: Faults) => void): void {
    this.at(this.host.stage.now() + milliseconds * MILLISECOND, fault);
  }

  private chosen(clientId: number | undefined): readonly Connection[] {
    return this.host
      .connections()
      .filter((connection) => connection.isReady && (clientId === undefined || connection.clientId === clientId));
  }
}
