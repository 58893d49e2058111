import type { Socket } from "node:net";
import { encodeFrame, type Field, FrameCutter, fieldsOf, WireError } from "./wire.ts";

const SERVED_VERSIONS = [193, 178] as const;
const HELLO = "API\0";

export type ConnectionEvents = {
  readonly onReady: (connection: Connection) => boolean;
  readonly onMessage: (connection: Connection, fields: readonly string[]) => void;
  readonly onClose: (connection: Connection) => void;
  readonly onLog: (line: string) => void;
  /** The time that stands in the hello. */
  readonly serverTime: () => string;
  readonly onSent: (connection: Connection, message: number, isStep: boolean) => void;
};

/** One client's socket: handshake, frames in, frames out in their order. */
export class Connection {
  readonly socket: Socket;
  private readonly events: ConnectionEvents;
  private readonly maxVersion: number;
  private readonly cutter = new FrameCutter();
  private state: "word" | "versions" | "start" | "ready" | "closed" = "word";
  version = 0;
  clientId: number | undefined;
  /** Wall milliseconds that every frame waits on its way out. */
  latencyMs = 0;
  /** Nothing goes out any more, yet the socket stays open: a half-open link. */
  isSilent = false;
  /** Frames held back until the step in which they belong is written (lock-step). */
  private held: { readonly fields: readonly Field[]; readonly isStep: boolean }[] | undefined;

  constructor(socket: Socket, events: ConnectionEvents, maxVersion: number) {
    this.socket = socket;
    this.events = events;
    this.maxVersion = maxVersion;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.receive(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)));
    socket.on("close", () => {
      this.state = "closed";
      events.onClose(this);
    });
    socket.on("error", (error) => events.onLog(`client ${this.clientId ?? "?"}: ${error.message}`));
  }

  get isReady(): boolean {
    return this.state === "ready";
  }

  /** From now on frames wait for `flush`: everything of one virtual instant leaves together. */
  hold(): void {
    this.held ??= [];
  }

  get hasHeld(): boolean {
    return (this.held?.length ?? 0) > 0;
  }

  flush(): void {
    const held = this.held ?? [];
    if (this.held !== undefined) this.held = [];
    if (held.length === 0) return;
    this.write(Buffer.concat(held.map(({ fields }) => encodeFrame(fields))));
    for (const { fields, isStep } of held) this.events.onSent(this, Number(fields[0]), isStep);
  }

  send(fields: readonly Field[], isStep = false): void {
    if (this.held !== undefined) {
      this.held.push({ fields, isStep });
      return;
    }
    this.write(encodeFrame(fields));
    this.events.onSent(this, Number(fields[0]), isStep);
  }

  /** An error of a request or an order; id -1 is a message of the system. */
  error(id: number, code: number, message: string): void {
    this.send([4, 2, id, code, message, ...(this.version >= 166 ? [""] : [])]);
  }

  /** Writes bytes as they are: for faults. */
  raw(bytes: Buffer): void {
    this.write(bytes);
  }

  close(): void {
    this.socket.destroy();
  }

  private write(bytes: Buffer): void {
    if (this.isSilent || this.socket.destroyed) return;
    if (this.latencyMs <= 0) this.socket.write(bytes);
    else {
      // Equal waits keep the order of frames.
      setTimeout(() => {
        if (!this.socket.destroyed && !this.isSilent) this.socket.write(bytes);
      }, this.latencyMs);
    }
  }

  private receive(bytes: Buffer): void {
    try {
      let chunk = bytes;
      if (this.state === "word") {
        const word = this.cutter.take(HELLO.length, chunk);
        if (word === undefined) return;
        if (word.toString("latin1") !== HELLO) throw new WireError("the first bytes are not API");
        this.state = "versions";
        chunk = Buffer.alloc(0);
      }
      for (const payload of this.cutter.push(chunk)) this.take(payload);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.events.onLog(`client ${this.clientId ?? "?"}: ${error.message}; closed`);
      this.close();
    }
  }

  private take(payload: Buffer): void {
    if (this.state === "versions") return this.negotiate(payload.toString("latin1"));
    const fields = fieldsOf(payload);
    if (this.state === "start") return this.start(fields);
    if (this.state === "ready") this.events.onMessage(this, fields);
  }

  /** The hello carries no NUL: `v100..193`, optionally a space and options. */
  private negotiate(text: string): void {
    const match = /^v(\d+)(?:\.\.(\d+))?(?: .*)?$/.exec(text);
    const low = Number(match?.[1] ?? Number.NaN);
    const high = Math.min(Number(match?.[2] ?? match?.[1] ?? Number.NaN), this.maxVersion);
    const version = SERVED_VERSIONS.find((served) => served <= high && served >= low);
    if (version === undefined) throw new WireError(`no served version in ${JSON.stringify(text)}`);
    this.version = version;
    this.state = "start";
    this.write(encodeFrame([version, this.events.serverTime()]));
  }

  private start(fields: readonly string[]): void {
    const clientId = Number(fields[2]);
    if (fields[0] !== "71" || !Number.isInteger(clientId)) throw new WireError(`expected START_API, got ${fields[0]}`);
    this.clientId = clientId;
    this.state = "ready";
    if (!this.events.onReady(this)) this.state = "start";
  }
}
