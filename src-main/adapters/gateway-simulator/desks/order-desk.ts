import { orderCommission } from "#core/simulation/account.ts";
import type { Exchange } from "#core/simulation/exchange.ts";
import {
  averagePrice,
  type ExchangeExecution,
  type ExchangeOrder,
  type ExchangeReport,
  isDone,
  type PlaceRequest,
  remaining,
} from "#core/simulation/exchange-order.ts";
import { toUnits } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Frame } from "../codec/frame.ts";
import {
  commissionReport,
  completedOrder,
  completedOrdersEnd,
  execDetails,
  executionsEnd,
  type OrderState,
  openOrder,
  openOrderEnd,
  orderStatus,
} from "../codec/order-messages.ts";
import type { WireOrder } from "../codec/place-order.ts";
import type { ExecutionsRequest } from "../codec/requests.ts";
import type { Audit } from "../server/audit.ts";
import type { Connection } from "../server/connection.ts";
import type { OrderFaults } from "../server/order-faults.ts";
import type { ContractBook } from "./contract-book.ts";
import { isRefusal, type Refusal, termsOf } from "./order-terms.ts";
import { easternDate, parseWireTime, zonedText } from "./wire-time.ts";

/** The broker takes at most this many working orders of one client in one contract and direction. */
const WORKING_ORDERS = 20;
const TYPE_TEXT = { market: "MKT", limit: "LMT", stop: "STP", stopLimit: "STP LMT" } as const;

type Parts = {
  readonly exchange: Exchange;
  readonly book: ContractBook;
  readonly accountId: string;
  readonly now: () => Micros;
  readonly clientOf: (clientId: number) => Connection | undefined;
  readonly audit: Audit;
  readonly faults: OrderFaults;
  /** Runs an action this many milliseconds later, on the clock of the simulation. */
  readonly delay: (milliseconds: number, action: () => void) => void;
  readonly markOf: (symbol: string) => number | undefined;
  readonly onFill: () => void;
};

/** Orders in, reports out: between the wire and the exchange model. */
export class OrderDesk {
  private readonly parts: Parts;
  /** Ids that a rejected order has used up. */
  private readonly burnt = new Set<string>();
  /** Highest id that a client has used for anything, by client: what-ifs and rejected orders count. */
  private readonly highestIds = new Map<number, number>();
  private readonly finished = new Map<number, Micros>();
  /** Reports that wait for the broker's own link to come back. */
  private withheld: ExchangeReport[] | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  place(connection: Connection, order: WireOrder): void {
    const clientId = connection.clientId ?? -1;
    const known = this.parts.exchange.order(clientId, order.orderId);
    const request = this.requestOf(clientId, order, known);
    this.highestIds.set(clientId, Math.max(this.highestOrderId(clientId), order.orderId));
    if (order.whatIf) return this.answerWhatIf(connection, order, request);
    this.parts.audit.placed(order.orderRef, known !== undefined);
    const refusal = "code" in request ? request : this.problemOf(request, known);
    if (refusal !== undefined || "code" in request) {
      if (known === undefined) this.burnt.add(`${clientId}:${order.orderId}`);
      connection.error(order.orderId, refusal?.code ?? 201, refusal?.text ?? "");
      return;
    }
    if (known === undefined) this.parts.faults.onNewOrder(clientId, order.orderId);
    const reports = this.parts.exchange.place(request, this.parts.now());
    const isRefused = reports.some((report) => report.kind === "error" && report.orderId === order.orderId);
    if (isRefused && known === undefined) this.burnt.add(`${clientId}:${order.orderId}`);
    this.deliver(reports);
  }

  /** 0 when a client has used none. */
  highestOrderId(clientId: number): number {
    return this.highestIds.get(clientId) ?? 0;
  }

  cancel(connection: Connection, orderId: number): void {
    const { exchange, now } = this.parts;
    this.deliver(exchange.cancel(connection.clientId ?? -1, orderId, now()));
  }

  cancelAll(): void {
    this.deliver(this.parts.exchange.cancelAll(this.parts.now()));
  }

  listOpen(connection: Connection, isAll: boolean): void {
    for (const order of this.parts.exchange.openOrders()) {
      if (!isAll && order.clientId !== connection.clientId) continue;
      connection.send(openOrder(this.stateOf(order), connection.version));
      connection.send(this.statusFrame(order));
    }
    connection.send(openOrderEnd());
  }

  listCompleted(connection: Connection): void {
    const { exchange, now } = this.parts;
    const today = easternDate(now());
    for (const order of exchange.completedOrders()) {
      const time = this.finished.get(order.permId) ?? order.placedTime;
      if (easternDate(time) !== today) continue;
      const completed = {
        ...this.stateOf(order),
        filledQuantity: order.filledQuantity,
        completedTime: zonedText(time),
        completedStatus: order.status === "filled" ? `Filled Size: ${order.filledQuantity}` : "Cancelled by Trader",
        parentPermId: exchange.order(order.clientId, order.parentId)?.permId ?? 0,
      };
      connection.send(completedOrder(completed, connection.version));
    }
    connection.send(completedOrdersEnd());
  }

  /** The account's executions since midnight, whoever placed the orders, each with its commission. */
  listExecutions(connection: Connection, request: ExecutionsRequest): void {
    const { exchange, now } = this.parts;
    const from = request.time === "" ? undefined : parseWireTime(request.time);
    if (request.time !== "" && from === undefined) {
      connection.error(request.requestId, 321, `Error validating request.-'bP' : cause - time ${request.time} is none`);
      return;
    }
    const today = easternDate(now());
    for (const execution of exchange.executions()) {
      if (easternDate(execution.time) !== today || execution.time < (from ?? 0)) continue;
      if (!this.fits(execution, request)) continue;
      for (const frame of this.executionFrames(execution, request.requestId, connection.version)) {
        connection.send(frame);
      }
    }
    connection.send(executionsEnd(request.requestId));
  }

  /** Tells each report to the client whose order it is about. */
  deliver(reports: readonly ExchangeReport[]): void {
    if (this.withheld !== undefined) {
      this.withheld.push(...reports);
      return;
    }
    let hasFill = false;
    for (const report of reports) {
      hasFill ||= report.kind === "execution";
      this.tell(report);
    }
    if (hasFill) this.parts.onFill();
  }

  /** While the broker has lost its own link nothing is reported; afterwards all of it is. */
  withhold(isWithheld: boolean): void {
    const waiting = this.withheld ?? [];
    this.withheld = isWithheld ? waiting : undefined;
    if (!isWithheld) this.deliver(waiting);
  }

  private tell(report: ExchangeReport): void {
    const { faults, clientOf, now } = this.parts;
    if (report.kind === "error") {
      clientOf(report.clientId)?.error(report.orderId, report.code, report.text);
      return;
    }
    const order = report.kind === "execution" ? report.execution.order : report.order;
    if (isDone(order) && !this.finished.has(order.permId)) this.finished.set(order.permId, now());
    const connection = clientOf(order.clientId);
    if (connection === undefined) return;
    if (report.kind === "execution") {
      for (const frame of this.executionFrames(report.execution, -1, connection.version)) connection.send(frame);
      return;
    }
    const frame =
      report.kind === "opened" ? openOrder(this.stateOf(order), connection.version) : this.statusFrame(order);
    const fate = isDone(order) ? "now" : faults.acknowledgementOf(order.clientId, order.orderId);
    if (fate === "lost") return;
    const copies = report.kind === "status" && faults.isStatusDuplicated ? 2 : 1;
    const send = (): void => {
      for (let copy = 0; copy < copies; copy += 1) connection.send(frame);
    };
    if (fate === "now") send();
    else this.parts.delay(fate.lateMs, send);
  }

  private executionFrames(execution: ExchangeExecution, requestId: number, version: number): readonly Frame[] {
    const { execId, quantity, price, cumulativeQuantity, realizedPnl } = execution;
    const { instrument } = this.parts.book.of(execution.order.symbol);
    const fill = {
      execId,
      time: zonedText(execution.time),
      exchange: instrument.primaryExchange,
      quantity,
      price,
      cumulativeQuantity,
      averagePrice: execution.averagePrice,
    };
    const realized = realizedPnl === undefined ? undefined : toUnits(realizedPnl);
    return [
      execDetails(requestId, this.stateOf(execution.order), fill, version),
      commissionReport(execId, toUnits(execution.commission), instrument.currency, realized),
    ];
  }

  private fits(execution: ExchangeExecution, request: ExecutionsRequest): boolean {
    const { order, side } = execution;
    const { instrument, contract } = this.parts.book.of(order.symbol);
    return (
      [0, order.clientId].includes(request.clientId) &&
      ["", order.accountId].includes(request.account) &&
      ["", contract.symbol].includes(request.symbol) &&
      ["", contract.secType].includes(request.secType) &&
      ["", instrument.primaryExchange].includes(request.exchange) &&
      ["", side === "buy" ? "BUY" : "SELL"].includes(request.side)
    );
  }

  private requestOf(clientId: number, order: WireOrder, known: ExchangeOrder | undefined): PlaceRequest | Refusal {
    const listing = this.parts.book.find(order.contract);
    // A child may be modified without its parent, once that is filled; it stays a child.
    const parentId = known?.parentId ?? order.parentId;
    const terms = termsOf(order, this.parts.accountId, parentId !== 0);
    if (isRefusal(terms)) return terms;
    if (listing === undefined) return { code: 200, text: "No security definition has been found for the request" };
    const { orderId, orderRef, ocaGroup, transmit, outsideRth } = order;
    const { symbol } = listing.instrument;
    const { accountId } = this.parts;
    return { ...terms, symbol, clientId, orderId, accountId, orderRef, parentId, ocaGroup, transmit, outsideRth };
  }

  /** Beyond what the exchange checks by itself. */
  private problemOf(request: PlaceRequest, known: ExchangeOrder | undefined): Refusal | undefined {
    const { exchange } = this.parts;
    const { clientId, orderId, parentId, symbol, side } = request;
    if (known !== undefined) {
      if (isDone(known)) return { code: 103, text: "Duplicate order id" };
      const isSame = known.symbol === symbol && known.side === side;
      return isSame
        ? undefined
        : { code: 321, text: "Error validating request.-'bW' : cause - a modify keeps contract and action" };
    }
    if (this.burnt.has(`${clientId}:${orderId}`)) return { code: 103, text: "Duplicate order id" };
    const parent = parentId === 0 ? undefined : exchange.order(clientId, parentId);
    if (parentId !== 0 && (parent === undefined || isDone(parent))) {
      return { code: 201, text: `Order rejected - reason:Parent order ${parentId} is not working` };
    }
    const working = exchange
      .openOrders()
      .filter((order) => order.clientId === clientId && order.symbol === symbol && order.side === side);
    if (working.length < WORKING_ORDERS) return undefined;
    return {
      code: 201,
      text: `Order rejected - reason:${WORKING_ORDERS} orders are working in this contract and side`,
    };
  }

  /** Checked like an order, answered with figures, and gone: no order, no status, no execution, no position. */
  private answerWhatIf(connection: Connection, order: WireOrder, request: PlaceRequest | Refusal): void {
    const { exchange, markOf } = this.parts;
    const problem = "code" in request ? request : exchange.problemOf(request);
    if (problem !== undefined || "code" in request) {
      connection.error(order.orderId, problem?.code ?? 201, problem?.text ?? "");
      return;
    }
    const { account } = exchange;
    const price = request.limitPrice ?? request.stopPrice ?? markOf(request.symbol) ?? 0;
    const margin = toUnits(exchange.marginOf(request));
    const commission = toUnits(orderCommission(request.quantity, price * request.quantity));
    const held = toUnits(account.initialMargin());
    const state: OrderState = { ...this.termsOfRequest(request), permId: 0, status: "PreSubmitted" };
    connection.send(
      openOrder(state, connection.version, {
        initialBefore: held,
        maintenanceBefore: held,
        equityBefore: toUnits(account.netLiquidation()),
        initialChange: margin,
        maintenanceChange: margin,
        equityChange: -commission,
        commission,
        currency: this.parts.book.of(request.symbol).instrument.currency,
      }),
    );
  }

  private statusFrame(order: ExchangeOrder): Frame {
    return orderStatus(this.stateOf(order), {
      filled: order.filledQuantity,
      remaining: remaining(order),
      average: averagePrice(order),
      last: order.lastFillPrice,
    });
  }

  private stateOf(order: ExchangeOrder): OrderState {
    return { ...this.termsOfRequest(order), permId: order.permId, status: statusText(order) };
  }

  private termsOfRequest(order: PlaceRequest): Omit<OrderState, "permId" | "status"> {
    return {
      contract: this.parts.book.of(order.symbol).contract,
      orderId: order.orderId,
      clientId: order.clientId,
      parentId: order.parentId,
      action: order.side === "buy" ? "BUY" : "SELL",
      quantity: order.quantity,
      orderType: TYPE_TEXT[order.type],
      limitPrice: order.limitPrice ?? 0,
      auxPrice: order.stopPrice ?? 0,
      tif: order.timeInForce.toUpperCase(),
      ocaGroup: order.ocaGroup,
      account: order.accountId,
      orderRef: order.orderRef,
      outsideRth: order.outsideRth,
      triggerMethod: 0,
    };
  }
}

/** TWS's word for where an order stands. An order that is not transmitted rests at the workstation as Inactive. */
function statusText(order: ExchangeOrder): string {
  if (order.isPendingCancel && !isDone(order)) return "PendingCancel";
  switch (order.status) {
    case "held":
      return "Inactive";
    case "parked":
      return "PreSubmitted";
    case "working":
      return "Submitted";
    case "filled":
      return "Filled";
    case "cancelled":
      return "Cancelled";
    case "rejected":
      return "Inactive";
  }
}
