import { expect, onTestFinished, test } from "vitest";
import { startSimulation } from "#app/market.ts";
import { newYorkToUtc } from "#core/market/new-york.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, parseDate } from "#shared/lib/time.ts";
import { configure } from "#tests/support/host.ts";

const at = (date: string, hours: number): number => newYorkToUtc(present(parseDate(date), date), hours * HOUR);

/** New York time, to the minute, at which a simulation begins that is started at `now`. */
async function beginning(now: number): Promise<string> {
  const { config } = configure({ symbols: "AAPL" });
  const ignore = (): void => undefined;
  const gateway = await startSimulation({ config, speed: 1, now, onLog: ignore, onEnd: ignore });
  onTestFinished(() => gateway.close());
  const zone = { timeZone: "America/New_York", dateStyle: "short", timeStyle: "short" } as const;
  // Clients have a second before the market moves.
  return new Intl.DateTimeFormat("sv-SE", zone).format(new Date((gateway.now() + 2_000_000) / 1_000));
}

test.each([
  ["a Saturday after a half day", at("2026-11-28", 20), "2026-11-25 10:30"],
  ["a Tuesday before the open", at("2026-11-24", 8), "2026-11-23 10:30"],
  ["a Tuesday in the session, which is not over", at("2026-11-24", 12), "2026-11-23 10:30"],
  ["a Tuesday after the close", at("2026-11-24", 17), "2026-11-24 10:30"],
])("a simulation that is started on %s begins in the middle of the last whole session", async (_when, now, begins) => {
  expect(await beginning(now)).toBe(begins);
});
