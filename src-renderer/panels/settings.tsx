import { useEffect, useState } from "react";
import { request } from "#renderer/connection.ts";
import { useHasHost } from "#renderer/state/use-store.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { ResponseOf } from "#shared/contract/requests.ts";

type Row = ResponseOf<"configuration">["rows"][number];

const COLUMNS: readonly Column<Row>[] = [
  { id: "key", title: "Key", width: "230px", cell: (row) => <b>{row.key}</b> },
  { id: "value", title: "Value in force", width: "150px", cell: (row) => row.value },
  { id: "unit", title: "Unit", width: "90px", cell: (row) => row.unit, className: () => "dim" },
  { id: "source", title: "Set by", width: "160px", cell: (row) => row.source },
  { id: "range", title: "Range", width: "220px", cell: (row) => row.range, className: () => "dim" },
  { id: "where", title: "Enforced in", width: "150px", cell: (row) => row.enforcedIn, className: () => "dim" },
  { id: "title", title: "Meaning", cell: (row) => row.title },
];

/** Every setting with its effective value and where it comes from. */
export function Settings() {
  const [rows, setRows] = useState<readonly Row[] | undefined>(undefined);
  const [refusal, setRefusal] = useState<string | undefined>(undefined);
  const hasHost = useHasHost();
  useEffect(() => {
    if (!hasHost) return undefined;
    let isShown = true;
    setRefusal(undefined);
    request("configuration", {}).then(
      (answer) => isShown && setRows(answer.rows),
      (error: unknown) => isShown && setRefusal(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isShown = false;
    };
  }, [hasHost]);
  return (
    <div className="body">
      {rows === undefined ? (
        <Empty>
          {refusal === undefined ? "Asking for the configuration." : `The host did not give it: ${refusal}`}
        </Empty>
      ) : (
        <Table label="Settings" columns={COLUMNS} rows={rows} rowKey={(row) => row.key} />
      )}
    </div>
  );
}
