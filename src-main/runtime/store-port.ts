import type { Micros6 } from "#shared/lib/money.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { Execution } from "#shared/model/broker.ts";

/** What a journal row is about. RUN_START, RUN_END, SEGMENT, SNAPSHOT and ID_ALLOCATION are written by the store itself. */
export type JournalKind =
  | "RUN_START"
  | "RUN_END"
  | "INTENT"
  | "DENIED"
  | "CANCEL"
  | "MODIFY"
  | "KILL"
  | "ARM"
  | "DISARM"
  | "GRANT"
  | "LIMIT_CHANGE"
  | "STRATEGY"
  | "COMMAND"
  | "SENT"
  | "ACK"
  | "STATUS"
  | "EXECUTION"
  | "COMMISSION"
  | "RECONCILED"
  | "STATE"
  | "ALERT"
  | "SNAPSHOT"
  | "SEGMENT"
  | "ID_ALLOCATION"
  | "NOTE";

/**
 * One line of the journal. Three kinds have a body that the store reads, and refuses with BODY_REFUSED otherwise:
 * INTENT has `intentId` and `orderRef`, or `orders: [{ orderRef }]`; EXECUTION is an `Execution`, or has one as
 * `execution`; COMMISSION has `execId` and `commission` in micro-units.
 */
export type JournalEntry = {
  readonly time: Micros;
  readonly kind: JournalKind;
  /** What made it happen, e.g. the id of a command or the kind of an event. */
  readonly cause?: string;
  readonly intentId?: string;
  /** Data with a canonical form (`shared/lib/canonical`). */
  readonly body: unknown;
  /** `durable` is committed at once; `grouped` within 10 ms, being recoverable from the broker. */
  readonly durability: "durable" | "grouped";
};

export type JournalRow = Omit<JournalEntry, "durability"> & {
  /** 1, 2, 3, ... over all runs. */
  readonly seq: number;
  /** The machine's clock when the row was written, and its monotonic clock (arbitrary zero). */
  readonly wallTime: Micros;
  readonly monotonic: Micros;
  readonly prevHash: string;
  /** sha256(prevHash + canonical(every other field)), hexadecimal. */
  readonly hash: string;
};

/** How a run ended. A run without an end was cut off by a crash and is marked CrashedRecovered by the next one. */
export type RunEnd = "Ended" | "CrashedRecovered" | "Quarantined";

export type RunRow = {
  /** Rises with each opening; also the epoch of the lease, which stands in every orderRef. */
  readonly run: number;
  readonly startSeq: number;
  readonly startTime: Micros;
  /** The body of RUN_START. */
  readonly info: unknown;
  readonly end?: { readonly kind: RunEnd; readonly seq: number; readonly time: Micros };
};

/** What was found and done when the store was opened. */
export type StoreOpening = {
  readonly run: number;
  /** seq of RUN_START. */
  readonly startSeq: number;
  /** Undefined in a new data directory. */
  readonly previousEnd?: RunEnd;
  /** Name of this run's recording, beside the journal. */
  readonly recording: string;
  /** Bytes of a torn last record that were cut from the previous run's recording. */
  readonly cutBytes: number;
};

/** Engine state with the last journal row that it contains: recovery folds the rows after `seq` into it. */
export type Snapshot = {
  readonly seq: number;
  readonly time: Micros;
  readonly run: number;
  readonly stateHash: string;
  readonly state: unknown;
};

/** One execution after corrections. `body` is the whole body of its journal row. */
export type StoredFill = {
  readonly seq: number;
  readonly time: Micros;
  readonly execution: Execution;
  /** Absent until the broker reports it. */
  readonly commission?: Micros6;
  readonly body: unknown;
};

/** Fills in order of seq. `limit` defaults to 1,000. */
export type FillFilter = {
  readonly accountId?: string;
  readonly symbol?: string;
  readonly orderRef?: string;
  /** Exchange time, both ends included. */
  readonly fromTime?: Micros;
  readonly toTime?: Micros;
  readonly afterSeq?: number;
  readonly limit?: number;
};

export type JournalQuery = { readonly afterSeq?: number; readonly kinds?: readonly JournalKind[] };

export type StoreErrorCode =
  | "DIRECTORY_UNWRITABLE"
  | "DISK_FULL"
  | "DATABASE_LOCKED"
  | "DATABASE_CORRUPT"
  | "IO_FAILED"
  | "PRAGMA_REFUSED"
  | "SCHEMA_NEWER"
  | "KEY_UNSAFE"
  | "QUARANTINED"
  | "INSTANCE_RUNNING"
  | "LEASE_LOST"
  | "JOURNAL_STALL"
  | "RECORDING_STALL"
  | "DUPLICATE_INTENT"
  | "DUPLICATE_EXECUTION"
  | "BODY_REFUSED"
  | "ORDER_IDS_EXHAUSTED"
  | "RUNTIME_UNSUPPORTED"
  | "WORKER_LOST"
  | "CLOSED";

/** Every error of the store: what happened, where, and what a person can do about it. */
export type StoreFailure = Error & {
  readonly code: StoreErrorCode;
  readonly path: string;
  readonly remedy: string;
};

/** The journal and the recording of one data directory. One writer; calls are carried out in their order. */
export type Store = {
  readonly opening: StoreOpening;
  /**
   * Resolves when every entry is committed with `synchronous=FULL`. Entries of one call are committed together or not at
   * all. Rejects with DUPLICATE_INTENT, DUPLICATE_EXECUTION or BODY_REFUSED (that call only), JOURNAL_STALL (queue full),
   * or the failure that ended the store.
   */
  append(entries: readonly JournalEntry[]): Promise<{ readonly lastSeq: number }>;
  /** One engine input into the recording, handed to the disk no later than the next `append`. Throws RECORDING_STALL. */
  record(time: Micros, kind: string, text: string): void;
  /** Commits what is queued without waiting for the group. */
  flush(): Promise<void>;
  /** Persisted before it resolves; strictly rising for ever per client; 1 ... 999,999,999. */
  allocateOrderId(clientId: number, atLeast: number): Promise<number>;
  /** As `allocateOrderId`, for `count` consecutive ids; returns the first. */
  reserveOrderIds(clientId: number, atLeast: number, count: number): Promise<number>;
  /** Committed rows in order, read in pages. */
  readJournal(query?: JournalQuery): AsyncIterable<JournalRow>;
  /** `state` must contain every entry appended before this call, and none after it. Returns the seq it stands for. */
  saveSnapshot(time: Micros, state: unknown): Promise<number>;
  /** The newest snapshot whose hash agrees with its journal row. */
  loadSnapshot(): Promise<Snapshot | undefined>;
  queryFills(filter?: FillFilter): Promise<readonly StoredFill[]>;
  queryRuns(): Promise<readonly RunRow[]>;
  /** Entries handed over and not yet committed; at most 10,000. */
  pending(): number;
  /** Milliseconds (real time) that the oldest unanswered call has waited; 0 when none waits. Above 250: JOURNAL_STALL. */
  waitingMs(): number;
  /** The failure that ended the store, if any. */
  failure(): StoreFailure | undefined;
  /** Called once when the store fails between calls: disk full, lease lost, worker gone. */
  onFailure(listener: (failure: StoreFailure) => void): void;
  /** Commits everything, closes the recording's segment, writes RUN_END and the last anchor. */
  close(end: "Ended" | "Quarantined"): Promise<void>;
};
