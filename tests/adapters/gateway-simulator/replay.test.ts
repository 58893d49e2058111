import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRecordedFolder } from "#adapters/gateway-simulator/recorded-folder.ts";
import { present } from "#shared/lib/assert.ts";
import { SECOND } from "#shared/lib/time.ts";
import type { Bar } from "#shared/model/market.ts";
import { CALENDAR } from "./scripted-market.ts";
import { stepper } from "./stepper.ts";

const data = process.env.ROBOTRADER_TEST_DATA ?? "";
const folder = join(data, "minute-lean");
const daily = join(data, "daily-lean-raw");
const hasData = data !== "" && existsSync(folder) && existsSync(daily);
const DATE = "2013-10-07";

const open = () => openRecordedFolder({ folder, daily, date: DATE }, CALENDAR);

test.skipIf(!hasData)(
  "a recorded day comes over the wire as it was: every minute to the share, none of it early [needs ROBOTRADER_TEST_DATA]",
  async () => {
    const source = open();
    const symbols = source.instruments.map(({ symbol }) => symbol);
    const market = await stepper(source);
    symbols.forEach((symbol, index) => {
      const contract = [0, symbol, "STK", "", "", "", "", "SMART", "", "USD", "", ""];
      market.client.send(1, 11, 100 + index, ...contract, 0, "", 0, 0, "");
      market.client.send(20, 200 + index, ...contract, 0, "", "1 min", "1 D", 0, "TRADES", 2, 1, "");
    });
    const session = present(CALENDAR.sessionOn(DATE), "a trading day");
    const built = new Map<string, Bar>();
    const volumes = new Map<number, number>();
    while (market.simulator.now() < session.close) {
      const share = await market.step();
      // The first print behind the close is none of the session's.
      const isInSession = market.simulator.now() < session.close;
      for (const fields of share) {
        const [id, request, , third] = fields;
        if (id === "2" && third === "8" && isInSession) volumes.set(Number(fields[2]) - 100, Number(fields[4]));
        if (id !== "90") continue;
        const [start = 0, first = 0, close = 0, high = 0, low = 0, , volume = 0] = fields.slice(3).map(Number);
        expect(start * SECOND).toBeLessThanOrEqual(market.simulator.now());
        const symbol = symbols[Number(request) - 200];
        built.set(`${symbol} ${start}`, { start: start * SECOND, open: first, high, low, close, volume });
      }
    }
    const truth = open();
    let bars = 0;
    symbols.forEach((symbol, index) => {
      const recorded = truth
        .history(symbol, "1m", session.open, session.close)
        .filter((bar) => bar.start >= session.open && bar.start < session.close);
      for (const bar of recorded) expect(built.get(`${symbol} ${bar.start / SECOND}`)).toEqual(bar);
      bars += recorded.length;
      expect(volumes.get(index)).toBe(recorded.reduce((sum, bar) => sum + bar.volume, 0));
    });
    expect(bars).toBeGreaterThan(300 * symbols.length);
  },
  60_000,
);
