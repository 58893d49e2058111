import { useEffect, useState } from "react";
import { command, request } from "#renderer/connection.ts";
import { useQuote, useStore } from "#renderer/state/use-store.ts";
import { number, price, whole } from "#renderer/ui/format.ts";
import { Panel } from "#renderer/ui/panel.tsx";
import type { ResponseOf } from "#shared/contract/requests.ts";
import type { Ticket as TicketBody } from "#shared/model/command.ts";
import type { OrderType, TimeInForce } from "#shared/model/order.ts";

type Draft = {
  readonly side: "buy" | "sell";
  readonly quantity: string;
  readonly type: OrderType;
  readonly limitPrice: string;
  readonly stopPrice: string;
  readonly timeInForce: TimeInForce;
  readonly stopLoss: string;
  readonly takeProfit: string;
};

const TYPES: readonly (readonly [OrderType, string])[] = [
  ["limit", "LMT"],
  ["market", "MKT (protected)"],
  ["stop", "STP"],
  ["stopLimit", "STP LMT"],
];
const PREVIEW_PAUSE_MS = 250;
const STOP_FRACTION = 0.02;
const TARGET_FRACTION = 0.03;

const EMPTY: Draft = {
  side: "buy",
  quantity: "10",
  type: "limit",
  limitPrice: "",
  stopPrice: "",
  timeInForce: "day",
  stopLoss: "",
  takeProfit: "",
};

const positive = (text: string): number | undefined => {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && value > 0 ? value : undefined;
};

/** Undefined while something is missing; the form says what. */
function ticketOf(draft: Draft, symbol: string | undefined): TicketBody | undefined {
  const quantity = positive(draft.quantity);
  const limitPrice = positive(draft.limitPrice);
  const stopPrice = positive(draft.stopPrice);
  const needsLimit = draft.type === "limit" || draft.type === "stopLimit";
  const needsStop = draft.type === "stop" || draft.type === "stopLimit";
  if (symbol === undefined || quantity === undefined || !Number.isInteger(quantity)) return undefined;
  if ((needsLimit && limitPrice === undefined) || (needsStop && stopPrice === undefined)) return undefined;
  const [stopLoss, takeProfit] = [positive(draft.stopLoss), positive(draft.takeProfit)];
  return {
    symbol,
    side: draft.side,
    quantity,
    type: draft.type,
    timeInForce: draft.timeInForce,
    outsideRth: false,
    reduceOnly: false,
    ...(needsLimit && limitPrice !== undefined ? { limitPrice } : {}),
    ...(needsStop && stopPrice !== undefined ? { stopPrice } : {}),
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(takeProfit === undefined ? {} : { takeProfit }),
  };
}

/** The gate's answer to the draft, asked a quarter of a second after the last change. */
function usePreview(ticket: TicketBody | undefined): ResponseOf<"preview"> | undefined {
  const [preview, setPreview] = useState<ResponseOf<"preview"> | undefined>(undefined);
  const asked = JSON.stringify(ticket);
  useEffect(() => {
    setPreview(undefined);
    if (asked === undefined) return undefined;
    let isCurrent = true;
    const timer = setTimeout(() => {
      request("preview", { ticket: JSON.parse(asked) as TicketBody }).then(
        (answer) => isCurrent && setPreview(answer),
        () => isCurrent && setPreview(undefined),
      );
    }, PREVIEW_PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [asked]);
  return preview;
}

/** A ticket belongs to one symbol: another one begins afresh, so that no price of the old one is ever sent. */
export function Ticket() {
  const symbol = useStore((state) => state.symbol);
  return <TicketForm key={symbol ?? ""} symbol={symbol} />;
}

function TicketForm({ symbol }: { readonly symbol: string | undefined }) {
  const profile = useStore((state) => state.status?.profile);
  const quote = useQuote(symbol);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [said, setSaid] = useState("");
  const change = (part: Partial<Draft>): void => setDraft((before) => ({ ...before, ...part }));
  const fill = (side: Draft["side"]): void => {
    const at = side === "buy" ? quote?.ask : quote?.bid;
    if (at === undefined) return change({ side });
    const sign = side === "buy" ? 1 : -1;
    const text = (value: number): string => value.toFixed(value < 1 ? 4 : 2);
    change({
      side,
      limitPrice: text(at),
      stopLoss: text(at * (1 - sign * STOP_FRACTION * 0.99)),
      takeProfit: text(at * (1 + sign * TARGET_FRACTION)),
    });
  };
  const ticket = ticketOf(draft, symbol);
  const preview = usePreview(ticket);
  const send = (): void => {
    if (ticket === undefined) return;
    setSaid("asking the gate");
    void command({ kind: "placeOrder", ticket }).then((result) =>
      setSaid([result.message, ...result.failures.map((failure) => `${failure.code}: ${failure.detail}`)].join(" · ")),
    );
  };
  return (
    <Panel title={`Order ${symbol ?? ""}`}>
      <form
        className="form"
        onSubmit={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          if (event.key === "Enter" && event.ctrlKey) send();
        }}
      >
        <div className="toggle wide" role="group" aria-label="Side">
          <button
            type="button"
            id="ticket-buy"
            className="buy"
            aria-pressed={draft.side === "buy"}
            onClick={() => fill("buy")}
          >
            Buy {price(quote?.ask)}
          </button>
          <button type="button" className="sell" aria-pressed={draft.side === "sell"} onClick={() => fill("sell")}>
            Sell {price(quote?.bid)}
          </button>
        </div>
        <Fields draft={draft} change={change} />
        <button type="button" className={`send wide ${draft.side}`} disabled={ticket === undefined} onClick={send}>
          {sendText(draft, symbol, profile)}
        </button>
      </form>
      <div className="note" role="status">
        {said === "" ? <Answer preview={preview} hasTicket={ticket !== undefined} /> : said}
      </div>
    </Panel>
  );
}

function Fields({ draft, change }: { readonly draft: Draft; readonly change: (part: Partial<Draft>) => void }) {
  const text = (
    label: string,
    key: "quantity" | "limitPrice" | "stopPrice" | "stopLoss" | "takeProfit",
    isOn = true,
  ) => (
    <label>
      {label}
      <input
        inputMode="decimal"
        disabled={!isOn}
        value={draft[key]}
        onChange={(event) => change({ [key]: event.target.value })}
      />
    </label>
  );
  const needsLimit = draft.type === "limit" || draft.type === "stopLimit";
  const needsStop = draft.type === "stop" || draft.type === "stopLimit";
  return (
    <>
      {text("Shares", "quantity")}
      <label>
        Type
        <select value={draft.type} onChange={(event) => change({ type: event.target.value as OrderType })}>
          {TYPES.map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {text("Limit", "limitPrice", needsLimit)}
      {text("Trigger", "stopPrice", needsStop)}
      {text("Stop loss", "stopLoss")}
      {text("Target", "takeProfit")}
    </>
  );
}

function sendText(draft: Draft, symbol: string | undefined, profile: string | undefined): string {
  const type = TYPES.find(([value]) => value === draft.type)?.[1] ?? "";
  const at = draft.type === "market" ? "" : ` ${draft.limitPrice || draft.stopPrice}`;
  const mode = profile === "simulation" ? "SIM" : (profile ?? "").toUpperCase();
  return `${draft.side.toUpperCase()} ${draft.quantity} ${symbol ?? ""} ${type}${at} ${draft.timeInForce.toUpperCase()} — ${mode}`;
}

/** What the gate would say now: every failing control, or the nearest limits that pass. */
function Answer({
  preview,
  hasTicket,
}: {
  readonly preview: ResponseOf<"preview"> | undefined;
  readonly hasTicket: boolean;
}) {
  if (!hasTicket) return <>Choose a side: price, stop and target are filled in from the quote.</>;
  if (preview === undefined) return <>Asking the gate…</>;
  const { decision, nearest, notional, atRisk, estimatedCommission } = preview;
  if (decision.verdict === "denied") {
    return (
      <span className="refused">
        {decision.failures.map((failure) => `${failure.code}: ${failure.detail}`).join(" · ")}
      </span>
    );
  }
  return (
    <>
      The gate would pass it. Value {number(notional)}, at risk {number(atRisk)}, commission about{" "}
      {number(estimatedCommission)}. Nearest limits:{" "}
      {nearest
        .slice(0, 3)
        .map(({ code, headroom, unit }) => `${code} ${whole(Math.round(headroom))} ${unit}`)
        .join(", ")}
      .
    </>
  );
}
