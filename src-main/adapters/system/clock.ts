import type { Clock, Disposer, Timers } from "#runtime/ports.ts";
import { MILLISECOND, type Micros } from "#shared/lib/time.ts";

/** Longer waits are taken in hops: a virtual clock may stand still now and run a moment later. */
const LONGEST_HOP_MS = 500;

/** Wall time in milliseconds since 1970 with sub-millisecond grain; monotonic within the process. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

/** The machine's own time, for paper and live. */
export function createSystemClock(): Clock {
  return { now: () => Math.round(wallMs() * MILLISECOND) };
}

/** Timers of a clock that runs at `factor` times the wall clock. */
export function createTimers(clock: Clock, factor: () => number): Timers {
  return {
    at(time, action): Disposer {
      let handle: NodeJS.Timeout | undefined;
      const wait = (): void => {
        const leftMs = (time - clock.now()) / MILLISECOND / Math.max(factor(), 1e-6);
        if (leftMs <= 0) {
          handle = setTimeout(action, 0);
          return;
        }
        // Ask again at the end of the wait: a virtual clock may have been set, and timers may fire early.
        handle = setTimeout(wait, Math.min(Math.max(1, leftMs), LONGEST_HOP_MS));
      };
      wait();
      return () => clearTimeout(handle);
    },
  };
}

/** Virtual time that one thread sets and others read: [virtual micros, wall ms at that instant, factor]. */
export type SharedClock = {
  readonly buffer: SharedArrayBuffer;
  set(time: Micros, factor: number): void;
  readonly clock: Clock;
  factor(): number;
};

/**
 * A virtual clock over shared memory: the simulator sets it, readers extrapolate at its factor. It never runs backwards
 * for one reader, whatever the setter does.
 */
export function createSharedClock(buffer = new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT)): SharedClock {
  const cells = new Float64Array(buffer);
  let newest: Micros = Number.NEGATIVE_INFINITY;
  const factor = (): number => cells[2] ?? 1;
  return {
    buffer,
    set(time, speed) {
      cells[1] = wallMs();
      cells[2] = speed;
      cells[0] = time;
    },
    factor,
    clock: {
      now() {
        const base = cells[0] ?? 0;
        const elapsedMs = wallMs() - (cells[1] ?? 0);
        newest = Math.max(newest, Math.round(base + elapsedMs * MILLISECOND * factor()));
        return newest;
      },
    },
  };
}
