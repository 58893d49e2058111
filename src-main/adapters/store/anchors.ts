import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { z } from "zod";
import { canonical } from "#shared/lib/canonical.ts";
import { type ChainHead, GENESIS } from "./chain.ts";
import { named, StoreError } from "./store-error.ts";

/** The head of the chain at some moment, kept outside the database. `mac` covers the anchor before it too. */
const anchorSchema = z.object({
  seq: z.number().int().min(0),
  hash: z.string().length(64),
  run: z.number().int().min(0),
  mac: z.string().length(64),
});
export type Anchor = z.infer<typeof anchorSchema>;

/** The first line of every anchor file: an absent file beside a journal with rows is then itself a proof. */
const FIRST: Omit<Anchor, "mac"> = { seq: 0, hash: GENESIS, run: 0 };

function macOf(key: Uint8Array, previousMac: string, anchor: Omit<Anchor, "mac">): string {
  const { seq, hash, run } = anchor;
  return createHmac("sha256", key)
    .update(`${previousMac}${canonical({ seq, hash, run })}`)
    .digest("hex");
}

function keyRefused(path: string, message: string, remedy: string): StoreError {
  return new StoreError({ code: "KEY_UNSAFE", message, path, remedy });
}

/** Reads the HMAC key of the anchors: 32 bytes in hexadecimal in a file that only its owner may read. */
export function readKey(path: string): Uint8Array {
  return named(path, () => {
    if (!existsSync(path)) {
      throw keyRefused(
        path,
        "the key of the journal's anchors is gone",
        "Restore it from the backup of the data directory.",
      );
    }
    const mode = statSync(path).mode & 0o777;
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw keyRefused(path, `others may read the key: its mode is ${mode.toString(8)}`, `Run: chmod 600 ${path}`);
    }
    const text = readFileSync(path, "utf8").trim();
    if (!/^[0-9a-f]{64}$/.test(text)) {
      throw keyRefused(
        path,
        "the key is not 64 hexadecimal digits",
        "Restore it from the backup of the data directory.",
      );
    }
    return Buffer.from(text, "hex");
  });
}

/** Makes a key where none is. */
export function createKey(path: string): void {
  named(path, () => writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" }));
}

export type AnchorReading = {
  readonly anchors: readonly Anchor[];
  /** What is wrong with the file itself: a changed, removed or inserted line. */
  readonly fault?: string;
  /** Length of the whole lines; what follows is the torn line of a crash. */
  readonly wholeBytes: number;
};

/** Reads and checks every line; stops at the first that does not follow from those before it. */
export function readAnchors(path: string, key: Uint8Array): AnchorReading {
  if (!existsSync(path)) return { anchors: [], wholeBytes: 0, fault: "the file of anchors is gone" };
  const text = named(path, () => readFileSync(path, "utf8"));
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const wholeBytes = Buffer.byteLength(whole);
  const anchors: Anchor[] = [];
  let previousMac = "";
  for (const [index, line] of whole.split("\n").slice(0, -1).entries()) {
    const anchor = parseAnchor(line);
    if (anchor === undefined || !isSame(anchor.mac, macOf(key, previousMac, anchor))) {
      return { anchors, wholeBytes, fault: `anchor ${index + 1} was changed, or one before it removed` };
    }
    anchors.push(anchor);
    previousMac = anchor.mac;
  }
  if (anchors.length === 0) return { anchors, wholeBytes, fault: "the file of anchors is empty" };
  return { anchors, wholeBytes };
}

function parseAnchor(line: string): Anchor | undefined {
  try {
    const result = anchorSchema.safeParse(JSON.parse(line));
    return result.success ? result.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export type AnchorFile = {
  readonly last: ChainHead;
  /** Appends and forces to the disk. */
  add(head: ChainHead, run: number): void;
  close(): void;
};

/** Opens for appending, behind the last whole line; `reading` is what `readAnchors` returned without a fault. */
export function openAnchors(path: string, key: Uint8Array, reading: AnchorReading): AnchorFile {
  return named(path, () => {
    if (existsSync(path)) truncateSync(path, reading.wholeBytes);
    const file = openSync(path, "a", 0o600);
    let last = reading.anchors.at(-1);
    const write = (anchor: Omit<Anchor, "mac">): Anchor => {
      const line = { ...anchor, mac: macOf(key, last?.mac ?? "", anchor) };
      named(path, () => {
        writeSync(file, `${JSON.stringify(line)}\n`);
        fsyncSync(file);
      });
      return line;
    };
    let current = last ?? write(FIRST);
    return {
      get last() {
        return { seq: current.seq, hash: current.hash };
      },
      add(head, run) {
        last = current;
        current = write({ seq: head.seq, hash: head.hash, run });
      },
      close: () => closeSync(file),
    };
  });
}
