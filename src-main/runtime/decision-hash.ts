import { createHash } from "node:crypto";
import { type Effect, isDecisive } from "#core/engine/effect.ts";
import { canonical } from "#shared/lib/canonical.ts";
import type { Micros } from "#shared/lib/time.ts";

/** A running hash over everything that a run decided, in order, with virtual times and no wall-clock value. */
export type DecisionHash = {
  update(time: Micros, effects: readonly Effect[]): void;
  /** SHA-256 so far, hexadecimal; may be read at any time. */
  digest(): string;
  count(): number;
};

/** Two runs decided alike exactly when their hashes are equal. */
export function createDecisionHash(): DecisionHash {
  const hash = createHash("sha256");
  let count = 0;
  return {
    update(time, effects) {
      for (const effect of effects) {
        if (!isDecisive(effect)) continue;
        count += 1;
        hash.update(`${time} ${canonical(effect)}\n`);
      }
    },
    digest: () => hash.copy().digest("hex"),
    count: () => count,
  };
}
