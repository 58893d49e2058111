import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { encodeFrame, type Frame } from "#adapters/gateway-simulator/codec/frame.ts";

type Waiter = {
  readonly fits: (fields: readonly string[]) => boolean;
  readonly resolve: (fields: readonly string[]) => void;
};

/** A client that speaks bytes: what it receives is kept as fields, in order. */
export class RawClient {
  readonly frames: (readonly string[])[] = [];
  /** Called for each step marker; absent: markers are left unanswered. */
  onMarker: ((time: number) => void) | undefined;
  isClosed = false;
  /** Markers received and answers sent. */
  marked = 0;
  answered = 0;
  readonly socket: Socket;
  private pending: Buffer = Buffer.alloc(0);
  private waiters: Waiter[] = [];
  private closers: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port });
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes: Buffer) => this.receive(bytes));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.isClosed = true;
      for (const close of this.closers.splice(0)) close();
    });
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  hello(range = "v100..193"): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(range.length);
    this.socket.write(Buffer.concat([Buffer.from("API\0"), length, Buffer.from(range)]));
  }

  send(...frame: Frame): void {
    this.socket.write(encodeFrame(frame));
  }

  answer(): void {
    this.answered += 1;
    this.send(49, 1);
  }

  /** The first frame, received or to come, that fits; from `after` on. */
  async frame(fits: (fields: readonly string[]) => boolean, after = 0): Promise<readonly string[]> {
    const known = this.frames.slice(after).find(fits);
    if (known !== undefined) return known;
    return new Promise((resolve) => {
      this.waiters.push({ fits, resolve });
    });
  }

  /** The next frame that fits, of those that are not received yet. */
  next(fits: (fields: readonly string[]) => boolean): Promise<readonly string[]> {
    return this.frame(fits, this.frames.length);
  }

  async closed(): Promise<void> {
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      this.closers.push(resolve);
    });
  }

  of(id: number): readonly (readonly string[])[] {
    return this.frames.filter((fields) => fields[0] === String(id));
  }

  private receive(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    while (this.pending.length >= 4) {
      const length = this.pending.readUInt32BE(0);
      if (this.pending.length < 4 + length) return;
      const fields = this.pending.toString("utf8", 4, 3 + length).split("\0");
      this.pending = this.pending.subarray(4 + length);
      this.frames.push(fields);
      for (const waiter of [...this.waiters]) {
        if (!waiter.fits(fields)) continue;
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        waiter.resolve(fields);
      }
      if (fields[0] !== "49") continue;
      this.marked += 1;
      this.onMarker?.(Number(fields[2]));
    }
  }
}

/** A client that has shaken hands and is ready. */
export async function readyClient(port: number, clientId: number, range?: string): Promise<RawClient> {
  const client = new RawClient(port);
  client.hello(range);
  await client.frame((fields) => fields.length === 2);
  client.send(71, 2, clientId, "");
  await client.frame(([id]) => id === "9");
  return client;
}

/** The twelve fields by which requests name a stock. */
export function stockFields(symbol = "AAPL", conId = 0): Frame {
  return [conId, symbol, "STK", "", "", "", "", "SMART", "", "USD", "", ""];
}

export function marketDataRequest(
  requestId: number,
  given: {
    readonly symbol?: string;
    readonly conId?: number;
    readonly ticks?: string;
    readonly snapshot?: number;
  } = {},
): Frame {
  return [
    1,
    11,
    requestId,
    ...stockFields(given.symbol, given.conId),
    0,
    given.ticks ?? "",
    given.snapshot ?? 0,
    0,
    "",
  ];
}

export function historyRequest(requestId: number, given: Readonly<Record<string, string | number>> = {}): Frame {
  const { symbol = "AAPL", conId = 0, end = "", size = "1 min", duration = "1 D", rth = 1 } = given;
  const { what = "TRADES", format = 2, keep = 0 } = given;
  const contract = stockFields(String(symbol), Number(conId));
  return [20, requestId, ...contract, 0, end, size, duration, rth, what, format, keep, ""];
}

/** A plain stock order as a client at `version` writes it. */
export function placeOrder(version: number, order: Readonly<Record<string, string | number>>): Frame {
  const of = (name: string, other: string | number = ""): string | number => order[name] ?? other;
  const head = [
    3,
    of("orderId"),
    of("conId", 0),
    of("symbol", "AAPL"),
    "STK",
    "",
    "",
    "",
    "",
    "SMART",
    "",
    "USD",
    "",
    "",
    "",
    "",
    of("action", "BUY"),
    of("quantity", 100),
    of("type", "LMT"),
    of("limit"),
    of("stop"),
    of("tif", "DAY"),
    of("ocaGroup"),
    of("account"),
    "",
    0,
    of("ref", "test"),
    of("transmit", 1),
    of("parentId", 0),
    0,
    0,
    "",
    of("trigger", 0),
    of("outsideRth", 0),
    0,
  ];
  const middle = [
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    -1,
    of("ocaType", 0),
    "",
    "",
    0,
    "",
    "",
    0,
    0,
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    0,
    "",
    "",
    "",
    "",
    0,
    "",
    of("trail"),
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    0,
    "",
    "",
    0,
    0,
    "",
    "",
    of("whatIf", 0),
    "",
    0,
    0,
    0,
    0,
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    0,
    0,
    0,
    "",
    "",
    "",
    0,
    "",
    "",
  ];
  const tail = version >= 193 ? ["", 0, 0, ""] : [];
  return [...head, ...middle, ...tail];
}
