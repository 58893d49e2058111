import { useMemo } from "react";
import { useStore } from "#renderer/state/use-store.ts";
import { number, time, whole } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"risk">;

const SCOPE = { A: "all orders", O: "opening", S: "state" } as const;

function Headroom({ row }: { readonly row: Row }) {
  if (row.value === undefined || row.limit === undefined || row.limit === 0) return <span className="dim">—</span>;
  const used = Math.max(0, Math.min(1, row.value / row.limit));
  const tone = used >= 1 ? "broken" : used > 0.8 ? "tight" : "";
  return (
    <div className="bar" role="img" aria-label={`${Math.round(used * 100)} % used`}>
      <i className={tone} style={{ width: `${used * 100}%` }} />
    </div>
  );
}

/** Limits with a figure come first; their order does not follow the figures, so that no row jumps. */
const isMeasured = (row: Row): boolean => row.limit !== undefined;

const COLUMNS: readonly Column<Row>[] = [
  { id: "code", title: "Control", width: "184px", cell: (row) => <b>{row.code}</b> },
  { id: "title", title: "Meaning", width: "178px", cell: (row) => row.title },
  { id: "scope", title: "Holds for", width: "84px", cell: (row) => SCOPE[row.scope], className: () => "dim" },
  { id: "value", title: "Value", isNumber: true, width: "72px", cell: (row) => number(row.value) },
  { id: "limit", title: "Limit", isNumber: true, width: "72px", cell: (row) => number(row.limit) },
  { id: "unit", title: "Unit", width: "56px", cell: (row) => <span className="dim">{row.unit}</span> },
  { id: "room", title: "Headroom", isNumber: true, width: "78px", cell: (row) => number(row.headroom) },
  { id: "bar", title: "Used", width: "72px", cell: (row) => <Headroom row={row} /> },
  {
    id: "denials",
    title: "Denied",
    isNumber: true,
    width: "54px",
    cell: (row) => (row.denialsToday === 0 ? "" : whole(row.denialsToday)),
    className: (row) => (row.denialsToday > 0 ? "refused" : ""),
  },
  { id: "last", title: "Last", width: "70px", cell: (row) => time(row.lastDenialTime) },
  { id: "key", title: "Set by", cell: (row) => row.configKey ?? "", className: () => "dim" },
];

/** Every control with the limit that blocks, from the engine's own value. */
export function Risk() {
  const risk = useStore((state) => state.risk);
  const rows = useMemo(() => [...risk.values()].sort((a, b) => Number(isMeasured(b)) - Number(isMeasured(a))), [risk]);
  return (
    <div className="body">
      {rows.length === 0 && <Empty>Waiting for the first limits.</Empty>}
      <Table label="Risk controls" columns={COLUMNS} rows={rows} rowKey={(row) => row.code} />
    </div>
  );
}
