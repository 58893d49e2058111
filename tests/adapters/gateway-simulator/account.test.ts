import { expect, test } from "vitest";
import { MINUTE, SECOND } from "#shared/lib/time.ts";
import { quote, START, scriptedMarket, trade } from "./scripted-market.ts";
import { pick, stepper } from "./stepper.ts";

/** 100 shares can be bought at 100.00 and are worth 101.00 after ten seconds. */
const MARKET = () =>
  scriptedMarket({
    quotes: [quote(0, 99.98, 100, 500), quote(10, 100.99, 101.01, 500), quote(900, 100.99, 101.01)],
    trades: [trade(0, 100)],
  });

test.each([178, 193])(
  "at %i every account request reaches its end even when there is nothing to tell",
  async (version) => {
    const market = await stepper(MARKET(), {}, version);
    expect(await market.ask([61, 1])).toEqual([["62", "1"]]);
    const updates = await market.ask([6, 2, 1, "DUSIM0001"]);
    expect(updates.at(-1)).toEqual(["54", "1", "DUSIM0001"]);
    expect(pick(updates, 6, 2, 3, 4, 5)).toContainEqual(["NetLiquidation", "1000000.00", "USD", "DUSIM0001"]);
    expect(pick(updates, 8, 2)).toEqual([["09:59"]]);
    const summary = await market.ask([62, 1, 7, "All", "NetLiquidation,TotalCashValue,NoSuchTag"]);
    expect(summary).toEqual([
      ["63", "1", "7", "DUSIM0001", "NetLiquidation", "1000000.00", "USD"],
      ["63", "1", "7", "DUSIM0001", "TotalCashValue", "1000000.00", "USD"],
      ["64", "1", "7"],
    ]);
    expect(await market.ask([92, 8, "DUSIM0001", ""])).toEqual([["94", "8", "0", "0", "0"]]);
    expect(pick(await market.ask([94, 9, "DUSIM0001", "", 100_001]), 95, 1, 2, 3)).toEqual([["9", "0", "0"]]);
    expect(pick(await market.ask([94, 9, "DUSIM0001", "", 7]), 4, 2, 3)).toEqual([["9", "200"]]);
    expect(pick(await market.ask([92, 8, "DU1", ""]), 4, 2, 3)).toEqual([["8", "321"]]);
  },
);

test("a fill is followed by the position, the values and the profit, which agree with the exchange to the cent", async () => {
  const market = await stepper(MARKET());
  await market.ask([61, 1], [6, 2, 1, "DUSIM0001"], [92, 8, "", ""], [94, 9, "", "", 100_001]);
  await market.order({ orderId: 1, type: "MKT", quantity: 100 });
  const filled = await market.until(START + SECOND);
  expect(pick(filled, 61, 2, 3, 4, 14, 15)).toEqual([["DUSIM0001", "100001", "AAPL", "100", "100"]]);
  expect(pick(filled, 6, 2, 3)).toContainEqual(["TotalCashValue", "989999.00"]);
  expect(pick(filled, 7, 2, 3, 13)).toEqual([["100001", "AAPL", "100"]]);
  const later = await market.until(START + 12 * SECOND);
  // 100 shares a dollar up, a dollar of commission.
  expect(pick(later, 94, 2, 3, 4).at(-1)).toEqual(["99", "100", "-1"]);
  expect(pick(later, 95, 2, 3, 4, 5, 6).at(-1)).toEqual(["100", "100", "100", "0", "10100"]);
  await market.order({ orderId: 2, action: "SELL", type: "MKT", quantity: 100 });
  const closed = await market.until(START + 14 * SECOND);
  expect(pick(closed, 61, 4, 14)).toEqual([["AAPL", "0"]]);
  // Sold a cent under the middle: 99 dollars less two of commission.
  expect(pick(closed, 94, 2, 3, 4).at(-1)).toEqual(["97", "0", "97"]);
  expect(pick(closed, 59, 3, 5)).toEqual([["1", "98"]]);
  expect(market.simulator.cash()).toBe(1_000_097_000_000);
  expect(market.simulator.positions()).toEqual([]);
});

test("values and summaries are told again every three minutes until they are cancelled", async () => {
  const market = await stepper(MARKET());
  await market.ask([6, 2, 1, ""], [62, 1, 7, "All", "NetLiquidation"]);
  const told = await market.until(START + 7 * MINUTE);
  expect(pick(told, 63, 5)).toHaveLength(2);
  expect(pick(told, 6, 2).filter(([key]) => key === "NetLiquidation")).toHaveLength(2);
  await market.ask([6, 2, 0, ""], [63, 1, 7]);
  expect((await market.until(START + 14 * MINUTE)).filter(([id]) => id === "63" || id === "6")).toEqual([]);
});
