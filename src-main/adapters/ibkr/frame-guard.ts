import type { Socket } from "node:net";
import type { IBApi } from "@stoqey/ib";
import { assert } from "#shared/lib/assert.ts";

/** The library drops buffers above this; a longer frame would be lost without a word. */
const LARGEST_FRAME = 0xffffff - 4;
/** One character and its NUL. */
const SHORTEST_FRAME = 2;
const SLOW_CALL_MS = 50;

export type FrameGuard = {
  readonly socket: Socket;
  /** Nothing is delivered any more; the socket is destroyed. */
  close(): void;
  readonly counters: { framesIn: number; framesOut: number; bytesIn: number; bytesOut: number; slowCalls: number };
};

export type GuardEvents = {
  /** The stream is not the protocol, or the decoder threw: this connection cannot be trusted any more. */
  readonly onViolation: (reason: string) => void;
  /** Before and after the frames of one read are decoded. */
  readonly afterFrames: () => void;
  readonly now: () => number;
};

/** Where the library keeps its socket. A private path: its shape is asserted at each use, and pinned by a test. */
type Internals = { readonly controller?: { readonly socket?: { readonly client?: Socket } } };

/**
 * Stands between the socket and the library's decoder: it takes the only `data` listener right after `connect()`, checks
 * every length, and hands over one complete frame a call inside a try. A negative length would otherwise loop for ever, an
 * unterminated frame would spoil two messages, and an exception would end the process.
 */
export function guardFrames(api: IBApi, events: GuardEvents): FrameGuard {
  const client = (api as unknown as Internals).controller?.socket?.client;
  assert(client !== undefined, "the library's socket lies where version 1.6.10 keeps it");
  const listeners = client.listeners("data");
  assert(listeners.length === 1, "the library has exactly one data listener");
  // Orders are small frames: none may wait for an acknowledgement of the one before.
  client.setNoDelay(true);
  const decode = listeners[0] as (bytes: Buffer) => void;
  client.removeAllListeners("data");
  const counters = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, slowCalls: 0 };
  let rest: Buffer = Buffer.alloc(0);
  let isClosed = false;

  const close = (): void => {
    isClosed = true;
    client.destroy();
  };
  const violate = (reason: string): void => {
    close();
    events.onViolation(reason);
  };
  const deliver = (frame: Buffer): void => {
    const started = events.now();
    try {
      decode(frame);
    } catch (error) {
      violate(`the decoder failed: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (events.now() - started > SLOW_CALL_MS) counters.slowCalls += 1;
  };
  client.on("data", (bytes: Buffer) => {
    if (isClosed) return;
    counters.bytesIn += bytes.length;
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 4 && !isClosed) {
      const length = rest.readInt32BE(0);
      if (length < SHORTEST_FRAME || length > LARGEST_FRAME)
        return violate(`frame length ${length}; ${SHORTEST_FRAME} to ${LARGEST_FRAME} are allowed`);
      if (rest.length < 4 + length) break;
      const frame = rest.subarray(0, 4 + length);
      rest = rest.subarray(4 + length);
      if (frame[frame.length - 1] !== 0) return violate("a frame does not end with NUL");
      counters.framesIn += 1;
      deliver(frame);
    }
    if (!isClosed) events.afterFrames();
  });
  hookWrites(client, counters, () => isClosed);
  return { socket: client, close, counters };
}

/** Counts what leaves, and lets nothing leave a connection that is closed for us. */
function hookWrites(client: Socket, counters: FrameGuard["counters"], isClosed: () => boolean): void {
  const write = client.write.bind(client) as (bytes: Uint8Array | string) => boolean;
  client.write = ((bytes: Uint8Array | string): boolean => {
    if (isClosed()) return false;
    counters.framesOut += 1;
    counters.bytesOut += bytes.length;
    return write(bytes);
  }) as Socket["write"];
}
