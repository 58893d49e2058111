import { useState } from "react";
import { command } from "#renderer/connection.ts";
import { useHasHost, useStore } from "#renderer/state/use-store.ts";
import { number, time, whole } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import type { TopicRow } from "#shared/contract/topics.ts";

/** On and off, and what each strategy last said. Off means off: entries are cancelled, stops stay. */
export function Strategies() {
  const strategies = useStore((state) => state.strategies);
  const [said, setSaid] = useState("");
  const rows = [...strategies.values()];
  return (
    <div className="body">
      {rows.length === 0 && <Empty>No strategy is loaded.</Empty>}
      <table aria-label="Strategies">
        <thead>
          <tr>
            <th scope="col">On</th>
            <th scope="col">Strategy</th>
            <th scope="col">Bars</th>
            <th scope="col">Parameters</th>
            <th scope="col" className="number">
              Warm
            </th>
            <th scope="col" className="number">
              Signals
            </th>
            <th scope="col">Last</th>
            <th scope="col">Said</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} onSaid={setSaid} />
          ))}
        </tbody>
      </table>
      <div className="note" role="status">
        {said}
      </div>
    </div>
  );
}

type RowProps = { readonly row: TopicRow<"strategies">; readonly onSaid: (text: string) => void };

function Row({ row, onSaid }: RowProps) {
  const hasHost = useHasHost();
  const toggle = (): void => {
    void command({ kind: "setStrategy", strategyId: row.id, enabled: !row.enabled }).then((result) =>
      onSaid(result.message),
    );
  };
  return (
    <tr>
      <td>
        <button
          type="button"
          role="switch"
          aria-checked={row.enabled}
          aria-label={`${row.title} on`}
          disabled={!hasHost}
          onClick={toggle}
        >
          {row.enabled ? "ON" : "off"}
        </button>
      </td>
      <td>
        <b>{row.id}</b>{" "}
        <span className="dim">
          {row.title}, v{row.version}
        </span>
      </td>
      <td>{row.timeframe}</td>
      <td className="dim">
        {Object.entries(row.parameters)
          .map(([name, value]) => `${name} ${number(value, 3)}`)
          .join(", ") || "defaults"}
      </td>
      <td className="number">
        {whole(row.warmedUp)}/{whole(row.symbols.length)}
      </td>
      <td className="number">{whole(row.signals)}</td>
      <td>{time(row.lastSignalTime)}</td>
      <td className={row.error === undefined ? "dim" : "refused"}>{row.error ?? row.lastSignal ?? ""}</td>
    </tr>
  );
}
