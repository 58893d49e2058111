import type { Clock, Disposer, Timers } from "#runtime/ports.ts";
import type { Micros } from "#shared/lib/time.ts";

type Timer = { readonly time: Micros; readonly sequence: number; readonly action: () => void };

/** Virtual time that moves only with the step markers of the gateway, and the timers that live on it. */
export type LockStep = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Sets the time and fires what is due, in the order of due times, then of their making. */
  advance(time: Micros): void;
};

export function createLockStep(start: Micros = 0): LockStep {
  let now = start;
  let sequence = 0;
  const waiting = new Set<Timer>();
  return {
    clock: { now: () => now },
    timers: {
      at(time, action): Disposer {
        sequence += 1;
        const timer: Timer = { time, sequence, action };
        waiting.add(timer);
        return () => {
          waiting.delete(timer);
        };
      },
    },
    advance(time) {
      now = Math.max(now, time);
      const due = [...waiting].filter((timer) => timer.time <= now);
      due.sort((a, b) => a.time - b.time || a.sequence - b.sequence);
      for (const timer of due) {
        if (!waiting.delete(timer)) continue;
        timer.action();
      }
    },
  };
}
