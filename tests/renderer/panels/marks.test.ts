import { expect, test } from "vitest";
import { fillMarks, markTitle } from "#renderer/panels/chart/marks.ts";

const fill = (time: number, side: "buy" | "sell", quantity: number, price: number) => ({ time, side, quantity, price });

test("fills of one bar and side are one mark: shares at their price, or at their average", () => {
  const fills = [
    fill(11, "buy", 100, 10),
    fill(12, "buy", 300, 12),
    fill(13, "sell", 50, 11),
    fill(25, "sell", 2_000, 9),
  ];
  expect(fillMarks(fills, [10, 20])).toEqual([
    { time: 10, side: "buy", text: "400 @ ⌀ 11.50" },
    { time: 10, side: "sell", text: "50 @ 11.00" },
    { time: 20, side: "sell", text: "2,000 @ 9.00" },
  ]);
});

test("a fill from before the drawn bars has no place among them", () => {
  expect(fillMarks([fill(5, "buy", 1, 1)], [10])).toEqual([]);
});

test("an own line names side, role and what is left of it", () => {
  expect(markTitle({ side: "sell", role: "stop", quantity: 1_500, filledQuantity: 200 })).toBe("S stop 1,300");
});
