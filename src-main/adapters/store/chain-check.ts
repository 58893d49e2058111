import type { Anchor } from "./anchors.ts";
import { type ChainHead, type ChainRow, chainFault, GENESIS } from "./chain.ts";
import type { Database } from "./database.ts";

export type ChainCheck = {
  readonly head: ChainHead;
  /** Rows that were looked at and found good. */
  readonly rows: number;
  /** The first bad row: its seq and what is wrong with it. */
  readonly fault?: { readonly seq: number; readonly detail: string };
};

/** Checks every row of the journal, and that the chain runs through every anchor. */
export function checkChain(database: Database, anchors: readonly Anchor[]): ChainCheck {
  return checkRows(database, { seq: 0, hash: GENESIS }, anchors);
}

/** As `checkChain`, from the last anchor on: what an opening can afford. */
export function checkTail(database: Database, last: Anchor): ChainCheck {
  const hash = database.prepare<[number], string>("SELECT hash FROM journal WHERE seq = ?").pluck().get(last.seq);
  const start = { seq: last.seq, hash: last.hash };
  if (last.seq > 0 && hash !== last.hash) {
    const detail =
      hash === undefined ? `row ${last.seq} is gone, an anchor names it` : `row ${last.seq} is not the anchored one`;
    return { head: start, rows: 0, fault: { seq: last.seq, detail } };
  }
  return checkRows(database, start, []);
}

function checkRows(database: Database, start: ChainHead, anchors: readonly Anchor[]): ChainCheck {
  const anchored = new Map(anchors.map((anchor) => [anchor.seq, anchor.hash]));
  // Rows numbered 0 or less can only be planted ones; a check from the start must meet them.
  const rows = database
    .prepare<[number, number], ChainRow>("SELECT * FROM journal WHERE seq > ? OR (? = 0 AND seq <= 0) ORDER BY seq")
    .iterate(start.seq, start.seq);
  let head = start;
  let count = 0;
  for (const row of rows) {
    const detail = chainFault(head, row) ?? anchorFault(row, anchored);
    if (detail !== undefined) return { head, rows: count, fault: { seq: Math.min(row.seq, head.seq + 1), detail } };
    head = { seq: row.seq, hash: row.hash };
    count += 1;
  }
  const last = anchors.at(-1);
  if (last !== undefined && last.seq > head.seq) {
    const detail = `rows ${head.seq + 1} to ${last.seq} are gone: an anchor names row ${last.seq}`;
    return { head, rows: count, fault: { seq: head.seq + 1, detail } };
  }
  return { head, rows: count };
}

function anchorFault(row: ChainRow, anchored: ReadonlyMap<number, string>): string | undefined {
  const hash = anchored.get(row.seq);
  return hash === undefined || hash === row.hash ? undefined : `row ${row.seq} is not the anchored one`;
}
