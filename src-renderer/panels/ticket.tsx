import { useEffect, useState } from "react";
import { command, request } from "#renderer/connection.ts";
import { useHasHost, useQuote, useStore } from "#renderer/state/use-store.ts";
import { money, number, price, reason, refusal } from "#renderer/ui/format.ts";
import { Panel } from "#renderer/ui/panel.tsx";
import type { ResponseOf } from "#shared/contract/requests.ts";
import type { Ticket as TicketBody } from "#shared/model/command.ts";
import type { OrderType } from "#shared/model/order.ts";
import {
  type Bracket,
  type Draft,
  EMPTY,
  filledFrom,
  needsLimit,
  needsStop,
  orderText,
  TYPES,
  ticketOf,
} from "./ticket-draft.ts";

const PREVIEW_PAUSE_MS = 250;
/** The gate is asked again while the ticket is looked at: quotes, limits and states move on. */
const PREVIEW_AGAIN_MS = 2_000;

type Preview = ResponseOf<"preview"> | { readonly failed: string } | undefined;

/** The gate's answer to the draft, asked a quarter of a second after the last change, and again while it stands. */
function usePreview(ticket: TicketBody | undefined): Preview {
  const [preview, setPreview] = useState<Preview>(undefined);
  const link = useStore((state) => state.link.kind);
  const asked = link === "open" ? JSON.stringify(ticket) : undefined;
  useEffect(() => {
    setPreview(undefined);
    if (asked === undefined) return undefined;
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (pause: number): void => {
      timer = setTimeout(() => {
        request("preview", { ticket: JSON.parse(asked) as TicketBody })
          .catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }))
          .then((answer) => {
            if (!isCurrent) return;
            setPreview(answer);
            wait(PREVIEW_AGAIN_MS);
          });
      }, pause);
    };
    wait(PREVIEW_PAUSE_MS);
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

function useBracket(symbol: string | undefined): Bracket {
  return {
    bands: useStore((state) => (symbol === undefined ? undefined : state.instruments.get(symbol)?.priceBands)),
    stopPercent: useStore((state) => state.risk.get("STOP_REQUIRED")?.limit),
    targetPercent: useStore((state) => state.risk.get("TAKE_PROFIT")?.limit),
  };
}

function TicketForm({ symbol }: { readonly symbol: string | undefined }) {
  const profile = useStore((state) => state.status?.profile);
  const hasHost = useHasHost();
  const quote = useQuote(symbol);
  const bracket = useBracket(symbol);
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const [said, setSaid] = useState("");
  const change = (part: Partial<Draft>): void => {
    setDraft((before) => ({ ...before, ...part }));
    // The answer to the last order is not the answer to this one.
    setSaid("");
  };
  const fill = (side: Draft["side"]): void => {
    const at = side === "buy" ? quote?.ask : quote?.bid;
    change(at === undefined ? { side } : filledFrom(side, at, bracket));
  };
  const asked = ticketOf(draft, symbol);
  const ticket = "lacks" in asked ? undefined : asked;
  const preview = usePreview(ticket);
  const send = (): void => {
    if (ticket === undefined || !hasHost) return;
    setSaid("asking the gate");
    void command({ kind: "placeOrder", ticket }).then((result) =>
      setSaid([result.message, ...result.failures.map(refusal)].join(" · ")),
    );
  };
  return (
    <Panel title={`Order ${symbol ?? ""}`}>
      <form
        className="form"
        onSubmit={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          if (event.key === "Enter" && event.ctrlKey && !event.repeat) send();
          if (event.key === "Escape") leave();
        }}
      >
        <Sides draft={draft} quote={quote} fill={fill} />
        <Fields draft={draft} change={change} />
        <button
          type="button"
          className={`send wide ${draft.side}`}
          title="Ctrl+Enter"
          disabled={ticket === undefined || !hasHost}
          onClick={send}
        >
          {orderText(draft, symbol, profile)}
        </button>
      </form>
      <div className="note" role="status">
        {said === "" ? <Answer preview={preview} asked={asked} hasHost={hasHost} /> : said}
      </div>
    </Panel>
  );
}

/** Esc never sends: it leaves the ticket as it is and gives the keys back to the workstation. */
function leave(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  document.querySelector<HTMLElement>("section.watch tr[aria-selected=true]")?.focus();
}

type SidesProps = {
  readonly draft: Draft;
  readonly quote: ReturnType<typeof useQuote>;
  readonly fill: (side: Draft["side"]) => void;
};

/** The keys N, B and S press these buttons, so that they do what a click does. */
function Sides({ draft, quote, fill }: SidesProps) {
  return (
    <div className="toggle wide" role="group" aria-label="Side">
      <button
        type="button"
        id="ticket-buy"
        className="buy"
        title="key B"
        aria-pressed={draft.side === "buy"}
        onClick={() => fill("buy")}
      >
        Buy {price(quote?.ask)}
      </button>
      <button
        type="button"
        id="ticket-sell"
        className="sell"
        title="key S"
        aria-pressed={draft.side === "sell"}
        onClick={() => fill("sell")}
      >
        Sell {price(quote?.bid)}
      </button>
    </div>
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
        {...(key === "quantity" ? { id: "ticket-quantity" } : {})}
        inputMode="decimal"
        disabled={!isOn}
        value={draft[key]}
        onChange={(event) => change({ [key]: event.target.value })}
      />
    </label>
  );
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
      {text("Limit", "limitPrice", needsLimit(draft))}
      {text("Trigger", "stopPrice", needsStop(draft))}
      {text("Stop loss", "stopLoss")}
      {text("Target", "takeProfit")}
    </>
  );
}

type AnswerProps = {
  readonly preview: Preview;
  readonly asked: ReturnType<typeof ticketOf>;
  readonly hasHost: boolean;
};

/** What the gate would say now: every failing control, or the nearest limits that pass. */
function Answer({ preview, asked, hasHost }: AnswerProps) {
  if (!hasHost) return <span className="refused">There is no connection to the host: nothing can be sent.</span>;
  if ("lacks" in asked) {
    const isUntouched = asked.lacks.startsWith("Limit");
    return <>{isUntouched ? "Choose a side: price, stop and target are filled in from the quote." : asked.lacks}</>;
  }
  if (preview === undefined) return <>Asking the gate…</>;
  if ("failed" in preview) return <span className="refused">No answer of the gate: {preview.failed}</span>;
  const { decision, nearest, notional, atRisk, estimatedCommission } = preview;
  if (decision.verdict === "denied") {
    return (
      <ul className="refusals">
        {decision.failures.map((failure) => (
          <li key={`${failure.code} ${failure.detail}`}>
            <b>{failure.code}</b> {reason(failure)}
          </li>
        ))}
      </ul>
    );
  }
  const limits = nearest
    .slice(0, 3)
    .map(({ code, headroom, unit }) => `${code} ${number(headroom)} ${unit}`)
    .join(", ");
  if (decision.role === "exit") {
    return (
      <>
        The gate would pass it as an exit, value {money(notional)}: working stops and targets are cancelled first; the
        ticket's own are not used.
      </>
    );
  }
  return (
    <>
      The gate would pass it. Value {money(notional)}, at risk {money(atRisk)}, commission about{" "}
      {money(estimatedCommission)}. Nearest limits: {limits}.
    </>
  );
}
