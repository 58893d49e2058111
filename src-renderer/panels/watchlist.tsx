import { type KeyboardEvent, memo, useEffect, useMemo, useState } from "react";
import { engineNow } from "#renderer/connection.ts";
import { quotes } from "#renderer/state/quotes.ts";
import { store } from "#renderer/state/store.ts";
import { useHasHost, useQuote, useStore, useSymbols } from "#renderer/state/use-store.ts";
import { change, direction, flag, percent, price, profit, short, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { Empty, Panel } from "#renderer/ui/panel.tsx";

const SECOND_MS = 1_000;

/**
 * Symbols whose newest tick is older than the limit that blocks openings; looked at once a second. Without a host nothing is
 * of now.
 */
function useStale(): ReadonlySet<string> {
  const limit = useStore((state) => state.risk.get("DATA_STALE")?.limit);
  const hasHost = useHasHost();
  const [stale, setStale] = useState<readonly string[]>([]);
  useEffect(() => {
    const look = (): void => {
      const now = engineNow();
      const old = quotes.list().filter((symbol) => !hasHost || isOlder(quotes.row(symbol)?.time, now, limit));
      setStale((before) => (before.join() === old.join() ? before : old));
    };
    look();
    const timer = setInterval(look, SECOND_MS);
    return () => clearInterval(timer);
  }, [limit, hasHost]);
  return useMemo(() => new Set(stale), [stale]);
}

function isOlder(time: number | undefined, now: number | undefined, limitSeconds: number | undefined): boolean {
  return time !== undefined && now !== undefined && limitSeconds !== undefined && now - time > limitSeconds * 1e6;
}

const select = (symbol: string): void => store.setState({ symbol });

export function Watchlist() {
  const symbols = useSymbols();
  const stale = useStale();
  const selected = useStore((state) => state.symbol);
  const move = (event: KeyboardEvent<HTMLTableSectionElement>): void => {
    const here = symbols.indexOf(selected ?? "");
    const last = symbols.length - 1;
    const targets: Readonly<Record<string, number>> = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last };
    const target = targets[event.key];
    const next = target === undefined ? undefined : symbols[Math.max(0, Math.min(last, target))];
    if (next === undefined) return;
    event.preventDefault();
    select(next);
    const row = event.currentTarget.children[symbols.indexOf(next)];
    if (row instanceof HTMLElement) row.focus();
  };
  return (
    <Panel title={`Watchlist (${symbols.length})`} className="watch" tools={<Search symbols={symbols} />}>
      <div className="body">
        {symbols.length === 0 && <Empty>Waiting for the first quotes.</Empty>}
        <table aria-label="Watchlist" className="fixed">
          <colgroup>
            <col style={{ width: "60px" }} />
            <col style={{ width: "66px" }} />
            <col style={{ width: "64px" }} />
            <col style={{ width: "74px" }} />
            <col style={{ width: "46px" }} />
            <col style={{ width: "60px" }} />
            <col />
          </colgroup>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" className="number">
                Last
              </th>
              <th scope="col" className="number">
                Change
              </th>
              <th scope="col" className="number">
                %
              </th>
              <th scope="col" className="number">
                bps
              </th>
              <th scope="col" className="number">
                Volume
              </th>
              <th scope="col" className="number">
                Pos
              </th>
            </tr>
          </thead>
          <tbody onKeyDown={move}>
            {symbols.map((symbol) => (
              <Row key={symbol} symbol={symbol} isSelected={symbol === selected} isStale={stale.has(symbol)} />
            ))}
          </tbody>
        </table>
      </div>
      <QuoteDetail symbol={selected} />
    </Panel>
  );
}

type RowProps = { readonly symbol: string; readonly isSelected: boolean; readonly isStale: boolean };

const Row = memo(function Row({ symbol, isSelected, isStale }: RowProps) {
  const quote = useQuote(symbol);
  const quantity = useStore((state) => state.positions.get(symbol)?.quantity);
  const last = quote?.last;
  const moved = last === undefined || quote?.previousClose === undefined ? undefined : last - quote.previousClose;
  const relative =
    moved === undefined || quote?.previousClose === undefined ? undefined : (moved / quote.previousClose) * 100;
  const trouble = dataTrouble(quote, isStale);
  return (
    <tr
      tabIndex={isSelected ? 0 : -1}
      aria-selected={isSelected}
      className={trouble === undefined ? "" : "aged"}
      title={dataText(quote)}
      onClick={() => select(symbol)}
      onKeyDown={(event) => event.key === "Enter" && select(symbol)}
    >
      <td className="bold">
        {symbol}
        {trouble !== undefined && <sup className="refused">{trouble}</sup>}
      </td>
      <td className="number">{price(last)}</td>
      <td className={`number ${direction(moved)}`}>{change(moved, last)}</td>
      <td className={`number ${direction(relative)}`}>{percent(relative)}</td>
      <td className={`number ${quote?.flags.includes("wide") === true ? "refused" : ""}`}>{spreadBps(quote)}</td>
      <td className="number dim">{short(quote?.volume)}</td>
      <td className="number">{quantity === undefined || quantity === 0 ? "" : whole(quantity)}</td>
    </tr>
  );
});

/** Key `/`: Enter shows the symbol. One that is not watched is said, never guessed. */
function Search({ symbols }: { readonly symbols: readonly string[] }) {
  const [text, setText] = useState("");
  const [said, setSaid] = useState("");
  const go = (): void => {
    const wanted = text.trim().toUpperCase();
    if (wanted === "") return;
    if (!symbols.includes(wanted)) return setSaid(`${wanted} is not watched`);
    select(wanted);
    setText("");
    setSaid("");
    document.querySelectorAll<HTMLElement>("section.watch tbody tr")[symbols.indexOf(wanted)]?.focus();
  };
  return (
    <>
      <span className="spacer" />
      <span className="refused" role="status">
        {said}
      </span>
      <input
        id="symbol-search"
        className="search"
        aria-label="Show symbol"
        placeholder="Symbol  /"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setSaid("");
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") go();
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </>
  );
}

type Quote = ReturnType<typeof useQuote>;

/** Data that is not of now is marked at its symbol: D delayed, F frozen, ! stale, × refused. */
function dataTrouble(quote: Quote, isStale: boolean): string | undefined {
  if (quote?.refusal !== undefined) return "×";
  if (isStale) return "!";
  return quote?.quality === "delayed" ? "D" : quote?.quality === "frozen" ? "F" : undefined;
}

function dataText(quote: Quote): string {
  return quote?.refusal ?? [quote?.quality ?? UNKNOWN, ...(quote?.flags ?? []).map(flag)].join(", ");
}

function midOf(quote: Quote): number | undefined {
  return quote?.bid === undefined || quote.ask === undefined ? undefined : (quote.bid + quote.ask) / 2;
}

function spreadBps(quote: Quote): string {
  const mid = midOf(quote);
  if (mid === undefined || quote?.bid === undefined || quote.ask === undefined) return UNKNOWN;
  return (((quote.ask - quote.bid) / mid) * 1e4).toFixed(1);
}

function QuoteDetail({ symbol }: { readonly symbol: string | undefined }) {
  const quote = useQuote(symbol);
  const instrument = useStore((state) => (symbol === undefined ? undefined : state.instruments.get(symbol)));
  const position = useStore((state) => (symbol === undefined ? undefined : state.positions.get(symbol)));
  const { low, high, last } = quote ?? {};
  const place =
    low === undefined || high === undefined || last === undefined || high === low ? 0.5 : (last - low) / (high - low);
  return (
    <dl className="account" style={{ borderTop: "1px solid var(--line)", borderBottom: 0 }}>
      <dt className="bold">{instrument?.longName ?? symbol ?? UNKNOWN}</dt>
      <dd className="dim">{instrument?.primaryExchange ?? UNKNOWN}</dd>
      <dt>Bid × size</dt>
      <dd className="pair">
        <span>{price(quote?.bid)}</span> × <span>{whole(quote?.bidSize)}</span>
      </dd>
      <dt>Ask × size</dt>
      <dd className="pair">
        <span>{price(quote?.ask)}</span> × <span>{whole(quote?.askSize)}</span>
      </dd>
      <dt>
        Day {price(low)} – {price(high)}
      </dt>
      <dd style={{ width: "110px", paddingTop: "7px" }}>
        <div className="range">
          <i style={{ left: `${Math.max(0, Math.min(1, place)) * 100}%` }} />
        </div>
      </dd>
      <dt>Data</dt>
      <dd className="cut" title={dataText(quote)}>
        {dataText(quote)}
      </dd>
      <dt>20-day volume</dt>
      <dd>{short(quote?.averageDailyVolume)}</dd>
      <dt>Unrealised</dt>
      <dd className={direction(position?.unrealizedPnl)}>
        {position === undefined || position.quantity === 0 ? UNKNOWN : profit(position.unrealizedPnl)}
      </dd>
    </dl>
  );
}
