import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { featureOf } from "#core/features/registry.ts";
import { parseDate } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { DAILY, valuesOf } from "./series.ts";

const folder = join(process.env.ROBOTRADER_TEST_DATA ?? "", "examples", "ind-talib-ibm-2012-2014");
const hasData = process.env.ROBOTRADER_TEST_DATA !== undefined && existsSync(folder);

type Row = Readonly<Record<string, string>>;

function rows(file: string): readonly Row[] {
  const [header = "", ...lines] = readFileSync(join(folder, file), "utf8").trim().split("\n");
  const names = header.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, index) => [names[index] ?? "", cell])));
}

function bars(): readonly Bar[] {
  return rows("bars.csv").map((row) => {
    const session = DAILY.calendar.sessionOn(row.date ?? "");
    const cell = (name: string): number => Number(row[name]);
    return {
      start: session?.open ?? parseDate(row.date ?? "") ?? Number.NaN,
      open: cell("open"),
      high: cell("high"),
      low: cell("low"),
      close: cell("close"),
      volume: cell("volume"),
    };
  });
}

/** Column of TA-Lib -> our feature. */
const SAME: readonly (readonly [column: string, feature: string])[] = [
  ["sma20", "sma_20"],
  ["ema20", "ema_20"],
  ["wma20", "wma_20"],
  ["dema20", "dema_20"],
  ["tema20", "tema_20"],
  ["kama10", "kama_10"],
  ["rsi14", "rsi_14"],
  ["atr14", "atr_14"],
  ["natr14", "natr_14"],
  ["trange", "tr"],
  ["bb_upper", "bb_upper"],
  ["bb_mid", "bb_middle"],
  ["bb_lower", "bb_lower"],
  ["slowk", "stoch_k"],
  ["slowd", "stoch_d"],
  ["stochrsi_k", "stochrsi_k"],
  ["stochrsi_d", "stochrsi_d"],
  ["cci20", "cci_20"],
  ["mfi14", "mfi_14"],
  ["obv", "obv"],
  ["ad", "ad"],
  ["adosc3_10", "adosc_3_10"],
  ["willr14", "willr_14"],
  ["roc10", "roc_10"],
  ["mom10", "mom_10"],
  ["cmo14", "cmo_14"],
  ["ppo12_26", "ppo_12_26"],
  ["trix15", "trix_15"],
  ["ultosc", "ultosc"],
  ["aroon_down14", "aroon_down_14"],
  ["aroon_up14", "aroon_up_14"],
  ["sar", "psar"],
  ["bop", "bop"],
];

/** TA-Lib shows these only from the bar on which their smoothed sister exists, two bars later. */
const STARTS_LATER: readonly string[] = ["slowk", "stochrsi_k"];

/** Seeded on their own, these meet TA-Lib's seeding to 1e-9 only after so many bars. */
const CONVERGING: readonly (readonly [column: string, feature: string, after: number])[] = [
  ["macd", "macd", 154],
  ["macd_signal", "macd_signal", 190],
  ["macd_hist", "macd_hist", 190],
  ["plus_di14", "plus_di_14", 250],
  ["minus_di14", "minus_di_14", 250],
  ["adx14", "adx_14", 297],
];

describe.skipIf(!hasData)("features against TA-Lib on 754 days of IBM [needs ROBOTRADER_TEST_DATA]", () => {
  const given = hasData ? bars() : [];
  const expected = hasData ? rows("expected.csv") : [];

  /** Largest error relative to max(1, |x|) from the row `from` on, and the first rows with a value. */
  function compare(column: string, feature: string, from = 0) {
    const ours = valuesOf(featureOf(feature), given, DAILY);
    const theirs = expected.map((row) => (row[column] === "" ? undefined : Number(row[column])));
    let worst = 0;
    let compared = 0;
    theirs.forEach((value, index) => {
      const own = ours[index];
      if (value === undefined || index < from) return;
      compared += 1;
      worst = Math.max(
        worst,
        own === undefined ? Number.POSITIVE_INFINITY : Math.abs(own - value) / Math.max(1, Math.abs(value)),
      );
    });
    const first = (values: readonly (number | undefined)[]): number => values.findIndex((value) => value !== undefined);
    return { worst, compared, ours: first(ours), theirs: first(theirs) };
  }

  test.each(SAME)("%s is our %s to 1e-9 from its first value on", (column, feature) => {
    const { worst, compared, ours, theirs } = compare(column, feature);
    expect(compared).toBeGreaterThan(650);
    expect(worst).toBeLessThan(1e-9);
    expect(ours).toBe(STARTS_LATER.includes(column) ? theirs - 2 : theirs);
  });

  test.each(CONVERGING)("%s meets our own-seeded %s to 1e-9 after %i bars, not before", (column, feature, after) => {
    expect(compare(column, feature, after).worst).toBeLessThan(1e-9);
    expect(compare(column, feature).worst).toBeGreaterThan(1e-3);
  });
});
