import type { FeatureDefinition } from "./feature.ts";
import { define, lag, logChange, ofBar, ratio, relativeChange } from "./primitives.ts";

/** A feature of the close and the close `back` bars before. */
const against = (
  name: string,
  back: number,
  scale: FeatureDefinition["scale"],
  value: (close: number, earlier: number) => number,
): FeatureDefinition =>
  define(name, back, scale, () => {
    const before = lag(back);
    return ({ close }, commit) => value(close, before(close, commit));
  });

const logReturn = define("log_ret_1", 1, "scaleFree", () => {
  const change = logChange();
  return ({ close }, commit) => change(close, commit);
});

const squaredReturn = define("ret_sq", 1, "scaleFree", () => {
  const change = relativeChange(1);
  return ({ close }, commit) => change(close, commit) ** 2;
});

const openingGap = define("gap_open", 1, "scaleFree", () => {
  const before = lag(1);
  return ({ open, close }, commit) => ratio(open, before(close, commit)) - 1;
});

/** The year's return without its last month, on daily bars. */
const yearWithoutMonth = define("mom_12_1", 252, "scaleFree", () => {
  const month = lag(21);
  const year = lag(252);
  return ({ close }, commit) => ratio(month(close, commit), year(close, commit)) - 1;
});

/** Prices and returns (catalogue 4.1, without `overnight_ret`, which is the session's). */
export const PRICE_FEATURES: readonly FeatureDefinition[] = [
  ofBar("price", "level", ({ close }) => close),
  ofBar("log_price", "level", ({ close }) => Math.log(close)),
  ...[1, 5, 10, 20, 60].map((n) => against(`ret_${n}`, n, "scaleFree", (close, earlier) => close / earlier - 1)),
  logReturn,
  squaredReturn,
  ...[5, 10, 20].map((n) => against(`mom_${n}`, n, "level", (close, earlier) => close - earlier)),
  ...[5, 10, 20].map((n) => against(`roc_${n}`, n, "scaleFree", (close, earlier) => 100 * (close / earlier - 1))),
  openingGap,
  ofBar("high_low_ratio", "scaleFree", ({ high, low }) => high / low),
  ofBar("close_to_high", "scaleFree", ({ high, close }) => close / high),
  ofBar("close_to_low", "scaleFree", ({ low, close }) => close / low),
  ofBar("range_abs", "level", ({ high, low }) => high - low),
  ofBar("range_pct", "scaleFree", ({ high, low, close }) => (high - low) / close),
  ofBar("close_location", "scaleFree", ({ high, low, close }) => ratio(close - low - (high - close), high - low)),
  ofBar("body_pct", "scaleFree", ({ open, close }) => (close - open) / open),
  ofBar("upper_wick", "scaleFree", ({ open, high, close }) => (high - Math.max(open, close)) / close),
  ofBar("lower_wick", "scaleFree", ({ open, low, close }) => (Math.min(open, close) - low) / close),
  yearWithoutMonth,
];
