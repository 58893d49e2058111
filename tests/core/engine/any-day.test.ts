import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect } from "#core/engine/effect.ts";
import { closingShares } from "#core/engine/risk-stage.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { notionalMicros } from "#shared/lib/money.ts";
import { REARM_PHRASE } from "#shared/model/command.ts";
import { isTerminal } from "#shared/model/order.ts";
import { EngineDriver } from "./engine-driver.ts";

const SYMBOLS = ["AAPL", "MSFT"] as const;
const LOOSE = {
  "risk.maxOrdersPerMinute": 60,
  "risk.dailyLossReducePercent": 1,
  "risk.dailyLossKillPercent": 2,
  "data.feedStalenessSeconds": 60,
} as const;

/** One thing that happens; `a` and `b` choose which order, how many shares, how far. */
type Step = { readonly what: What; readonly a: number; readonly b: number };
/** How often in a hundred each happens, roughly. */
const WEIGHTS = {
  quote: 12,
  buy: 10,
  sell: 6,
  leave: 3,
  acknowledge: 10,
  fill: 16,
  cancelled: 4,
  rejected: 1,
  cancelRejected: 2,
  cancel: 3,
  close: 4,
  commission: 3,
  correct: 2,
  foreign: 2,
  wait: 8,
  reading: 4,
  relink: 2,
  kill: 1,
  rearm: 3,
} as const;
type What = keyof typeof WEIGHTS;
const steps = (without?: What) =>
  fc.array(
    fc.record({
      what: fc.oneof(
        ...Object.entries(WEIGHTS)
          .filter(([what]) => what !== without)
          .map(([what, weight]) => ({ weight, arbitrary: fc.constant(what as What) })),
      ),
      a: fc.nat(999),
      b: fc.nat(999),
    }),
    { maxLength: 80, size: "max" },
  );

/** A day in the hands of chance: what the broker says is possible, if not likely. */
class Day extends EngineDriver {
  private generation = 1;
  private serial = 0;
  private fills: { readonly execId: string; readonly symbol: string }[] = [];

  private pick(a: number) {
    const open = this.orders().filter((order) => !isTerminal(order.status));
    return open[a % Math.max(1, open.length)];
  }

  step({ what, a, b }: Step): void {
    const symbol = SYMBOLS[a % 2] ?? "AAPL";
    const order = this.pick(a);
    switch (what) {
      case "quote":
        return void this.quote(99 + (b % 200) / 100, 99.02 + (b % 200) / 100, symbol);
      case "buy":
        return void this.order({ symbol, quantity: 1 + (b % 40), limitPrice: 100.5, stopLoss: 99.2 });
      case "sell":
        return void this.order({ symbol, side: "sell", quantity: 1 + (b % 40), limitPrice: 99.5, stopLoss: 100.8 });
      case "leave":
        return order?.status === "intent" ? this.leave(order) : undefined;
      case "acknowledge":
        return this.acknowledge();
      case "cancelled":
      case "rejected":
      case "cancelRejected":
        return order === undefined ? undefined : void this.report(order.orderRef, what);
      case "cancel":
        if (order !== undefined) this.command({ kind: "cancelOrder", orderRef: order.orderRef });
        return;
      case "close":
        return void this.command({ kind: "closePosition", symbol });
      case "kill":
        return void this.command({ kind: "kill", mode: "stop", reason: "chance" });
      case "rearm":
        return void this.command({ kind: "rearm", phrase: REARM_PHRASE, reason: "chance" });
      case "wait":
        return void this.wait(1 + (b % 4));
      default:
        return this.brokerStep({ what, a, b });
    }
  }

  private brokerStep({ what, a, b }: Step): void {
    const order = this.pick(a);
    const known = this.fills[a % Math.max(1, this.fills.length)];
    switch (what) {
      case "fill": {
        if (order === undefined) return;
        const left = order.quantity - order.filledQuantity;
        this.book(order.orderRef, order.symbol, order.side, 1 + (b % Math.max(1, left)));
        return;
      }
      case "foreign":
        return this.book("", SYMBOLS[a % 2] ?? "AAPL", b % 2 === 0 ? "buy" : "sell", 1 + (b % 30));
      case "correct": {
        const before = this.engine.context.ledger.executions.get(known?.execId ?? "");
        if (before === undefined) return;
        const execId = before.execId.replace(/\d\d$/, (digits) => String(Number(digits) + 1).padStart(2, "0"));
        this.fills.push({ execId, symbol: before.symbol });
        this.send({ kind: "execution", execution: { ...before, execId, quantity: 1 + (b % 30) } });
        return;
      }
      case "commission":
        if (known !== undefined) this.send({ kind: "commission", execId: known.execId, commission: b * 1_000 });
        return;
      case "relink":
        this.send({ kind: "link", state: "down", generation: this.generation, detail: "chance" });
        this.generation += 1;
        this.send({ kind: "link", state: "syncing", generation: this.generation, detail: "chance" });
        this.snapshot(this.listed(b), this.generation);
        this.send({ kind: "link", state: "live", generation: this.generation, detail: "chance" });
        return;
      case "reading":
        return this.snapshot(this.listed(b), this.generation);
      default:
        return;
    }
  }

  /** The broker lists all of our open orders, or it has lost one. */
  private listed(b: number) {
    const open = this.orders().filter((order) => !isTerminal(order.status) && order.status !== "intent");
    return b % 3 === 0 ? open.slice(1) : open;
  }

  private book(orderRef: string, symbol: string, side: "buy" | "sell", quantity: number): void {
    this.serial += 1;
    const execId = `d.${this.serial}.01`;
    const price = 99 + (this.serial % 200) / 100;
    this.fills.push({ execId, symbol });
    const shared = { permId: 1, clientId: 10, accountId: "DUSIM0001", exchangeTime: this.time };
    this.send({
      kind: "execution",
      execution: { ...shared, execId, orderRef, symbol, side, quantity, price, cumulativeQuantity: quantity },
    });
  }
}

const newDay = (): Day => new Day(LOOSE).ready();
const notesOf = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.kind === "journal" ? [effect.note] : []));

describe("on any day", () => {
  test("folding the journal, from its beginning or from any snapshot, is the state that lived", () => {
    fc.assert(
      fc.property(steps(), fc.nat(60), (day, at) => {
        const driver = newDay();
        const cut = Math.min(at, day.length);
        for (const step of day.slice(0, cut)) driver.step(step);
        const snapshot = JSON.parse(JSON.stringify(driver.engine.snapshot()));
        const seen = notesOf(driver.effects).length;
        for (const step of day.slice(cut)) driver.step(step);
        const lived = canonical(driver.engine.snapshot());
        const notes = notesOf(driver.effects);
        const folded = new Day(LOOSE);
        for (const note of notes) folded.engine.fold(note, note.time);
        expect(canonical(folded.engine.snapshot())).toBe(lived);
        const restored = new Day(LOOSE);
        restored.engine.restore(snapshot);
        for (const note of notes.slice(seen)) restored.engine.fold(note, note.time);
        expect(canonical(restored.engine.snapshot())).toBe(lived);
        const refs = (engine: Day["engine"]) => engine.context.ledger.openOrders().map(({ orderRef }) => orderRef);
        expect(refs(restored.engine).toSorted()).toEqual(refs(driver.engine).toSorted());
      }),
      { numRuns: 50 },
    );
  });

  test("cash and holdings are equity, and what was won less what was paid is how it moved", () => {
    fc.assert(
      fc.property(steps(), (day) => {
        const driver = newDay();
        for (const step of day) {
          driver.step(step);
          const { portfolio } = driver.engine.context.ledger;
          let value = portfolio.cash();
          for (const symbol of portfolio.symbols()) {
            const { quantity, mark } = portfolio.position(symbol) ?? { quantity: 0 };
            if (quantity !== 0) value += notionalMicros(Math.round((mark ?? Number.NaN) * 1e6) / 1e6, quantity);
          }
          expect(portfolio.equity()).toBe(value);
          const result = portfolio.realizedPnl() + portfolio.unrealizedPnl() - portfolio.commissions();
          expect(portfolio.equity() - 100_000 * 1e6).toBe(result);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("no exit or stop that leaves can close more than is held, and nothing opens after a kill", () => {
    fc.assert(
      fc.property(steps(), (day) => {
        const driver = newDay();
        for (const step of day) {
          const made = driver.effects.length;
          const wasKilled = driver.engine.context.ledger.causes.has("KILL|account");
          driver.step(step);
          for (const effect of driver.effects.slice(made)) {
            if (effect.kind !== "submit") continue;
            const [first] = effect.orders;
            if (first === undefined) continue;
            if (first.role === "entry") {
              expect(wasKilled && step.what !== "rearm").toBe(false);
              continue;
            }
            const held = driver.position(first.symbol);
            expect(Math.sign(held)).toBe(first.side === "sell" ? 1 : -1);
            expect(closingShares(driver.engine.context, first.symbol)).toBeLessThanOrEqual(Math.abs(held));
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test("while a kill stands, every entry that works is being cancelled", () => {
    fc.assert(
      fc.property(steps(), steps("rearm"), (before, after) => {
        const driver = newDay();
        for (const step of before) driver.step(step);
        driver.command({ kind: "kill", mode: "stop", reason: "chance" });
        for (const step of after) driver.step(step);
        driver.wait(2);
        const open = driver.engine.context.ledger.openOrders().filter((order) => order.role === "entry");
        expect(open.filter((order) => !order.pendingCancel)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
