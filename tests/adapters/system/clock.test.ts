import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSharedClock, createSystemClock, createTimers, wallMs } from "#adapters/system/clock.ts";

let now: number;
let factor: number;
let fired: number;
const pass = (ms: number): void => {
  vi.advanceTimersByTime(ms);
};
const timers = createTimers({ now: () => now }, () => factor);
/** Passes wall time in steps of a millisecond; the virtual clock goes along at its factor. */
const run = (ms: number): void => {
  for (let step = 0; step < ms; step += 1) {
    now += 1_000 * factor;
    pass(1);
  }
};

const at = (time: number) =>
  timers.at(time, () => {
    fired += 1;
  });

/** Wall time stands still; `pass` moves it and lets the timers of the machine fire. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  now = 1_000_000;
  factor = 1;
  fired = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the system clock", () => {
  test("counts whole microseconds since 1970 and goes with the wall", () => {
    vi.useRealTimers();
    const clock = createSystemClock();
    const readings = Array.from({ length: 100 }, () => clock.now());
    expect(readings.every(Number.isSafeInteger)).toBe(true);
    const [before, now, after] = [Date.now(), clock.now(), Date.now()];
    // The two clocks of the machine are set apart by its own corrections since the start of the process.
    expect(now / 1_000).toBeGreaterThan(before - 5_000);
    expect(now / 1_000).toBeLessThan(after + 5_000);
  });

  test("never runs backwards, and moves by what passes", () => {
    const clock = createSystemClock();
    const start = clock.now();
    const startWall = wallMs();
    pass(1_500);
    expect(clock.now() - start).toBe(1_500_000);
    expect(wallMs() - startWall).toBeCloseTo(1_500, 3);
  });
});

describe("a timer", () => {
  test("fires once, at its time or after it, never before", () => {
    at(now + 50_000);
    run(49);
    expect(fired).toBe(0);
    run(3);
    expect(fired).toBe(1);
    run(2_000);
    expect(fired).toBe(1);
  });

  test("for the past fires soon, but not within the call that set it", () => {
    at(now - 1);
    at(now);
    expect(fired).toBe(0);
    pass(1);
    expect(fired).toBe(2);
  });

  test("does not fire while its clock lags behind the wall, be it by half a millisecond", () => {
    at(now + 50_000);
    now += 49_500;
    pass(52);
    expect(fired).toBe(0);
    now += 500;
    pass(2);
    expect(fired).toBe(1);
  });

  test("is cancelled at any moment before it fires: at once, in a later hop, when it is due", () => {
    at(now + 10_000)();
    const hopping = at(now + 2_000_000);
    run(1_200);
    hopping();
    at(now - 1)();
    run(2_000);
    expect(fired).toBe(0);
  });
});

describe("a timer follows its clock", () => {
  test("that runs ten times as fast: it fires after a tenth of the wait", () => {
    factor = 10;
    at(now + 3_000_000);
    run(299);
    expect(fired).toBe(0);
    run(5);
    expect(fired).toBe(1);
  });

  test("that stands still: it waits, and looks only twice a second", () => {
    factor = 0;
    let looks = 0;
    const watched = createTimers(
      {
        now: () => {
          looks += 1;
          return now;
        },
      },
      () => factor,
    );
    watched.at(now + 1_000, () => {
      fired += 1;
    });
    pass(10_000);
    expect([fired, looks]).toEqual([0, 21]);
    at(now);
    pass(1);
    expect(fired).toBe(1);
  });

  test("that is set forward within half a second, however long it meant to wait", () => {
    at(now + 86_400_000_000);
    run(100);
    now += 86_400_000_000;
    pass(501);
    expect(fired).toBe(1);
  });

  test("that is set back: it does not fire early", () => {
    at(now + 100_000);
    run(50);
    now -= 200_000;
    run(200);
    expect(fired).toBe(0);
    run(55);
    expect(fired).toBe(1);
  });
});

describe("the shared clock", () => {
  const START = 1_381_152_600_000_000;

  test("goes on from what was set, at its factor, for every thread that holds its memory", () => {
    const setter = createSharedClock();
    const reader = createSharedClock(setter.buffer);
    setter.set(START, 10);
    expect([setter.clock.now(), reader.clock.now(), reader.factor()]).toEqual([START, START, 10]);
    pass(200);
    expect(setter.clock.now()).toBe(START + 2_000_000);
    expect(reader.clock.now()).toBe(START + 2_000_000);
  });

  test("stands still at factor 0", () => {
    const shared = createSharedClock();
    shared.set(START, 0);
    pass(5_000);
    expect(shared.clock.now()).toBe(START);
  });

  test("never runs backwards for a reader, whatever the setter does; it waits until time has caught up", () => {
    const shared = createSharedClock();
    shared.set(START, 1);
    pass(1_000);
    expect(shared.clock.now()).toBe(START + 1_000_000);
    shared.set(START, 1);
    expect(shared.clock.now()).toBe(START + 1_000_000);
    pass(1_000);
    expect(shared.clock.now()).toBe(START + 1_000_000);
    pass(500);
    expect(shared.clock.now()).toBe(START + 1_500_000);
  });

  test("counts whole microseconds at any factor", () => {
    const shared = createSharedClock();
    shared.set(START, 0.333);
    pass(7);
    expect(Number.isSafeInteger(shared.clock.now())).toBe(true);
  });
});
