import { baseline } from "./baseline.ts";
import { momentum } from "./momentum.ts";
import type { StrategyDefinition } from "./strategy.ts";

/** Every strategy that ships. */
export const STRATEGIES: readonly StrategyDefinition[] = [baseline, momentum];

/** @throws RangeError naming the strategy and what there is */
export function strategyOf(id: string): StrategyDefinition {
  const definition = STRATEGIES.find((strategy) => strategy.id === id);
  if (definition === undefined) {
    const known = STRATEGIES.map((strategy) => strategy.id).join(", ");
    throw new RangeError(`no strategy is called ${JSON.stringify(id)}; there are ${known}`);
  }
  return definition;
}
