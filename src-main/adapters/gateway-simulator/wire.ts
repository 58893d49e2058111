/** One field of a message before it is text. Unset is an empty field. */
export type Field = string | number | boolean | undefined;

/** The value that stands for "not set" in double fields of orders. */
export const UNSET_DOUBLE = "1.7976931348623157E308";
export const UNSET_INTEGER = "2147483647";

const LARGEST_FRAME = 0xffffff;

/** A message as the wire carries it: four bytes of length, then each field ended by a NUL. */
export function encodeFrame(fields: readonly Field[]): Buffer {
  const payload = Buffer.from(`${fields.map(text).join("\0")}\0`, "utf8");
  const frame = Buffer.allocUnsafe(4 + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  payload.copy(frame, 4);
  return frame;
}

function text(field: Field): string {
  if (field === undefined) return "";
  if (typeof field === "boolean") return field ? "1" : "0";
  return String(field);
}

/** Why a byte stream is not the protocol; the connection is closed. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Cuts a byte stream into payloads, however it was split or joined on the way. */
export class FrameCutter {
  private rest: Buffer = Buffer.alloc(0);

  /** @throws WireError on a length that no message can have */
  push(bytes: Buffer): readonly Buffer[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const frames: Buffer[] = [];
    while (this.rest.length >= 4) {
      const length = this.rest.readUInt32BE(0);
      if (length < 1 || length > LARGEST_FRAME) throw new WireError(`frame length ${length}`);
      if (this.rest.length < 4 + length) break;
      frames.push(this.rest.subarray(4, 4 + length));
      this.rest = this.rest.subarray(4 + length);
    }
    return frames;
  }

  /** Takes `count` raw bytes off the front, if they are there: the bare word that opens a connection. */
  take(count: number, bytes: Buffer): Buffer | undefined {
    this.rest = Buffer.concat([this.rest, bytes]);
    if (this.rest.length < count) return undefined;
    const head = this.rest.subarray(0, count);
    this.rest = this.rest.subarray(count);
    return head;
  }
}

/** Splits a payload into its fields. The last byte must be the NUL that ends the last field. */
export function fieldsOf(payload: Buffer): readonly string[] {
  if (payload[payload.length - 1] !== 0) throw new WireError("a message does not end with NUL");
  return payload.toString("utf8", 0, payload.length - 1).split("\0");
}

/** Reads fields in their order. Past the end it throws: a short message is never half-read. */
export class FieldReader {
  private readonly fields: readonly string[];
  private position: number;

  constructor(fields: readonly string[], position = 0) {
    this.fields = fields;
    this.position = position;
  }

  get left(): number {
    return this.fields.length - this.position;
  }

  text(): string {
    const field = this.fields[this.position];
    if (field === undefined) throw new WireError(`message ${this.fields[0]} ends at field ${this.position}`);
    this.position += 1;
    return field;
  }

  /** 0 for an empty field. */
  integer(): number {
    const field = this.text();
    if (field === "") return 0;
    const value = Number(field);
    if (!Number.isInteger(value))
      throw new WireError(`message ${this.fields[0]}: ${JSON.stringify(field)} is no integer`);
    return value;
  }

  /** Undefined for an empty field or the marker for "not set". */
  number(): number | undefined {
    const field = this.text();
    if (field === "" || field === UNSET_DOUBLE || field === UNSET_INTEGER || field === "1.7976931348623157e+308") {
      return undefined;
    }
    const value = Number(field);
    if (!Number.isFinite(value))
      throw new WireError(`message ${this.fields[0]}: ${JSON.stringify(field)} is no number`);
    return value;
  }

  flag(): boolean {
    return this.text() === "1";
  }

  skip(count: number): void {
    for (let i = 0; i < count; i += 1) this.text();
  }
}
