import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BreakerState,
  breakerAdmits,
  breakerFailed,
  breakerPhase,
  breakerProbe,
  breakerReleased,
  breakerSucceeded,
  breakerTimeout,
  CLOSED_BREAKER,
} from "#core/risk/circuit-breaker.ts";
import { SECOND } from "#shared/lib/time.ts";

const LIMITS = { threshold: 5, timeoutSeconds: 300 };
const START = 1_700_000_000 * SECOND;
const fail = (state: BreakerState, seconds: number): BreakerState =>
  breakerFailed(state, LIMITS, START + seconds * SECOND);
const failures = (count: number): BreakerState => {
  let state = CLOSED_BREAKER;
  for (let index = 0; index < count; index += 1) state = fail(state, index);
  return state;
};
const afterTimeout = (state: BreakerState): number => (state.openedAt ?? 0) + breakerTimeout(state, LIMITS);

describe("a closed breaker", () => {
  test("opens with the fifth failure in a row, not with the fourth", () => {
    expect(breakerPhase(failures(4), LIMITS, START + 4 * SECOND)).toBe("closed");
    expect(breakerPhase(failures(5), LIMITS, START + 5 * SECOND)).toBe("open");
    expect(breakerAdmits(failures(5), LIMITS, START + 5 * SECOND)).toBe(false);
  });

  test("a success starts the count again", () => {
    const state = fail(breakerSucceeded(failures(4), START + 4 * SECOND), 5);
    expect(state.failures).toBe(1);
    expect(breakerAdmits(state, LIMITS, START + 5 * SECOND)).toBe(true);
  });

  test("opens when more than half of ten calls of a minute failed, whatever their order", () => {
    let state = CLOSED_BREAKER;
    for (let index = 0; index < 9; index += 1) {
      const time = START + index * SECOND;
      state = index % 2 === 0 ? breakerFailed(state, LIMITS, time) : breakerSucceeded(state, time);
    }
    expect(breakerPhase(state, LIMITS, START + 9 * SECOND)).toBe("closed");
    expect(breakerPhase(fail(state, 9), LIMITS, START + 9 * SECOND)).toBe("open");
    expect(breakerPhase(fail(state, 75), LIMITS, START + 75 * SECOND)).toBe("closed");
  });
});

describe("an open breaker", () => {
  test("is probed after five minutes, +-10 %, one probe at a time", () => {
    const open = failures(5);
    const timeout = breakerTimeout(open, LIMITS);
    expect(timeout).toBeGreaterThanOrEqual(270 * SECOND);
    expect(timeout).toBeLessThanOrEqual(330 * SECOND);
    const due = afterTimeout(open);
    expect(breakerPhase(open, LIMITS, due - 1)).toBe("open");
    expect(breakerAdmits(open, LIMITS, due)).toBe(true);
    const probing = breakerProbe(open, LIMITS, "RT1-1-1-E00", due);
    expect(breakerAdmits(probing, LIMITS, due)).toBe(false);
    expect(breakerAdmits(breakerReleased(probing), LIMITS, due)).toBe(true);
    expect(breakerPhase(breakerSucceeded(probing, due), LIMITS, due)).toBe("closed");
  });

  test("a failed probe opens it again for twice as long, at most half an hour", () => {
    let state = failures(5);
    for (let round = 0; round < 6; round += 1) {
      const due = afterTimeout(state);
      state = breakerFailed(breakerProbe(state, LIMITS, "probe", due), LIMITS, due);
      expect(breakerPhase(state, LIMITS, due)).toBe("open");
      const nominal = Math.min(300 * 2 ** (round + 1), 1_800);
      expect(Math.abs(breakerTimeout(state, LIMITS) / SECOND / nominal - 1)).toBeLessThanOrEqual(0.1001);
    }
  });

  test("an answer to an older call does not close it", () => {
    const open = failures(5);
    expect(breakerPhase(breakerSucceeded(open, START + 6 * SECOND), LIMITS, START + 6 * SECOND)).toBe("open");
  });
});

test("whatever happens, it admits only while closed or as the single probe, and never keeps more than a minute", () => {
  const step = fc.record({
    kind: fc.constantFrom("fail", "succeed", "probe", "release"),
    wait: fc.integer({ min: 0, max: 900 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state = CLOSED_BREAKER;
      let time = START;
      for (const { kind, wait } of steps) {
        time += wait * SECOND;
        if (kind === "fail") state = breakerFailed(state, LIMITS, time);
        if (kind === "succeed") state = breakerSucceeded(state, time);
        if (kind === "probe") state = breakerProbe(state, LIMITS, "p", time);
        if (kind === "release") state = breakerReleased(state);
        const phase = breakerPhase(state, LIMITS, time);
        const mayPass = phase === "closed" || (phase === "halfOpen" && state.probe === undefined);
        expect(breakerAdmits(state, LIMITS, time)).toBe(mayPass);
        if (phase === "closed") expect(state.probe).toBeUndefined();
        const newest = state.calls.at(-1)?.[0] ?? 0;
        for (const [called] of state.calls) expect(called).toBeGreaterThan(newest - 60 * SECOND);
      }
    }),
  );
});
