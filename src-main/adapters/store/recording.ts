import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { assert } from "#shared/lib/assert.ts";
import type { Micros } from "#shared/lib/time.ts";
import { named } from "./store-error.ts";

/**
 * The recording: `RTREC001`, then records. A record is its length (u32), the crc32 of what follows (u32), the time
 * (f64), the length of the kind (u8), the kind, the text. Little endian, UTF-8; the length counts from the time on.
 */
export const MAGIC = Buffer.from("RTREC001");
export const HEADER_BYTES = 8;
const FIXED_BYTES = 9;
/** Longest record; a longer length read from a file is damage. */
export const RECORD_LIMIT_BYTES = 16 * 1024 * 1024;

/** Whole records, ready for the disk. */
export type FrameBatch = { readonly bytes: Uint8Array<ArrayBuffer>; readonly records: number };

/** Collects records in the engine's thread; `take` hands the collected ones over. */
export class FrameBuffer {
  private buffer: Buffer<ArrayBuffer>;
  private used = 0;
  private records = 0;
  private readonly capacity: number;

  constructor(capacity = 64 * 1024) {
    this.capacity = capacity;
    this.buffer = Buffer.alloc(capacity);
  }

  get bytes(): number {
    return this.used;
  }

  /** Returns the batch that had to make room, if any. */
  add(time: Micros, kind: string, text: string): FrameBatch | undefined {
    const kindBytes = Buffer.byteLength(kind);
    assert(kindBytes > 0 && kindBytes < 256, "the kind of a record has 1 to 255 bytes");
    const length = FIXED_BYTES + kindBytes + Buffer.byteLength(text);
    assert(length <= RECORD_LIMIT_BYTES, "a record has at most 16 MiB");
    const full = this.used + HEADER_BYTES + length > this.buffer.length ? this.take(HEADER_BYTES + length) : undefined;
    const start = this.used + HEADER_BYTES;
    this.buffer.writeDoubleLE(time, start);
    this.buffer[start + 8] = kindBytes;
    this.buffer.write(kind, start + FIXED_BYTES, "utf8");
    this.buffer.write(text, start + FIXED_BYTES + kindBytes, "utf8");
    this.buffer.writeUInt32LE(length, this.used);
    this.buffer.writeUInt32LE(crc32(this.buffer.subarray(start, start + length)), this.used + 4);
    this.used = start + length;
    this.records += 1;
    return full;
  }

  /** Empties the buffer; the next one has room for `needed` bytes. */
  take(needed = 0): FrameBatch | undefined {
    const filled = this.buffer.subarray(0, this.used);
    // A small batch is copied out and a large one given away: neither costs a fresh buffer for a few bytes.
    const isSmall = this.used < this.capacity / 2;
    const batch = { bytes: isSmall ? new Uint8Array(filled) : filled, records: this.records };
    const hasRecords = this.records > 0;
    if (!isSmall || needed > this.buffer.length) this.buffer = Buffer.alloc(Math.max(this.capacity, needed));
    this.used = 0;
    this.records = 0;
    return hasRecords ? batch : undefined;
  }
}

/** A closed stretch of a recording: the body of a SEGMENT row. */
export type Segment = {
  readonly file: string;
  readonly index: number;
  readonly fromByte: number;
  readonly toByte: number;
  readonly records: number;
  readonly sha256: string;
};

export type RecordingOptions = {
  readonly path: string;
  readonly file: string;
  /** A segment is closed when it has reached either. */
  readonly segmentBytes: number;
  readonly segmentRecords: number;
  /** Called when a segment is on the disk. */
  readonly onSegment: (segment: Segment) => void;
};

export type RecordingWriter = {
  write(batch: FrameBatch): void;
  /** Closes the open segment, when it has records, and the file. */
  close(): void;
  /** Closes the file without a segment, as a crash would. */
  abandon(): void;
};

/** Creates the recording of a run. Writes are synchronous: it lives in the store's thread. */
export function createRecording(options: RecordingOptions): RecordingWriter {
  const { path, file } = options;
  const handle = named(path, () => openSync(path, "wx", 0o600));
  const fresh = { fromByte: 0, toByte: 0, records: 0, index: 0 };
  let segment = fresh;
  let digest = createHash("sha256");
  const put = (bytes: Uint8Array): void => {
    named(path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at);
    });
    digest.update(bytes);
    segment = { ...segment, toByte: segment.toByte + bytes.length };
  };
  const closeSegment = (): void => {
    if (segment.records === 0) return;
    named(path, () => fsyncSync(handle));
    options.onSegment({ file, ...segment, sha256: digest.digest("hex") });
    segment = { fromByte: segment.toByte, toByte: segment.toByte, records: 0, index: segment.index + 1 };
    digest = createHash("sha256");
  };
  let isOpen = true;
  const closeFile = (): void => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  put(MAGIC);
  return {
    write(batch) {
      put(batch.bytes);
      segment = { ...segment, records: segment.records + batch.records };
      const isFull =
        segment.toByte - segment.fromByte >= options.segmentBytes || segment.records >= options.segmentRecords;
      if (isFull) closeSegment();
    },
    close() {
      closeSegment();
      closeFile();
    },
    abandon: closeFile,
  };
}
