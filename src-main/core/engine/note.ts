import type { PositionDifference, Verdict } from "#core/execution/reconciliation.ts";
import type { Micros6 } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Alert } from "#shared/model/alert.ts";
import type { BrokerOrder, Execution, OrderReport } from "#shared/model/broker.ts";
import type { Command, KillMode, Origin } from "#shared/model/command.ts";
import type { Order } from "#shared/model/order.ts";
import type { Decision, StateCause } from "#shared/model/risk.ts";

/** One fact about one order that is no fill. */
export type OrderChange =
  | { readonly what: "report"; readonly report: OrderReport }
  | {
      readonly what: "notSent";
      readonly orderRef: string;
      readonly status: "expired" | "notPlaced";
      readonly text: string;
    }
  /** `isSilence`: the broker did not answer in time, which the breaker of orders counts as a failure. */
  | { readonly what: "unknown"; readonly orderRef: string; readonly text: string; readonly isSilence?: true }
  | { readonly what: "notPlaced"; readonly orderRef: string; readonly text: string };

/** Facts about the account's state that outlive the process. */
export type StateChange =
  | { readonly what: "cause"; readonly cause: StateCause }
  | { readonly what: "clear"; readonly code: StateCause["code"]; readonly scope: string }
  | {
      readonly what: "session";
      readonly date: string;
      readonly startEquity: Micros6;
      readonly highWaterEquity: Micros6;
    }
  | { readonly what: "highWater"; readonly highWaterEquity: Micros6 }
  /** What the holdings are worth, now and then: a restart does not take an old price for a loss of today. */
  | {
      readonly what: "marks";
      readonly marks: readonly { readonly symbol: string; readonly price: number; readonly time: Micros }[];
    };

/**
 * Everything that changes durable state, one variant a fact. Live processing and crash recovery both apply notes through
 * `Ledger.apply`, so folding the journal gives the live state.
 */
export type Note =
  | {
      readonly kind: "INTENT";
      readonly body: {
        readonly decision: Decision;
        readonly orders: readonly Order[];
        readonly isOpening: boolean;
        /** Value of the opening order, for the limits of the session. */
        readonly notional: Micros6;
        /** What makes two requests alike (control DUPLICATE). */
        readonly likeness: string;
      };
    }
  | { readonly kind: "DENIED"; readonly body: { readonly decision: Decision; readonly likeness: string } }
  | {
      readonly kind: "SENT";
      readonly body: { readonly orderRef: string; readonly wireId: number; readonly generation: number };
    }
  | { readonly kind: "STATUS"; readonly body: OrderChange }
  | { readonly kind: "EXECUTION"; readonly body: { readonly execution: Execution } }
  | { readonly kind: "COMMISSION"; readonly body: { readonly execId: string; readonly commission: Micros6 } }
  | { readonly kind: "CANCEL"; readonly body: { readonly orderRef: string; readonly reason: string } }
  | {
      readonly kind: "KILL";
      readonly body: { readonly mode: KillMode; readonly reason: string; readonly origin: Origin };
    }
  | { readonly kind: "GRANT"; readonly body: { readonly grant: "EXITS" | "FLATTEN"; readonly symbol?: string } }
  | {
      readonly kind: "ARM";
      /** `equity` of the moment at a re-arm: a loss that a person has seen kills again only a point deeper. */
      readonly body: {
        readonly what: "arm" | "rearm";
        readonly reason: string;
        readonly origin: Origin;
        readonly equity?: Micros6;
      };
    }
  | { readonly kind: "DISARM"; readonly body: { readonly reason: string; readonly origin: Origin } }
  | {
      readonly kind: "STRATEGY";
      readonly body: {
        readonly strategyId: string;
        readonly enabled: boolean;
        readonly reason: string;
        readonly origin: Origin;
      };
    }
  | {
      readonly kind: "LIMIT_CHANGE";
      readonly body: {
        readonly key: string;
        readonly from: number | undefined;
        readonly to: number;
        readonly reason: string;
        readonly origin: Origin;
      };
    }
  | {
      readonly kind: "COMMAND";
      readonly body: {
        readonly commandId: string;
        readonly command: Command;
        readonly origin: Origin;
        readonly accepted: boolean;
        readonly message: string;
      };
    }
  | {
      readonly kind: "RECONCILED";
      readonly body: {
        readonly generation: number;
        readonly reason: string;
        /** Set by the first reconciliation of an account ever: the balance before our first execution. */
        readonly opening?: {
          readonly cash: Micros6;
          readonly positions: readonly {
            readonly symbol: string;
            readonly quantity: number;
            readonly averageCost: number;
          }[];
          /** execIds that the balance contains; the broker lists them again with each reading of the day. */
          readonly executions?: readonly string[];
        };
        readonly verdicts: readonly Verdict[];
        readonly foreign: readonly BrokerOrder[];
        readonly differences: readonly PositionDifference[];
      };
    }
  | { readonly kind: "STATE"; readonly body: StateChange }
  | { readonly kind: "ALERT"; readonly body: { readonly alert: Alert } };

export type NoteOf<K extends Note["kind"]> = Extract<Note, { readonly kind: K }>;

/** Notes that are on disk before any effect that they cause reaches the broker. The others can be had from it again. */
const DURABLE: ReadonlySet<Note["kind"]> = new Set<Note["kind"]>([
  "INTENT",
  "CANCEL",
  "KILL",
  "ARM",
  "DISARM",
  "GRANT",
  "LIMIT_CHANGE",
  "STRATEGY",
  "COMMAND",
]);

export function durabilityOf(kind: Note["kind"]): "durable" | "grouped" {
  return DURABLE.has(kind) ? "durable" : "grouped";
}

/** A note as it stands in the journal: when, and because of what. */
export type JournalNote = Note & {
  readonly time: Micros;
  readonly cause: string;
  readonly intentId?: string;
  readonly durability: "durable" | "grouped";
};
