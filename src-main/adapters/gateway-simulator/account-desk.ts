import type { Holding, SimulatedAccount } from "#core/simulation/account.ts";
import { present } from "#shared/lib/assert.ts";
import { type Micros6, toUnits } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Connection } from "./connection.ts";
import { type ContractBook, contractFields } from "./contract-messages.ts";
import { easternTime } from "./eastern-time.ts";

const TAGS = ["NetLiquidation", "TotalCashValue", "ExcessLiquidity", "BuyingPower", "InitMarginReq"] as const;

/** Account values, positions and profit and loss, as the broker tells them. */
export class AccountDesk {
  private readonly account: SimulatedAccount;
  private readonly contracts: ContractBook;
  private readonly now: () => Micros;
  private readonly subscribers = new Set<Connection>();
  private readonly positionSubscribers = new Set<Connection>();
  private readonly pnl = new Map<number, { readonly connection: Connection; readonly symbol: string | undefined }>();
  private readonly startNetLiquidation: Micros6;

  constructor(account: SimulatedAccount, contracts: ContractBook, now: () => Micros) {
    this.account = account;
    this.contracts = contracts;
    this.now = now;
    this.startNetLiquidation = account.netLiquidation();
  }

  forget(connection: Connection): void {
    this.subscribers.delete(connection);
    this.positionSubscribers.delete(connection);
    for (const [request, row] of this.pnl) if (row.connection === connection) this.pnl.delete(request);
  }

  /** 6: reqAccountUpdates. */
  updates(connection: Connection, fields: readonly string[]): void {
    if (fields[2] !== "1") {
      this.subscribers.delete(connection);
      return;
    }
    this.subscribers.add(connection);
    this.sendValues(connection);
    connection.send([54, 1, this.account.accountId]);
  }

  /** 61: reqPositions; later changes follow by themselves. */
  positions(connection: Connection): void {
    this.positionSubscribers.add(connection);
    for (const holding of this.account.holdings()) this.sendPosition(connection, holding);
    connection.send([62, 1]);
  }

  cancelPositions(connection: Connection): void {
    this.positionSubscribers.delete(connection);
  }

  /** 62: reqAccountSummary. */
  summary(connection: Connection, fields: readonly string[]): void {
    const request = Number(fields[2]);
    const wanted = new Set((fields[4] ?? "").split(","));
    for (const [tag, value] of this.values()) {
      if (wanted.has(tag) || wanted.has("All")) {
        connection.send([63, 1, request, this.account.accountId, tag, value, "USD"]);
      }
    }
    connection.send([64, 1, request]);
  }

  /** 92: reqPnL. */
  accountPnl(connection: Connection, fields: readonly string[]): void {
    this.pnl.set(Number(fields[1]), { connection, symbol: undefined });
    this.sendPnl(Number(fields[1]));
  }

  /** 94: reqPnLSingle. */
  positionPnl(connection: Connection, fields: readonly string[]): void {
    const instrument = this.contracts.find({ conId: Number(fields[4]), symbol: "" });
    this.pnl.set(Number(fields[1]), { connection, symbol: instrument?.symbol ?? "" });
    this.sendPnl(Number(fields[1]));
  }

  cancelPnl(fields: readonly string[]): void {
    this.pnl.delete(Number(fields[1]));
  }

  /** After a fill, and every three minutes: what changed is told again. */
  refresh(): void {
    for (const connection of this.subscribers) this.sendValues(connection);
    for (const connection of this.positionSubscribers) {
      for (const holding of this.account.holdings()) this.sendPosition(connection, holding);
    }
    for (const request of this.pnl.keys()) this.sendPnl(request);
  }

  private values(): readonly (readonly [string, string])[] {
    const { account } = this;
    const cents = (amount: Micros6): string => toUnits(amount).toFixed(2);
    const figures: Readonly<Record<(typeof TAGS)[number], string>> = {
      NetLiquidation: cents(account.netLiquidation()),
      TotalCashValue: cents(account.cash()),
      ExcessLiquidity: cents(account.excessLiquidity()),
      BuyingPower: cents(account.excessLiquidity()),
      InitMarginReq: cents(account.initialMargin()),
    };
    return TAGS.map((tag) => [tag, figures[tag]] as const);
  }

  private sendValues(connection: Connection): void {
    const { accountId } = this.account;
    for (const [key, value] of this.values()) connection.send([6, 2, key, value, "USD", accountId]);
    const holdings = this.account.holdings();
    const sum = (amount: (holding: Holding) => Micros6): string =>
      toUnits(holdings.reduce((total, holding) => total + amount(holding), 0)).toFixed(2);
    connection.send([6, 2, "RealizedPnL", sum((holding) => holding.realizedPnl), "USD", accountId]);
    connection.send([6, 2, "UnrealizedPnL", sum((holding) => holding.unrealizedPnl), "USD", accountId]);
    for (const holding of holdings) {
      const { instrument, conId } = this.contractOf(holding.symbol);
      connection.send([
        7,
        8,
        conId,
        holding.symbol,
        "STK",
        "",
        0,
        "",
        "",
        instrument.primaryExchange,
        "USD",
        holding.symbol,
        holding.symbol,
        holding.quantity,
        holding.mark ?? 0,
        (holding.mark ?? 0) * holding.quantity,
        holding.averageCost,
        toUnits(holding.unrealizedPnl),
        toUnits(holding.realizedPnl),
        accountId,
      ]);
    }
    connection.send([8, 1, easternTime(this.now()).slice(9, 14)]);
  }

  private sendPosition(connection: Connection, holding: Holding): void {
    const { instrument, conId } = this.contractOf(holding.symbol);
    const contract = contractFields(instrument, conId);
    connection.send([61, 3, this.account.accountId, ...contract, holding.quantity, holding.averageCost]);
  }

  private sendPnl(request: number): void {
    const row = this.pnl.get(request);
    if (row === undefined) return;
    if (row.symbol === undefined) {
      const daily = toUnits(this.account.netLiquidation() - this.startNetLiquidation);
      const holdings = this.account.holdings();
      const unrealized = toUnits(holdings.reduce((sum, holding) => sum + holding.unrealizedPnl, 0));
      const realized = toUnits(holdings.reduce((sum, holding) => sum + holding.realizedPnl, 0));
      row.connection.send([94, request, daily, unrealized, realized]);
      return;
    }
    const holding = this.account.holdings().find(({ symbol }) => symbol === row.symbol);
    if (holding === undefined) return;
    const { quantity, unrealizedPnl, realizedPnl, mark } = holding;
    const [unrealized, realized] = [toUnits(unrealizedPnl), toUnits(realizedPnl)];
    row.connection.send([95, request, quantity, unrealized + realized, unrealized, realized, (mark ?? 0) * quantity]);
  }

  private contractOf(symbol: string) {
    const conId = this.contracts.conIdOf(symbol);
    return { conId, instrument: present(this.contracts.find({ conId, symbol }), `${symbol} is listed`) };
  }
}
