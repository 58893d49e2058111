import { connect } from "node:net";
import { IBApi } from "@stoqey/ib";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { encodeFrame } from "#adapters/gateway-simulator/codec/frame.ts";
import { guardFrames } from "#adapters/ibkr/frame-guard.ts";
import { until } from "#tests/support/host.ts";
import { scriptedServer } from "../gateway-simulator/scripted-server.ts";
import { guardRig, rawFrame } from "./fake-socket.ts";

const LARGEST = 16_777_211;
const MEGABYTE = 1_048_576;

/** Three frames as the gateway writes them: a quote, a status with text, a bare time. */
const STREAM = Buffer.concat([
  encodeFrame([1, 6, 1_000_000_001, 1, 123.45, 300, 0]),
  encodeFrame([4, 2, -1, 2104, "Market data farm connection is OK:usfarm", ""]),
  encodeFrame([49, 1, 1_795_000_000]),
]);

/** What the protocol says of a stream, read at once: the oracle of the fuzz. */
function readAll(bytes: Buffer): { readonly frames: readonly Buffer[]; readonly isRefused: boolean } {
  const frames: Buffer[] = [];
  let at = 0;
  while (bytes.length - at >= 4) {
    const length = bytes.readInt32BE(at);
    if (length < 2 || length > LARGEST) return { frames, isRefused: true };
    if (bytes.length - at < 4 + length) break;
    if (bytes[at + 3 + length] !== 0) return { frames, isRefused: true };
    frames.push(bytes.subarray(at, at + 4 + length));
    at += 4 + length;
  }
  return { frames, isRefused: false };
}

function inChunks(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

describe("whole frames", () => {
  test("a stream cut in two at any byte gives the same frames as the whole", () => {
    const { frames } = readAll(STREAM);
    expect(frames).toHaveLength(3);
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const rig = guardRig();
      rig.feed(STREAM.subarray(0, cut));
      rig.feed(STREAM.subarray(cut));
      expect(rig.frames, `cut at ${cut}`).toEqual(frames);
      expect(rig.reasons).toEqual([]);
    }
  });

  test("a stream that comes byte by byte gives the same frames, one call each", () => {
    const rig = guardRig();
    for (const byte of STREAM) rig.feed(Buffer.of(byte));
    expect(rig.frames).toEqual(readAll(STREAM).frames);
    expect(rig.guard.counters).toMatchObject({ framesIn: 3, bytesIn: STREAM.length });
  });

  test("frames of one read are told as one read", () => {
    const rig = guardRig();
    rig.feed(STREAM);
    expect([rig.frames.length, rig.reads]).toEqual([3, 1]);
  });

  test("a frame of two bytes is the shortest, one of 16777211 the longest", () => {
    const rig = guardRig();
    rig.feed(rawFrame(2, Buffer.from([65, 0])));
    rig.feed(rawFrame(LARGEST, Buffer.alloc(LARGEST)));
    expect(rig.frames.map((frame) => frame.length - 4)).toEqual([2, LARGEST]);
    expect(rig.reasons).toEqual([]);
  });
});

const BAD_LENGTHS = [0, 1, -1, -4, -2_147_483_648, LARGEST + 1, 0x00ffffff, 0x01000000, 0x7fffffff];

describe("a length that cannot be", () => {
  test.each(BAD_LENGTHS)("%i is refused by its number, and the socket is destroyed", (length) => {
    const rig = guardRig();
    rig.feed(Buffer.concat([encodeFrame([49, 1, 1]), rawFrame(length, Buffer.from("rest\0"))]));
    expect(rig.frames).toHaveLength(1);
    expect(rig.reasons).toEqual([expect.stringMatching(new RegExp(`(^|[^-0-9])${length}($|[^0-9])`))]);
    expect(rig.socket.destroyed).toBe(1);
  });

  test.each(BAD_LENGTHS)("the refusal of %i names the allowed range", (length) => {
    const rig = guardRig();
    rig.feed(rawFrame(length, Buffer.from("rest\0")));
    expect(rig.reasons[0]).toMatch(/\b2\b.*\b16,?777,?211\b/);
  });

  test("four bytes are enough to refuse: nothing is waited for", () => {
    const rig = guardRig();
    rig.feed(rawFrame(0x7fffffff));
    expect(rig.reasons).toHaveLength(1);
  });

  test("a frame that does not end with NUL is refused and not decoded", () => {
    const rig = guardRig();
    rig.feed(rawFrame(4, Buffer.from("4\0x1")));
    expect([rig.frames.length, rig.reasons]).toEqual([0, ["a frame does not end with NUL"]]);
  });
});

describe("after a refusal", () => {
  test("nothing is delivered, counted, kept or written any more", () => {
    const rig = guardRig();
    rig.feed(rawFrame(-4));
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(MEGABYTE);
    for (let turn = 0; turn < 200; turn += 1) rig.socket.emit("data", chunk);
    rig.feed(STREAM);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MEGABYTE);
    expect(rig.socket.write("late")).toBe(false);
    expect(rig.socket.written).toEqual([]);
    expect([rig.frames.length, rig.reasons.length, rig.guard.counters.bytesIn, rig.reads]).toEqual([0, 1, 4, 0]);
  });

  test("a stream that never ends its frame is held up to the longest frame, then refused", () => {
    const rig = guardRig();
    rig.feed(rawFrame(LARGEST));
    const chunk = Buffer.alloc(MEGABYTE, 65);
    let fed = 0;
    for (; rig.reasons.length === 0 && fed < 64; fed += 1) rig.feed(chunk);
    expect([fed, rig.reasons]).toEqual([16, ["a frame does not end with NUL"]]);
  });

  test("a connection closed by us in the middle of a read delivers nothing behind it", () => {
    const rig = guardRig();
    rig.onFrame = () => rig.guard.close();
    rig.feed(STREAM);
    expect([rig.frames.length, rig.reads, rig.reasons]).toEqual([1, 0, []]);
  });
});

describe("the decoder", () => {
  test("that throws ends the connection with its words, not the process", () => {
    const rig = guardRig();
    rig.onFrame = () => {
      throw new Error("no such field");
    };
    expect(() => rig.feed(STREAM)).not.toThrow();
    expect([rig.frames.length, rig.reasons]).toEqual([1, ["the decoder failed: no such field"]]);
    expect(rig.socket.destroyed).toBe(1);
  });

  test("that takes longer than 50 ms for a frame is counted", () => {
    const rig = guardRig();
    rig.onFrame = (frame) => {
      rig.now += frame.length > 40 ? 51 : 50;
    };
    rig.feed(STREAM);
    expect(rig.guard.counters.slowCalls).toBe(1);
  });

  test("what leaves is counted in frames and bytes", () => {
    const rig = guardRig();
    rig.socket.write(Buffer.alloc(7));
    rig.socket.write("abc");
    expect(rig.guard.counters).toMatchObject({ framesOut: 2, bytesOut: 10 });
    expect(rig.socket.written).toHaveLength(2);
  });
});

const goodFrame = fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 8 }).map((fields) => {
  return encodeFrame([49, ...fields.map((field) => field.replaceAll("\0", ""))]);
});
const smallLength = fc
  .tuple(fc.integer({ min: -3, max: 40 }), fc.uint8Array({ maxLength: 40 }))
  .map(([length, payload]) => rawFrame(length, payload));
const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const stream = fc
  .array(fc.oneof({ weight: 4, arbitrary: goodFrame }, smallLength, noise), { maxLength: 8 })
  .map((parts) => Buffer.concat(parts));
const chunkSizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 6 });

describe("any bytes in any chunks", () => {
  test("end in the frames that the protocol reads there, or in one refusal", () => {
    const seen = { refused: 0, clean: 0, frames: 0 };
    fc.assert(
      fc.property(stream, chunkSizes, (bytes, sizes) => {
        const rig = guardRig();
        for (const chunk of inChunks(bytes, sizes)) rig.feed(chunk);
        const { frames, isRefused } = readAll(bytes);
        expect(rig.frames).toEqual(frames);
        expect(rig.reasons).toHaveLength(isRefused ? 1 : 0);
        expect(rig.socket.destroyed).toBe(isRefused ? 1 : 0);
        seen[isRefused ? "refused" : "clean"] += 1;
        seen.frames += frames.length;
      }),
      { numRuns: 4_000 },
    );
    // The streams are of both sorts, else the property says little.
    expect(Math.min(seen.refused, seen.clean)).toBeGreaterThan(200);
    expect(seen.frames).toBeGreaterThan(1_000);
  });
});

describe("in front of the real library", () => {
  test("the socket lies where the guard looks for it, with one listener, and frames arrive cut in any way", async () => {
    const server = await scriptedServer(193);
    const api = new IBApi({ host: "127.0.0.1", port: server.port, clientId: 10 });
    api.connect(10);
    const reasons: string[] = [];
    const guard = guardFrames(api, {
      onViolation: (reason) => reasons.push(reason),
      afterFrames: () => undefined,
      now: () => 0,
    });
    onTestFinished(() => guard.close());
    await until(() => server.received.some((frame) => frame[0] === "71"), "the library has started");
    await until(() => guard.counters.framesIn >= 3, "hello, accounts and id are in");
    expect(guard.socket.listeners("data")).toHaveLength(1);
    expect(reasons).toEqual([]);
  });

  test("without a socket it fails loudly", () => {
    const bare = {} as IBApi;
    expect(() =>
      guardFrames(bare, { onViolation: () => undefined, afterFrames: () => undefined, now: () => 0 }),
    ).toThrow(/socket lies where/);
    const socket = connect({ host: "127.0.0.1", port: 1 }).on("error", () => undefined);
    onTestFinished(() => {
      socket.destroy();
    });
    const deaf = { controller: { socket: { client: socket } } } as unknown as IBApi;
    expect(() =>
      guardFrames(deaf, { onViolation: () => undefined, afterFrames: () => undefined, now: () => 0 }),
    ).toThrow(/exactly one data listener/);
  });
});
