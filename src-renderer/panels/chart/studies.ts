import { BollingerBands, EMA, SMA, Stochastic } from "technicalindicators";
import type { Bar } from "#shared/model/market.ts";

/** One line of a study, aligned to the bars: undefined before its look-back, and where it has no meaning. */
export type StudyLine = { readonly name: string; readonly values: readonly (number | undefined)[] };
export type StudyResult =
  | { readonly kind: "lines"; readonly lines: readonly StudyLine[] }
  /** The study is off, and why. Nothing is drawn that could be taken for a number. */
  | { readonly kind: "off"; readonly reason: string };

type Parameter = { readonly name: string; readonly least: number; readonly most: number; readonly preset: number };

export type StudyDefinition = {
  readonly id: string;
  readonly title: string;
  readonly parameters: readonly Parameter[];
  /** Own pane below the price, or over it. */
  readonly pane: "price" | "own";
  readonly compute: (bars: readonly Bar[], values: readonly number[]) => readonly StudyLine[];
};

const LONGEST = 500;
const period = (preset: number, name = "period"): Parameter => ({ name, least: 1, most: LONGEST, preset });

/** The library's outputs are shorter than its input by their look-back: they belong to the last bars. */
function align(count: number, outputs: readonly (number | undefined)[]): readonly (number | undefined)[] {
  const missing = count - outputs.length;
  return Array.from({ length: count }, (_, index) => finite(outputs[index - missing]));
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** Mean of the `count` values up to an index; undefined where one of them is. */
function meanOf(values: readonly (number | undefined)[], index: number, count: number): number | undefined {
  let sum = 0;
  for (let back = 0; back < count; back += 1) {
    const value = values[index - back];
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum / count;
}

const closes = (bars: readonly Bar[]): number[] => bars.map((bar) => bar.close);
const at = (values: readonly number[], index: number): number => values[index] ?? 1;

export const STUDIES: readonly StudyDefinition[] = [
  {
    id: "sma",
    title: "SMA",
    parameters: [period(50)],
    pane: "price",
    compute: (bars, values) => [
      {
        name: `SMA ${at(values, 0)}`,
        values: align(bars.length, SMA.calculate({ period: at(values, 0), values: closes(bars) })),
      },
    ],
  },
  {
    id: "ema",
    title: "EMA",
    parameters: [period(21)],
    pane: "price",
    compute: (bars, values) => [
      {
        name: `EMA ${at(values, 0)}`,
        values: align(bars.length, EMA.calculate({ period: at(values, 0), values: closes(bars) })),
      },
    ],
  },
  {
    id: "bollinger",
    title: "Bollinger",
    parameters: [period(20), { name: "deviations", least: 1, most: 5, preset: 2 }],
    pane: "price",
    compute: (bars, values) => {
      const bands = BollingerBands.calculate({ period: at(values, 0), stdDev: at(values, 1), values: closes(bars) });
      const line = (name: string, pick: (band: (typeof bands)[number]) => number): StudyLine => ({
        name,
        values: align(bars.length, bands.map(pick)),
      });
      return [
        line("BB upper", (band) => band.upper),
        line("BB middle", (band) => band.middle),
        line("BB lower", (band) => band.lower),
      ];
    },
  },
  {
    id: "macd",
    title: "MACD",
    parameters: [period(12, "fast"), period(26, "slow"), period(9, "signal")],
    pane: "own",
    compute: (bars, values) => {
      // The library's own MACD takes a value of 0 for none and breaks its signal off there; its averages do not.
      const average = (length: number, over: number[]) => EMA.calculate({ period: length, values: over });
      const [fast, slow] = [average(at(values, 0), closes(bars)), average(at(values, 1), closes(bars))];
      const count = Math.min(fast.length, slow.length);
      const macd = slow.slice(-count).map((value, index) => (fast[fast.length - count + index] ?? Number.NaN) - value);
      return [
        { name: "MACD", values: align(bars.length, count === 0 ? [] : macd) },
        { name: "signal", values: align(bars.length, count === 0 ? [] : average(at(values, 2), macd)) },
      ];
    },
  },
  {
    id: "stochastic",
    title: "Stochastic",
    parameters: [period(14), period(3, "signal")],
    pane: "own",
    compute: (bars, values) => {
      const rows = Stochastic.calculate({
        high: bars.map((bar) => bar.high),
        low: bars.map((bar) => bar.low),
        close: closes(bars),
        period: at(values, 0),
        signalPeriod: at(values, 1),
      });
      // Where the bars have no range the library answers 0, which reads as oversold: there is no value.
      const hasRange = bars.map((_, index) => {
        const window = bars.slice(Math.max(0, index - at(values, 0) + 1), index + 1);
        return Math.max(...window.map(({ high }) => high)) > Math.min(...window.map(({ low }) => low));
      });
      const percentK = align(
        bars.length,
        rows.map((row) => row.k),
      ).map((value, index) => (hasRange[index] === true ? value : undefined));
      return [
        { name: "%K", values: percentK },
        { name: "%D", values: percentK.map((_, index) => meanOf(percentK, index, at(values, 1))) },
      ];
    },
  },
];

/**
 * The only way to the studies' library, which takes nonsense for numbers: whole parameters in their range, finite bars, and
 * outputs aligned to the bars. What a trader draws here is for the eye; strategies never see it.
 */
export function study(id: string, bars: readonly Bar[], parameters?: readonly unknown[]): StudyResult {
  const definition = STUDIES.find((one) => one.id === id);
  if (definition === undefined) return { kind: "off", reason: `there is no study ${JSON.stringify(id)}` };
  const values: number[] = [];
  for (const [index, parameter] of definition.parameters.entries()) {
    const value = parameters === undefined ? parameter.preset : parameters[index];
    const isSound =
      typeof value === "number" && Number.isInteger(value) && value >= parameter.least && value <= parameter.most;
    if (!isSound) {
      const range = `a whole number from ${parameter.least} to ${parameter.most}`;
      return {
        kind: "off",
        reason: `${definition.title} ${parameter.name}: got ${JSON.stringify(value)}, expected ${range}`,
      };
    }
    values.push(value);
  }
  const bad = bars.findIndex((bar) => ![bar.open, bar.high, bar.low, bar.close, bar.volume].every(Number.isFinite));
  if (bad >= 0) return { kind: "off", reason: `bar ${bad} holds a number that is not finite` };
  if (bars.length === 0)
    return { kind: "lines", lines: definition.compute([], values).map(({ name }) => ({ name, values: [] })) };
  return { kind: "lines", lines: definition.compute(bars, values) };
}
