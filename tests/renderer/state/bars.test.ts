import { beforeEach, describe, expect, test } from "vitest";
import { BarFeed } from "#renderer/state/bars.ts";
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
