import { useMemo, useState } from "react";
import { command } from "#renderer/connection.ts";
import { store } from "#renderer/state/store.ts";
import { useStore } from "#renderer/state/use-store.ts";
import { amount, direction, price, profit, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { Empty, Panel } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"positions">;

const COLUMNS: readonly Column<Row>[] = [
  { id: "symbol", title: "Symbol", width: "52px", cell: (row) => <b>{row.symbol}</b> },
  { id: "quantity", title: "Qty", isNumber: true, width: "44px", cell: (row) => whole(row.quantity) },
  { id: "average", title: "Avg", isNumber: true, cell: (row) => price(row.averageCost) },
  {
    id: "pnl",
    title: "Unrlzd",
    isNumber: true,
    cell: (row) => profit(row.unrealizedPnl),
    className: (row) => direction(row.unrealizedPnl),
  },
  {
    id: "stop",
    title: "Stop",
    isNumber: true,
    cell: (row) =>
      row.protectedQuantity < Math.abs(row.quantity) ? <span className="flag">none</span> : price(row.stopPrice),
  },
];

export function Positions() {
  const positions = useStore((state) => state.positions);
  const account = useStore((state) => state.account);
  const selected = useStore((state) => state.symbol);
  const [asked, setAsked] = useState<Row | undefined>(undefined);
  const rows = useMemo(
    () => [...positions.values()].filter((row) => row.quantity !== 0).sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
    [positions],
  );
  return (
    <Panel title={`Positions (${rows.length})`}>
      <dl className="account">
        <dt>Equity</dt>
        <dd className="bold">{amount(account?.equity)}</dd>
        <dt>Cash</dt>
        <dd>{amount(account?.cash)}</dd>
        <dt>Realised</dt>
        <dd className={direction(account?.realizedPnl)}>{profit(account?.realizedPnl)}</dd>
        <dt>Unrealised</dt>
        <dd className={direction(account?.unrealizedPnl)}>{profit(account?.unrealizedPnl)}</dd>
        <dt>Commissions</dt>
        <dd>{amount(account?.commissions)}</dd>
        <dt title="The broker's own figure">Broker net liquidation</dt>
        <dd>{amount(account?.brokerNetLiquidation)}</dd>
      </dl>
      <div className="body">
        {rows.length === 0 && <Empty>No positions.</Empty>}
        {rows.length > 0 && (
          <Table
            label="Positions"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => row.symbol}
            {...(selected === undefined ? {} : { selected })}
            onSelect={(row) => store.setState({ symbol: row.symbol })}
            onDelete={setAsked}
          />
        )}
      </div>
      {asked !== undefined ? (
        <ConfirmClose row={asked} onClose={() => setAsked(undefined)} />
      ) : (
        <div className="form" style={{ borderTop: "1px solid var(--line)" }}>
          <button
            type="button"
            disabled={selected === undefined || !rows.some((row) => row.symbol === selected)}
            onClick={() => setAsked(rows.find((row) => row.symbol === selected))}
          >
            Close {selected ?? UNKNOWN}
          </button>
          <button type="button" disabled={rows.length === 0} onClick={() => void command({ kind: "flatten" })}>
            Flatten all
          </button>
        </div>
      )}
    </Panel>
  );
}

/** One question with the numbers; the button repeats the verb. */
function ConfirmClose({ row, onClose }: { readonly row: Row; readonly onClose: () => void }) {
  const act = (): void => {
    void command({ kind: "closePosition", symbol: row.symbol });
    onClose();
  };
  return (
    <div className="form" style={{ borderTop: "1px solid var(--line)" }} role="group" aria-label="Confirm close">
      <span className="wide">
        Close {whole(Math.abs(row.quantity))} {row.symbol}? Stop and target are cancelled first, then a limit 0.5 %
        through the market.
      </span>
      <button type="button" onClick={onClose}>
        Keep
      </button>
      <button type="button" className="danger" onClick={act}>
        Close {row.symbol}
      </button>
    </div>
  );
}
