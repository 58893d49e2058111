import { expect, test } from "vitest";
import { startTestHost, until } from "#tests/support/host.ts";

test.each([1, 60, 300, 1_000])(
  "at %i times the clock it trades or waits, and never halts over the clock",
  { timeout: 60_000 },
  async (speed) => {
    const running = await startTestHost({
      "simulation.seed": 7,
      "simulation.speed": speed,
      "simulation.date": "2026-11-23",
      "strategy.interval": "1m",
    });
    try {
      const view = await running.view();
      await until(() => view.rows("status")[0]?.link.state === "live", "the link is live");
      // At the speed of the clock the first minute is not over yet; faster, entries are decided, sent and filled.
      if (speed > 1) await until(() => view.rows("fills").length >= 2, "fills", 30_000);
      // A disk that is slow for a moment halts trading until it writes again, at every speed: that is not the clock's doing.
      await until(() => view.rows("status")[0]?.tradingState === "ACTIVE", "trading is active");
      const critical = view.rows("alerts").filter(({ severity }) => severity === "critical");
      expect(critical.filter(({ code }) => code !== "JOURNAL_STALL")).toEqual([]);
      expect(running.fatal).toEqual([]);
    } finally {
      await running.stop();
    }
  },
);
