import { EventName, IBApi } from "@stoqey/ib";

/** What a broker says of itself, read by a client that is none of ours. */
export type BrokerBooks = {
  readonly positions: ReadonlyMap<string, number>;
  readonly openRefs: readonly string[];
  readonly completedRefs: readonly string[];
  readonly executions: readonly {
    readonly execId: string;
    readonly orderRef: string;
    readonly symbol: string;
    readonly signed: number;
  }[];
};

/** Reads positions, orders and executions over the wire, each to its end. */
export async function readBrokerBooks(port: number, clientId = 99): Promise<BrokerBooks> {
  const api = new IBApi({ host: "127.0.0.1", port, clientId, maxReqPerSec: 100_000 });
  const positions = new Map<string, number>();
  const openRefs: string[] = [];
  const completedRefs: string[] = [];
  const executions: { execId: string; orderRef: string; symbol: string; signed: number }[] = [];
  const end = (event: EventName): Promise<void> =>
    new Promise((resolve) => api.once(event as EventName.connected, () => resolve()));
  api.on(EventName.position, (_account, contract, quantity) => positions.set(contract.symbol ?? "", quantity));
  api.on(EventName.openOrder, (_id, _contract, order) => openRefs.push(order.orderRef ?? ""));
  api.on(EventName.completedOrder, (_contract, order) => completedRefs.push(order.orderRef ?? ""));
  api.on(EventName.execDetails, (_id, contract, execution) => {
    const signed = (execution.side === "BOT" ? 1 : -1) * (execution.shares ?? 0);
    executions.push({
      execId: execution.execId ?? "",
      orderRef: execution.orderRef ?? "",
      symbol: contract.symbol ?? "",
      signed,
    });
  });
  const ready = end(EventName.nextValidId);
  api.connect(clientId);
  await ready;
  const steps: readonly (readonly [EventName, () => void])[] = [
    [EventName.openOrderEnd, () => api.reqAllOpenOrders()],
    [EventName.completedOrdersEnd, () => api.reqCompletedOrders(false)],
    [EventName.execDetailsEnd, () => api.reqExecutions(1_000_000_001, {})],
    [EventName.positionEnd, () => api.reqPositions()],
  ];
  for (const [event, ask] of steps) {
    const ended = end(event);
    ask();
    await ended;
  }
  api.removeAllListeners();
  api.disconnect();
  return { positions, openRefs, completedRefs, executions };
}
