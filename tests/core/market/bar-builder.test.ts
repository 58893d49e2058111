import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BarBuilderState, type CompletedBar, createBarBuilder } from "#core/market/bar-builder.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { parseBars } from "#core/simulation/recorded-files.ts";
import { present } from "#shared/lib/assert.ts";
import { createRng } from "#shared/lib/rng.ts";
import { HOUR, isoText, MINUTE, SECOND } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";

const calendar = present(createCalendar("XNYS"), "the New York calendar exists");
const session = present(calendar.sessionOn("2013-10-07"), "a regular Monday");
const ALL = ["5m", "15m", "1h", "1d"] as const;
const folder = join(process.env.ROBOTRADER_TEST_DATA ?? "", "minute-lean");
const hasData = process.env.ROBOTRADER_TEST_DATA !== undefined && existsSync(folder);

/** The `index`-th minute of the session: a flat bar at 100 + index with a volume of 10. */
const minute = (index: number): Bar => {
  const price = 100 + index;
  return {
    start: session.open + index * MINUTE,
    open: price,
    high: price + 0.5,
    low: price - 0.5,
    close: price,
    volume: 10,
  };
};
const minutes = (from: number, to: number): readonly Bar[] =>
  Array.from({ length: to - from }, (_, index) => minute(from + index));
const clock = (time: number): string => isoText(time).slice(11, 16);

function recorded(name: string): readonly Bar[] {
  const text = readFileSync(join(folder, name), "utf8");
  return parseBars(name, text, () => undefined).filter((bar) => calendar.sessionOf(bar.start) !== undefined);
}

describe("bars of larger sizes", () => {
  test("five minutes make one bar, complete with its last minute", () => {
    const builder = createBarBuilder(calendar, ["5m"]);
    const completed = minutes(0, 5).map((bar) => builder.push(bar));
    expect(completed.slice(0, 4)).toEqual([[], [], [], []]);
    expect(completed[4]).toEqual([
      {
        timeframe: "5m",
        bar: { start: session.open, open: 100, high: 104.5, low: 99.5, close: 104, volume: 50 },
        end: session.open + 5 * MINUTE,
      },
    ]);
  });

  test("hour bars start at the session's open and the last one is 30 minutes long", () => {
    const builder = createBarBuilder(calendar, ["1h"]);
    const bars = minutes(0, 390).flatMap((bar) => builder.push(bar));
    // 09:30 in New York is 13:30 UTC on this day.
    expect(bars.map(({ bar }) => clock(bar.start))).toEqual([
      "13:30",
      "14:30",
      "15:30",
      "16:30",
      "17:30",
      "18:30",
      "19:30",
    ]);
    expect(bars.map(({ bar, end }) => (end - bar.start) / MINUTE)).toEqual([60, 60, 60, 60, 60, 60, 30]);
  });

  test("on a half day the last hour bar and the day end at 13:00", () => {
    const half = present(calendar.sessionOn("2015-12-24"), "a half day");
    const builder = createBarBuilder(calendar, ["1h", "1d"]);
    const day = Array.from({ length: 210 }, (_, index) => ({ ...minute(index), start: half.open + index * MINUTE }));
    const completed = day.flatMap((bar) => builder.push(bar));
    expect(completed.map(({ timeframe }) => timeframe)).toEqual(["1h", "1h", "1h", "1h", "1d"]);
    expect(completed.at(-1)?.end).toBe(half.close);
    expect(half.close - half.open).toBe(3.5 * HOUR);
  });

  test("a missing minute is listed and never filled", () => {
    const builder = createBarBuilder(calendar, ["5m"]);
    const completed = [minute(1), minute(3), minute(5)].flatMap((bar) => builder.push(bar));
    expect(completed).toHaveLength(1);
    expect(completed[0]?.bar).toMatchObject({ start: session.open, open: 101, close: 103, volume: 20 });
    expect(completed[0]?.missing).toEqual([minute(0).start, minute(2).start, minute(4).start]);
  });

  test("a later minute completes a bar whose last minute never came, before it starts its own", () => {
    const builder = createBarBuilder(calendar, ["5m", "15m"]);
    builder.push(minute(0));
    const completed = builder.push(minute(29));
    expect(completed.map(({ timeframe, bar }) => [timeframe, clock(bar.start)])).toEqual([
      ["5m", "13:30"],
      ["15m", "13:30"],
      ["5m", "13:55"],
      ["15m", "13:45"],
    ]);
  });

  test("the end of the session completes what no minute completed", () => {
    const builder = createBarBuilder(calendar, ALL);
    builder.push(minute(385));
    expect(builder.advance(session.close - 1)).toEqual([]);
    const completed = builder.advance(session.close);
    expect(completed.map(({ timeframe }) => timeframe)).toEqual([...ALL]);
    expect(new Set(completed.map(({ end }) => end))).toEqual(new Set([session.close]));
    expect(builder.advance(session.close + HOUR)).toEqual([]);
  });

  test("a minute that comes after its bar was closed changes no bar that was seen", () => {
    const builder = createBarBuilder(calendar, ["5m", "15m"]);
    for (const bar of minutes(0, 4)) builder.push(bar);
    expect(builder.advance(minute(5).start)).toHaveLength(1);
    expect(builder.push(minute(4))).toEqual([]);
    expect(builder.lateMinutes()).toBe(1);
    // The larger bar is still open and takes it.
    expect(builder.forming("15m")?.volume).toBe(50);
    const next = minutes(5, 10).flatMap((bar) => builder.push(bar));
    expect(next.map(({ bar }) => bar.start)).toEqual([minute(5).start]);
  });

  test("the bar that grows is shown with the running minute, from its own start even where the first minute had no trade", () => {
    const builder = createBarBuilder(calendar, ["5m"]);
    for (const bar of minutes(0, 3)) builder.push(bar);
    expect(builder.forming("5m", minute(3))).toMatchObject({ start: minute(0).start, volume: 40 });
    // The fourth and fifth minute had no trade: the sixth is no part of the bar that still waits for them.
    expect(builder.forming("5m", minute(5))).toEqual(minute(5));
    expect(builder.forming("5m", minute(7))).toEqual({ ...minute(7), start: minute(5).start });
    // What has been closed or counted already is not shown again.
    expect(builder.forming("5m", minute(2))?.volume).toBe(30);
    builder.advance(minute(5).start);
    expect(builder.forming("5m", minute(4))).toBeUndefined();
  });

  test("two minutes of one time are a defect of the caller", () => {
    const builder = createBarBuilder(calendar, ["5m"]);
    builder.push(minute(3));
    expect(() => builder.push(minute(3))).toThrow("minutes ascend");
    expect(() => builder.push({ ...minute(0), start: session.close })).toThrow("regular session");
  });

  test("a restored builder still knows its newest minute, what it has closed and what came late", () => {
    const builder = createBarBuilder(calendar, ["5m"]);
    builder.push(minute(2));
    builder.advance(minute(5).start);
    builder.push(minute(4));
    const restored = createBarBuilder(calendar, ["5m"]);
    restored.restore(JSON.parse(JSON.stringify(builder.snapshot())) as BarBuilderState);
    expect(restored.snapshot()).toEqual(builder.snapshot());
    expect(restored.lateMinutes()).toBe(1);
    expect(() => restored.push(minute(4))).toThrow("minutes ascend");
  });

  test("any set of minutes gives the bars that grouping them by start gives", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 389 }), { minLength: 1 }), (indices) => {
        const given = [...indices].sort((a, b) => a - b).map(minute);
        const builder = createBarBuilder(calendar, ["15m"]);
        const built = [...given.flatMap((bar) => builder.push(bar)), ...builder.advance(session.close)];
        const groups = new Map<number, Bar[]>();
        for (const bar of given) {
          const group = Math.floor((bar.start - session.open) / (15 * MINUTE));
          groups.set(group, [...(groups.get(group) ?? []), bar]);
        }
        const expected = [...groups].map(([group, bars]): CompletedBar => {
          const start = session.open + group * 15 * MINUTE;
          const all = Array.from({ length: 15 }, (_, index) => start + index * MINUTE);
          const missing = all.filter((time) => !bars.some((bar) => bar.start === time));
          const bar = {
            start,
            open: bars[0]?.open ?? 0,
            high: Math.max(...bars.map(({ high }) => high)),
            low: Math.min(...bars.map(({ low }) => low)),
            close: bars.at(-1)?.close ?? 0,
            volume: bars.length * 10,
          };
          const end = start + 15 * MINUTE;
          return { timeframe: "15m", bar, end, ...(missing.length === 0 ? {} : { missing }) };
        });
        expect(built).toEqual(expected);
      }),
    );
  });

  test("a builder that was saved as text and restored at any minute goes on as if nothing had been", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 389 }), fc.integer(), (cut, seed) => {
        const rng = createRng(seed);
        const given = minutes(0, 390).filter(() => rng.next() < 0.9);
        const one = createBarBuilder(calendar, ALL);
        let two = createBarBuilder(calendar, ALL);
        for (const [index, bar] of given.entries()) {
          if (index === cut) {
            const text = JSON.stringify(two.snapshot());
            two = createBarBuilder(calendar, ALL);
            two.restore(JSON.parse(text) as BarBuilderState);
          }
          expect(two.push(bar)).toEqual(one.push(bar));
        }
        expect(two.advance(session.close)).toEqual(one.advance(session.close));
      }),
      { numRuns: 50 },
    );
  });

  test("starts ascend and no minute counts twice, however early the clock closes bars", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 60, maxLength: 60 }), (delays) => {
        const builder = createBarBuilder(calendar, ["5m"]);
        const built: CompletedBar[] = [];
        delays.forEach((delay, index) => {
          built.push(...builder.advance(minute(index).start + MINUTE + delay * SECOND));
          built.push(...builder.push(minute(index)));
        });
        built.push(...builder.advance(session.close));
        const starts = built.map(({ bar }) => bar.start);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        const volume = built.reduce((sum, { bar }) => sum + bar.volume, 0);
        expect(volume).toBe((60 - builder.lateMinutes()) * 10);
      }),
    );
  });

  test.skipIf(!hasData)(
    "the recorded half day of GOOG closes at 748.40 with 515,572 shares [needs ROBOTRADER_TEST_DATA]",
    () => {
      const builder = createBarBuilder(calendar, ["1d"]);
      const given = recorded("GOOG_20151224_trade.csv");
      const completed = given.flatMap((bar) => builder.push(bar));
      expect(given).toHaveLength(210);
      expect(completed).toHaveLength(1);
      expect(completed[0]?.missing).toBeUndefined();
      expect(completed[0]?.bar).toMatchObject({
        open: 749.55,
        high: 751.35,
        low: 746.34,
        close: 748.4,
        volume: 515_572,
      });
    },
  );

  test.skipIf(!hasData)("the recorded day of IBM lacks the minute of 12:39 [needs ROBOTRADER_TEST_DATA]", () => {
    const builder = createBarBuilder(calendar, ["1d"]);
    const given = recorded("IBM_20131004_trade.csv");
    const completed = given.flatMap((bar) => builder.push(bar));
    expect(given).toHaveLength(389);
    expect(completed[0]?.missing?.map(clock)).toEqual(["16:39"]);
  });
});
