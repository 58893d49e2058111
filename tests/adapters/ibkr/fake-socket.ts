import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { IBApi } from "@stoqey/ib";
import { type FrameGuard, guardFrames } from "#adapters/ibkr/frame-guard.ts";

/** The library's socket without a network: bytes are emitted by the test, what is written is kept. */
class FakeSocket extends EventEmitter {
  readonly written: (Uint8Array | string)[] = [];
  destroyed = 0;

  setNoDelay(): this {
    return this;
  }

  destroy(): this {
    this.destroyed += 1;
    return this;
  }

  write(bytes: Uint8Array | string): boolean {
    this.written.push(bytes);
    return true;
  }
}

export type GuardRig = {
  readonly guard: FrameGuard;
  readonly socket: FakeSocket;
  /** Frames that reached the decoder, with their prefix. */
  readonly frames: Buffer[];
  readonly reasons: string[];
  /** How often the end of a read was told. */
  reads: number;
  /** What the decoder does besides keeping the frame. */
  onFrame: (frame: Buffer) => void;
  now: number;
  feed(bytes: Uint8Array): void;
};

export function guardRig(): GuardRig {
  const socket = new FakeSocket();
  const rig = { socket, frames: [] as Buffer[], reasons: [] as string[], reads: 0, now: 0 };
  const decode = (frame: Buffer): void => {
    rig.frames.push(Buffer.from(frame));
    whole.onFrame(frame);
  };
  socket.on("data", decode);
  const api = { controller: { socket: { client: socket as unknown as Socket } } } as unknown as IBApi;
  const guard = guardFrames(api, {
    onViolation: (reason) => rig.reasons.push(reason),
    afterFrames: () => {
      whole.reads += 1;
    },
    now: () => whole.now,
  });
  const feed = (bytes: Uint8Array): void => {
    socket.emit("data", Buffer.from(bytes));
  };
  const whole: GuardRig = Object.assign(rig, { guard, onFrame: () => undefined, feed });
  return whole;
}

/** A length and what follows it, right or wrong. */
export function rawFrame(length: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(length);
  return Buffer.concat([prefix, payload]);
}
