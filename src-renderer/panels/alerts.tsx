import { useMemo } from "react";
import { useStore } from "#renderer/state/use-store.ts";
import { time } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"alerts">;

const COLUMNS: readonly Column<Row>[] = [
  { id: "time", title: "Time", width: "70px", cell: (row) => time(row.time) },
  {
    id: "severity",
    title: "Severity",
    width: "80px",
    cell: (row) => (row.severity === "critical" ? <span className="flag">critical</span> : row.severity),
  },
  { id: "code", title: "Code", width: "170px", cell: (row) => row.code },
  { id: "message", title: "Message", cell: (row) => row.message },
];

export function Alerts() {
  const alerts = useStore((state) => state.alerts);
  const rows = useMemo(() => [...alerts.values()].reverse(), [alerts]);
  return (
    <div className="body">
      {rows.length === 0 ? (
        <Empty>No alert in this run.</Empty>
      ) : (
        <Table label="Alerts" columns={COLUMNS} rows={rows} rowKey={(row) => row.id} />
      )}
    </div>
  );
}
