import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { Bar } from "#shared/model/market.ts";

export type ChartLine = {
  readonly name: string;
  readonly color: string;
  readonly pane: number;
  readonly starts: readonly number[];
  readonly values: readonly (number | null | undefined)[];
  /** Starts anew with each session: nothing is drawn from the last value of one to the first of the next. */
  readonly isOfSession?: boolean;
};
export type PriceMark = {
  readonly price: number;
  readonly color: string;
  readonly title: string;
  readonly style: "solid" | "dashed" | "dotted";
};
export type FillMark = { readonly time: number; readonly side: "buy" | "sell"; readonly text: string };

const COLORS = { up: "#4c9fff", down: "#f28b30", line: "#2a333e", text: "#9aa7b5", panel: "#151a21" } as const;
const STYLES = { solid: LineStyle.Solid, dashed: LineStyle.Dashed, dotted: LineStyle.Dotted } as const;
/** New York's wall time on the axis: the library knows UTC only, so times are shifted before they are drawn. */
const zone = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
});

/** Axis time of engine microseconds: New York's digits read as UTC. */
export function axisTime(micros: number): UTCTimestamp {
  const parts = Object.fromEntries(zone.formatToParts(micros / 1000).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day, hour, minute, second } = parts;
  return (Date.UTC(year, month - 1, day, hour, minute, second) / 1000) as UTCTimestamp;
}

const decimalsOf = (price: number): number => (price < 1 ? 4 : 2);

/** The chart's canvas and what is on it. It draws what it is given and computes nothing. */
export class ChartView {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly volume: ISeriesApi<"Histogram">;
  private readonly markers;
  private lines: ISeriesApi<"Line">[] = [];
  private layout = "";
  private priceLines: IPriceLine[] = [];
  private newest = 0;

  constructor(element: HTMLElement) {
    this.chart = createChart(element, {
      autoSize: true,
      layout: {
        background: { color: COLORS.panel },
        textColor: COLORS.text,
        fontSize: 11,
        panes: { separatorColor: COLORS.line },
        attributionLogo: true,
      },
      grid: { vertLines: { color: "#1d242d" }, horzLines: { color: "#1d242d" } },
      timeScale: { timeVisible: true, secondsVisible: false, borderColor: COLORS.line, rightOffset: 6, barSpacing: 7 },
      rightPriceScale: { borderColor: COLORS.line, scaleMargins: { top: 0.1, bottom: 0.2 } },
      crosshair: { mode: 0 },
    });
    // Up is hollow and down is filled: direction must not hang on colour alone.
    this.candles = this.chart.addSeries(CandlestickSeries, {
      upColor: COLORS.panel,
      downColor: COLORS.down,
      borderUpColor: COLORS.up,
      borderDownColor: COLORS.down,
      wickUpColor: COLORS.up,
      wickDownColor: COLORS.down,
    });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      color: "#33404e",
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.markers = createSeriesMarkers(this.candles, []);
  }

  setBars(bars: readonly Bar[]): void {
    const last = bars.at(-1);
    const precision = decimalsOf(last?.close ?? 1);
    this.candles.applyOptions({ priceFormat: { type: "price", precision, minMove: 10 ** -precision } });
    this.candles.setData(bars.map(candle));
    this.volume.setData(bars.map(volumeBar));
    this.newest = last?.start ?? 0;
    this.chart.timeScale().scrollToRealTime();
  }

  /** Adds or changes a bar: the newest, or the one before it, whose last word comes after the next one's first. */
  update(bar: Bar): void {
    const isOlder = bar.start < this.newest;
    this.newest = Math.max(this.newest, bar.start);
    this.candles.update(candle(bar), isOlder);
    this.volume.update(volumeBar(bar), isOlder);
  }

  setLines(lines: readonly ChartLine[]): void {
    // The same lines with new values stay where they are: their panes keep their heights.
    const layout = lines.map(({ name, pane, color }) => `${name}|${pane}|${color}`).join();
    if (layout !== this.layout) this.layLines(lines);
    this.layout = layout;
    for (const [index, line] of lines.entries()) {
      const times = line.starts.map(axisTime);
      this.lines[index]?.setData(
        times.map((time, at) => {
          const value = line.values[at];
          if (value === undefined || value === null) return { time };
          // A point's colour is that of the way to the next one.
          const isBreak = line.isOfSession === true && isLastOfDay(times, at);
          return isBreak ? { time, value, color: "transparent" } : { time, value };
        }),
      );
    }
  }

  private layLines(lines: readonly ChartLine[]): void {
    for (const line of this.lines) this.chart.removeSeries(line);
    this.lines = lines.map((line) =>
      this.chart.addSeries(
        LineSeries,
        {
          color: line.color,
          lineWidth: 1,
          lastValueVisible: false,
          priceLineVisible: false,
          crosshairMarkerVisible: false,
          title: line.pane === 0 ? "" : line.name,
        },
        line.pane,
      ),
    );
    const panes = this.chart.panes();
    panes.forEach((pane, index) => {
      pane.setStretchFactor(index === 0 ? 4 : 1);
    });
  }

  setMarks(marks: readonly PriceMark[]): void {
    for (const line of this.priceLines) this.candles.removePriceLine(line);
    this.priceLines = marks.map((mark) =>
      this.candles.createPriceLine({
        price: mark.price,
        color: mark.color,
        title: mark.title,
        lineWidth: 1,
        lineStyle: STYLES[mark.style],
        axisLabelVisible: true,
      }),
    );
  }

  setFills(fills: readonly FillMark[]): void {
    const marks: SeriesMarker<Time>[] = fills.map((fill) => ({
      time: axisTime(fill.time),
      position: fill.side === "buy" ? "belowBar" : "aboveBar",
      shape: fill.side === "buy" ? "arrowUp" : "arrowDown",
      color: fill.side === "buy" ? COLORS.up : COLORS.down,
      text: fill.text,
    }));
    this.markers.setMarkers(marks.sort((a, b) => Number(a.time) - Number(b.time)));
  }

  destroy(): void {
    this.chart.remove();
  }
}

function candle(bar: Bar) {
  const { start, open, high, low, close } = bar;
  return { time: axisTime(start), open, high, low, close };
}

function volumeBar(bar: Bar) {
  return { time: axisTime(bar.start), value: bar.volume };
}

/** True where the bar at `index` is the last of a day that another follows; `times` are those of the axis. */
function isLastOfDay(times: readonly UTCTimestamp[], index: number): boolean {
  const [here, next] = [times[index], times[index + 1]];
  const dayOf = (time: number): number => Math.floor(time / 86_400);
  return here !== undefined && next !== undefined && dayOf(here) !== dayOf(next);
}
