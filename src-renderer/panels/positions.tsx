import { useMemo, useState } from "react";
import { command } from "#renderer/connection.ts";
import { store } from "#renderer/state/store.ts";
import { useHasHost, useStore } from "#renderer/state/use-store.ts";
import { amount, direction, price, profit, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { Empty, Panel } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import { useSafeFocus } from "#renderer/ui/use-safe-focus.ts";
import type { TopicRow } from "#shared/contract/topics.ts";

type Row = TopicRow<"positions">;

const isProtected = (row: Row): boolean => row.protectedQuantity >= Math.abs(row.quantity);
const bareText = (row: Row): string =>
  row.protectedQuantity === 0 ? "no stop" : `${whole(row.protectedQuantity)} of ${whole(Math.abs(row.quantity))}`;

const COLUMNS: readonly Column<Row>[] = [
  { id: "symbol", title: "Symbol", width: "50px", cell: (row) => <b>{row.symbol}</b> },
  { id: "quantity", title: "Qty", isNumber: true, cell: (row) => whole(row.quantity) },
  { id: "average", title: "Average", isNumber: true, cell: (row) => price(row.averageCost) },
  {
    id: "pnl",
    title: "P&L",
    isNumber: true,
    cell: (row) => profit(row.unrealizedPnl),
    className: (row) => direction(row.unrealizedPnl),
  },
  {
    id: "stop",
    title: "Stop",
    isNumber: true,
    cell: (row) => (isProtected(row) ? price(row.stopPrice) : <span className="flag">{bareText(row)}</span>),
  },
];

/** What the person is asked before it is done. */
type Asked = { readonly kind: "close"; readonly row: Row } | { readonly kind: "flatten" };

/** Those without their stop come first: they need a person. */
function byNeed(a: Row, b: Row): number {
  return Number(isProtected(a)) - Number(isProtected(b)) || (a.symbol < b.symbol ? -1 : 1);
}

export function Positions() {
  const positions = useStore((state) => state.positions);
  const selected = useStore((state) => state.symbol);
  const hasHost = useHasHost();
  const [asked, setAsked] = useState<Asked | undefined>(undefined);
  const [said, setSaid] = useState("");
  const rows = useMemo(() => [...positions.values()].filter((row) => row.quantity !== 0).sort(byNeed), [positions]);
  const ask = (next: Asked): void => {
    setSaid("");
    setAsked(next);
  };
  const held = rows.find((row) => row.symbol === selected);
  return (
    <Panel title={`Positions (${rows.length})`}>
      <Account />
      <div className="body">
        {rows.length === 0 && <Empty>No positions. A fill of an order opens one.</Empty>}
        {rows.length > 0 && (
          <Table
            label="Positions"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => row.symbol}
            {...(selected === undefined ? {} : { selected })}
            onSelect={(row) => store.setState({ symbol: row.symbol })}
            onDelete={(row) => hasHost && ask({ kind: "close", row })}
          />
        )}
      </div>
      <p className="note short" role="status">
        {said}
      </p>
      {asked !== undefined ? (
        <Confirm asked={asked} rows={rows} onSaid={setSaid} onClose={() => setAsked(undefined)} />
      ) : (
        <div className="form footer">
          <button
            type="button"
            disabled={!hasHost || held === undefined}
            onClick={() => held !== undefined && ask({ kind: "close", row: held })}
          >
            Close {selected ?? UNKNOWN}
          </button>
          <button type="button" disabled={!hasHost || rows.length === 0} onClick={() => ask({ kind: "flatten" })}>
            Flatten all…
          </button>
        </div>
      )}
    </Panel>
  );
}

function Account() {
  const account = useStore((state) => state.account);
  return (
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
      <dt title="Net liquidation by the broker's own figures">Broker net liq.</dt>
      <dd>{amount(account?.brokerNetLiquidation)}</dd>
    </dl>
  );
}

type ConfirmProps = {
  readonly asked: Asked;
  readonly rows: readonly Row[];
  readonly onSaid: (text: string) => void;
  readonly onClose: () => void;
};

/** One question with the numbers; the button repeats the verb; the focus is on the safe one. */
function Confirm({ asked, rows, onSaid, onClose }: ConfirmProps) {
  const keep = useSafeFocus<HTMLButtonElement>();
  const kill = useStore((state) => state.status?.kill);
  const verb = asked.kind === "close" ? `Close ${asked.row.symbol}` : `Flatten ${rows.length}`;
  const act = (): void => {
    onSaid("on its way");
    const body =
      asked.kind === "close" ? ({ kind: "closePosition", symbol: asked.row.symbol } as const) : { kind: asked.kind };
    void command(body).then((result) => onSaid(result.message));
    onClose();
  };
  return (
    <div
      className="form footer"
      role="group"
      aria-label={`Confirm ${asked.kind}`}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <span className="wide">{question(asked, rows, kill?.value)}</span>
      <button type="button" ref={keep} onClick={onClose}>
        Keep
      </button>
      <button type="button" className="danger" onClick={act}>
        {verb}
      </button>
    </div>
  );
}

function question(asked: Asked, rows: readonly Row[], value: number | undefined): string {
  const how = "Stops and targets are cancelled first, then limits 0.5 % through the market.";
  if (asked.kind === "close") {
    const quantity = rows.find((row) => row.symbol === asked.row.symbol)?.quantity ?? 0;
    return `Close ${whole(Math.abs(quantity))} ${asked.row.symbol}? ${how}`;
  }
  return `Flatten all ${rows.length} positions, about ${amount(value)}? ${how} Tried again, wider, until flat.`;
}
