import { orderCommission } from "#core/simulation/account.ts";
import type { Exchange } from "#core/simulation/exchange.ts";
import type { ExchangeOrder, ExchangeReport, PlaceRequest } from "#core/simulation/exchange-order.ts";
import { present } from "#shared/lib/assert.ts";
import { toUnits } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";
import type { ContractBook } from "./contract-messages.ts";
import type { Faults } from "./faults.ts";
import { commissionReport, completedOrder, execDetails, openOrder, orderStatus } from "./order-messages.ts";
import { type PlaceOrder, readPlaceOrder } from "./place-order.ts";

/** Orders in, reports out: between the wire and the exchange model. */
export class OrderDesk {
  private readonly exchange: Exchange;
  private readonly contracts: ContractBook;
  private readonly accountId: string;
  private readonly now: () => Micros;
  private readonly clients: () => readonly Connection[];
  private readonly faults: Faults;
  private readonly afterFill: () => void;

  constructor(parts: {
    readonly exchange: Exchange;
    readonly contracts: ContractBook;
    readonly accountId: string;
    readonly now: () => Micros;
    readonly clients: () => readonly Connection[];
    readonly faults: Faults;
    readonly afterFill: () => void;
  }) {
    this.exchange = parts.exchange;
    this.contracts = parts.contracts;
    this.accountId = parts.accountId;
    this.now = parts.now;
    this.clients = parts.clients;
    this.faults = parts.faults;
    this.afterFill = parts.afterFill;
  }

  /** 3: placeOrder. Returns the orderRef for the audit. */
  place(connection: Connection, fields: readonly string[]): string {
    const message = readPlaceOrder(fields, connection.version);
    const problem = this.problemOf(message);
    if (problem !== undefined) {
      connection.error(message.orderId, problem.code, problem.text);
      return message.orderRef;
    }
    const request = this.requestOf(connection, message);
    if (message.whatIf) this.answerWhatIf(connection, request);
    else this.deliver(this.exchange.place(request, this.now()));
    return message.orderRef;
  }

  /** 4: cancelOrder, with a version field below 192. */
  cancel(connection: Connection, fields: readonly string[]): void {
    const orderId = Number(connection.version >= 192 ? fields[1] : fields[2]);
    this.deliver(this.exchange.cancel(connection.clientId ?? -1, orderId, this.now()));
  }

  cancelAll(): void {
    this.deliver(this.exchange.cancelAll(this.now()));
  }

  /** 5 lists the client's own orders, 16 everybody's. */
  listOpen(connection: Connection, isAll: boolean): void {
    for (const order of this.exchange.openOrders()) {
      if (!isAll && order.clientId !== connection.clientId) continue;
      this.sendOpen(connection, order);
      connection.send(orderStatus(order));
    }
    connection.send([53, 1]);
  }

  listCompleted(connection: Connection): void {
    for (const order of this.exchange.completedOrders()) {
      const { instrument, conId } = this.contractOf(order.symbol);
      connection.send(completedOrder({ order, instrument, conId, version: connection.version }));
    }
    connection.send([102]);
  }

  /** 7: every execution of the account; the filter's fields are honoured where they are set. */
  listExecutions(connection: Connection, fields: readonly string[]): void {
    const request = Number(fields[2]);
    const symbol = fields[6] ?? "";
    for (const execution of this.exchange.executions()) {
      if (symbol !== "" && execution.order.symbol !== symbol) continue;
      const { instrument, conId } = this.contractOf(execution.order.symbol);
      connection.send(execDetails({ request, execution, instrument, conId, version: connection.version }));
      connection.send(commissionReport(execution));
    }
    connection.send([55, 1, request]);
  }

  /** Sends what the exchange said to the client that it concerns. */
  deliver(reports: readonly ExchangeReport[]): void {
    let hasFill = false;
    for (const report of reports) {
      if (report.kind === "error") {
        this.clientOf(report.clientId)?.error(report.orderId, report.code, report.text);
        continue;
      }
      const order = report.kind === "execution" ? report.execution.order : report.order;
      const connection = this.clientOf(order.clientId);
      if (report.kind === "execution") hasFill = true;
      if (connection === undefined) continue;
      if (report.kind === "opened") this.faults.acknowledge(() => this.sendOpen(connection, order));
      else if (report.kind === "status") this.sendStatus(connection, order);
      else {
        const { instrument, conId } = this.contractOf(order.symbol);
        const { execution } = report;
        connection.send(execDetails({ request: -1, execution, instrument, conId, version: connection.version }));
        connection.send(commissionReport(execution));
      }
    }
    if (hasFill) this.afterFill();
  }

  private sendOpen(connection: Connection, order: ExchangeOrder): void {
    const { instrument, conId } = this.contractOf(order.symbol);
    connection.send(openOrder({ order, instrument, conId, version: connection.version }));
  }

  private sendStatus(connection: Connection, order: ExchangeOrder): void {
    this.faults.acknowledge(() => connection.send(orderStatus(order)));
    if (this.faults.duplicateStatus) connection.send(orderStatus(order));
  }

  private clientOf(clientId: number): Connection | undefined {
    return this.clients().find((connection) => connection.clientId === clientId);
  }

  private contractOf(symbol: string) {
    const conId = this.contracts.conIdOf(symbol);
    const instrument = present(
      this.contracts.find({ conId, symbol }),
      `the exchange holds orders of listed symbols: ${symbol}`,
    );
    return { instrument, conId };
  }

  private problemOf(message: PlaceOrder): { readonly code: number; readonly text: string } | undefined {
    if (message.notServed !== undefined) {
      return { code: 201, text: `Order rejected - reason:this simulator does not serve ${message.notServed}` };
    }
    if (this.contracts.find(message) === undefined) {
      return { code: 200, text: "No security definition has been found for the request" };
    }
    if (!Number.isInteger(message.quantity) || message.quantity <= 0) {
      return { code: 321, text: `Error validating request: quantity ${message.quantity}` };
    }
    if (message.account !== "" && message.account !== this.accountId) {
      return { code: 321, text: `Error validating request: account ${message.account}` };
    }
    const needsLimit = message.orderType === "limit" || message.orderType === "stopLimit";
    const needsStop = message.orderType === "stop" || message.orderType === "stopLimit";
    if ((needsLimit && !(Number(message.limitPrice) > 0)) || (needsStop && !(Number(message.auxPrice) > 0))) {
      return { code: 321, text: "Error validating request: the order needs a price above zero" };
    }
    return undefined;
  }

  private requestOf(connection: Connection, message: PlaceOrder): PlaceRequest {
    const { orderId, quantity, orderRef, parentId, ocaGroup, transmit, outsideRth } = message;
    const type = message.orderType ?? "market";
    const needsLimit = type === "limit" || type === "stopLimit";
    const needsStop = type === "stop" || type === "stopLimit";
    return {
      clientId: connection.clientId ?? -1,
      orderId,
      accountId: this.accountId,
      orderRef,
      parentId,
      ocaGroup,
      transmit,
      symbol: present(this.contracts.find(message), "the contract was found").symbol,
      side: message.action === "BUY" ? "buy" : "sell",
      quantity,
      type,
      timeInForce: message.timeInForce ?? "day",
      outsideRth,
      ...(needsLimit && message.limitPrice !== undefined ? { limitPrice: message.limitPrice } : {}),
      ...(needsStop && message.auxPrice !== undefined ? { stopPrice: message.auxPrice } : {}),
    };
  }

  /** Checked like an order, answered with figures, and gone: no order, no status, no execution. */
  private answerWhatIf(connection: Connection, request: PlaceRequest): void {
    const problem = this.exchange.problemOf(request);
    if (problem !== undefined) {
      connection.error(request.orderId, problem.code, problem.text);
      return;
    }
    const { account } = this.exchange;
    const margin = toUnits(this.exchange.marginOf(request));
    const price = request.limitPrice ?? request.stopPrice ?? margin / request.quantity;
    const { instrument, conId } = this.contractOf(request.symbol);
    const held = toUnits(account.initialMargin());
    const order: ExchangeOrder = {
      ...request,
      permId: 0,
      status: "parked",
      filledQuantity: 0,
      filledValue: 0,
      lastFillPrice: 0,
      isPendingCancel: false,
      isTriggered: false,
      commission: 0,
      placedTime: this.now(),
    };
    const whatIf = {
      initialBefore: held,
      maintenanceBefore: held,
      equityBefore: toUnits(account.netLiquidation()),
      initialChange: margin,
      commission: toUnits(orderCommission(request.quantity, price * request.quantity)),
    };
    connection.send(openOrder({ order, instrument, conId, version: connection.version, whatIf }));
  }
}
