import { engineSettings } from "#app/configuration/engine-settings.ts";
import type { Effect } from "#core/engine/effect.ts";
import { Engine } from "#core/engine/engine.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { EngineOptions } from "#core/engine/options.ts";
import { createCalendar } from "#core/market/calendar.ts";
import { stock } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { DAY, MINUTE, SECOND } from "#shared/lib/time.ts";
import type { Command, CommandResult, Ticket } from "#shared/model/command.ts";
import type { Order } from "#shared/model/order.ts";
import { configure, type Settings } from "#tests/support/host.ts";

const SESSION = present(present(createCalendar("XNYS"), "a calendar").sessionOn("2026-11-23"), "a session");
const ALL_LANES = 1e6;

/** Distributes `Omit` over the events, so that each keeps its own fields. */
type Untimed<E> = E extends unknown ? Omit<E, "time"> : never;
type OrderReportKind = Extract<EngineEvent, { kind: "orderReport" }>["report"]["kind"];

/** An engine with nothing around it: the test is market, broker and person, and reads the effects. */
export class EngineDriver {
  readonly engine: Engine;
  time = SESSION.open + 30 * MINUTE;
  readonly effects: Effect[] = [];
  private commands = 0;
  private executions = 0;
  private wireId = 0;

  constructor(settings: Settings = {}, options: Partial<EngineOptions> = {}) {
    const { config } = configure({ symbols: "AAPL,MSFT", "strategy.enabled": "", ...settings });
    this.engine = new Engine({
      ...engineSettings(config),
      run: 1,
      accountId: "DUSIM0001",
      currency: "USD",
      calendar: "XNYS",
      build: "test",
      ...options,
    });
  }

  /** Connected, reconciled with an empty account of 100,000, both symbols known, quoted at 100 and thick enough. */
  ready(): this {
    this.send({ kind: "link", state: "syncing", generation: 1, detail: "" });
    this.account();
    this.snapshot();
    this.send({ kind: "link", state: "live", generation: 1, detail: "" });
    for (const symbol of ["AAPL", "MSFT"]) {
      this.send({ kind: "instrument", instrument: stock(symbol, symbol, "NASDAQ", symbol) });
      for (let day = 30; day > 0; day -= 1) {
        const bar = { start: SESSION.open - day * DAY, open: 100, high: 101, low: 99, close: 100, volume: 50_000_000 };
        this.send({ kind: "bar", symbol, timeframe: "1d", bar, origin: "history" });
      }
      this.quote(99.99, 100.01, symbol);
    }
    return this;
  }

  send(event: Untimed<EngineEvent>): readonly Effect[] {
    const made = this.engine.process({ ...event, time: this.time } as EngineEvent);
    this.effects.push(...made);
    return made;
  }

  /** Time passes; the engine is woken every second, as its own timers would. */
  wait(seconds: number): readonly Effect[] {
    const made: Effect[] = [];
    for (let second = 0; second < seconds; second += 1) {
      this.time += SECOND;
      made.push(...this.send({ kind: "timer" }));
    }
    return made;
  }

  account(): void {
    const value = 100_000 * ALL_LANES;
    this.send({
      kind: "accountValues",
      accountId: "DUSIM0001",
      netLiquidation: value,
      cash: value,
      excessLiquidity: value,
    });
  }

  snapshot(openOrders: readonly Order[] = [], generation = 1): void {
    const positions = this.engine.context.ledger.portfolio
      .symbols()
      .map((symbol) => ({ accountId: "DUSIM0001", symbol, quantity: this.position(symbol), averageCost: 100 }));
    const listed = openOrders.map((order) => ({
      orderRef: order.orderRef,
      permId: 1,
      clientId: 10,
      orderId: order.wireId ?? 0,
      terms: order,
      status: "Submitted",
      filledQuantity: order.filledQuantity,
      transmitted: true,
    }));
    const body = { generation, begun: this.time, openOrders: listed, completedOrders: [], executions: [], positions };
    this.send({ kind: "brokerSnapshot", snapshot: body });
  }

  quote(bid: number, ask: number, symbol = "AAPL"): readonly Effect[] {
    const { time } = this;
    const sizes = { bidSize: 1_000, askSize: 1_000 };
    return this.send({ kind: "quote", quote: { symbol, time, bid, ask, ...sizes, quality: "live" } });
  }

  command(command: Command): CommandResult {
    this.commands += 1;
    const made = this.send({
      kind: "command",
      commandId: `c${this.commands}`,
      command,
      origin: { who: "test", from: "cli" },
    });
    const reply = made.find((effect) => effect.kind === "reply");
    return present(reply?.result, "a command is answered at once");
  }

  /** A bracket to buy 10 AAPL at 100.01, or what the test asks for. */
  order(changes: Partial<Ticket> = {}): CommandResult {
    const ticket: Ticket = {
      symbol: "AAPL",
      side: "buy",
      quantity: 10,
      type: "limit",
      limitPrice: 100.01,
      timeInForce: "day",
      outsideRth: false,
      reduceOnly: false,
      stopLoss: 99,
      ...changes,
    };
    return this.command({ kind: "placeOrder", ticket });
  }

  orders(): readonly Order[] {
    return [...this.engine.context.ledger.orders.values()];
  }

  find(role: Order["role"], symbol = "AAPL"): Order {
    const found = this.orders().filter((order) => order.role === role && order.symbol === symbol);
    return present(found.at(-1), `there is an order of role ${role}`);
  }

  position(symbol = "AAPL"): number {
    return this.engine.context.ledger.portfolio.quantity(symbol);
  }

  /** Everything that was submitted leaves and is acknowledged. */
  acknowledge(): void {
    for (const order of this.orders()) {
      if (order.status === "intent") this.leave(order);
      if (order.status === "intent" || order.status === "sent") this.report(order.orderRef, "acknowledged");
    }
  }

  leave(order: Order): void {
    this.wireId += 1;
    this.send({ kind: "orderSent", orderRef: order.orderRef, wireId: this.wireId, generation: 1 });
  }

  report(orderRef: string, kind: OrderReportKind): readonly Effect[] {
    return this.send({ kind: "orderReport", report: { orderRef, kind, text: kind, permId: 1 } });
  }

  fill(
    order: Order,
    quantity = order.quantity,
    price = order.limitPrice ?? order.stopPrice ?? 100,
    execId?: string,
  ): readonly Effect[] {
    this.executions += 1;
    const { orderRef, symbol, side } = order;
    return this.send({
      kind: "execution",
      execution: {
        execId: execId ?? `e.${this.executions}.01`,
        orderRef,
        permId: 1,
        clientId: 10,
        accountId: "DUSIM0001",
        symbol,
        side,
        quantity,
        price,
        exchangeTime: this.time,
        cumulativeQuantity: order.filledQuantity + quantity,
      },
    });
  }

  codes(result: CommandResult): readonly string[] {
    return result.failures.map(({ code }) => code);
  }

  alerts(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.kind === "alert" ? [effect.alert.code] : []));
  }
}

/** Ten AAPL held behind a stop. */
export function holdingDriver(): EngineDriver {
  const driver = new EngineDriver().ready();
  driver.order();
  driver.acknowledge();
  driver.fill(driver.find("entry"));
  driver.wait(3);
  driver.quote(99.99, 100.01);
  return driver;
}

export const kinds = (effects: readonly Effect[]): readonly string[] => effects.map(({ kind }) => kind);
