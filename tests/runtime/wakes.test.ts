import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Disposer, Timers } from "#runtime/ports.ts";
import { Wakes } from "#runtime/wakes.ts";

/** Timers that the test moves by hand; they fire in due order, as late as the test likes. */
class HandTimers implements Timers {
  private readonly waiting = new Map<number, { readonly time: number; readonly action: () => void }>();
  private count = 0;

  at(time: number, action: () => void): Disposer {
    this.count += 1;
    const id = this.count;
    this.waiting.set(id, { time, action });
    return () => this.waiting.delete(id);
  }

  due(): readonly number[] {
    return [...this.waiting.values()].map(({ time }) => time);
  }

  moveTo(now: number): void {
    for (;;) {
      const next = [...this.waiting].filter(([, { time }]) => time <= now).sort(([, a], [, b]) => a.time - b.time)[0];
      if (next === undefined) return;
      this.waiting.delete(next[0]);
      next[1].action();
    }
  }
}

let timers: HandTimers;
let now: number;
let fired: number[];
let wakes: Wakes;
/** What the engine does when it is woken. */
let react: () => void;

function moveTo(time: number): void {
  now = time;
  timers.moveTo(time);
}

beforeEach(() => {
  timers = new HandTimers();
  now = 0;
  fired = [];
  react = () => undefined;
  wakes = new Wakes(timers, () => {
    fired.push(now);
    react();
  });
});

describe("wakes", () => {
  test("many wishes for one instant are one event", () => {
    for (let count = 0; count < 5; count += 1) wakes.at(100);
    moveTo(99);
    expect(fired).toEqual([]);
    moveTo(100);
    moveTo(1_000);
    expect(fired).toEqual([100]);
  });

  test("each instant wakes once, the earliest first, whatever the order of the wishes", () => {
    for (const time of [300, 100, 200, 100, 300]) wakes.at(time);
    for (const time of [100, 150, 200, 300, 400]) moveTo(time);
    expect(fired).toEqual([100, 200, 300]);
  });

  test("one timer stands at a time, and it is the earliest", () => {
    wakes.at(300);
    expect(timers.due()).toEqual([300]);
    wakes.at(100);
    wakes.at(200);
    expect(timers.due()).toEqual([100]);
    moveTo(100);
    expect(timers.due()).toEqual([200]);
    moveTo(300);
    expect(timers.due()).toEqual([]);
  });

  test("a wish made while being woken is kept, be it sooner or later than the others", () => {
    react = () => {
      react = () => undefined;
      wakes.at(250);
      wakes.at(400);
    };
    wakes.at(100);
    wakes.at(300);
    for (const time of [100, 250, 300, 400]) moveTo(time);
    expect(fired).toEqual([100, 250, 300, 400]);
    expect(timers.due()).toEqual([]);
  });
});

describe("a wish", () => {
  test("for the past is answered as soon as timers run", () => {
    now = 500;
    wakes.at(100);
    moveTo(501);
    expect(fired).toEqual([501]);
  });

  test("made before the stop wakes nobody after it", () => {
    wakes.at(100);
    wakes.at(200);
    wakes.stop();
    moveTo(1_000);
    expect([fired, timers.due()]).toEqual([[], []]);
  });

  test("is gone with a stop in the middle of a wake: no timer is left behind", () => {
    react = () => wakes.stop();
    wakes.at(100);
    wakes.at(200);
    moveTo(1_000);
    expect(fired).toHaveLength(1);
    expect(timers.due()).toEqual([]);
  });

  test("is never forgotten or answered early", () => {
    const step = fc.record({ wish: fc.option(fc.nat(50), { nil: undefined }), advance: fc.nat(10) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        timers = new HandTimers();
        const open = new Set<number>();
        const calls: number[] = [];
        const local = new Wakes(timers, () => {
          calls.push(now);
          const [earliest = Number.POSITIVE_INFINITY] = [...open].sort((a, b) => a - b);
          expect(earliest).toBeLessThanOrEqual(now);
          open.delete(earliest);
        });
        now = 0;
        for (const { wish, advance } of steps) {
          if (wish !== undefined) {
            open.add(now + wish);
            local.at(now + wish);
          }
          moveTo(now + advance);
          for (const time of open) expect(time).toBeGreaterThan(now);
        }
      }),
    );
  });
});
