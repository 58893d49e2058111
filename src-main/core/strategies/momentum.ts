import { z } from "zod";
import type { StrategyDefinition } from "./strategy.ts";

const parameters = z.strictObject({
  /** Rate of change over ten bars, in percent, that starts a position. */
  entryPercent: z.number().min(0.01).max(20).default(0.25),
  /** Rate of change at which it ends. */
  exitPercent: z.number().min(-20).max(20).default(-0.05),
  /** A relative strength above this is too late to join. */
  overbought: z.number().min(50).max(100).default(78),
  /** Strength of the trend below which a move is noise. */
  minAdx: z.number().min(0).max(100).default(18),
});

/**
 * Time-series momentum: joins a rise of ten bars that has a trend behind it and is not overbought; leaves when the rise is
 * spent. The size of the wish falls as volatility rises.
 *
 * @see Moskowitz, Ooi, Pedersen (2012), "Time series momentum", Journal of Financial Economics 104(2)
 */
export const momentum: StrategyDefinition = {
  id: "momentum",
  title: "Momentum of ten bars",
  version: "1",
  parameters,
  features: ["roc_10", "rsi_14", "adx_14", "natr_14"],
  create(given) {
    const { entryPercent, exitPercent, overbought, minAdx } = parameters.parse(given);
    return {
      onBar({ features, position }) {
        const { roc_10: change, rsi_14: strength, adx_14: trend, natr_14: range } = features;
        if (change === undefined || strength === undefined || trend === undefined || range === undefined)
          return undefined;
        const facts = `ROC10 ${change.toFixed(2)} %, RSI14 ${strength.toFixed(1)}, ADX14 ${trend.toFixed(1)}`;
        if (position !== 0) {
          return change < exitPercent ? { direction: 0, reason: `spent: ${facts}` } : { direction: 1, reason: facts };
        }
        const isRising = change > entryPercent && trend > minAdx && strength < overbought;
        if (!isRising) return { direction: 0, reason: facts };
        // Half a percent of range a bar is calm; beyond it the wish shrinks in proportion.
        const direction = Math.min(1, Math.max(0.25, 0.5 / range));
        return { direction, reason: `rising: ${facts}` };
      },
    };
  },
};
