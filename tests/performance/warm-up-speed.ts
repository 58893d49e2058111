import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { compareWarmUp } from "#tests/support/warm-up.ts";
import { type Figure, median } from "./statistics.ts";

const LATENCY_MS = 100;
const ROUNDS = 3;
/** The product's own speed, and that of the wall, where the broker's messages a second are the bound. */
const SPEEDS = [60, 1] as const;

/** How much faster the watchlist warms up together than symbol by symbol, with every answer delayed. */
export async function warmUpSpeed(): Promise<readonly Figure[]> {
  const symbols = WATCHLIST.map(({ symbol }) => symbol);
  const figures: Figure[] = [];
  for (const speed of SPEEDS) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      rounds.push(await compareWarmUp({ symbols, latencyMs: LATENCY_MS, speed }));
    }
    const together = median(rounds.map(({ togetherMs }) => togetherMs));
    const oneByOne = median(rounds.map(({ oneByOneMs }) => oneByOneMs));
    const rate = Math.max(...rounds.map(({ highestRate }) => highestRate));
    figures.push({
      name: `warm-up of ${symbols.length} symbols, ${LATENCY_MS} ms, speed ${speed}`,
      value: Math.round((oneByOne / together) * 10) / 10,
      unit: "x faster",
      beside: `${Math.round(together)} ms together, ${Math.round(oneByOne)} ms one by one; ${rate.toFixed(0)} messages in a second at most`,
    });
  }
  return figures;
}
