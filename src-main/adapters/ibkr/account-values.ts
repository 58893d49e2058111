import { EventName } from "@stoqey/ib";
import type { Micros6 } from "#shared/lib/money.ts";
import type { Pending } from "./market-data.ts";
import { amountOf } from "./orders.ts";
import type { SafeListen } from "./session.ts";

type Values = { netLiquidation?: Micros6; cash?: Micros6; excessLiquidity?: Micros6 };

const FIELDS: Readonly<Record<string, keyof Values>> = {
  NetLiquidation: "netLiquidation",
  TotalCashValue: "cash",
  ExcessLiquidity: "excessLiquidity",
};

/** What the account subscription says of money, told as one event when it is complete and whenever it changed. */
export class AccountValues {
  private readonly accountId: () => string;
  private readonly emit: (event: Pending) => void;
  private readonly values: Values = {};
  private isDirty = false;
  private isComplete = false;

  constructor(accountId: () => string, emit: (event: Pending) => void) {
    this.accountId = accountId;
    this.emit = emit;
  }

  /** A new subscription begins: nothing is told before its first download has ended. */
  restart(): void {
    this.isComplete = false;
  }

  listen(listen: SafeListen): void {
    listen(EventName.updateAccountValue, (key: string, value: string, _currency: string, accountId: string) => {
      const field = FIELDS[key];
      const amount = value === "" ? undefined : amountOf(Number(value));
      if (field === undefined || amount === undefined || accountId !== this.accountId()) return;
      this.values[field] = amount;
      this.isDirty = true;
    });
    listen(EventName.accountDownloadEnd, () => {
      this.isComplete = true;
      this.tell();
    });
  }

  /** What has changed since the last time, complete or not. */
  tell(): void {
    if (!this.isDirty) return;
    this.isDirty = false;
    const values = { ...this.values };
    const accountId = this.accountId();
    this.emit((time) => ({ kind: "accountValues", time, accountId, ...values }));
  }

  tellIfComplete(): void {
    if (this.isComplete) this.tell();
  }
}
