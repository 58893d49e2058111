import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Micros } from "#shared/lib/time.ts";
import { HEADER_BYTES, MAGIC, RECORD_LIMIT_BYTES } from "./recording.ts";
import { named, storeError } from "./store-error.ts";

/** One engine input as it was recorded. */
export type RecordedInput = { readonly time: Micros; readonly kind: string; readonly text: string };

/** Where a reading stopped: behind the last whole record. */
export type RecordingEnd = {
  readonly records: number;
  readonly wholeBytes: number;
  /** Bytes behind the last whole record: a record torn by a crash, or damage. 0 when the recording is whole. */
  readonly tornBytes: number;
};

type Frame = { readonly payload: Buffer; readonly next: number };

/** The record that starts at `at`; `more` when the buffer ends inside it, `torn` when it is none. */
function frameAt(buffer: Buffer, at: number): Frame | "more" | "torn" {
  if (at + HEADER_BYTES > buffer.length) return "more";
  const length = buffer.readUInt32LE(at);
  if (length < 10 || length > RECORD_LIMIT_BYTES) return "torn";
  const next = at + HEADER_BYTES + length;
  if (next > buffer.length) return "more";
  const payload = buffer.subarray(at + HEADER_BYTES, next);
  return crc32(payload) === buffer.readUInt32LE(at + 4) ? { payload, next } : "torn";
}

function inputOf(payload: Buffer): RecordedInput {
  const kindEnd = 9 + payload.readUInt8(8);
  return {
    time: payload.readDoubleLE(0),
    kind: payload.toString("utf8", 9, kindEnd),
    text: payload.toString("utf8", kindEnd),
  };
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * The recorded inputs in their order. Ends quietly at a torn tail, and tells `onEnd` how much was readable: a replay
 * says where its recording ends.
 */
export async function* readRecording(
  path: string,
  onEnd: (end: RecordingEnd) => void = () => undefined,
): AsyncGenerator<RecordedInput, void, undefined> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw storeError(error, path);
  });
  try {
    const { size } = await handle.stat();
    const scan = frameScanner();
    for (;;) {
      const isLast = await fill(handle, scan);
      for (let frame = scan.next(); frame !== undefined; frame = scan.next()) yield inputOf(frame);
      if (isLast || scan.isTorn()) break;
    }
    onEnd({ ...scan.end(), tornBytes: size - scan.end().wholeBytes });
  } finally {
    await handle.close();
  }
}

async function fill(handle: FileHandle, scan: FrameScanner): Promise<boolean> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const { bytesRead } = await handle.read(chunk, 0, chunk.length, scan.readBytes());
  scan.push(chunk.subarray(0, bytesRead));
  return bytesRead === 0;
}

type FrameScanner = {
  push(chunk: Buffer): void;
  next(): Buffer | undefined;
  isTorn(): boolean;
  readBytes(): number;
  end(): { readonly records: number; readonly wholeBytes: number };
};

/** Cuts a stream of chunks into the payloads of whole records. */
function frameScanner(): FrameScanner {
  let rest: Buffer = Buffer.alloc(0);
  let at = 0;
  let readBytes = 0;
  let wholeBytes = 0;
  let records = 0;
  let isTorn = false;
  return {
    push(chunk) {
      rest = rest.length === at ? chunk : Buffer.concat([rest.subarray(at), chunk]);
      at = 0;
      readBytes += chunk.length;
    },
    next() {
      if (isTorn) return undefined;
      if (wholeBytes === 0) {
        if (rest.length < MAGIC.length) return undefined;
        isTorn = !rest.subarray(0, MAGIC.length).equals(MAGIC);
        if (isTorn) return undefined;
        at = MAGIC.length;
        wholeBytes = MAGIC.length;
      }
      const frame = frameAt(rest, at);
      if (frame === "torn") isTorn = true;
      if (frame === "torn" || frame === "more") return undefined;
      wholeBytes += frame.next - at;
      at = frame.next;
      records += 1;
      return frame.payload;
    },
    isTorn: () => isTorn,
    readBytes: () => readBytes,
    end: () => ({ records, wholeBytes }),
  };
}

/** Counts whole records of a file from its start, synchronously: for the opening and the verifier. */
export function scanRecording(path: string): RecordingEnd {
  return named(path, () => {
    const handle = openSync(path, "r");
    try {
      const scan = frameScanner();
      for (;;) {
        const chunk = Buffer.alloc(CHUNK_BYTES);
        const bytesRead = readSync(handle, chunk, 0, chunk.length, scan.readBytes());
        scan.push(chunk.subarray(0, bytesRead));
        while (scan.next() !== undefined);
        if (bytesRead === 0) break;
      }
      return { ...scan.end(), tornBytes: scan.readBytes() - scan.end().wholeBytes };
    } finally {
      closeSync(handle);
    }
  });
}

/** sha256 of the bytes [from, to) of a file; undefined when it is shorter. */
export function hashRange(path: string, from: number, to: number): string | undefined {
  return named(path, () => {
    const handle = openSync(path, "r");
    try {
      const digest = createHash("sha256");
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = from; at < to; ) {
        const bytesRead = readSync(handle, chunk, 0, Math.min(chunk.length, to - at), at);
        if (bytesRead === 0) return undefined;
        digest.update(chunk.subarray(0, bytesRead));
        at += bytesRead;
      }
      return digest.digest("hex");
    } finally {
      closeSync(handle);
    }
  });
}
