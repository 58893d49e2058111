import { EventName, type IBApi } from "@stoqey/ib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MarketData, type Pending } from "#adapters/ibkr/market-data.ts";
import { present } from "#shared/lib/assert.ts";

const SYMBOLS = ["A", "B", "C", "D"];
const PATIENCE_MS = 60_000;

/** Market data of symbols that are described at once, at a history server that the test plays itself. */
function marketRig() {
  const handlers = new Map<EventName, (...args: never[]) => void>();
  const asked: number[] = [];
  const cancelled: number[] = [];
  const lines: number[] = [];
  const pending: Pending[] = [];
  const nothing = (): void => undefined;
  const hear = (event: EventName, ...args: unknown[]): void =>
    present(handlers.get(event), `${event} is listened to`)(...(args as never[]));
  const api = {
    reqContractDetails: (id: number, contract: { symbol: string }) => hear(EventName.contractDetails, id, { contract }),
    reqHistoricalData: (id: number) => asked.push(id),
    cancelHistoricalData: (id: number) => cancelled.push(id),
    reqMktData: (id: number) => lines.push(id),
    cancelMktData: nothing,
    reqMarketDataType: nothing,
  } as unknown as IBApi;
  let requestId = 1_000_000_000;
  let handedOver = 0;
  const market = new MarketData({
    market: () => api,
    history: () => api,
    send: (_lane, work) => work(),
    nextRequestId: () => {
      requestId += 1;
      return requestId;
    },
    emitMarket: (event) => pending.push(event),
    emitHistory: (event) => pending.push(event),
    minuteDays: 2,
    onGivenUp: () => {
      handedOver += 1;
    },
  });
  market.listenToHistory((event, handle) => handlers.set(event, handle));
  market.watch(SYMBOLS);
  market.restore();
  const refused = () =>
    pending.flatMap((event) => {
      const made = event(1);
      return made?.kind === "dataRefused" ? [`${made.symbol}: ${made.detail}`] : [];
    });
  return { market, asked, cancelled, lines, refused, hear, handedOver: () => handedOver };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("five histories that are never answered are given up after a minute, are cancelled, and make room for the rest", () => {
  const { asked, cancelled, refused, handedOver } = marketRig();
  expect([asked.length, cancelled.length]).toEqual([5, 0]);
  vi.advanceTimersByTime(PATIENCE_MS - 1);
  expect(asked).toHaveLength(5);
  vi.advanceTimersByTime(1);
  expect(asked).toHaveLength(8);
  expect(cancelled).toEqual(asked.slice(0, 5));
  expect([refused().length, handedOver()]).toEqual([5, 5]);
  expect(refused()[0]).toMatch(/^A: no answer/);
});

test("a history that has ended is not given up, and no timer outlives what was asked for", () => {
  const { market, asked, cancelled, refused, hear } = marketRig();
  for (const id of asked) hear(EventName.historicalData, id, "finished-", 0, 0, 0, 0, 0);
  expect(asked).toHaveLength(8);
  vi.advanceTimersByTime(2 * PATIENCE_MS);
  expect([cancelled, refused()]).toEqual([[], []]);
  market.restore();
  market.reset();
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ["a warning in words", 2109, "Order Event Warning: attribute is ignored", true, 0],
  ["delayed data for want of a subscription", 10167, "Displaying delayed market data", true, 0],
  ["a code that nobody has listed, which is told", 99_999, "something new", true, 1],
  ["no subscription, which is told", 354, "Not subscribed", false, 1],
  ["an unknown contract, which is told", 200, "No security definition", false, 1],
])("a line and %s: it goes on, or it has ended", (_what, code, text, goesOn, told) => {
  const { market, lines, refused } = marketRig();
  const [line = 0] = lines;
  expect(market.lineCount).toBe(SYMBOLS.length);
  expect(market.onError(line, code, text)).toBe(true);
  expect(market.lineCount).toBe(goesOn ? SYMBOLS.length : SYMBOLS.length - 1);
  expect(refused()).toHaveLength(told);
});
