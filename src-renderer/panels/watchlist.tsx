import { type KeyboardEvent, memo } from "react";
import { store } from "#renderer/state/store.ts";
import { useQuote, useStore, useSymbols } from "#renderer/state/use-store.ts";
import { change, direction, percent, price, profit, short, UNKNOWN, whole } from "#renderer/ui/format.ts";
import { Empty, Panel } from "#renderer/ui/panel.tsx";

const select = (symbol: string): void => store.setState({ symbol });

export function Watchlist() {
  const symbols = useSymbols();
  const selected = useStore((state) => state.symbol);
  const move = (event: KeyboardEvent<HTMLTableSectionElement>): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = symbols[Math.max(0, Math.min(symbols.length - 1, symbols.indexOf(selected ?? "") + step))];
    if (next === undefined) return;
    select(next);
    const row = event.currentTarget.children[symbols.indexOf(next)];
    if (row instanceof HTMLElement) row.focus();
  };
  return (
    <Panel title={`Watchlist (${symbols.length})`} className="watch">
      <div className="body">
        {symbols.length === 0 && <Empty>Waiting for the first quotes.</Empty>}
        <table aria-label="Watchlist" className="fixed">
          <colgroup>
            <col style={{ width: "54px" }} />
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
              <Row key={symbol} symbol={symbol} isSelected={symbol === selected} />
            ))}
          </tbody>
        </table>
      </div>
      <QuoteDetail symbol={selected} />
    </Panel>
  );
}

const Row = memo(function Row({ symbol, isSelected }: { readonly symbol: string; readonly isSelected: boolean }) {
  const quote = useQuote(symbol);
  const quantity = useStore((state) => state.positions.get(symbol)?.quantity);
  const last = quote?.last ?? midOf(quote);
  const moved = last === undefined || quote?.previousClose === undefined ? undefined : last - quote.previousClose;
  const relative =
    moved === undefined || quote?.previousClose === undefined ? undefined : (moved / quote.previousClose) * 100;
  const flags = quote?.flags.join(", ") ?? "";
  return (
    <tr
      tabIndex={isSelected ? 0 : -1}
      aria-selected={isSelected}
      title={quote?.refusal ?? flags}
      onClick={() => select(symbol)}
      onKeyDown={(event) => event.key === "Enter" && select(symbol)}
    >
      <td className="bold">{symbol}</td>
      <td className="number">{price(last)}</td>
      <td className={`number ${direction(moved)}`}>{change(moved, last)}</td>
      <td className={`number ${direction(relative)}`}>{percent(relative)}</td>
      <td className={`number ${quote?.flags.includes("wide") === true ? "refused" : ""}`}>{spreadBps(quote)}</td>
      <td className="number dim">{short(quote?.volume)}</td>
      <td className="number">{quantity === undefined || quantity === 0 ? "" : whole(quantity)}</td>
    </tr>
  );
});

type Quote = ReturnType<typeof useQuote>;

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
      <dt>20-day volume</dt>
      <dd>{short(quote?.averageDailyVolume)}</dd>
      <dt>Unrealised</dt>
      <dd className={direction(position?.unrealizedPnl)}>
        {position === undefined || position.quantity === 0 ? UNKNOWN : profit(position.unrealizedPnl)}
      </dd>
    </dl>
  );
}
