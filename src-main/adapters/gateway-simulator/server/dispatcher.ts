import { unreachable } from "#shared/lib/assert.ts";
import { LayoutError } from "../codec/field-reader.ts";
import { contractDetails, contractDetailsEnd, marketRule, symbolSamples } from "../codec/reference-messages.ts";
import { addresseeOf, type Request, readRequest } from "../codec/requests.ts";
import { currentTime, managedAccounts, nextValidId } from "../codec/session-messages.ts";
import { epochSeconds } from "../desks/wire-time.ts";
import type { Audit } from "./audit.ts";
import type { Connection } from "./connection.ts";
import type { Stage } from "./stage.ts";

/** Requests that change the state of an order. */
const ORDER_ACTIONS: ReadonlySet<Request["kind"]> = new Set(["placeOrder", "cancelOrder", "globalCancel"]);

/** Who answers which request. What is not served is refused with a log line, never with silence. */
export class Dispatcher {
  private readonly stage: Stage;
  private readonly audit: Audit;
  private readonly accountId: string;
  private readonly log: (line: string) => void;
  /** How far the ids that new clients are given lie behind the truth: the fault of an id roll-back. */
  orderIdRollBack = 0;

  constructor(parts: {
    readonly stage: Stage;
    readonly audit: Audit;
    readonly accountId: string;
    readonly log: (line: string) => void;
  }) {
    this.stage = parts.stage;
    this.audit = parts.audit;
    this.accountId = parts.accountId;
    this.log = parts.log;
  }

  /** What every client is told after START_API. */
  greet(connection: Connection): void {
    connection.send(managedAccounts([this.accountId]));
    connection.send(nextValidId(this.nextOrderId(connection)));
    connection.error(-1, 2104, "Market data farm connection is OK:usfarm");
    connection.error(-1, 2106, "HMDS data farm connection is OK:ushmds");
    connection.error(-1, 2158, "Sec-def data farm connection is OK:secdefil");
  }

  /** Reads and answers one request. `isPlain`: the client takes no part in the lock-step of this run. */
  dispatch(connection: Connection, fields: readonly string[], isPlain: boolean): void {
    let request: Request | undefined;
    try {
      request = readRequest(fields, connection.version);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      return this.refuse(connection, fields, 321, `Error validating request.-'bZ' : cause - ${error.message}`);
    }
    if (request === undefined) {
      return this.refuse(connection, fields, 505, `Fatal Error: Unknown message id: ${fields[0]}`);
    }
    // An answer that nobody hears is none, and a subscription of a client that is gone would be held for ever.
    if (!connection.isReady && !ORDER_ACTIONS.has(request.kind)) return;
    if (isPlain && ORDER_ACTIONS.has(request.kind)) this.audit.isReproducible = false;
    this.answer(connection, request);
  }

  private refuse(connection: Connection, fields: readonly string[], code: number, text: string): void {
    this.audit.refusedRequests += 1;
    this.log(`client ${connection.name}: message ${fields[0]} with ${fields.length} fields is refused: ${text}`);
    connection.error(code === 505 ? -1 : addresseeOf(fields), code, text);
  }

  private answer(connection: Connection, request: Request): void {
    const { stage } = this;
    switch (request.kind) {
      case "managedAccounts":
        return connection.send(managedAccounts([this.accountId]));
      case "nextOrderId":
        return connection.send(nextValidId(this.nextOrderId(connection)));
      case "currentTime":
        return connection.send(currentTime(epochSeconds(stage.now())));
      case "startApi":
        return this.log(`client ${connection.name}: START_API again, which says nothing new`);
      case "marketData":
        return stage.market.subscribe(connection, request);
      case "cancelMarketData":
        return stage.market.unsubscribe(connection, request.requestId);
      case "marketDataType":
        // Every subscription is told its type; there are live data only, whatever is asked for.
        return;
      case "history":
        return stage.history.request(connection, request);
      case "cancelHistory":
        return stage.history.cancel(connection, request.requestId);
      case "contractDetails":
      case "matchingSymbols":
      case "marketRule":
        return this.answerReference(connection, request);
      case "placeOrder":
        return stage.orders.place(connection, request.order);
      case "cancelOrder":
        return stage.orders.cancel(connection, request.orderId);
      case "globalCancel":
        return stage.orders.cancelAll();
      case "openOrders":
        return stage.orders.listOpen(connection, request.isAll);
      case "completedOrders":
        return stage.orders.listCompleted(connection);
      case "executions":
        return stage.orders.listExecutions(connection, request);
      default:
        return this.answerAccount(connection, request);
    }
  }

  private answerReference(
    connection: Connection,
    request: Extract<Request, { readonly kind: "contractDetails" | "matchingSymbols" | "marketRule" }>,
  ): void {
    const { book, calendar } = this.stage;
    if (request.kind === "matchingSymbols") {
      const samples = book
        .matching(request.pattern)
        .map(({ contract, instrument }) => ({ contract, longName: instrument.longName }));
      return connection.send(symbolSamples(request.requestId, samples, connection.version));
    }
    if (request.kind === "marketRule") {
      const bands = book.rule(request.ruleId);
      if (bands === undefined)
        return connection.error(-1, 321, `Error validating request.-'bU' : cause - no rule ${request.ruleId}`);
      return connection.send(marketRule(request.ruleId, bands));
    }
    const listing = book.find(request.contract);
    if (listing === undefined) {
      return connection.error(request.requestId, 200, "No security definition has been found for the request");
    }
    const details = book.details(listing, calendar, this.stage.now());
    connection.send(contractDetails(request.requestId, details, connection.version));
    connection.send(contractDetailsEnd(request.requestId));
  }

  private answerAccount(
    connection: Connection,
    request: Extract<
      Request,
      {
        readonly kind:
          | "positions"
          | "cancelPositions"
          | "accountUpdates"
          | "accountSummary"
          | "cancelAccountSummary"
          | "pnl"
          | "cancelPnl"
          | "pnlSingle"
          | "cancelPnlSingle";
      }
    >,
  ): void {
    const { accounts } = this.stage;
    if ("account" in request && request.account !== "" && request.account !== this.accountId) {
      const id = "requestId" in request ? request.requestId : -1;
      return connection.error(
        id,
        321,
        `Error validating request.-'bM' : cause - account ${request.account} is not managed`,
      );
    }
    switch (request.kind) {
      case "positions":
        return accounts.subscribePositions(connection);
      case "cancelPositions":
        return accounts.cancelPositions(connection);
      case "accountUpdates":
        return accounts.subscribeUpdates(connection, request.isSubscribe);
      case "accountSummary":
        return accounts.subscribeSummary(connection, request.requestId, request.tags);
      case "cancelAccountSummary":
        return accounts.cancelSummary(connection, request.requestId);
      case "pnl":
        return accounts.subscribePnl(connection, request.requestId, undefined);
      case "pnlSingle":
        return accounts.subscribePnl(connection, request.requestId, request.conId);
      case "cancelPnl":
      case "cancelPnlSingle":
        return accounts.cancelPnl(connection, request.requestId);
      default:
        return unreachable(request);
    }
  }

  private nextOrderId(connection: Connection): number {
    const highest = this.stage.orders.highestOrderId(connection.clientId ?? 0);
    return Math.max(1, highest + 1 - this.orderIdRollBack);
  }
}
