import { type Contract, EventName, type IBApi, type Order, type OrderState } from "@stoqey/ib";
import type { Micros } from "#shared/lib/time.ts";
import type { BrokerOrder, BrokerPosition, BrokerSnapshot, Execution } from "#shared/model/broker.ts";
import { symbolOf } from "./contracts.ts";
import { brokerOrderOf } from "./orders.ts";
import type { SafeListen } from "./session.ts";

type Stage = "idle" | "orders" | "executions" | "completed" | "positions";

/**
 * One complete reading of the broker: open orders of everybody, executions, completed orders, positions, each to its End
 * and one after the other, because answers without a request id could not be told apart otherwise.
 */
export class Reading {
  private stage: Stage = "idle";
  private openOrders = new Map<string, BrokerOrder>();
  private completed: BrokerOrder[] = [];
  private executions: Execution[] = [];
  private positions: BrokerPosition[] = [];
  private request = 0;
  private deadline: NodeJS.Timeout | undefined;
  private readonly parts: {
    readonly send: (work: () => void) => void;
    readonly nextRequestId: () => number;
    readonly now: () => Micros;
    readonly orders: () => IBApi | undefined;
    readonly account: () => IBApi | undefined;
    /** The account that is traded; a login may hold others. */
    readonly accountId: () => string;
    readonly onDone: (snapshot: Omit<BrokerSnapshot, "generation">) => void;
    readonly log: (line: string) => void;
    /** A step did not end: its answer may still come and would be taken for that of the next. The connection is done for. */
    readonly onStuck: (connection: "orders" | "account", reason: string) => void;
    /** Wall milliseconds for one step before the reading is given up. */
    readonly stepMs: number;
  };
  private isOutdated = false;
  private begun: Micros = 0;

  constructor(parts: Reading["parts"]) {
    this.parts = parts;
  }

  get isRunning(): boolean {
    return this.stage !== "idle";
  }

  start(): void {
    if (this.stage !== "idle") return;
    this.isOutdated = false;
    this.begun = this.parts.now();
    this.openOrders = new Map();
    this.completed = [];
    this.executions = [];
    this.positions = [];
    this.enter("orders", () => this.parts.orders()?.reqAllOpenOrders());
  }

  abort(): void {
    clearTimeout(this.deadline);
    this.stage = "idle";
  }

  /** Something happened that a reading under way may not show: it is not handed over, the broker is read once more. */
  outdate(): void {
    this.isOutdated = this.stage !== "idle";
  }

  listenToOrders(listen: SafeListen): void {
    listen(EventName.openOrder, (orderId: number, contract: Contract, order: Order, state: OrderState) => {
      if (this.stage !== "orders" || order.whatIf === true) return;
      const found = brokerOrderOf({ orderId, contract, order, status: String(state.status) });
      // Not numbered by the broker yet: told apart by client and its own number.
      const key = found.permId > 0 ? String(found.permId) : `${found.clientId}/${orderId}`;
      this.openOrders.set(key, found);
    });
    listen(EventName.openOrderEnd, () => {
      if (this.stage !== "orders") return;
      this.request = this.parts.nextRequestId();
      this.enter("executions", () => this.parts.orders()?.reqExecutions(this.request, {}));
    });
    listen(EventName.execDetailsEnd, (request: number) => {
      if (this.stage !== "executions" || request !== this.request) return;
      this.enter("completed", () => this.parts.orders()?.reqCompletedOrders(false));
    });
    listen(EventName.completedOrder, (contract: Contract, order: Order, state: OrderState) => {
      if (this.stage !== "completed") return;
      const status = String(state.status);
      this.completed.push({ ...brokerOrderOf({ orderId: 0, contract, order, status }), transmitted: true });
    });
    listen(EventName.completedOrdersEnd, () => {
      if (this.stage !== "completed") return;
      this.enter("positions", () => this.parts.account()?.reqPositions());
    });
  }

  listenToAccount(listen: SafeListen): void {
    listen(EventName.position, (accountId: string, contract: Contract, quantity: number, averageCost?: number) => {
      if (this.stage !== "positions" || accountId !== this.parts.accountId()) return;
      const symbol = symbolOf(contract);
      if (symbol === undefined)
        return this.parts.log(
          `a position that is no stock is left out: ${quantity} ${contract.secType} ${contract.symbol}`,
        );
      if (!Number.isFinite(quantity))
        return this.parts.log(`a position of ${symbol} could not be read: ${quantity} shares`);
      this.positions.push({ accountId, symbol, quantity, averageCost: averageCost ?? 0 });
    });
    listen(EventName.positionEnd, () => {
      if (this.stage !== "positions") return;
      clearTimeout(this.deadline);
      this.stage = "idle";
      this.parts.send(() => this.parts.account()?.cancelPositions());
      if (this.isOutdated) return this.start();
      this.parts.onDone({
        begun: this.begun,
        openOrders: [...this.openOrders.values()],
        completedOrders: this.completed,
        executions: this.executions,
        positions: this.positions,
      });
    });
  }

  /** Executions of the reading pass through the broker's listener; they are kept for the snapshot too. */
  noteExecution(execution: Execution): void {
    if (this.stage !== "executions") return;
    // The live report and the list may both bring it.
    if (!this.executions.some(({ execId }) => execId === execution.execId)) this.executions.push(execution);
  }

  private enter(stage: Stage, ask: () => void): void {
    clearTimeout(this.deadline);
    this.stage = stage;
    this.deadline = setTimeout(() => {
      this.stage = "idle";
      const connection = stage === "positions" ? "account" : "orders";
      this.parts.onStuck(connection, `reading the broker: ${stage} did not end in ${this.parts.stepMs / 1000} s`);
    }, this.parts.stepMs);
    this.parts.send(ask);
  }
}
