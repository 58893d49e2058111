import { createServer, type Socket } from "node:net";
import { createCalendar } from "#core/market/calendar.ts";
import type { Holding } from "#core/simulation/account.ts";
import type { ExchangeExecution, ExchangeOrder } from "#core/simulation/exchange-order.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import { assert, present } from "#shared/lib/assert.ts";
import type { Micros6 } from "#shared/lib/money.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import type { DailyBarSource } from "./desks/history-desk.ts";
import { easternText } from "./desks/wire-time.ts";
import { Audit } from "./server/audit.ts";
import { Connection } from "./server/connection.ts";
import { Dispatcher } from "./server/dispatcher.ts";
import type { Driver } from "./server/driver.ts";
import { type FaultRule, planFaults } from "./server/fault-script.ts";
import { Faults } from "./server/faults.ts";
import { LockStepDriver } from "./server/lock-step-driver.ts";
import { SlidingWindow } from "./server/sliding-window.ts";
import { SpeedDriver } from "./server/speed-driver.ts";
import { Stage } from "./server/stage.ts";

const NEWEST_VERSION = 193;
const MESSAGES_A_SECOND = 50;
const DEFAULT_CASH = 100_000;
const LOOPBACK: readonly string[] = ["127.0.0.1", "::1", "localhost"];
const ID_IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id.";

export type GatewayOptions = {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Loopback only; absent: 127.0.0.1. */
  readonly host?: string;
  /** Seed of the run, for its report; market and faults bring their own chance with them. */
  readonly seed?: number | string;
  readonly source: MarketSource;
  readonly dailyBars?: DailyBarSource;
  /** Virtual seconds per wall second, 1 to 1000; `max` is lock-step, as fast as the clients answer. */
  readonly speed: number | "max";
  /** The clients that take part in the steps, in the order in which a step is written. */
  readonly lockStepClientIds?: readonly number[];
  /** Upper end of the negotiated version. */
  readonly maxVersion?: number;
  readonly accountId?: string;
  /** Currency units. */
  readonly startingCash?: number;
  /** Delay of every answer: wall milliseconds at a speed, virtual ones in lock-step. */
  readonly latencyMs?: number;
  /** What goes wrong, and when. */
  readonly faultScript?: readonly FaultRule[];
  /** Closes the simulator when the market has been played to its end. */
  readonly exitAtEnd?: boolean;
  readonly onLog?: (line: string) => void;
  /** The market has been played to its end; in lock-step the clock stands still. Positions and cash can still be read. */
  readonly onEnd?: () => void;
};

export type GatewaySimulator = {
  readonly port: number;
  readonly accountId: string;
  readonly seed: number | string | undefined;
  readonly faults: Faults;
  readonly audit: Audit;
  readonly instruments: MarketSource["instruments"];
  /** Virtual time. */
  now(): Micros;
  /** Virtual time, and how fast it runs; 0 while it stands still, and in lock-step, where answers move it. */
  clock(): { readonly time: Micros; readonly factor: number };
  /** Every symbol that was ever traded, flat ones included. */
  holdings(): readonly Holding[];
  /** Holdings that are not flat. */
  positions(): readonly Holding[];
  cash(): Micros6;
  openOrders(): readonly ExchangeOrder[];
  executions(): readonly ExchangeExecution[];
  setSpeed(factor: number): void;
  pause(isPaused: boolean): void;
  close(): Promise<void>;
};

/** Starts a simulated gateway on the loopback address. Rejects with the socket's error when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<GatewaySimulator> {
  const gateway = new Gateway(options);
  await gateway.listen();
  return gateway;
}

class Gateway implements GatewaySimulator {
  readonly accountId: string;
  readonly seed;
  readonly faults: Faults;
  readonly audit = new Audit();
  readonly instruments;
  private readonly options: GatewayOptions;
  private readonly stage: Stage;
  private readonly dispatcher: Dispatcher;
  private readonly driver: Driver;
  private readonly lockStep: LockStepDriver | undefined;
  private readonly connections = new Set<Connection>();
  /** Sockets that are not closed yet, those of connections that are over among them. */
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.accept(socket));
  private readonly memberWindow = new SlidingWindow(SECOND);
  private readonly plainWindow = new SlidingWindow(SECOND);
  private refusedUntil: Micros = 0;
  private accepted = 0;
  private isClosed = false;

  constructor(options: GatewayOptions) {
    const { source, speed } = options;
    this.options = options;
    this.accountId = options.accountId ?? "DUSIM0001";
    this.seed = options.seed;
    this.instruments = source.instruments;
    assert(this.accountId.startsWith("DUSIM"), "a simulated account begins with DUSIM");
    assert(LOOPBACK.includes(options.host ?? "127.0.0.1"), "the simulator listens on the loopback address only");
    const calendar = present(createCalendar("XNYS"), "New York has a calendar");
    this.stage = new Stage({
      source,
      daily: options.dailyBars,
      calendar,
      accountId: this.accountId,
      startingCash: options.startingCash ?? DEFAULT_CASH,
      audit: this.audit,
      clientOf: (clientId) => this.clientOf(clientId),
    });
    const { stage, audit, accountId } = this;
    this.dispatcher = new Dispatcher({ stage, audit, accountId, log: this.log });
    this.faults = new Faults(
      {
        stage,
        connections: () => [...this.connections],
        settle: () => this.flushPlain(),
        refuseUntil: (time) => this.refuseUntil(time),
        setOrderIdRollBack: (count) => {
          this.dispatcher.orderIdRollBack = count;
        },
      },
      options.latencyMs ?? 0,
    );
    planFaults(this.faults, options.faultScript ?? [], stage.now());
    const host = {
      dispatch: (connection: Connection, fields: readonly string[]) =>
        this.dispatcher.dispatch(connection, fields, this.lockStep !== undefined && !this.driver.isMember(connection)),
      flushPlain: () => this.flushPlain(),
      latencyMs: () => this.faults.latencyMs,
      log: this.log,
      onEnd: () => this.onEnd(),
    };
    const ids = options.lockStepClientIds ?? [];
    assert(speed !== "max" || ids.length > 0, "lock-step names the clients that take part in it");
    this.lockStep = speed === "max" ? new LockStepDriver(stage, host, ids) : undefined;
    this.driver = speed === "max" ? present(this.lockStep, "the lock-step") : new SpeedDriver(stage, host, speed);
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(this.options.port ?? 0, this.options.host ?? "127.0.0.1", () => {
        this.server.off("error", reject);
        resolve();
      });
    });
  }

  now(): Micros {
    return this.stage.now();
  }

  clock() {
    return this.driver.clock();
  }

  holdings(): readonly Holding[] {
    return this.stage.exchange.account.holdings();
  }

  positions(): readonly Holding[] {
    return this.holdings().filter(({ quantity }) => quantity !== 0);
  }

  cash(): Micros6 {
    return this.stage.exchange.account.cash();
  }

  openOrders(): readonly ExchangeOrder[] {
    return this.stage.exchange.openOrders();
  }

  executions(): readonly ExchangeExecution[] {
    return this.stage.exchange.executions();
  }

  setSpeed(factor: number): void {
    this.driver.setSpeed(factor);
  }

  pause(isPaused: boolean): void {
    this.driver.pause(isPaused);
  }

  async close(): Promise<void> {
    this.driver.stop();
    if (this.isClosed) return;
    this.isClosed = true;
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    for (const connection of [...this.connections]) connection.destroy();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private readonly log = (line: string): void => this.options.onLog?.(line);

  private onEnd(): void {
    this.options.onEnd?.();
    if (this.options.exitAtEnd === true) void this.close();
  }

  private accept(socket: Socket): void {
    this.audit.accepts += 1;
    this.accepted += 1;
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    if (this.stage.now() < this.refusedUntil) {
      this.audit.acceptsWithoutStart += 1;
      socket.on("error", () => socket.destroy());
      socket.destroy();
      return;
    }
    const events = {
      onStart: (connection: Connection, clientId: number) => this.onStart(connection, clientId),
      onFrame: (connection: Connection, fields: readonly string[]) => this.onFrame(connection, fields),
      onSent: (connection: Connection, fields: AuditFields, isStep: boolean) =>
        this.record(connection, "out", fields, isStep),
      onClose: (connection: Connection) => this.onClose(connection),
      onLog: this.log,
      helloTime: () => `${easternText(this.stage.now())} EST`,
      helloDelayMs: () => this.faults.helloDelayMs,
    };
    this.connections.add(new Connection(socket, this.accepted, events, this.options.maxVersion ?? NEWEST_VERSION));
  }

  private onStart(connection: Connection, clientId: number): void {
    this.record(connection, "in", ["71", "2", String(clientId), ""], false);
    const isTaken = [...this.connections].some(
      (other) => other !== connection && other.isReady && other.clientId === clientId,
    );
    if (isTaken || this.faults.isOccupied(clientId)) {
      this.log(`client ${clientId}: the id is in use; closed`);
      connection.error(-1, 326, ID_IN_USE);
      connection.close();
      return;
    }
    this.dispatcher.greet(connection);
    this.driver.onReady(connection);
  }

  private onFrame(connection: Connection, fields: readonly string[]): void {
    const isStep = this.driver.isStepAnswer(connection, fields);
    this.record(connection, "in", fields, isStep);
    const rate = isStep ? 0 : this.rateOf(connection);
    this.audit.highestRate = Math.max(this.audit.highestRate, rate);
    if (rate > MESSAGES_A_SECOND) {
      this.audit.quotaViolations += 1;
      this.log(`client ${connection.name}: more than ${MESSAGES_A_SECOND} messages in a second; closed`);
      connection.error(-1, 100, `Max rate of messages per second has been exceeded: max=${MESSAGES_A_SECOND}`);
      connection.close();
      return;
    }
    this.driver.onFrame(connection, fields);
  }

  /** Messages of the broker's second that ends now: of all clients of the lock-step, or of all others. */
  private rateOf(connection: Connection): number {
    const window = this.driver.isMember(connection) ? this.memberWindow : this.plainWindow;
    return window.add(this.driver.quotaTime(connection)) / this.driver.quotaFactor();
  }

  private onClose(connection: Connection): void {
    this.connections.delete(connection);
    if (!connection.hasStarted) this.audit.acceptsWithoutStart += 1;
    this.stage.forget(connection);
    this.driver.onClose(connection);
  }

  private record(connection: Connection, direction: "in" | "out", fields: AuditFields, isStep: boolean): void {
    const wallMs = performance.timeOrigin + performance.now();
    const { number, clientId } = connection;
    this.audit.record({
      time: this.stage.now(),
      wallMs,
      direction,
      connection: number,
      clientId,
      fields,
      isStep,
    });
  }

  private clientOf(clientId: number): Connection | undefined {
    for (const connection of this.connections) {
      if (connection.isReady && connection.clientId === clientId) return connection;
    }
    return undefined;
  }

  private flushPlain(): void {
    for (const connection of this.connections) {
      if (connection.isReady && !this.driver.isMember(connection)) connection.flush();
    }
  }

  private refuseUntil(time: Micros): void {
    this.refusedUntil = Math.max(this.refusedUntil, time);
    if (this.lockStep !== undefined) this.lockStep.outageUntil = this.refusedUntil;
  }
}

type AuditFields = Parameters<Audit["record"]>[0]["fields"];
