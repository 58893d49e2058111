import { createServer, type Socket } from "node:net";
import { createCalendar } from "#core/market/calendar.ts";
import { type Holding, SimulatedAccount } from "#core/simulation/account.ts";
import { Exchange } from "#core/simulation/exchange.ts";
import type { ExchangeExecution, ExchangeOrder } from "#core/simulation/exchange-order.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import { present } from "#shared/lib/assert.ts";
import type { Micros6 } from "#shared/lib/money.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import { AccountDesk } from "./account-desk.ts";
import { Audit } from "./audit.ts";
import { Connection } from "./connection.ts";
import { type ContractBook, createContractBook } from "./contract-messages.ts";
import { Dispatcher } from "./dispatcher.ts";
import { easternTime } from "./eastern-time.ts";
import { Faults } from "./faults.ts";
import { LockStepDriver } from "./lock-step-driver.ts";
import { MarketDesk } from "./market-desk.ts";
import { OrderDesk } from "./order-desk.ts";
import { SpeedDriver } from "./speed-driver.ts";

const NEWEST_VERSION = 193;
const ACCOUNT_REFRESH = 180 * SECOND;
const MESSAGES_A_SECOND = 50;

export type GatewayOptions = {
  /** 0 or absent: a free one. The address is always 127.0.0.1. */
  readonly port?: number;
  readonly source: MarketSource;
  /** Virtual seconds per wall second, or lock-step as fast as the machine allows. */
  readonly speed: number | "max";
  /** The clients that take part in the steps. */
  readonly lockStepClientIds?: readonly number[];
  readonly maxVersion?: number;
  readonly accountId?: string;
  readonly startingCash?: number;
  /** Wall milliseconds that every frame waits on its way out. */
  readonly latencyMs?: number;
  readonly onLog?: (line: string) => void;
  /** The market source is exhausted; the clock stands still from here on. */
  readonly onEnd?: () => void;
};

export type GatewaySimulator = {
  readonly port: number;
  readonly accountId: string;
  readonly faults: Faults;
  readonly audit: Audit;
  readonly instruments: MarketSource["instruments"];
  /** Virtual time, and how fast it runs; 0 while it stands still. */
  clock(): { readonly time: Micros; readonly factor: number };
  setSpeed(factor: number): void;
  holdings(): readonly Holding[];
  cash(): Micros6;
  openOrders(): readonly ExchangeOrder[];
  executions(): readonly ExchangeExecution[];
  close(): Promise<void>;
};

/** What drives virtual time: real timers at a factor, or the clients' answers. */
export type Driver = {
  start(): void;
  stop(): void;
  clock(): { readonly time: Micros; readonly factor: number };
  onReady(connection: Connection): void;
  /** True when the message was a step answer. */
  onMessage(connection: Connection, fields: readonly string[]): boolean;
  onClose(connection: Connection): void;
  setSpeed(factor: number): void;
};

/** What a driver moves. */
export type Stage = {
  readonly source: MarketSource;
  readonly exchange: Exchange;
  /** Plays everything that is due at `time`: the exchange first, then the market's instant. */
  play(time: Micros): void;
  isSessionOpen(time: Micros): boolean;
  dispatch(connection: Connection, fields: readonly string[]): void;
  connections(): readonly Connection[];
  readonly audit: Audit;
  readonly onEnd: () => void;
};

/** @throws the socket's error when the port is taken */
export async function startGateway(options: GatewayOptions): Promise<GatewaySimulator> {
  const gateway = new Gateway(options);
  await gateway.listen(options.port ?? 0);
  return gateway;
}

class Gateway implements GatewaySimulator {
  readonly accountId: string;
  readonly faults: Faults;
  readonly audit = new Audit();
  readonly instruments;
  private readonly options: GatewayOptions;
  private readonly exchange: Exchange;
  private readonly contracts: ContractBook;
  private readonly connections: Connection[] = [];
  private readonly market: MarketDesk;
  private readonly orders: OrderDesk;
  private readonly accounts: AccountDesk;
  private readonly dispatcher: Dispatcher;
  private readonly driver: Driver;
  private readonly calendar = present(createCalendar("XNYS"), "New York has a calendar");
  private readonly server = createServer((socket) => this.accept(socket));
  private now: Micros;
  private refreshed: Micros = 0;

  constructor(options: GatewayOptions) {
    this.options = options;
    const { source } = options;
    this.accountId = options.accountId ?? "DUSIM0001";
    this.instruments = source.instruments;
    this.now = source.start;
    const account = new SimulatedAccount(this.accountId, options.startingCash ?? 100_000);
    this.exchange = new Exchange({ instruments: source.instruments, calendar: this.calendar, account });
    this.contracts = createContractBook(source.instruments);
    this.faults = new Faults(() => this.connections);
    const now = (): Micros => this.now;
    this.market = new MarketDesk(source, this.calendar, this.contracts, now);
    this.accounts = new AccountDesk(account, this.contracts, now);
    this.orders = new OrderDesk({
      exchange: this.exchange,
      contracts: this.contracts,
      accountId: this.accountId,
      now,
      clients: () => this.connections,
      faults: this.faults,
      afterFill: () => this.accounts.refresh(),
    });
    this.dispatcher = new Dispatcher({
      market: this.market,
      orders: this.orders,
      accounts: this.accounts,
      contracts: this.contracts,
      calendar: this.calendar,
      accountId: this.accountId,
      now,
      nextOrderId: (clientId) => this.exchange.highestOrderId(clientId) + 1,
      log: this.log,
    });
    this.driver = this.createDriver();
  }

  get port(): number {
    const address = this.server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, "127.0.0.1", () => {
        this.server.off("error", reject);
        resolve();
      });
    });
    this.driver.start();
  }

  clock() {
    return this.driver.clock();
  }

  setSpeed(factor: number): void {
    this.driver.setSpeed(factor);
  }

  holdings() {
    return this.exchange.account.holdings();
  }

  cash(): Micros6 {
    return this.exchange.account.cash();
  }

  openOrders() {
    return this.exchange.openOrders();
  }

  executions() {
    return this.exchange.executions();
  }

  async close(): Promise<void> {
    this.driver.stop();
    for (const connection of [...this.connections]) connection.close();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private readonly log = (line: string): void => this.options.onLog?.(line);

  private createDriver(): Driver {
    const stage: Stage = {
      source: this.options.source,
      exchange: this.exchange,
      play: (time) => this.play(time),
      isSessionOpen: (time) => this.calendar.sessionOf(time) !== undefined,
      dispatch: (connection, fields) => this.dispatch(connection, fields),
      connections: () => this.connections.filter((connection) => connection.isReady),
      audit: this.audit,
      onEnd: () => this.options.onEnd?.(),
    };
    const { speed, lockStepClientIds } = this.options;
    return speed === "max" ? new LockStepDriver(stage, lockStepClientIds ?? []) : new SpeedDriver(stage, speed);
  }

  private play(time: Micros): void {
    this.now = Math.max(this.now, time);
    this.orders.deliver(this.exchange.advance(time));
    if (this.options.source.peek() === time) {
      const instant = this.options.source.next();
      if (instant !== undefined) {
        this.market.play(instant);
        this.orders.deliver(this.exchange.onInstant(instant));
      }
    }
    if (time - this.refreshed < ACCOUNT_REFRESH) return;
    this.refreshed = time;
    this.accounts.refresh();
  }

  private accept(socket: Socket): void {
    this.audit.accepts += 1;
    const connection = new Connection(
      socket,
      {
        onReady: (ready) => this.onReady(ready),
        onMessage: (from, fields) => this.onMessage(from, fields),
        onClose: (closed) => this.onClose(closed),
        onLog: this.log,
        serverTime: () => `${easternTime(this.now)} EST`,
        onSent: ({ clientId }, message, isStep) =>
          this.audit.add({ time: this.now, direction: "out", clientId, message, isStep }),
      },
      this.options.maxVersion ?? NEWEST_VERSION,
    );
    connection.latencyMs = this.options.latencyMs ?? 0;
    this.connections.push(connection);
  }

  /** False when the client id is taken. */
  private onReady(connection: Connection): boolean {
    const isTaken = this.connections.some(
      (other) => other !== connection && other.isReady && other.clientId === connection.clientId,
    );
    if (isTaken) {
      const text = "Unable to connect as the client id is already in use. Retry with a unique client id.";
      connection.error(-1, 326, text);
      connection.socket.end();
      return false;
    }
    this.dispatcher.greet(connection);
    this.driver.onReady(connection);
    return true;
  }

  private onMessage(connection: Connection, fields: readonly string[]): void {
    if (this.driver.onMessage(connection, fields)) {
      this.audit.answers += 1;
      return;
    }
    const count = this.audit.countInbound(this.now);
    if (count > MESSAGES_A_SECOND) {
      this.audit.quotaViolations += 1;
      connection.error(-1, 100, "Max rate of messages per second has been exceeded");
      this.log(`client ${connection.clientId}: more than ${MESSAGES_A_SECOND} messages in one second; closed`);
      connection.socket.end();
    }
  }

  private dispatch(connection: Connection, fields: readonly string[]): void {
    const key = this.dispatcher.dispatch(connection, fields);
    this.audit.add({
      time: this.now,
      direction: "in",
      clientId: connection.clientId,
      message: Number(fields[0]),
      isStep: false,
      ...(key === undefined ? {} : { key }),
    });
  }

  private onClose(connection: Connection): void {
    if (connection.clientId === undefined) this.audit.strangers += 1;
    this.connections.splice(this.connections.indexOf(connection), 1);
    this.market.forget(connection);
    this.accounts.forget(connection);
    this.driver.onClose(connection);
  }
}
