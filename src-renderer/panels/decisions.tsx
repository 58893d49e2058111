import { useMemo, useState } from "react";
import { useStore } from "#renderer/state/use-store.ts";
import { refusal, time, whole } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"decisions"> & { readonly repeats: number };

const COLUMNS: readonly Column<Row>[] = [
  { id: "time", title: "Time", width: "66px", cell: (row) => time(row.time) },
  { id: "source", title: "Source", width: "120px", cell: (row) => row.source },
  { id: "symbol", title: "Symbol", width: "60px", cell: (row) => <b>{row.symbol}</b> },
  {
    id: "side",
    title: "Side",
    width: "46px",
    cell: (row) => (row.side === "buy" ? "▲ B" : "▼ S"),
    className: (row) => (row.side === "buy" ? "up" : "down"),
  },
  { id: "role", title: "Role", width: "50px", cell: (row) => row.role },
  { id: "quantity", title: "Qty", isNumber: true, width: "56px", cell: (row) => whole(row.quantity) },
  {
    id: "verdict",
    title: "Gate",
    width: "84px",
    cell: (row) => (row.verdict === "approved" ? "sent" : "refused"),
    className: (row) => (row.verdict === "approved" ? "" : "refused"),
  },
  {
    id: "repeats",
    title: "×",
    isNumber: true,
    width: "36px",
    cell: (row) => (row.repeats > 1 ? whole(row.repeats) : ""),
  },
  { id: "why", title: "Why", cell: (row) => <span title={detail(row)}>{why(row)}</span> },
];

function why(row: Row): string {
  if (row.verdict === "approved") return `${row.reason}; ${row.controls} controls passed`;
  return row.failures.map(refusal).join(" · ");
}

function detail(row: Row): string {
  return [row.reason, ...Object.entries(row.saw).map(([name, value]) => `${name} = ${value}`)].join("\n");
}

/** Refusals alike that follow each other are counted, not listed. */
function merge(rows: readonly TopicRow<"decisions">[]): readonly Row[] {
  const merged: Row[] = [];
  for (const row of rows) {
    const last = merged.at(-1);
    const key = (one: TopicRow<"decisions">): string =>
      [one.verdict, one.source, one.symbol, one.side, ...one.failures.map((failure) => failure.code)].join("|");
    if (last !== undefined && row.verdict === "denied" && key(last) === key(row)) {
      merged[merged.length - 1] = { ...row, repeats: last.repeats + 1 };
    } else merged.push({ ...row, repeats: 1 });
  }
  return merged.reverse();
}

export function Decisions() {
  const decisions = useStore((state) => state.decisions);
  const [filter, setFilter] = useState("");
  const rows = useMemo(() => merge([...decisions.values()]), [decisions]);
  const wanted = filter.trim().toLowerCase();
  const shown =
    wanted === ""
      ? rows
      : rows.filter((row) => `${row.symbol} ${row.source} ${row.verdict} ${why(row)}`.toLowerCase().includes(wanted));
  return (
    <>
      <div style={{ padding: "4px 6px", display: "flex", gap: "8px", alignItems: "center" }}>
        <input
          style={{ width: "260px" }}
          aria-label="Filter decisions"
          placeholder="Filter: symbol, strategy, code"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <span className="dim">
          {shown.length} of {rows.length}
        </span>
      </div>
      <div className="body">
        <Table label="Decisions" columns={COLUMNS} rows={shown} rowKey={(row) => row.intentId} />
        {shown.length === 0 && <Empty>No decision yet: strategies decide at the end of each bar.</Empty>}
      </div>
    </>
  );
}
