import type { JournalEntry } from "#runtime/store-port.ts";

/** 2024-01-02T14:30:00Z. */
export const OPENING_TIME = 1_704_205_800_000_000;

export function note(index: number, durability: JournalEntry["durability"] = "grouped"): JournalEntry {
  return { time: OPENING_TIME + index, kind: "NOTE", cause: "test", body: { index, text: `n${index}` }, durability };
}

export function intent(intentId: string, ...orderRefs: readonly string[]): JournalEntry {
  const orders = orderRefs.map((orderRef) => ({ orderRef, symbol: "SPY", quantity: 100 }));
  return { time: OPENING_TIME, kind: "INTENT", cause: "signal", intentId, body: { orders }, durability: "durable" };
}

type ExecutionWish = {
  readonly execId: string;
  readonly quantity?: number;
  readonly price?: number;
  readonly symbol?: string;
};

export function execution({ execId, quantity = 100, price = 470.25, symbol = "SPY" }: ExecutionWish): JournalEntry {
  const report = {
    execId,
    orderRef: "RT1-1-1-E00",
    permId: 7,
    clientId: 1,
    accountId: "DUSIM1",
    symbol,
    side: "buy",
    quantity,
    price,
    exchangeTime: OPENING_TIME + 5,
    cumulativeQuantity: quantity,
  };
  return {
    time: OPENING_TIME + 6,
    kind: "EXECUTION",
    cause: "execution",
    body: { execution: report },
    durability: "grouped",
  };
}
