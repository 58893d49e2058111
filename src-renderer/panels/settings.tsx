import { useEffect, useState } from "react";
import { request } from "#renderer/connection.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { ResponseOf } from "#shared/contract/requests.ts";

type Row = ResponseOf<"configuration">["rows"][number];

const COLUMNS: readonly Column<Row>[] = [
  { id: "key", title: "Key", width: "230px", cell: (row) => <b>{row.key}</b> },
  { id: "value", title: "Value in force", width: "150px", cell: (row) => row.value },
  { id: "unit", title: "Unit", width: "90px", cell: (row) => <span className="dim">{row.unit}</span> },
  { id: "source", title: "Set by", width: "160px", cell: (row) => row.source },
  { id: "range", title: "Range", width: "220px", cell: (row) => <span className="dim">{row.range}</span> },
  { id: "where", title: "Enforced in", width: "150px", cell: (row) => <span className="dim">{row.enforcedIn}</span> },
  { id: "title", title: "Meaning", cell: (row) => row.title },
];

/** Every setting with its effective value and where it comes from. */
export function Settings() {
  const [rows, setRows] = useState<readonly Row[] | undefined>(undefined);
  useEffect(() => {
    let isShown = true;
    request("configuration", {}).then(
      (answer) => isShown && setRows(answer.rows),
      () => isShown && setRows([]),
    );
    return () => {
      isShown = false;
    };
  }, []);
  return (
    <div className="body">
      {rows === undefined ? (
        <Empty>Asking for the configuration.</Empty>
      ) : (
        <Table label="Settings" columns={COLUMNS} rows={rows} rowKey={(row) => row.key} />
      )}
    </div>
  );
}
