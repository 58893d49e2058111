import { barOf } from "#renderer/state/bars.ts";
import { price, whole } from "#renderer/ui/format.ts";
import type { TopicRow } from "#shared/contract/topics.ts";
import type { FillMark } from "./chart-view.ts";

type Fill = Pick<TopicRow<"fills">, "time" | "side" | "quantity" | "price">;
type Order = Pick<TopicRow<"orders">, "side" | "role" | "quantity" | "filledQuantity">;

/** What still works of an own order: `S stop 100`. */
export function markTitle(order: Order): string {
  return `${order.side === "buy" ? "B" : "S"} ${order.role} ${whole(order.quantity - order.filledQuantity)}`;
}

/** One mark a bar and side, so that a busy bar stays legible: the shares, at their price or their average. */
export function fillMarks(fills: readonly Fill[], starts: readonly number[]): readonly FillMark[] {
  const groups = new Map<string, { readonly time: number; readonly fills: Fill[] }>();
  for (const fill of fills) {
    const time = barOf(starts, fill.time);
    if (time === undefined) continue;
    const key = `${time}|${fill.side}`;
    const group = groups.get(key) ?? { time, fills: [] };
    group.fills.push(fill);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ time, fills: together }) => {
    const [first] = together;
    if (first === undefined) return [];
    const shares = together.reduce((sum, fill) => sum + fill.quantity, 0);
    const paid = together.reduce((sum, fill) => sum + fill.quantity * fill.price, 0);
    const isOnePrice = together.every((fill) => fill.price === first.price);
    const text = `${whole(shares)} @ ${isOnePrice ? "" : "⌀ "}${price(isOnePrice ? first.price : paid / shares)}`;
    return [{ time, side: first.side, text }];
  });
}
