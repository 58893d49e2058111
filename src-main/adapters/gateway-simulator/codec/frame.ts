/** One field of a frame before it is written. Absent is an empty field, a truth value is `1` or `0`. */
export type WireValue = string | number | boolean | undefined;

/** One message: its fields in order, the first is the message id. */
export type Frame = readonly WireValue[];

/** The client library drops its buffer above 0xFFFFFF bytes; a frame and its length prefix stay below. */
export const LONGEST_FRAME = 16_777_211;

/** How TWS writes a number that is not set. */
export const UNSET_DOUBLE = "1.7976931348623157E308";
export const UNSET_INTEGER = 2_147_483_647;

const PREFIX = 4;
const HELLO_MARK = "API\0";
/** No client's hello is longer: a version range and connect options. */
const LONGEST_HELLO = 1_024;

/** The peer's bytes are no frames. The connection cannot be used any more. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** A frame as bytes: length (uint32, big-endian), then each field ended by a NUL. */
export function encodeFrame(frame: Frame): Buffer {
  let text = "";
  for (const value of frame) text += `${typeof value === "boolean" ? Number(value) : (value ?? "")}\0`;
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(PREFIX + length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(text, PREFIX);
  return bytes;
}

/** What a client opens with: the versions it speaks, and its options if it has any. */
export type Hello = { readonly lowest: number; readonly highest: number; readonly options: string };

/**
 * Cuts a byte stream of a client into its hello and its frames. Bytes may come in any portions. The hello is the one
 * message that does not end with a NUL.
 */
export class FrameReader {
  private pending: Buffer = Buffer.alloc(0);
  private isGreeted = false;

  /** The hello and the frames that are complete now, in order. Throws FrameError when the bytes are no frames. */
  push(bytes: Buffer): { readonly hello: Hello | undefined; readonly frames: readonly (readonly string[])[] } {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    const hello = this.isGreeted ? undefined : this.takeHello();
    const frames: (readonly string[])[] = [];
    if (this.isGreeted) {
      for (let frame = this.takeFrame(); frame !== undefined; frame = this.takeFrame()) frames.push(frame);
    }
    return { hello, frames };
  }

  private takeHello(): Hello | undefined {
    const mark = this.pending.subarray(0, HELLO_MARK.length).toString("latin1");
    if (!HELLO_MARK.startsWith(mark)) throw new FrameError("the first bytes are not API");
    const start = HELLO_MARK.length + PREFIX;
    if (this.pending.length < start) return undefined;
    const length = this.pending.readUInt32BE(HELLO_MARK.length);
    if (length < 2 || length > LONGEST_HELLO) throw new FrameError(`a hello of ${length} bytes`);
    if (this.pending.length < start + length) return undefined;
    const text = this.pending.subarray(start, start + length).toString("utf8");
    this.pending = this.pending.subarray(start + length);
    this.isGreeted = true;
    const match = /^v(\d{1,5})(?:\.\.(\d{1,5}))?(?: (.*))?$/s.exec(text);
    if (match === null) throw new FrameError(`a hello without a version: ${JSON.stringify(text)}`);
    const lowest = Number(match[1]);
    return { lowest, highest: Number(match[2] ?? lowest), options: match[3] ?? "" };
  }

  private takeFrame(): readonly string[] | undefined {
    if (this.pending.length < PREFIX) return undefined;
    const length = this.pending.readUInt32BE(0);
    if (length < 2 || length > LONGEST_FRAME) throw new FrameError(`a frame of ${length} bytes`);
    const end = PREFIX + length;
    if (this.pending.length < end) return undefined;
    if (this.pending[end - 1] !== 0) throw new FrameError("a frame whose last field is not ended");
    const fields = this.pending.toString("utf8", PREFIX, end - 1).split("\0");
    this.pending = this.pending.subarray(end);
    return fields;
  }
}
