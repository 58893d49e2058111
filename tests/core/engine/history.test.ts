import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { EngineDriver } from "./engine-driver.ts";

/** A minute of the session, from its open. */
const minuteOf = (open: number, index: number): Bar => ({
  start: open + index * MINUTE,
  open: 100,
  high: 100,
  low: 100,
  close: 100,
  volume: 10,
});

class Feed {
  readonly driver = new EngineDriver().ready();
  readonly open = this.driver.engine.context.market.sessionAt(this.driver.time)?.open ?? 0;

  minute(index: number, origin: "history" | "live"): void {
    this.driver.send({ kind: "bar", symbol: "AAPL", timeframe: "1m", bar: minuteOf(this.open, index), origin });
  }

  end(): void {
    this.driver.send({ kind: "historyEnd", symbol: "AAPL", timeframe: "1m", bars: 0 });
  }

  /** Volumes of the five-minute bars. */
  built(): readonly number[] {
    return this.driver.engine.context.market.bars("AAPL", "5m", 10).map(({ volume }) => volume);
  }

  /** Five-minute bars that were told as news. */
  news(): number {
    return this.driver.effects.filter((effect) => effect.kind === "touch" && effect.key === "AAPL:5m").length;
  }
}

describe("history", () => {
  test("that takes its time to arrive is not cut by the clock: every bar gets its minutes", () => {
    const feed = new Feed();
    for (let index = 0; index < 10; index += 1) {
      feed.minute(index, "history");
      feed.driver.wait(1);
    }
    expect(feed.built()).toEqual([50, 50]);
    expect(feed.news()).toBe(0);
  });

  test("whose last bar lacks a minute is closed by the clock once it has ended, and is no news", () => {
    const feed = new Feed();
    for (let index = 0; index < 9; index += 1) feed.minute(index, "history");
    feed.end();
    feed.driver.wait(2);
    expect(feed.built()).toEqual([50, 40]);
    expect(feed.news()).toBe(0);
  });

  test("read again after a loss of the link completes the bar that was growing when it was lost", () => {
    const feed = new Feed();
    for (let index = 0; index < 30; index += 1) feed.minute(index, "history");
    feed.end();
    feed.minute(30, "live");
    feed.driver.send({ kind: "link", state: "down", generation: 1, detail: "" });
    feed.driver.time += 6 * MINUTE;
    feed.driver.wait(10);
    feed.driver.send({ kind: "link", state: "live", generation: 2, detail: "" });
    feed.driver.wait(1);
    for (let index = 31; index < 36; index += 1) feed.minute(index, "history");
    feed.end();
    expect(feed.built().slice(-1)).toEqual([50]);
  });

  test("once it is there, a bar whose last minutes had no trade is closed by the clock and decided on", () => {
    const feed = new Feed();
    for (let index = 0; index < 30; index += 1) feed.minute(index, "history");
    feed.end();
    feed.minute(30, "live");
    feed.driver.time = feed.open + 35 * MINUTE + 4 * SECOND;
    feed.driver.wait(1);
    expect(feed.news()).toBe(1);
  });
});
