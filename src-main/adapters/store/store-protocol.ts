import type { FillFilter, JournalQuery, StoreOpening } from "#runtime/store-port.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { JournalOptions } from "./journal.ts";
import type { EncodedEntry } from "./journal-writer.ts";
import type { FrameBatch } from "./recording.ts";
import type { StoreErrorText } from "./store-error.ts";

/** What the store is asked, as data that crosses a thread. */
export type StoreRequest =
  | { readonly kind: "append"; readonly entries: readonly EncodedEntry[]; readonly isDurable: boolean }
  | { readonly kind: "reserve"; readonly clientId: number; readonly atLeast: number; readonly count: number }
  | { readonly kind: "saveSnapshot"; readonly time: Micros; readonly state: string }
  | { readonly kind: "flush" }
  | { readonly kind: "page"; readonly query: JournalQuery }
  | { readonly kind: "fills"; readonly filter: FillFilter }
  | { readonly kind: "runs" }
  | { readonly kind: "loadSnapshot" }
  | { readonly kind: "close"; readonly end: "Ended" | "Quarantined" };

/** One post: recorded inputs first, since the rows behind them were caused by them. */
export type StorePost = {
  readonly frames: readonly FrameBatch[];
  readonly requests: readonly { readonly id: number; readonly request: StoreRequest }[];
};

export type StoreAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: StoreErrorText };

export type StoreReply =
  | { readonly kind: "opened"; readonly opening: StoreOpening }
  /** The store could not be opened, or ended by itself. Nothing more comes. */
  | { readonly kind: "failed"; readonly error: StoreErrorText }
  | { readonly kind: "answers"; readonly answers: readonly StoreAnswer[]; readonly writtenBytes: number };

/** What a store is opened with; data only. */
export type StoreSettings = Omit<JournalOptions, "clocks"> & {
  /** How long `grouped` entries may wait for company; 0 to 10, default 5. */
  readonly groupMs?: number;
  readonly segmentBytes?: number;
  readonly segmentRecords?: number;
};
