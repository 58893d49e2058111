import { useMemo, useState } from "react";
import { command } from "#renderer/connection.ts";
import { store } from "#renderer/state/store.ts";
import { useHasHost, useStore } from "#renderer/state/use-store.ts";
import { amount, price, time, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { Empty } from "#renderer/ui/panel.tsx";
import { type Column, Table } from "#renderer/ui/table.tsx";
import { useSafeFocus } from "#renderer/ui/use-safe-focus.ts";
import type { TopicRow } from "#shared/contract/topics.ts";

type Order = TopicRow<"orders">;
type Fill = TopicRow<"fills">;

const FILTERS = {
  working: ["intent", "sent", "acked", "partial"],
  unknown: ["unknown"],
  filled: ["filled"],
  cancelled: ["cancelled", "expired", "notPlaced"],
  rejected: ["rejected", "denied"],
} as const;
type Filter = keyof typeof FILTERS | "all" | "fills";

const TYPE = { market: "MKT", limit: "LMT", stop: "STP", stopLimit: "STP LMT" } as const;
const sourceText = (source: Order["source"]): string =>
  source.kind === "strategy" ? source.strategyId : source.kind === "manual" ? `manual: ${source.who}` : source.kind;

const COLUMNS: readonly Column<Order>[] = [
  { id: "time", title: "Time", width: "68px", cell: (row) => time(row.createdTime) },
  { id: "symbol", title: "Symbol", width: "58px", cell: (row) => <b>{row.symbol}</b> },
  {
    id: "side",
    title: "Side",
    width: "40px",
    cell: (row) => (row.side === "buy" ? "▲ B" : "▼ S"),
    className: (row) => (row.side === "buy" ? "up" : "down"),
  },
  { id: "role", title: "Role", width: "52px", cell: (row) => row.role },
  { id: "quantity", title: "Qty", isNumber: true, width: "52px", cell: (row) => whole(row.quantity) },
  { id: "filled", title: "Filled", isNumber: true, width: "52px", cell: (row) => whole(row.filledQuantity) },
  { id: "type", title: "Type", width: "62px", cell: (row) => TYPE[row.type] },
  { id: "limit", title: "Limit", isNumber: true, width: "66px", cell: (row) => price(row.limitPrice) },
  { id: "stop", title: "Stop", isNumber: true, width: "66px", cell: (row) => price(row.stopPrice) },
  { id: "average", title: "Average", isNumber: true, width: "66px", cell: (row) => price(row.averagePrice) },
  { id: "tif", title: "TIF", width: "38px", cell: (row) => row.timeInForce.toUpperCase() },
  {
    id: "status",
    title: "State",
    width: "84px",
    cell: (row) => (row.pendingCancel ? `${row.status} (cancel)` : row.status),
    className: (row) => (row.status === "unknown" || row.status === "rejected" ? "refused" : ""),
  },
  { id: "source", title: "Source", width: "82px", cell: (row) => sourceText(row.source) },
  { id: "ref", title: "orderRef", width: "104px", cell: (row) => row.orderRef, className: () => "dim" },
  { id: "why", title: "Why / last words", cell: (row) => row.message ?? row.reason, className: () => "dim" },
];

const FILL_COLUMNS: readonly Column<Fill>[] = [
  { id: "time", title: "Time", width: "70px", cell: (row) => time(row.time) },
  { id: "symbol", title: "Symbol", width: "70px", cell: (row) => <b>{row.symbol}</b> },
  {
    id: "side",
    title: "Side",
    width: "50px",
    cell: (row) => (row.side === "buy" ? "▲ B" : "▼ S"),
    className: (row) => (row.side === "buy" ? "up" : "down"),
  },
  { id: "role", title: "Role", width: "60px", cell: (row) => row.role },
  { id: "quantity", title: "Qty", isNumber: true, width: "70px", cell: (row) => whole(row.quantity) },
  { id: "price", title: "Price", isNumber: true, width: "90px", cell: (row) => price(row.price) },
  {
    id: "commission",
    title: "Commission",
    isNumber: true,
    width: "90px",
    cell: (row) => (row.commission === undefined ? UNKNOWN : amount(row.commission)),
  },
  { id: "source", title: "Source", width: "120px", cell: (row) => sourceText(row.source) },
  { id: "ref", title: "orderRef", width: "130px", cell: (row) => <span className="dim">{row.orderRef}</span> },
  { id: "exec", title: "execId", cell: (row) => <span className="dim">{row.execId}</span> },
];

const NAMES: readonly Filter[] = [...(Object.keys(FILTERS) as (keyof typeof FILTERS)[]), "all", "fills"];

export function Blotter() {
  const orders = useStore((state) => state.orders);
  const fills = useStore((state) => state.fills);
  const hasHost = useHasHost();
  const [filter, setFilter] = useState<Filter>("working");
  const [selected, setSelected] = useState<string | undefined>(undefined);
  const [asked, setAsked] = useState<Order | undefined>(undefined);
  const newest = useMemo(
    () => [...orders.values()].sort((a, b) => b.createdTime - a.createdTime || (a.orderRef < b.orderRef ? 1 : -1)),
    [orders],
  );
  const rows =
    filter === "all" || filter === "fills"
      ? newest
      : newest.filter((row) => (FILTERS[filter] as readonly string[]).includes(row.status));
  const count = (name: keyof typeof FILTERS): number =>
    newest.filter((row) => (FILTERS[name] as readonly string[]).includes(row.status)).length;
  return (
    <>
      <div className="segmented" role="group" aria-label="Which orders" style={{ padding: "4px 6px" }}>
        {NAMES.map((name) => (
          <button key={name} type="button" aria-pressed={filter === name} onClick={() => setFilter(name)}>
            {name} {name === "all" ? newest.length : name === "fills" ? fills.size : count(name)}
          </button>
        ))}
        <span className="spacer" />
        {asked === undefined ? (
          <button
            type="button"
            disabled={!hasHost || !isCancellable(orders.get(selected ?? ""))}
            onClick={() => setAsked(orders.get(selected ?? ""))}
          >
            Cancel…
          </button>
        ) : (
          <Confirm key={asked.orderRef} order={asked} onClose={() => setAsked(undefined)} />
        )}
      </div>
      <div className="body">
        {filter === "fills" ? (
          <Table
            label="Fills"
            columns={FILL_COLUMNS}
            rows={[...fills.values()].reverse()}
            rowKey={(row) => row.execId}
          />
        ) : (
          <Table
            label="Orders"
            columns={COLUMNS}
            rows={rows}
            rowKey={(row) => row.orderRef}
            {...(selected === undefined ? {} : { selected })}
            onSelect={(row) => {
              setSelected(row.orderRef);
              store.setState({ symbol: row.symbol });
            }}
            onDelete={(row) => hasHost && isCancellable(row) && setAsked(row)}
          />
        )}
        {filter !== "fills" && rows.length === 0 && (
          <Empty>No {filter === "all" ? "" : filter} orders. N opens the ticket.</Empty>
        )}
      </div>
    </>
  );
}

function isCancellable(order: Order | undefined): boolean {
  return order !== undefined && (FILTERS.working as readonly string[]).includes(order.status) && !order.pendingCancel;
}

function Confirm({ order, onClose }: { readonly order: Order; readonly onClose: () => void }) {
  const [said, setSaid] = useState("");
  const keep = useSafeFocus<HTMLButtonElement>();
  const act = (): void => {
    void command({ kind: "cancelOrder", orderRef: order.orderRef }).then((result) =>
      result.accepted ? onClose() : setSaid(result.message),
    );
  };
  return (
    <span
      role="group"
      aria-label="Confirm cancel"
      style={{ display: "flex", gap: "6px", alignItems: "center" }}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      {said === "" ? `Cancel ${order.side} ${whole(order.quantity)} ${order.symbol} (${order.role})?` : said}
      <button type="button" ref={keep} onClick={onClose}>
        Keep
      </button>
      <button type="button" className="danger" onClick={act}>
        Cancel order
      </button>
    </span>
  );
}
