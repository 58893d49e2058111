import { type Contract, EventName, type IBApi, type Order } from "@stoqey/ib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { executionOf } from "#adapters/ibkr/orders.ts";
import { Reading } from "#adapters/ibkr/reading.ts";
import { present } from "#shared/lib/assert.ts";
import type { BrokerSnapshot } from "#shared/model/broker.ts";
import { AAPL, listedOrder, wireExecution } from "./order-builders.ts";

const STEP_MS = 15_000;

/** A reading between two ends of a wire that the test plays itself. */
class ReadingRig {
  /** What was asked, in order. */
  readonly asked: string[] = [];
  readonly snapshots: Omit<BrokerSnapshot, "generation">[] = [];
  readonly log: string[] = [];
  /** Connections whose answer did not end. */
  readonly stuck: string[] = [];
  readonly reading: Reading;
  private readonly handlers = new Map<EventName, (...args: never[]) => void>();
  private request = 1_000_000_000;

  constructor() {
    const api = {
      reqAllOpenOrders: () => this.asked.push("orders"),
      reqExecutions: (id: number) => this.asked.push(`executions ${id}`),
      reqCompletedOrders: () => this.asked.push("completed"),
      reqPositions: () => this.asked.push("positions"),
      cancelPositions: () => this.asked.push("no more positions"),
    } as unknown as IBApi;
    this.reading = new Reading({
      send: (work: () => void) => work(),
      now: () => 7,
      nextRequestId: () => {
        this.request += 1;
        return this.request;
      },
      orders: () => api,
      account: () => api,
      accountId: () => "DUSIM0001",
      onDone: (snapshot: Omit<BrokerSnapshot, "generation">) => this.snapshots.push(snapshot),
      log: (line: string) => this.log.push(line),
      onStuck: (connection: string) => this.stuck.push(connection),
      stepMs: STEP_MS,
    });
    const listen = (event: EventName, handle: (...args: never[]) => void): void => {
      this.handlers.set(event, handle);
    };
    this.reading.listenToOrders(listen);
    this.reading.listenToAccount(listen);
  }

  hear(event: EventName, ...args: unknown[]): void {
    present(this.handlers.get(event), `${event} is listened to`)(...(args as never[]));
  }

  openOrder(order: Order, orderId = 5): void {
    this.hear(EventName.openOrder, orderId, AAPL, order, { status: "Submitted" });
  }

  execution(fields: Parameters<typeof wireExecution>[0] = {}): void {
    this.reading.noteExecution(present(executionOf(AAPL, wireExecution(fields)), "the execution can be read"));
  }

  position(contract: Contract, quantity: number, averageCost?: number, accountId = "DUSIM0001"): void {
    this.hear(EventName.position, accountId, contract, quantity, averageCost);
  }

  /** The end of the step that runs. */
  end(step: "orders" | "executions" | "completed" | "positions"): void {
    if (step === "executions") this.hear(EventName.execDetailsEnd, this.request);
    else if (step === "orders") this.hear(EventName.openOrderEnd);
    else this.hear(step === "completed" ? EventName.completedOrdersEnd : EventName.positionEnd);
  }

  endAll(): void {
    for (const step of ["orders", "executions", "completed", "positions"] as const) this.end(step);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a reading of the broker", () => {
  test("asks one thing after the other, each when the one before has ended", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    expect(rig.asked).toEqual(["orders"]);
    rig.end("orders");
    rig.end("executions");
    rig.end("completed");
    expect(rig.asked).toEqual(["orders", "executions 1000000001", "completed", "positions"]);
    expect([rig.reading.isRunning, rig.snapshots.length]).toEqual([true, 0]);
    rig.end("positions");
    expect(rig.asked.at(-1)).toBe("no more positions");
    expect([rig.reading.isRunning, rig.snapshots.length]).toEqual([false, 1]);
  });

  test("gives what came in each step", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder());
    rig.end("orders");
    rig.execution();
    rig.end("executions");
    rig.hear(EventName.completedOrder, AAPL, listedOrder({ permId: 66, orderRef: "E-0" }), { status: "Inactive" });
    rig.end("completed");
    rig.position(AAPL, -40, 10.01);
    rig.position({ symbol: "MSFT" }, 7);
    rig.end("positions");
    const { openOrders, executions, completedOrders, positions } = present(rig.snapshots[0], "the reading has ended");
    expect(openOrders).toMatchObject([{ orderRef: "E-1", permId: 77, orderId: 5 }]);
    expect(executions).toMatchObject([{ execId: "0001.01" }]);
    expect(completedOrders).toMatchObject([{ orderRef: "E-0", orderId: 0, transmitted: true }]);
    expect(positions).toEqual([
      { accountId: "DUSIM0001", symbol: "AAPL", quantity: -40, averageCost: 10.01 },
      { accountId: "DUSIM0001", symbol: "MSFT", quantity: 7, averageCost: 0 },
    ]);
  });

  test("takes nothing that comes out of its turn", () => {
    const rig = new ReadingRig();
    const noise = (): void => {
      rig.hear(EventName.completedOrder, AAPL, listedOrder(), { status: "Filled" });
      rig.position(AAPL, 100);
    };
    rig.openOrder(listedOrder());
    rig.execution();
    noise();
    rig.endAll();
    expect(rig.asked).toEqual([]);
    rig.reading.start();
    noise();
    rig.execution();
    rig.end("orders");
    rig.openOrder(listedOrder());
    rig.hear(EventName.execDetailsEnd, 4);
    rig.end("completed");
    rig.end("positions");
    expect(rig.asked).toEqual(["orders", "executions 1000000001"]);
    for (const step of ["executions", "completed", "positions"] as const) rig.end(step);
    expect(rig.snapshots).toEqual([{ begun: 7, openOrders: [], executions: [], completedOrders: [], positions: [] }]);
  });

  test("lists an order once, however often it is told, as it was told last", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder({ totalQuantity: 100 }));
    rig.openOrder(listedOrder({ totalQuantity: 60 }));
    rig.openOrder(listedOrder({ whatIf: true, permId: 99 }));
    rig.endAll();
    expect(rig.snapshots[0]?.openOrders.map(({ terms }) => terms.quantity)).toEqual([60]);
  });

  // Orders that the broker has not numbered yet all have permId 0.
  test("lists each order that has no permId yet", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder({ permId: 0, orderRef: "E-1" }), 5);
    rig.openOrder(listedOrder({ permId: 0, orderRef: "S-1" }), 6);
    rig.endAll();
    expect(rig.snapshots[0]?.openOrders.map(({ orderRef }) => orderRef)).toEqual(["E-1", "S-1"]);
  });

  // What it has read so far may lie before the outage that has just ended.
  test("during which the broker's link broke is not handed over: the broker is read once more", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder({ orderRef: "cancelled in the outage" }));
    rig.end("orders");
    rig.reading.outdate();
    for (const step of ["executions", "completed", "positions"] as const) rig.end(step);
    expect([rig.reading.isRunning, rig.snapshots.length, rig.asked.at(-1)]).toEqual([true, 0, "orders"]);
    rig.endAll();
    expect(rig.snapshots).toEqual([{ begun: 7, openOrders: [], executions: [], completedOrders: [], positions: [] }]);
  });

  test("is not outdated by what happened before it began", () => {
    const rig = new ReadingRig();
    rig.reading.outdate();
    rig.reading.start();
    rig.endAll();
    expect(rig.snapshots).toHaveLength(1);
  });
});

describe("a reading that does not end", () => {
  test.each(["orders", "executions", "completed", "positions"] as const)(
    "in %s is given up after 15 s, and its connection with it",
    (stuck) => {
      const rig = new ReadingRig();
      rig.reading.start();
      for (const step of ["orders", "executions", "completed"] as const) {
        if (step === stuck) break;
        rig.end(step);
      }
      vi.advanceTimersByTime(STEP_MS - 1);
      expect(rig.reading.isRunning).toBe(true);
      vi.advanceTimersByTime(1);
      expect([rig.reading.isRunning, rig.snapshots.length]).toEqual([false, 0]);
      expect(rig.stuck).toEqual([stuck === "positions" ? "account" : "orders"]);
      rig.end(stuck);
      expect(rig.snapshots).toEqual([]);
    },
  );

  test("has its time for each step anew", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    for (const step of ["orders", "executions", "completed", "positions"] as const) {
      vi.advanceTimersByTime(STEP_MS - 1);
      rig.end(step);
    }
    expect(rig.snapshots).toHaveLength(1);
    vi.advanceTimersByTime(10 * STEP_MS);
    expect(rig.stuck).toEqual([]);
  });

  test("and is aborted leaves nothing behind for the next", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder({ orderRef: "old" }));
    rig.end("orders");
    rig.execution();
    rig.reading.abort();
    vi.advanceTimersByTime(2 * STEP_MS);
    rig.endAll();
    expect([rig.reading.isRunning, rig.snapshots.length, rig.stuck.length]).toEqual([false, 0, 0]);
    rig.reading.start();
    rig.endAll();
    expect(rig.snapshots).toEqual([{ begun: 7, openOrders: [], executions: [], completedOrders: [], positions: [] }]);
  });

  test("is not started a second time while it runs", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.openOrder(listedOrder());
    rig.reading.start();
    expect(rig.asked).toEqual(["orders"]);
    rig.endAll();
    expect(rig.snapshots[0]?.openOrders).toHaveLength(1);
  });
});

describe("malformed lines", () => {
  test("a position without a symbol is left out", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    for (const step of ["orders", "executions", "completed"] as const) rig.end(step);
    rig.position({ conId: 4 }, 100, 1);
    rig.end("positions");
    expect(rig.snapshots[0]?.positions).toEqual([]);
  });

  // An option bears the symbol of its stock.
  test.each([
    ["that is no stock", { ...AAPL, secType: "OPT" as Contract["secType"] }, "DUSIM0001"],
    ["of another account of the login", AAPL, "DUSIM0002"],
  ] as const)("a position %s is not shares of ours", (_what, contract, accountId) => {
    const rig = new ReadingRig();
    rig.reading.start();
    for (const step of ["orders", "executions", "completed"] as const) rig.end(step);
    rig.position(contract as Contract, 5, 1, accountId);
    rig.position({ symbol: "MSFT" }, 7);
    rig.end("positions");
    expect(rig.snapshots[0]?.positions.map(({ symbol, quantity }) => [symbol, quantity])).toEqual([["MSFT", 7]]);
  });

  test("a position of NaN shares does not pass for one", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    for (const step of ["orders", "executions", "completed"] as const) rig.end(step);
    rig.position(AAPL, Number.NaN, 1);
    rig.end("positions");
    expect(rig.snapshots[0]?.positions.every(({ quantity }) => Number.isFinite(quantity)) ?? true).toBe(true);
  });

  // The live report and the list may both bring it while executions are read.
  test("an execution that comes twice is in the snapshot once", () => {
    const rig = new ReadingRig();
    rig.reading.start();
    rig.end("orders");
    rig.execution();
    rig.execution();
    for (const step of ["executions", "completed", "positions"] as const) rig.end(step);
    expect(rig.snapshots[0]?.executions).toHaveLength(1);
  });
});
