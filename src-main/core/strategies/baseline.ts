import { z } from "zod";
import { type Strategy, type StrategyDefinition, type StrategyWish, valuesOf } from "./strategy.ts";

const parameters = z.strictObject({
  /** The averages must be this far apart, in percent of the slow one, before a cross counts. */
  marginPercent: z.number().min(0).max(5).default(0.02),
  /** 1: goes short below, 0: goes flat. */
  allowShort: z.number().int().min(0).max(1).default(0),
});

/** The last cross, and whether a position was had on it. */
const stateSchema = z.object({ trend: z.enum(["none", "up", "down"]), isTaken: z.boolean() });
type State = z.infer<typeof stateSchema>;

const FEATURES = ["sma_10", "sma_20"] as const;

/**
 * Moving-average crossover: long from the cross of the 10-bar average above the 20-bar average to the cross below. Between
 * the margins the last cross counts on, so that it does not flap. Started in the middle of a trend it takes part: the first
 * bar on which the averages stand apart counts as a cross. A position that was lost on the way, by its stop or by hand, is
 * not taken again before the next cross.
 *
 * @see Brock, Lakonishok, LeBaron (1992), "Simple Technical Trading Rules", Journal of Finance 47(5)
 */
export const baseline: StrategyDefinition = {
  id: "baseline",
  title: "Moving-average crossover 10/20",
  version: "2",
  parameters,
  features: FEATURES,
  // 20 closes make the slow average.
  warmupBars: 20,
  create(given): Strategy {
    const { marginPercent, allowShort } = parameters.parse(given);
    let state: State = { trend: "none", isTaken: false };
    return {
      onBar({ features, position }) {
        const values = valuesOf(features, FEATURES);
        if (values === undefined) return undefined;
        const [fast = Number.NaN, slow = Number.NaN] = values;
        const gapPercent = (fast / slow - 1) * 100;
        state = afterBar(state, gapPercent, marginPercent);
        const side = state.trend === "up" ? 1 : state.trend === "down" && allowShort === 1 ? -1 : 0;
        const isHeld = side !== 0 && Math.sign(position) === side;
        if (isHeld) state = { ...state, isTaken: true };
        const facts = `SMA10 ${gapPercent >= 0 ? "above" : "below"} SMA20 by ${Math.abs(gapPercent).toFixed(3)} %`;
        return wish(state, { side, isHeld, position, facts });
      },
      state: () => state,
      restore(saved) {
        state = stateSchema.parse(saved);
      },
    };
  },
};

function afterBar(state: State, gapPercent: number, marginPercent: number): State {
  const now = gapPercent > marginPercent ? "up" : gapPercent < -marginPercent ? "down" : state.trend;
  return now === state.trend ? state : { trend: now, isTaken: false };
}

function wish(
  { trend, isTaken }: State,
  seen: { readonly side: number; readonly isHeld: boolean; readonly position: number; readonly facts: string },
): StrategyWish {
  const { side, isHeld, position, facts } = seen;
  // Without a cross since the start there is no opinion: what an earlier run holds stays.
  if (trend === "none") return { direction: Math.sign(position), reason: `no cross yet: ${facts}` };
  if (side !== 0 && isTaken && !isHeld) return { direction: 0, reason: `out until the next cross: ${facts}` };
  return { direction: side, reason: facts };
}
