import type { ApprovedOrder } from "#core/risk/risk-engine.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Alert } from "#shared/model/alert.ts";
import type { CommandResult } from "#shared/model/command.ts";
import type { JournalNote } from "./note.ts";

/** Lossless topics: each change is delivered with its body. */
export type LosslessTopic =
  | "orders"
  | "fills"
  | "positions"
  | "decisions"
  | "risk"
  | "alerts"
  | "strategies"
  | "instruments";
/** Lossy topics: a mark that the newest value should be read again. */
export type LossyTopic = "quotes" | "formingBars" | "bars" | "account" | "status";

/** What the world is asked to do. Effects are data; the runner performs them in order. */
export type Effect =
  /** One family (an entry and its children) in the order in which it must reach the broker. */
  | { readonly kind: "submit"; readonly orders: readonly ApprovedOrder[] }
  | { readonly kind: "cancel"; readonly orderRef: string; readonly reason: string }
  /** Global cancel: removes every order of the account, protective stops too. */
  | { readonly kind: "cancelAll"; readonly reason: string }
  /** Ask the broker for a complete snapshot. */
  | { readonly kind: "reconcile"; readonly reason: string }
  /** Every verdict is written: the link may become live. */
  | { readonly kind: "confirmReconciled"; readonly generation: number }
  | { readonly kind: "journal"; readonly note: JournalNote }
  /** The latch file beside the journal; either one alone means KILLED. */
  | { readonly kind: "latch"; readonly engaged: boolean; readonly reason: string }
  /** Send a `timer` event at or after `time`. */
  | { readonly kind: "wakeAt"; readonly time: Micros }
  | { readonly kind: "publish"; readonly topic: LosslessTopic; readonly key: string; readonly body: unknown }
  | { readonly kind: "touch"; readonly topic: LossyTopic; readonly key: string }
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "reply"; readonly result: CommandResult };

/** The effects by which two runs are compared: what reaches the broker, and the decisions behind it. */
export function isDecisive(effect: Effect): boolean {
  return (
    effect.kind === "submit" ||
    effect.kind === "cancel" ||
    effect.kind === "cancelAll" ||
    (effect.kind === "journal" && (effect.note.kind === "INTENT" || effect.note.kind === "DENIED"))
  );
}
