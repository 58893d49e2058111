import { useEffect, useState } from "react";
import { TIMEFRAMES } from "#shared/model/market.ts";
import { retryNow } from "./connection.ts";
import { Bottom } from "./panels/bottom.tsx";
import { Chart } from "./panels/chart/chart.tsx";
import { Positions } from "./panels/positions.tsx";
import { StatusBar } from "./panels/status-bar.tsx";
import { Ticket } from "./panels/ticket.tsx";
import { Watchlist } from "./panels/watchlist.tsx";
import { quotes } from "./state/quotes.ts";
import { store } from "./state/store.ts";
import { useStore } from "./state/use-store.ts";

export function App() {
  const link = useStore((state) => state.link);
  const profile = useStore((state) => state.status?.profile);
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => {
    const mode = profile === undefined ? "" : profile === "simulation" ? "SIM · " : `${profile.toUpperCase()} · `;
    document.title = `${mode}RoboTrader`;
  }, [profile]);
  if (link.kind === "login" || link.kind === "refused") return <Gate kind={link.kind} reason={link.reason} />;
  return (
    <main className={`frame ${profile ?? ""}`}>
      <h1 className="sr">RoboTrader</h1>
      <StatusBar />
      <Watchlist />
      <Chart />
      <div className="side">
        <Ticket />
        <Positions />
      </div>
      <Bottom />
      <Announcer />
      {link.kind === "lost" && <Lost reason={link.reason} retryAt={link.retryAt ?? 0} />}
    </main>
  );
}

/** What a page without a session shows: how to get one. */
function Gate({ kind, reason }: { readonly kind: "login" | "refused"; readonly reason: string }) {
  return (
    <main className="gate">
      <h1>RoboTrader</h1>
      <p>{kind === "login" ? "This browser is not signed in." : reason}</p>
      <p className="dim">
        Open the address that the host printed at its start: its code is valid once, for ten minutes.
      </p>
    </main>
  );
}

function Lost({ reason, retryAt }: { readonly reason: string; readonly retryAt: number }) {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const tick = (): void => setLeft(Math.max(0, (retryAt - performance.timeOrigin - performance.now()) / 1000));
    tick();
    const timer = setInterval(tick, 250);
    return () => clearInterval(timer);
  }, [retryAt]);
  return (
    <div className="banner" role="alert">
      {reason}; {left === 0 ? "trying" : `next attempt in ${Math.ceil(left)} s`}{" "}
      <button type="button" onClick={retryNow}>
        Now
      </button>
    </div>
  );
}

/** Fills and critical alerts for those who listen; at most one sentence in two seconds. */
function Announcer() {
  const [text, setText] = useState("");
  useEffect(() => {
    let { fills, alerts } = store.getState();
    const timer = setInterval(() => {
      const now = store.getState();
      const filled = [...now.fills.values()].filter(({ execId }) => !fills.has(execId));
      const critical = [...now.alerts.values()].filter(
        ({ id, severity }) => severity === "critical" && !alerts.has(id),
      );
      ({ fills, alerts } = now);
      const last = filled.at(-1);
      const news = [
        ...critical.map(({ message }) => message),
        ...(last === undefined
          ? []
          : [`${filled.length} new fills, last ${last.side} ${last.quantity} ${last.symbol}`]),
      ];
      if (news.length > 0) setText(news.join(". "));
    }, 2_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className="sr" aria-live="polite">
      {text}
    </p>
  );
}

/** Single letters act outside of fields only; F6 goes round the panels. */
function onKey(event: KeyboardEvent): void {
  const target = event.target;
  const isTyping =
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
  if (event.key === "F6") {
    event.preventDefault();
    const panels = [...document.querySelectorAll<HTMLElement>("[data-panel]")];
    const here = panels.findIndex((panel) => panel.contains(document.activeElement));
    panels[(here + (event.shiftKey ? -1 : 1) + panels.length) % panels.length]?.focus();
    return;
  }
  if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  const timeframe = TIMEFRAMES[Number(event.key) - 1];
  if (timeframe !== undefined) store.setState({ timeframe });
  else if (event.key === "[" || event.key === "]") stepSymbol(event.key === "]" ? 1 : -1);
  else if (event.key === "n" || event.key === "b") openTicket("ticket-buy");
  else if (event.key === "s") openTicket("ticket-sell");
  else if (event.key === "/") document.getElementById("symbol-search")?.focus();
  else return;
  // The letter must not be typed into the field that it opens.
  event.preventDefault();
}

function openTicket(side: string): void {
  document.getElementById(side)?.click();
  const quantity = document.getElementById("ticket-quantity");
  if (!(quantity instanceof HTMLInputElement)) return;
  quantity.focus();
  quantity.select();
}

function stepSymbol(step: number): void {
  const symbols = quotes.list();
  const { symbol } = store.getState();
  const next = symbols[(symbols.indexOf(symbol ?? "") + step + symbols.length) % symbols.length];
  if (next !== undefined) store.setState({ symbol: next });
}
