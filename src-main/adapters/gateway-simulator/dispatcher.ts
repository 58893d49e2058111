import type { Calendar } from "#core/market/calendar.ts";
import { DAY, type Micros, SECOND } from "#shared/lib/time.ts";
import type { AccountDesk } from "./account-desk.ts";
import type { Connection } from "./connection.ts";
import { type ContractBook, contractDetails, marketRule, STOCK_RULE, symbolSamples } from "./contract-messages.ts";
import { easternMinute } from "./eastern-time.ts";
import type { MarketDesk } from "./market-desk.ts";
import type { OrderDesk } from "./order-desk.ts";
import { FieldReader, WireError } from "./wire.ts";

type Parts = {
  readonly market: MarketDesk;
  readonly orders: OrderDesk;
  readonly accounts: AccountDesk;
  readonly contracts: ContractBook;
  readonly calendar: Calendar;
  readonly accountId: string;
  readonly now: () => Micros;
  readonly nextOrderId: (clientId: number) => number;
  readonly log: (line: string) => void;
};

type Handler = (connection: Connection, fields: readonly string[]) => string | undefined;

/** Which message is answered by whom. What is not in the table is answered with 505 and a log line, never with silence. */
export class Dispatcher {
  private readonly parts: Parts;
  private readonly handlers: ReadonlyMap<number, Handler>;

  constructor(parts: Parts) {
    this.parts = parts;
    this.handlers = this.table();
  }

  /** Managed accounts, the next order id, and that the data farms are well. */
  greet(connection: Connection): void {
    connection.send([15, 1, this.parts.accountId]);
    connection.send([9, 1, this.parts.nextOrderId(connection.clientId ?? 0)]);
    connection.error(-1, 2104, "Market data farm connection is OK:usfarm");
    connection.error(-1, 2106, "HMDS data farm connection is OK:ushmds");
    connection.error(-1, 2158, "Sec-def data farm connection is OK:secdefil");
  }

  /** Returns the orderRef of a placeOrder, for the audit. */
  dispatch(connection: Connection, fields: readonly string[]): string | undefined {
    const handler = this.handlers.get(Number(fields[0]));
    if (handler === undefined) {
      const text = `message ${fields[0]} is not served by this simulator`;
      this.parts.log(`client ${connection.clientId}: ${text} (${fields.length} fields)`);
      connection.error(-1, 505, text);
      return undefined;
    }
    try {
      return handler(connection, fields);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.parts.log(`client ${connection.clientId}: ${error.message}`);
      connection.error(-1, 505, error.message);
      return undefined;
    }
  }

  private table(): ReadonlyMap<number, Handler> {
    const { market, orders, accounts } = this.parts;
    const quiet =
      (action: (connection: Connection, fields: readonly string[]) => void): Handler =>
      (connection, fields) => {
        action(connection, fields);
        return undefined;
      };
    return new Map<number, Handler>([
      [1, quiet((connection, fields) => market.subscribe(connection, fields))],
      [2, quiet((connection, fields) => market.unsubscribe(connection, fields))],
      [3, (connection, fields) => orders.place(connection, fields)],
      [4, quiet((connection, fields) => orders.cancel(connection, fields))],
      [5, quiet((connection) => orders.listOpen(connection, false))],
      [6, quiet((connection, fields) => accounts.updates(connection, fields))],
      [7, quiet((connection, fields) => orders.listExecutions(connection, fields))],
      [8, quiet((connection) => connection.send([9, 1, this.parts.nextOrderId(connection.clientId ?? 0)]))],
      [9, quiet((connection, fields) => this.contractDetails(connection, fields))],
      [16, quiet((connection) => orders.listOpen(connection, true))],
      [17, quiet((connection) => connection.send([15, 1, this.parts.accountId]))],
      [20, quiet((connection, fields) => market.history(connection, fields))],
      [25, quiet((connection, fields) => market.cancelHistory(connection, fields))],
      [49, quiet((connection) => connection.send([49, 1, Math.floor(this.parts.now() / SECOND)]))],
      [58, quiet(() => orders.cancelAll())],
      // The type is told per subscription; this simulator's data are live whatever was asked for.
      [59, quiet(() => undefined)],
      [61, quiet((connection) => accounts.positions(connection))],
      [62, quiet((connection, fields) => accounts.summary(connection, fields))],
      [63, quiet(() => undefined)],
      [64, quiet((connection) => accounts.cancelPositions(connection))],
      [81, quiet((connection, fields) => this.matchingSymbols(connection, fields))],
      [91, quiet((connection, fields) => this.marketRule(connection, fields))],
      [92, quiet((connection, fields) => accounts.accountPnl(connection, fields))],
      [93, quiet((_, fields) => accounts.cancelPnl(fields))],
      [94, quiet((connection, fields) => accounts.positionPnl(connection, fields))],
      [95, quiet((_, fields) => accounts.cancelPnl(fields))],
      [99, quiet((connection) => orders.listCompleted(connection))],
    ]);
  }

  private contractDetails(connection: Connection, fields: readonly string[]): void {
    const reader = new FieldReader(fields, 2);
    const request = reader.integer();
    const query = { conId: reader.integer(), symbol: reader.text() };
    const instrument = this.parts.contracts.find(query);
    if (instrument === undefined) {
      connection.error(request, 200, "No security definition has been found for the request");
      return;
    }
    const conId = this.parts.contracts.conIdOf(instrument.symbol);
    connection.send(
      contractDetails({ request, instrument, conId, version: connection.version, hours: this.tradingHours() }),
    );
    connection.send([52, 1, request]);
  }

  /** The sessions of the coming week, as `from-to` in New York, separated by semicolons. */
  private tradingHours(): string {
    const now = this.parts.now();
    const sessions = this.parts.calendar.sessionsBetween(now - DAY, now + 7 * DAY);
    return sessions.map(({ open, close }) => `${easternMinute(open)}-${easternMinute(close)}`).join(";");
  }

  private matchingSymbols(connection: Connection, fields: readonly string[]): void {
    const reader = new FieldReader(fields, 1);
    const request = reader.integer();
    const pattern = reader.text().toUpperCase();
    const found = this.parts.contracts.instruments
      .filter(({ symbol, longName }) => symbol.startsWith(pattern) || longName.toUpperCase().includes(pattern))
      .slice(0, 16)
      .map((instrument) => ({ instrument, conId: this.parts.contracts.conIdOf(instrument.symbol) }));
    connection.send(symbolSamples(request, found));
  }

  private marketRule(connection: Connection, fields: readonly string[]): void {
    const id = Number(fields[1]);
    const instrument = this.parts.contracts.instruments[0];
    if (id !== STOCK_RULE || instrument === undefined) {
      connection.error(-1, 321, `Error validating request: market rule ${fields[1]}`);
      return;
    }
    connection.send(marketRule(id, instrument));
  }
}
