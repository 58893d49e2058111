import { expect, test } from "vitest";
import { MarketStage } from "#core/engine/market-stage.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { present } from "#shared/lib/assert.ts";
import { MINUTE, SECOND } from "#shared/lib/time.ts";

const calendar = present(createCalendar("XNYS"), "the New York calendar exists");
const session = present(calendar.sessionOn("2013-10-07"), "a session");
const minute = (index: number) => ({
  start: session.open + index * MINUTE,
  open: 100,
  high: 100,
  low: 100,
  close: 100,
  volume: 10,
});

test("a bar waits for its last minute, which comes at or shortly after its end", () => {
  for (const delay of [0, 2 * SECOND]) {
    const market = new MarketStage({ calendar, symbols: ["SPY"], assumeAdv: undefined });
    for (let index = 0; index < 4; index += 1) market.onBar("SPY", minute(index));
    const end = session.open + 5 * MINUTE;
    // The engine lets time close bars before it looks at the event that came with that time.
    expect(market.advance(end + delay)).toEqual([]);
    const completed = market.onBar("SPY", minute(4));
    expect(completed.map(({ timeframe, bar }) => [timeframe, bar.volume])).toEqual([
      ["1m", 10],
      ["5m", 50],
    ]);
  }
});

test("a bar whose last minute never came is closed by time", () => {
  const market = new MarketStage({ calendar, symbols: ["SPY"], assumeAdv: undefined });
  market.onBar("SPY", minute(3));
  expect(market.advance(session.open + 6 * MINUTE).map(({ timeframe }) => timeframe)).toEqual(["5m"]);
});
