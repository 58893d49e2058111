import { z } from "zod";
import { type Strategy, type StrategyDefinition, valuesOf } from "./strategy.ts";

const parameters = z
  .strictObject({
    /** Rate of change over ten bars, in percent, that starts a position. */
    entryPercent: z.number().min(0.01).max(20).default(0.25),
    /** Rate of change, in its direction, at which it ends. */
    exitPercent: z.number().min(-20).max(20).default(-0.05),
    /** A relative strength above this is too late to join; for shorts one below 100 less this. */
    overbought: z.number().min(50).max(100).default(78),
    /** Strength of the trend below which a move is noise. */
    minAdx: z.number().min(0).max(100).default(18),
    /** Average range of a bar, in percent of the price, up to which the wish is full; beyond it shrinks in proportion. */
    calmRangePercent: z.number().min(0.01).max(10).default(0.5),
    /** 1: joins falls too. */
    allowShort: z.number().int().min(0).max(1).default(0),
  })
  .refine(({ entryPercent, exitPercent }) => exitPercent < entryPercent, "exitPercent is below entryPercent");

const FEATURES = ["roc_10", "rsi_14", "adx_14", "natr_14"] as const;
const SMALLEST_WISH = 0.25;
const stateSchema = z.strictObject({});

/**
 * Time-series momentum: joins a move of ten bars that has a trend behind it and has not run too far; leaves when the move
 * is spent. The wish falls as volatility rises. It remembers nothing: what it wants follows from the bar and the position.
 *
 * @see Moskowitz, Ooi, Pedersen (2012), "Time series momentum", Journal of Financial Economics 104(2)
 */
export const momentum: StrategyDefinition = {
  id: "momentum",
  title: "Momentum of ten bars",
  version: "2",
  parameters,
  features: FEATURES,
  // Wilder's trend index needs twice 14 bars.
  warmupBars: 28,
  create(given): Strategy {
    const { entryPercent, exitPercent, overbought, minAdx, calmRangePercent, allowShort } = parameters.parse(given);
    return {
      onBar({ features, position }) {
        const values = valuesOf(features, FEATURES);
        if (values === undefined) return undefined;
        const [change = Number.NaN, strength = Number.NaN, trend = Number.NaN, range = Number.NaN] = values;
        const facts = `ROC10 ${change.toFixed(2)} %, RSI14 ${strength.toFixed(1)}, ADX14 ${trend.toFixed(1)}`;
        const size = Math.min(1, Math.max(SMALLEST_WISH, calmRangePercent / range));
        const held = Math.sign(position);
        if (held !== 0) {
          const isSpent = held * change < exitPercent;
          return isSpent ? { direction: 0, reason: `spent: ${facts}` } : { direction: held * size, reason: facts };
        }
        const isTrending = trend > minAdx;
        if (isTrending && change > entryPercent && strength < overbought) {
          return { direction: size, reason: `rising: ${facts}` };
        }
        if (allowShort === 1 && isTrending && -change > entryPercent && strength > 100 - overbought) {
          return { direction: -size, reason: `falling: ${facts}` };
        }
        return { direction: 0, reason: facts };
      },
      state: () => ({}),
      restore(saved) {
        stateSchema.parse(saved);
      },
    };
  },
};
