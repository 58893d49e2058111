import type { Micros6 } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { BrokerSnapshot, Execution, LinkState, OrderReport } from "#shared/model/broker.ts";
import type { Command, Origin } from "#shared/model/command.ts";
import type { Instrument } from "#shared/model/instrument.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";

/**
 * Everything that can reach the engine, one at a time. `time` is the only clock the core knows: the receive time, which
 * is the virtual time in simulation, backtest and replay.
 */
export type EngineEvent = { readonly time: Micros } & (
  | { readonly kind: "timer" }
  // market data
  | { readonly kind: "instrument"; readonly instrument: Instrument }
  | { readonly kind: "quote"; readonly quote: Quote }
  | { readonly kind: "trade"; readonly trade: Trade }
  /** A completed bar: the one-minute stream, and daily bars of the past. */
  | {
      readonly kind: "bar";
      readonly symbol: string;
      readonly timeframe: "1m" | "1d";
      readonly bar: Bar;
      readonly origin: "history" | "live";
    }
  /** The one-minute bar as built so far; drawn, never decided on. */
  | { readonly kind: "formingBar"; readonly symbol: string; readonly bar: Bar }
  /** History of one symbol has been delivered to its end. */
  | { readonly kind: "historyEnd"; readonly symbol: string; readonly timeframe: "1m" | "1d"; readonly bars: number }
  | { readonly kind: "dataRefused"; readonly symbol: string; readonly code: number; readonly detail: string }
  | { readonly kind: "farm"; readonly name: string; readonly isUp: boolean }
  // the broker
  | {
      readonly kind: "link";
      readonly state: LinkState;
      /** Serial number of the connection attempt. */
      readonly generation: number;
      readonly detail: string;
    }
  /** Own account values; absent = not reported. */
  | {
      readonly kind: "accountValues";
      readonly accountId: string;
      readonly netLiquidation?: Micros6;
      readonly cash?: Micros6;
      readonly excessLiquidity?: Micros6;
      readonly realizedPnl?: Micros6;
      readonly unrealizedPnl?: Micros6;
    }
  /** The order's bytes were handed to the socket. */
  | { readonly kind: "orderSent"; readonly orderRef: string; readonly wireId: number; readonly generation: number }
  /** The adapter refused before any byte left (not connected, expired, rate). Final: nothing is queued. */
  | { readonly kind: "orderNotSent"; readonly orderRef: string; readonly code: string; readonly detail: string }
  | { readonly kind: "orderReport"; readonly report: OrderReport }
  | { readonly kind: "execution"; readonly execution: Execution }
  | { readonly kind: "commission"; readonly execId: string; readonly commission: Micros6 }
  /** Every query of a reconciliation reached its End. Its executions have been delivered as events before it. */
  | { readonly kind: "brokerSnapshot"; readonly snapshot: BrokerSnapshot }
  // people and the machine
  | { readonly kind: "command"; readonly commandId: string; readonly command: Command; readonly origin: Origin }
  | { readonly kind: "journalStall"; readonly stalled: boolean; readonly detail: string }
);

export type EventOf<K extends EngineEvent["kind"]> = Extract<EngineEvent, { readonly kind: K }>;
