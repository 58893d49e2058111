import type { Calendar } from "#core/market/calendar.ts";
import type { Holding, SimulatedAccount } from "#core/simulation/account.ts";
import { type Micros6, safe, toUnits } from "#shared/lib/money.ts";
import { MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import {
  accountDownloadEnd,
  accountSummary,
  accountSummaryEnd,
  accountTime,
  accountValue,
  type PnlFigures,
  pnl,
  pnlSingle,
  portfolioValue,
  position,
  positionEnd,
} from "../codec/account-messages.ts";
import type { Connection } from "../server/connection.ts";
import type { ContractBook } from "./contract-book.ts";
import { easternText } from "./wire-time.ts";

/** Account values are told again this often, profit and loss this often while they change. */
const VALUES_EVERY = 3 * MINUTE;
const PNL_EVERY = SECOND;
const CURRENCY = "USD";

type SummarySubscription = {
  readonly connection: Connection;
  readonly requestId: number;
  readonly tags: readonly string[];
};
type PnlSubscription = {
  readonly connection: Connection;
  readonly requestId: number;
  /** Undefined: the whole account. */
  readonly symbol: string | undefined;
  told: string;
};

/** What the day began with: daily profit and loss is counted from here. Micro-units. */
type DayStart = {
  readonly date: string;
  readonly netLiquidation: Micros6;
  readonly unrealized: ReadonlyMap<string, Micros6>;
  readonly realized: ReadonlyMap<string, Micros6>;
};

/** Account values, positions and profit and loss, as the broker tells them. */
export class AccountDesk {
  private readonly account: SimulatedAccount;
  private readonly book: ContractBook;
  private readonly calendar: Calendar;
  private readonly now: () => Micros;
  private readonly updates = new Set<Connection>();
  private readonly positionClients = new Set<Connection>();
  private summaries: SummarySubscription[] = [];
  private pnls: PnlSubscription[] = [];
  private readonly toldPositions = new Map<string, number>();
  private valuesTold: Micros;
  private pnlTold: Micros;
  private dayStart: DayStart;

  constructor(parts: {
    readonly account: SimulatedAccount;
    readonly book: ContractBook;
    readonly calendar: Calendar;
    readonly now: () => Micros;
  }) {
    this.account = parts.account;
    this.book = parts.book;
    this.calendar = parts.calendar;
    this.now = parts.now;
    this.valuesTold = parts.now();
    this.pnlTold = parts.now();
    this.dayStart = this.beginDay();
  }

  forget(connection: Connection): void {
    this.updates.delete(connection);
    this.positionClients.delete(connection);
    this.summaries = this.summaries.filter((summary) => summary.connection !== connection);
    this.pnls = this.pnls.filter((row) => row.connection !== connection);
  }

  /** reqAccountUpdates: values, portfolio and the end message, then again as they change. */
  subscribeUpdates(connection: Connection, isSubscribe: boolean): void {
    if (!isSubscribe) {
      this.updates.delete(connection);
      return;
    }
    this.updates.add(connection);
    this.sendValues(connection);
    connection.send(accountDownloadEnd(this.account.accountId));
  }

  subscribePositions(connection: Connection): void {
    this.positionClients.add(connection);
    for (const holding of this.account.holdings()) {
      if (holding.quantity !== 0) this.sendPosition(connection, holding);
    }
    connection.send(positionEnd());
  }

  cancelPositions(connection: Connection): void {
    this.positionClients.delete(connection);
  }

  subscribeSummary(connection: Connection, requestId: number, tags: readonly string[]): void {
    const summary = { connection, requestId, tags };
    this.summaries.push(summary);
    this.sendSummary(summary);
    connection.send(accountSummaryEnd(requestId));
  }

  cancelSummary(connection: Connection, requestId: number): void {
    this.summaries = this.summaries.filter((row) => row.connection !== connection || row.requestId !== requestId);
  }

  /** reqPnL, or reqPnLSingle when a contract is named. */
  subscribePnl(connection: Connection, requestId: number, conId: number | undefined): void {
    const listing = conId === undefined ? undefined : this.book.byId(conId);
    if (conId !== undefined && listing === undefined) {
      connection.error(requestId, 200, "No security definition has been found for the request");
      return;
    }
    const row: PnlSubscription = { connection, requestId, symbol: listing?.instrument.symbol, told: "" };
    this.pnls.push(row);
    this.sendPnl(row);
  }

  cancelPnl(connection: Connection, requestId: number): void {
    this.pnls = this.pnls.filter((row) => row.connection !== connection || row.requestId !== requestId);
  }

  /** After a fill: positions that changed, values, profit and loss. */
  onFill(): void {
    for (const holding of this.account.holdings()) {
      if (this.toldPositions.get(holding.symbol) === holding.quantity) continue;
      this.toldPositions.set(holding.symbol, holding.quantity);
      for (const connection of this.positionClients) this.sendPosition(connection, holding);
    }
    for (const connection of this.updates) this.sendValues(connection);
    for (const row of this.pnls) this.sendPnl(row);
  }

  /** What time alone makes the broker tell again. Called before the market of an instant is played. */
  onTime(): void {
    const now = this.now();
    if (this.dateOf(now) !== this.dayStart.date) this.dayStart = this.beginDay();
    if (now - this.pnlTold >= PNL_EVERY) {
      this.pnlTold = now;
      for (const row of this.pnls) this.sendPnl(row);
    }
    if (now - this.valuesTold < VALUES_EVERY) return;
    this.valuesTold = now;
    for (const connection of this.updates) this.sendValues(connection);
    for (const summary of this.summaries) this.sendSummary(summary);
  }

  private dateOf(time: Micros): string {
    return (this.calendar.sessionOf(time) ?? this.calendar.previousSession(time))?.date ?? "";
  }

  private beginDay(): DayStart {
    const holdings = this.account.holdings();
    const of = (pick: (holding: Holding) => Micros6) =>
      new Map(holdings.map((holding) => [holding.symbol, pick(holding)]));
    return {
      date: this.dateOf(this.now()),
      netLiquidation: this.account.netLiquidation(),
      unrealized: of(({ unrealizedPnl }) => unrealizedPnl),
      realized: of(({ realizedPnl }) => realizedPnl),
    };
  }

  /** Tag, value and currency of every figure of the account. */
  private values(): readonly (readonly [tag: string, value: string, currency: string])[] {
    const { account } = this;
    const holdings = account.holdings();
    const total = (pick: (holding: Holding) => Micros6): Micros6 =>
      holdings.reduce((sum, holding) => safe(sum + pick(holding)), 0);
    const net = account.netLiquidation();
    const money = (amount: Micros6): string => toUnits(amount).toFixed(2);
    const amounts: readonly (readonly [string, Micros6])[] = [
      ["NetLiquidation", net],
      ["TotalCashValue", account.cash()],
      ["SettledCash", account.cash()],
      ["CashBalance", account.cash()],
      ["EquityWithLoanValue", net],
      ["GrossPositionValue", total((holding) => Math.abs(marketValue(holding)))],
      ["InitMarginReq", account.initialMargin()],
      ["MaintMarginReq", account.initialMargin()],
      ["AvailableFunds", account.excessLiquidity()],
      ["ExcessLiquidity", account.excessLiquidity()],
      ["BuyingPower", account.excessLiquidity()],
      ["RealizedPnL", total(({ realizedPnl }) => realizedPnl)],
      ["UnrealizedPnL", total(({ unrealizedPnl }) => unrealizedPnl)],
    ];
    return [
      ["AccountType", "INDIVIDUAL", ""],
      ["DayTradesRemaining", "-1", ""],
      ...amounts.map(([tag, amount]) => [tag, money(amount), CURRENCY] as const),
    ];
  }

  private sendValues(connection: Connection): void {
    const { accountId } = this.account;
    for (const [tag, value, currency] of this.values()) connection.send(accountValue(tag, value, currency, accountId));
    for (const holding of this.account.holdings()) {
      const { contract } = this.book.of(holding.symbol);
      const row = {
        contract,
        quantity: holding.quantity,
        marketPrice: holding.mark ?? 0,
        marketValue: toUnits(marketValue(holding)),
        averageCost: holding.averageCost,
        unrealizedPnl: toUnits(holding.unrealizedPnl),
        realizedPnl: toUnits(holding.realizedPnl),
      };
      connection.send(portfolioValue(row, accountId));
    }
    connection.send(accountTime(easternText(this.now()).slice(9, 14)));
  }

  private sendPosition(connection: Connection, holding: Holding): void {
    const { contract } = this.book.of(holding.symbol);
    this.toldPositions.set(holding.symbol, holding.quantity);
    connection.send(position(this.account.accountId, contract, holding.quantity, holding.averageCost));
  }

  private sendSummary({ connection, requestId, tags }: SummarySubscription): void {
    for (const [tag, value, currency] of this.values()) {
      if (!tags.includes(tag) && !tags.includes("All")) continue;
      connection.send(accountSummary(requestId, this.account.accountId, tag, value, currency));
    }
  }

  /** Told when it differs from what was told last. */
  private sendPnl(row: PnlSubscription): void {
    const frame = row.symbol === undefined ? this.accountPnl(row.requestId) : this.symbolPnl(row.requestId, row.symbol);
    const text = frame.join(" ");
    if (text === row.told) return;
    row.told = text;
    row.connection.send(frame);
  }

  private accountPnl(requestId: number) {
    const { dayStart, account } = this;
    const holdings = account.holdings();
    const unrealized = holdings.reduce((sum, holding) => safe(sum + holding.unrealizedPnl), 0);
    const before = [...dayStart.unrealized.values()].reduce((sum, amount) => safe(sum + amount), 0);
    const daily = safe(account.netLiquidation() - dayStart.netLiquidation);
    // What is not a change of open profit was realised today, commissions included: the three always add up.
    const realized = safe(daily - (unrealized - before));
    return pnl(requestId, inUnits({ daily, unrealized, realized }));
  }

  private symbolPnl(requestId: number, symbol: string) {
    const holding = this.account.holdings().find((each) => each.symbol === symbol);
    if (holding === undefined) return pnlSingle(requestId, 0, { daily: 0, unrealized: 0, realized: 0 }, undefined);
    const { dayStart } = this;
    const realized = safe(holding.realizedPnl - (dayStart.realized.get(symbol) ?? 0));
    const unrealized = holding.unrealizedPnl;
    const daily = safe(realized + unrealized - (dayStart.unrealized.get(symbol) ?? 0));
    const value = holding.mark === undefined ? undefined : toUnits(marketValue(holding));
    return pnlSingle(requestId, holding.quantity, inUnits({ daily, unrealized, realized }), value);
  }
}

function marketValue({ quantity, mark }: Holding): Micros6 {
  return Math.round((mark ?? 0) * quantity * 1e6);
}

function inUnits({ daily, unrealized, realized }: PnlFigures): PnlFigures {
  return { daily: toUnits(daily), unrealized: toUnits(unrealized), realized: toUnits(realized) };
}
