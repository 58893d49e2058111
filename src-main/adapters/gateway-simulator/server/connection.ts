import type { Socket } from "node:net";
import { encodeFrame, type Frame, FrameError, FrameReader, type Hello } from "../codec/frame.ts";
import { errorMessage } from "../codec/session-messages.ts";

/** Newest first: the layouts that are proved against the client library. */
const SERVED_VERSIONS = [193, 178] as const;
/** Before its first frame a client has said START_API. */
const START_API = "71";
/** A client that does not read is dropped before it fills the memory. */
const LONGEST_BACKLOG = 64 * 1024 * 1024;

export type ConnectionEvents = {
  /** START_API with a client id; false when the id is taken, and the connection is then closed. */
  readonly onStart: (connection: Connection, clientId: number) => void;
  readonly onFrame: (connection: Connection, fields: readonly string[]) => void;
  readonly onSent: (connection: Connection, frame: Frame, isStep: boolean) => void;
  readonly onClose: (connection: Connection) => void;
  readonly onLog: (line: string) => void;
  /** Second field of the server's hello. */
  readonly helloTime: () => string;
  /** Wall milliseconds until the hello is answered; Infinity withholds it. */
  readonly helloDelayMs: () => number;
};

/** How the link of one client misbehaves. */
export type LinkFault = "none" | "silent" | "byteByByte";

/** The highest served version in the client's range and up to `highest`; undefined when there is none. */
function negotiate(hello: Hello, highest: number): number | undefined {
  return SERVED_VERSIONS.find((version) => version <= highest && version <= hello.highest && version >= hello.lowest);
}

/** One client's socket. What is sent waits for `flush`, so that everything of one instant leaves in one piece. */
export class Connection {
  readonly number: number;
  readonly socket: Socket;
  version = 0;
  clientId: number | undefined;
  linkFault: LinkFault = "none";
  private readonly events: ConnectionEvents;
  private readonly highestVersion: number;
  private readonly reader = new FrameReader();
  private outbox: Buffer[] = [];
  private state: "hello" | "start" | "ready" | "closed" = "hello";

  constructor(socket: Socket, number: number, events: ConnectionEvents, highestVersion: number) {
    this.socket = socket;
    this.number = number;
    this.events = events;
    this.highestVersion = highestVersion;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.receive(bytes));
    socket.on("error", (error) => events.onLog(`client ${this.name}: ${error.message}`));
    socket.on("close", () => this.end());
  }

  get name(): string {
    return this.clientId === undefined ? `of connection ${this.number}` : String(this.clientId);
  }

  get isReady(): boolean {
    return this.state === "ready";
  }

  get hasStarted(): boolean {
    return this.clientId !== undefined;
  }

  send(frame: Frame, isStep = false): void {
    if (this.state === "closed") return;
    this.outbox.push(encodeFrame(frame));
    this.events.onSent(this, frame, isStep);
  }

  error(id: number, code: number, text: string): void {
    this.send(errorMessage(id, code, text, this.version));
  }

  flush(): void {
    if (this.outbox.length === 0) return;
    const bytes = this.outbox.length === 1 ? this.outbox[0] : Buffer.concat(this.outbox);
    this.outbox = [];
    if (bytes !== undefined) this.write(bytes);
  }

  /** Bytes as they are, whatever they mean: for faults. */
  write(bytes: Buffer): void {
    if (this.state === "closed" || this.linkFault === "silent") return;
    if (this.linkFault === "byteByByte") for (const byte of bytes) this.socket.write(Buffer.of(byte));
    else this.socket.write(bytes);
    if (this.socket.writableLength > LONGEST_BACKLOG) {
      this.events.onLog(`client ${this.name}: does not read; closed`);
      this.destroy();
    }
  }

  /** Sends what waits, then closes in an orderly way. */
  close(): void {
    this.flush();
    this.socket.end();
    this.end();
  }

  destroy(): void {
    this.socket.destroy();
    this.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
    this.end();
  }

  private end(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.outbox = [];
    this.events.onClose(this);
  }

  private receive(bytes: Buffer): void {
    if (this.state === "closed" || this.linkFault === "silent") return;
    try {
      const { hello, frames } = this.reader.push(bytes);
      if (hello !== undefined) this.greet(hello);
      for (const fields of frames) this.take(fields);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.events.onLog(`client ${this.name}: ${error.message}; closed`);
      this.destroy();
    }
  }

  private greet(hello: Hello): void {
    const version = negotiate(hello, this.highestVersion);
    if (version === undefined) {
      throw new FrameError(`versions ${hello.lowest} to ${hello.highest} contain neither 193 nor 178`);
    }
    this.version = version;
    this.state = "start";
    const answer = (): void => this.write(encodeFrame([version, this.events.helloTime()]));
    const delayMs = this.events.helloDelayMs();
    if (delayMs === 0) answer();
    else if (Number.isFinite(delayMs)) setTimeout(answer, delayMs);
  }

  private take(fields: readonly string[]): void {
    // What comes behind a close in the same portion of bytes is no longer heard.
    if (this.state === "ready") this.events.onFrame(this, fields);
    else if (this.state === "start") this.start(fields);
  }

  private start(fields: readonly string[]): void {
    const clientId = fields[2] ?? "";
    if (fields[0] !== START_API || !/^\d{1,9}$/.test(clientId)) {
      throw new FrameError(`expected START_API with a client id, got message ${fields[0]}`);
    }
    this.clientId = Number(clientId);
    this.state = "ready";
    this.events.onStart(this, this.clientId);
  }
}
