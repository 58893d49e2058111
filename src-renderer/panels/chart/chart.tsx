import { useEffect, useMemo, useRef, useState } from "react";
import { request } from "#renderer/connection.ts";
import { barFeed, CandleTrack } from "#renderer/state/bars.ts";
import { store } from "#renderer/state/store.ts";
import { useQuote, useStore } from "#renderer/state/use-store.ts";
import { number, price, whole } from "#renderer/ui/format.ts";
import { Panel } from "#renderer/ui/panel.tsx";
import { type Bar, TIMEFRAMES, type Timeframe } from "#shared/model/market.ts";
import { type ChartLine, ChartView, type FillMark, type PriceMark } from "./chart-view.ts";
import { fillMarks, markTitle } from "./marks.ts";
import { STUDIES, study } from "./studies.ts";

const BARS = 1_000;
/** What the two shipped strategies look at, and the session's own average price. */
const FEATURES = ["sma_10", "sma_20", "vwap_session", "rsi_14"] as const;
const FEATURE_STYLE: Readonly<
  Record<string, { readonly color: string; readonly pane: number; readonly title: string; readonly isOfSession?: true }>
> = {
  sma_10: { color: "#8ec5ff", pane: 0, title: "SMA 10" },
  sma_20: { color: "#e8b931", pane: 0, title: "SMA 20" },
  vwap_session: { color: "#c3cdd9", pane: 0, title: "VWAP", isOfSession: true },
  rsi_14: { color: "#c9a2ff", pane: 1, title: "RSI 14" },
};
const STUDY_COLORS = ["#7fd1c7", "#d48ac2", "#9db47c"] as const;
const WORKING = new Set(["intent", "sent", "acked", "partial", "unknown"]);

type Candles = { readonly bars: readonly Bar[]; readonly formingStart: number | undefined };
const NO_CANDLES: Candles = { bars: [], formingStart: undefined };

/** Bars of the engine, kept up to date; changes of symbol or size start afresh, on an empty canvas. */
function useBars(symbol: string | undefined, timeframe: Timeframe, view: ChartView | undefined): Candles {
  const [candles, setCandles] = useState(NO_CANDLES);
  const link = useStore((state) => state.link.kind);
  useEffect(() => {
    if (symbol === undefined || view === undefined || link !== "open") return undefined;
    let isCurrent = true;
    const track = new CandleTrack(BARS);
    setCandles(NO_CANDLES);
    view.setBars([]);
    const tell = (): void => setCandles({ bars: track.bars(), formingStart: track.formingStart() });
    const stop = barFeed.subscribe(symbol, timeframe, (row) => {
      const before = track.formingStart();
      const drawn = track.take(row);
      if (drawn === undefined) return;
      view.update(drawn);
      if (row.complete || track.formingStart() !== before) tell();
    });
    request("bars", { symbol, timeframe, count: BARS }).then(
      (answer) => {
        if (!isCurrent) return;
        track.load(answer.bars);
        view.setBars(answer.bars);
        tell();
      },
      // The bars stay empty and the next link asks again.
      () => undefined,
    );
    return () => {
      isCurrent = false;
      stop();
    };
  }, [symbol, timeframe, view, link]);
  return candles;
}

/** The lines before their values have come: their panes are there from the start, so nothing jumps. */
const AWAITED: readonly ChartLine[] = Object.values(FEATURE_STYLE).map(({ title, color, pane }) => ({
  name: title,
  color,
  pane,
  starts: [],
  values: [],
}));

/** The engine's own features over the drawn bars, asked again at each completed bar. */
function useFeatureLines(
  symbol: string | undefined,
  timeframe: Timeframe,
  newest: number | undefined,
  isOn: boolean,
): readonly ChartLine[] {
  const [lines, setLines] = useState<readonly ChartLine[]>([]);
  useEffect(() => {
    if (symbol === undefined || newest === undefined || !isOn) {
      setLines(isOn ? AWAITED : []);
      return undefined;
    }
    let isCurrent = true;
    request("features", { symbol, timeframe, names: [...FEATURES], count: BARS }).then(
      ({ starts, series }) => {
        if (!isCurrent) return;
        const drawn = Object.entries(series).flatMap(([name, values]) => {
          const style = FEATURE_STYLE[name];
          if (style === undefined) return [];
          const { title, ...look } = style;
          return [{ ...look, name: title, starts, values }];
        });
        setLines(drawn);
      },
      // Unknown is drawn as nothing: no line of before may stay under other bars.
      () => isCurrent && setLines(AWAITED),
    );
    return () => {
      isCurrent = false;
    };
  }, [symbol, timeframe, newest, isOn]);
  return lines;
}

function useOrderMarks(symbol: string | undefined): readonly PriceMark[] {
  const orders = useStore((state) => state.orders);
  const position = useStore((state) => (symbol === undefined ? undefined : state.positions.get(symbol)));
  return useMemo(() => {
    const marks: PriceMark[] = [...orders.values()]
      .filter((order) => order.symbol === symbol && WORKING.has(order.status))
      .flatMap((order) => {
        // A stop limit rests at its trigger.
        const at = order.stopPrice ?? order.limitPrice;
        if (at === undefined) return [];
        const isAcked = order.status === "acked" || order.status === "partial";
        const color = order.side === "buy" ? "#4c9fff" : "#f28b30";
        return [{ price: at, color, title: markTitle(order), style: isAcked ? "solid" : "dashed" } as const];
      });
    if (position?.averageCost !== undefined && position.quantity !== 0) {
      marks.push({ price: position.averageCost, color: "#d9e0e8", title: `pos ${position.quantity}`, style: "dotted" });
    }
    return marks;
  }, [orders, position, symbol]);
}

/** One mark a bar and side: what filled in it, at its average where there were several. */
function useFillMarks(symbol: string | undefined, { bars, formingStart }: Candles): readonly FillMark[] {
  const fills = useStore((state) => state.fills);
  return useMemo(() => {
    const starts = [...bars.map((bar) => bar.start), ...(formingStart === undefined ? [] : [formingStart])];
    return fillMarks(
      [...fills.values()].filter((fill) => fill.symbol === symbol),
      starts,
    );
  }, [fills, bars, formingStart, symbol]);
}

export function Chart() {
  const symbol = useStore((state) => state.symbol);
  const timeframe = useStore((state) => state.timeframe);
  const quote = useQuote(symbol);
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<ChartView | undefined>(undefined);
  const [hasFeatures, setHasFeatures] = useState(true);
  const [studyId, setStudyId] = useState("");
  useEffect(() => {
    if (element.current === null) return undefined;
    const made = new ChartView(element.current);
    setView(made);
    return () => made.destroy();
  }, []);
  const candles = useBars(symbol, timeframe, view);
  const { bars } = candles;
  const newest = bars.at(-1)?.start;
  const features = useFeatureLines(symbol, timeframe, newest, hasFeatures);
  const marks = useOrderMarks(symbol);
  const fills = useFillMarks(symbol, candles);
  const drawn = useMemo(() => (studyId === "" ? undefined : study(studyId, bars)), [studyId, bars]);
  const lines = useMemo(
    () => [...features, ...studyLines(studyId, drawn, bars, hasFeatures)],
    [features, studyId, drawn, bars, hasFeatures],
  );
  useEffect(() => view?.setLines(lines), [view, lines]);
  useEffect(() => view?.setMarks(marks), [view, marks]);
  useEffect(() => view?.setFills(fills), [view, fills]);
  return (
    <Panel
      title={symbol ?? "Chart"}
      className="chart"
      tools={
        <Tools
          timeframe={timeframe}
          hasFeatures={hasFeatures}
          onFeatures={setHasFeatures}
          studyId={studyId}
          onStudy={setStudyId}
        />
      }
    >
      <div className="chart-body">
        <div className="legend" aria-hidden="true">
          <span>
            {price(quote?.last)} · bid {price(quote?.bid)} ask {price(quote?.ask)}
          </span>
          {lines.map((line) => (
            <span key={line.name} style={{ color: line.color }}>
              {line.name} {lastOf(line)}
            </span>
          ))}
          {drawn?.kind === "off" && <span className="refused">{drawn.reason}</span>}
        </div>
        <div
          ref={element}
          className="canvas"
          role="figure"
          aria-label={`${symbol ?? ""} ${timeframe} candles, ${whole(bars.length)} bars, last ${price(bars.at(-1)?.close)}, ${fills.length} fills, ${marks.length} own lines`}
        />
      </div>
    </Panel>
  );
}

/** The newest known value of a line, in the units of its pane. */
function lastOf({ values, pane }: ChartLine): string {
  const newest = values.findLast((value) => value !== undefined && value !== null) ?? undefined;
  return pane === 0 ? price(newest) : number(newest);
}

type ToolsProps = {
  readonly timeframe: Timeframe;
  readonly hasFeatures: boolean;
  readonly onFeatures: (isOn: boolean) => void;
  readonly studyId: string;
  readonly onStudy: (id: string) => void;
};

function Tools({ timeframe, hasFeatures, onFeatures, studyId, onStudy }: ToolsProps) {
  return (
    <>
      <div className="segmented" role="group" aria-label="Timeframe">
        {TIMEFRAMES.map((name, index) => (
          <button
            key={name}
            type="button"
            aria-pressed={timeframe === name}
            title={`key ${index + 1}`}
            onClick={() => store.setState({ timeframe: name })}
          >
            {name}
          </button>
        ))}
      </div>
      <button
        type="button"
        title="The engine's own features, as the strategies see them"
        aria-pressed={hasFeatures}
        onClick={() => onFeatures(!hasFeatures)}
      >
        Features {hasFeatures ? "on" : "off"}
      </button>
      <select
        aria-label="Study, display only"
        style={{ width: "164px" }}
        value={studyId}
        onChange={(event) => onStudy(event.target.value)}
        title="Display only: not what a strategy saw"
      >
        <option value="">Add a study</option>
        {STUDIES.map((one) => (
          <option key={one.id} value={one.id}>
            {one.title} (display only)
          </option>
        ))}
      </select>
      <span className="spacer" />
      <span className="dim" title="New York time">
        NY time
      </span>
    </>
  );
}

function studyLines(
  id: string,
  result: ReturnType<typeof study> | undefined,
  bars: readonly Bar[],
  hasFeatures: boolean,
): readonly ChartLine[] {
  if (result === undefined || result.kind === "off") return [];
  const isOwnPane = STUDIES.find((one) => one.id === id)?.pane === "own";
  const pane = isOwnPane ? (hasFeatures ? 2 : 1) : 0;
  return result.lines.map((line, index) => ({
    name: line.name,
    color: STUDY_COLORS[index % STUDY_COLORS.length] ?? STUDY_COLORS[0],
    pane,
    starts: bars.map((bar) => bar.start),
    values: line.values,
  }));
}
