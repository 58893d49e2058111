import { hash as digest } from "node:crypto";

/** The prevHash of the first row. */
export const GENESIS = "0".repeat(64);

/** A row as stored: everything but the hashes. `body` is canonical JSON text. */
export type ChainFields = {
  readonly seq: number;
  readonly time: number;
  readonly wallTime: number;
  readonly monotonic: number;
  readonly kind: string;
  readonly cause: string | null;
  readonly intentId: string | null;
  readonly body: string;
};

export type ChainRow = ChainFields & { readonly prevHash: string; readonly hash: string };

/** Hexadecimal sha256 of a text. */
export function sha256(text: string): string {
  return digest("sha256", text, "hex");
}

/**
 * sha256(prevHash + canonical(fields)). The canonical text is put together here instead of by `canonical`, so that the
 * stored body counts byte by byte: even a change of its white space breaks the chain.
 */
export function chainHash(prevHash: string, row: ChainFields): string {
  const cause = row.cause === null ? "" : `,"cause":${JSON.stringify(row.cause)}`;
  const intentId = row.intentId === null ? "" : `,"intentId":${JSON.stringify(row.intentId)}`;
  return sha256(
    `${prevHash}{"body":${row.body}${cause}${intentId},"kind":${JSON.stringify(row.kind)},"monotonic":${row.monotonic},"seq":${row.seq},"time":${row.time},"wallTime":${row.wallTime}}`,
  );
}

export type ChainHead = { readonly seq: number; readonly hash: string };

/** What is wrong with `row` as the successor of `head`; undefined when nothing is. */
export function chainFault(head: ChainHead, row: ChainRow): string | undefined {
  if (row.seq !== head.seq + 1) return `row ${head.seq + 1} is missing: the next one is ${row.seq}`;
  if (row.prevHash !== head.hash) return `row ${row.seq} does not follow from row ${head.seq}`;
  if (row.hash !== chainHash(row.prevHash, row)) return `row ${row.seq} was changed: its hash does not fit`;
  return undefined;
}
