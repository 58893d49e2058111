import { z } from "zod";
import type { StrategyDefinition } from "./strategy.ts";

const parameters = z.strictObject({
  /** The averages must be this far apart, in percent of the slow one, before a cross counts. */
  marginPercent: z.number().min(0).max(5).default(0.02),
});

/**
 * Moving-average crossover: long while the 10-bar average stands above the 20-bar average by the margin, flat once it
 * stands below. Between the two bounds it keeps what it has, so that it does not flap around the cross.
 *
 * @see Brock, Lakonishok, LeBaron (1992), "Simple Technical Trading Rules", Journal of Finance 47(5)
 */
export const baseline: StrategyDefinition = {
  id: "baseline",
  title: "Moving-average crossover 10/20",
  version: "1",
  parameters,
  features: ["sma_10", "sma_20"],
  create(given) {
    const { marginPercent } = parameters.parse(given);
    return {
      onBar({ features, position }) {
        const fast = features.sma_10;
        const slow = features.sma_20;
        if (fast === undefined || slow === undefined) return undefined;
        const gapPercent = (fast / slow - 1) * 100;
        const reason = `SMA10 ${gapPercent >= 0 ? "above" : "below"} SMA20 by ${Math.abs(gapPercent).toFixed(3)} %`;
        if (gapPercent > marginPercent) return { direction: 1, reason };
        if (gapPercent < -marginPercent) return { direction: 0, reason };
        return { direction: Math.sign(position), reason };
      },
    };
  },
};
