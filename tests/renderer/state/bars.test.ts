import { beforeEach, describe, expect, test } from "vitest";
import { BarFeed, barOf, CandleTrack } from "#renderer/state/bars.ts";
import type { Timeframe } from "#shared/model/market.ts";

const row = (symbol: string, timeframe: Timeframe, close: number, complete = true) => ({
  symbol,
  timeframe,
  bar: { start: 1, open: 1, high: 9, low: 1, close, volume: 5 },
  complete,
});

let feed: BarFeed;
let seen: number[];

beforeEach(() => {
  feed = new BarFeed();
  seen = [];
});

describe("the bar feed", () => {
  test("brings a chart the bars of its own symbol and size, in order, and no others", () => {
    feed.subscribe("AAPL", "5m", ({ bar }) => seen.push(bar.close));
    feed.publish([row("AAPL", "5m", 1), row("AAPL", "1m", 2), row("MSFT", "5m", 3), row("AAPL", "5m", 4, false)]);
    expect(seen).toEqual([1, 4]);
  });

  test("says whether a bar is complete", () => {
    const complete: boolean[] = [];
    feed.subscribe("AAPL", "5m", (one) => complete.push(one.complete));
    feed.publish([row("AAPL", "5m", 1, false), row("AAPL", "5m", 1, true)]);
    expect(complete).toEqual([false, true]);
  });

  test("brings two charts of one symbol the same bars; the one that left gets none", () => {
    const stop = feed.subscribe("AAPL", "5m", ({ bar }) => seen.push(bar.close));
    feed.subscribe("AAPL", "5m", ({ bar }) => seen.push(bar.close * 10));
    feed.publish([row("AAPL", "5m", 1)]);
    stop();
    feed.publish([row("AAPL", "5m", 2)]);
    expect(seen).toEqual([1, 10, 20]);
  });

  test("keeps nothing: who comes late asks for history", () => {
    feed.publish([row("AAPL", "5m", 1)]);
    feed.subscribe("AAPL", "5m", ({ bar }) => seen.push(bar.close));
    expect(seen).toEqual([]);
  });
});

describe("the candles of a chart", () => {
  const at = (start: number, close: number) => ({ start, open: 1, high: 9, low: 1, close, volume: 10 });
  const loaded = (): CandleTrack => {
    const track = new CandleTrack(3);
    track.load([at(10, 1), at(20, 2)]);
    return track;
  };

  test("end a bar with what the engine closed, not with the last words of the forming one", () => {
    const track = loaded();
    expect(track.take({ bar: at(30, 3), complete: false })?.close).toBe(3);
    expect(track.take({ bar: at(30, 4), complete: true })?.close).toBe(4);
    expect(track.take({ bar: at(30, 3), complete: false })).toBeUndefined();
    expect(track.bars().at(-1)?.close).toBe(4);
    expect(track.formingStart()).toBeUndefined();
  });

  test("draw a bar's end also when the next one has begun, and keep that one", () => {
    const track = loaded();
    track.take({ bar: at(40, 5), complete: false });
    expect(track.take({ bar: at(30, 4), complete: true })).toEqual(at(30, 4));
    expect(track.formingStart()).toBe(40);
  });

  test("are bounded, ascending, and empty until the history has come", () => {
    const track = new CandleTrack(3);
    expect(track.take({ bar: at(30, 3), complete: false })).toBeUndefined();
    track.load([at(10, 1), at(20, 2)]);
    for (const start of [30, 40, 20]) track.take({ bar: at(start, start), complete: true });
    expect(track.bars().map(({ start }) => start)).toEqual([20, 30, 40]);
  });
});

test("an instant lies in the last bar that began before it", () => {
  expect([5, 10, 19, 20, 99].map((time) => barOf([10, 20], time))).toEqual([undefined, 10, 10, 20, 20]);
});
