import { performance } from "node:perf_hooks";
import type {
  FillFilter,
  JournalEntry,
  JournalQuery,
  JournalRow,
  RunRow,
  Snapshot,
  Store,
  StoredFill,
  StoreFailure,
  StoreOpening,
} from "#runtime/store-port.ts";
import { canonical } from "#shared/lib/canonical.ts";
import type { EncodedEntry } from "./journal-writer.ts";
import { FrameBuffer } from "./recording.ts";
import { StoreError, type StoreErrorText } from "./store-error.ts";
import type { StoreAnswer, StorePost, StoreReply, StoreRequest } from "./store-protocol.ts";

/** Entries under way at most; above it the store stalls and the engine halts rather than drops. */
export const QUEUE_BOUND = 10_000;
/** Recorded bytes under way at most. */
const RECORDING_BOUND_BYTES = 64 * 1024 * 1024;
/** Recorded inputs wait so long for more, unless an entry takes them along. */
const RECORD_DELAY_MS = 5;

export type FacadeOptions = {
  readonly opening: StoreOpening;
  /** For error texts. */
  readonly folder: string;
  readonly post: (post: StorePost) => void;
  readonly queueBound?: number;
};

/** The `Store` port over anything that takes posts: a worker, or the core in the same thread. */
export type StoreFacade = { readonly store: Store; receive(reply: StoreReply): void; fail(failure: StoreError): void };

export function createFacade(options: FacadeOptions): StoreFacade {
  const facade = new Facade(options);
  return {
    store: facade,
    receive: (reply) => facade.receive(reply),
    fail: (failure) => facade.fail(failure),
  };
}

type Waiting = {
  readonly entries: number;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: StoreError) => void;
};

class Facade implements Store {
  readonly opening: StoreOpening;
  private readonly options: FacadeOptions;
  private readonly waiting = new Map<number, Waiting>();
  private readonly frames = new FrameBuffer();
  private outgoing: { id: number; request: StoreRequest }[] = [];
  private lastId = 0;
  private pendingEntries = 0;
  private unwrittenBytes = 0;
  private ended: StoreError | undefined;
  private failed: StoreError | undefined;
  private listener: ((failure: StoreFailure) => void) | undefined;
  private recordTimer: NodeJS.Timeout | undefined;

  constructor(options: FacadeOptions) {
    this.options = options;
    this.opening = options.opening;
  }

  async append(entries: readonly JournalEntry[]): Promise<{ readonly lastSeq: number }> {
    const bound = this.options.queueBound ?? QUEUE_BOUND;
    if (this.pendingEntries + entries.length > bound) {
      throw this.error("JOURNAL_STALL", `${this.pendingEntries} entries wait for the disk, the bound is ${bound}`);
    }
    const isDurable = entries.some((entry) => entry.durability === "durable");
    return this.ask<{ lastSeq: number }>({ kind: "append", entries: entries.map(encoded), isDurable }, entries.length);
  }

  record(time: number, kind: string, text: string): void {
    if (this.ended !== undefined) throw this.ended;
    if (this.unwrittenBytes + this.frames.bytes > RECORDING_BOUND_BYTES) {
      throw this.error("RECORDING_STALL", `${this.unwrittenBytes} recorded bytes wait for the disk`);
    }
    const full = this.frames.add(time, kind, text);
    if (full !== undefined) this.send([full], []);
    this.recordTimer ??= setTimeout(() => this.sendAll(), RECORD_DELAY_MS);
  }

  async flush(): Promise<void> {
    await this.ask<undefined>({ kind: "flush" });
  }

  allocateOrderId(clientId: number, atLeast: number): Promise<number> {
    return this.reserveOrderIds(clientId, atLeast, 1);
  }

  async reserveOrderIds(clientId: number, atLeast: number, count: number): Promise<number> {
    return this.ask<number>({ kind: "reserve", clientId, atLeast, count });
  }

  async *readJournal(query: JournalQuery = {}): AsyncGenerator<JournalRow, void, undefined> {
    let afterSeq = query.afterSeq ?? 0;
    for (;;) {
      const rows = await this.ask<readonly JournalRow[]>({ kind: "page", query: { ...query, afterSeq } });
      const last = rows.at(-1);
      if (last === undefined) return;
      yield* rows;
      afterSeq = last.seq;
    }
  }

  async saveSnapshot(time: number, state: unknown): Promise<number> {
    return this.ask<number>({ kind: "saveSnapshot", time, state: canonical(state) });
  }

  async loadSnapshot(): Promise<Snapshot | undefined> {
    return this.ask<Snapshot | undefined>({ kind: "loadSnapshot" });
  }

  async queryFills(filter: FillFilter = {}): Promise<readonly StoredFill[]> {
    return this.ask<readonly StoredFill[]>({ kind: "fills", filter });
  }

  async queryRuns(): Promise<readonly RunRow[]> {
    return this.ask<readonly RunRow[]>({ kind: "runs" });
  }

  pending(): number {
    return this.pendingEntries;
  }

  waitingMs(): number {
    for (const { since } of this.waiting.values()) return performance.now() - since;
    return 0;
  }

  failure(): StoreFailure | undefined {
    return this.failed;
  }

  onFailure(listener: (failure: StoreFailure) => void): void {
    this.listener = listener;
  }

  async close(end: "Ended" | "Quarantined"): Promise<void> {
    const closed = this.ask<undefined>({ kind: "close", end });
    this.sendAll();
    this.ended ??= this.error("CLOSED", "the store is closed");
    await closed;
  }

  receive(reply: StoreReply): void {
    switch (reply.kind) {
      case "answers":
        this.unwrittenBytes -= reply.writtenBytes;
        for (const answer of reply.answers) this.settle(answer);
        return;
      case "failed":
        this.fail(new StoreError(reply.error));
        return;
      case "opened":
        return;
    }
  }

  fail(failure: StoreError): void {
    if (this.failed !== undefined) return;
    this.failed = failure;
    this.ended = failure;
    clearTimeout(this.recordTimer);
    this.pendingEntries = 0;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    this.outgoing = [];
    for (const { reject } of waiting) reject(failure);
    this.listener?.(failure);
  }

  private settle(answer: StoreAnswer): void {
    const waiting = this.waiting.get(answer.id);
    if (waiting === undefined) return;
    this.waiting.delete(answer.id);
    this.pendingEntries -= waiting.entries;
    if ("error" in answer) waiting.reject(new StoreError(answer.error));
    else waiting.resolve(answer.value);
  }

  /** The answer's type belongs to the request's kind; both ends of the thread are this build. */
  private ask<T>(request: StoreRequest, entries = 0): Promise<T> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    return new Promise<T>((resolve, reject) => {
      const id = ++this.lastId;
      this.waiting.set(id, { entries, since: performance.now(), resolve: (value) => resolve(value as T), reject });
      this.pendingEntries += entries;
      this.outgoing.push({ id, request });
      // Everything asked in one turn leaves in one post: a group commit needs company.
      if (this.outgoing.length === 1) queueMicrotask(() => this.sendAll());
    });
  }

  private sendAll(): void {
    clearTimeout(this.recordTimer);
    this.recordTimer = undefined;
    if (this.failed !== undefined) return;
    const batch = this.frames.take();
    const requests = this.outgoing;
    this.outgoing = [];
    if (batch !== undefined || requests.length > 0) this.send(batch === undefined ? [] : [batch], requests);
  }

  private send(frames: StorePost["frames"], requests: StorePost["requests"]): void {
    for (const frame of frames) this.unwrittenBytes += frame.bytes.byteLength;
    this.options.post({ frames, requests });
  }

  private error(code: StoreErrorText["code"], message: string): StoreError {
    const remedy = "The engine halts. Check the disk's speed and free space, then start again.";
    return new StoreError({ code, message, path: this.options.folder, remedy });
  }
}

function encoded(entry: JournalEntry): EncodedEntry {
  const { time, kind, cause, intentId } = entry;
  return {
    time,
    kind,
    ...(cause === undefined ? {} : { cause }),
    ...(intentId === undefined ? {} : { intentId }),
    body: canonical(entry.body),
  };
}
