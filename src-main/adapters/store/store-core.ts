import { join } from "node:path";
import { present, unreachable } from "#shared/lib/assert.ts";
import { canonical } from "#shared/lib/canonical.ts";
import { type Journal, openJournal, walBytes } from "./journal.ts";
import type { JournalClocks } from "./journal-writer.ts";
import { loadSnapshot, queryFills, queryRuns, readPage } from "./queries.ts";
import { createRecording, type FrameBatch, type RecordingWriter, type Segment } from "./recording.ts";
import { errorText, StoreError, storeError } from "./store-error.ts";
import type { StoreAnswer, StorePost, StoreReply, StoreRequest, StoreSettings } from "./store-protocol.ts";

const GROUP_MS = 5;
const GROUP_LIMIT_MS = 10;
const IDLE_MS = 1_000;
const SEGMENT_BYTES = 64 * 1024 * 1024;
const SEGMENT_RECORDS = 1_000_000;
/** The write-ahead log is folded in when idle; at once above the first bound, waiting for readers above the second. */
const WAL_SOFT_BYTES = 16 * 1024 * 1024;
const WAL_HARD_BYTES = 64 * 1024 * 1024;

type Queued = { readonly id: number; readonly request: StoreRequest };
type RunEndKind = "Ended" | "Quarantined";

export type CoreSettings = StoreSettings & { readonly clocks?: JournalClocks };

/** The store without its port: takes posts, answers with replies. Lives in one thread with its journal. */
export class StoreCore {
  readonly journal: Journal;
  private readonly settings: CoreSettings;
  private readonly reply: (reply: StoreReply) => void;
  private readonly recording: RecordingWriter;
  private readonly closedSegments: string[] = [];
  private queue: Queued[] = [];
  private writtenBytes = 0;
  private isOver = false;
  private groupTimer: NodeJS.Timeout | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  /** Opens the journal and the recording of a new run. Throws a `StoreError`. */
  constructor(settings: CoreSettings, reply: (reply: StoreReply) => void) {
    this.settings = settings;
    this.reply = reply;
    this.journal = openJournal(settings);
    this.recording = recordingOf(this.journal, settings, (segment) => this.closedSegments.push(canonical(segment)));
  }

  handle(post: StorePost): void {
    this.guarded(() => {
      if (!this.isOver) this.write(post.frames);
      for (const queued of post.requests) this.take(queued);
      if (this.isOver) return;
      if (this.closedSegments.length > 0) this.schedule(false);
      if (this.writtenBytes > 0) this.answer([]);
    });
  }

  /** Lets go of the files without a last word, as a crash would. */
  abandon(): void {
    if (this.isOver) return;
    this.stop();
    this.recording.abandon();
    this.journal.abandon();
  }

  /** Whatever the disk throws ends the store: rows after a lost one must not be written. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.isOver) throw error;
      this.abandon();
      this.reply({ kind: "failed", error: errorText(storeError(error, this.journal.paths.database)) });
    }
  }

  private stop(): void {
    this.isOver = true;
    clearTimeout(this.groupTimer);
    clearTimeout(this.idleTimer);
    clearImmediate(this.immediate);
  }

  private write(frames: readonly FrameBatch[]): void {
    for (const frame of frames) {
      this.recording.write(frame);
      this.writtenBytes += frame.bytes.byteLength;
    }
  }

  private take(queued: Queued): void {
    const { id, request } = queued;
    if (this.isOver) this.answer([{ id, error: closedText(this.journal.paths.database) }]);
    else if (request.kind === "close") this.close(id, request.end);
    else if (isQuestion(request)) this.answer([{ id, value: perform(this.journal, request) }]);
    else {
      this.queue.push(queued);
      if (request.kind === "flush") this.commit();
      else this.schedule(request.kind !== "append" || request.isDurable);
    }
  }

  /** An urgent commit takes along what arrives in the same turn; any other waits for company. */
  private schedule(isUrgent: boolean): void {
    const groupMs = Math.min(this.settings.groupMs ?? GROUP_MS, GROUP_LIMIT_MS);
    if (isUrgent || groupMs === 0) this.immediate ??= setImmediate(() => this.guarded(() => this.commit()));
    else this.groupTimer ??= setTimeout(() => this.guarded(() => this.commit()), groupMs);
  }

  private commit(): void {
    clearTimeout(this.groupTimer);
    clearImmediate(this.immediate);
    this.groupTimer = undefined;
    this.immediate = undefined;
    const { journal } = this;
    const segments = this.closedSegments.splice(0).map((body) => () => insertSegment(journal, body));
    const taken = this.queue;
    this.queue = [];
    if (taken.length + segments.length === 0) return;
    const work = taken.map((queued) => () => perform(journal, queued.request));
    const outcomes = journal.writer.commit([...segments, ...work]).slice(segments.length);
    this.answer(
      taken.map(({ id }, index) => {
        const outcome = present(outcomes[index], "a commit answers every request");
        return "error" in outcome ? { id, error: errorText(outcome.error) } : { id, value: outcome.value };
      }),
    );
    journal.anchorIfDue();
    this.tidy();
  }

  private answer(answers: readonly StoreAnswer[]): void {
    const { writtenBytes } = this;
    this.writtenBytes = 0;
    this.reply({ kind: "answers", answers, writtenBytes });
  }

  private tidy(): void {
    const { journal } = this;
    const bytes = walBytes(journal.paths);
    if (bytes > WAL_SOFT_BYTES) checkpoint(journal, bytes > WAL_HARD_BYTES ? "TRUNCATE" : "PASSIVE");
    this.idleTimer ??= setTimeout(() => {
      this.idleTimer = undefined;
      this.guarded(() => {
        if (this.queue.length === 0) checkpoint(journal, "PASSIVE");
      });
    }, IDLE_MS).unref();
  }

  private close(id: number, end: RunEndKind): void {
    this.commit();
    this.recording.close();
    this.commit();
    this.journal.end(end);
    this.stop();
    this.answer([{ id, value: undefined }]);
  }
}

function insertSegment({ writer }: Journal, body: string): number {
  return writer.insert({ time: writer.lastTime(), kind: "SEGMENT", body });
}

function checkpoint({ database }: Journal, mode: "PASSIVE" | "TRUNCATE"): void {
  database.pragma(`wal_checkpoint(${mode})`);
}

/** Creates the recording of the run; a journal whose recording cannot be made is let go of. */
function recordingOf(
  journal: Journal,
  settings: StoreSettings,
  onSegment: (segment: Segment) => void,
): RecordingWriter {
  const file = journal.opening.recording;
  const { segmentBytes = SEGMENT_BYTES, segmentRecords = SEGMENT_RECORDS } = settings;
  try {
    return createRecording({ path: join(journal.paths.folder, file), file, segmentBytes, segmentRecords, onSegment });
  } catch (error) {
    journal.abandon();
    throw error;
  }
}

function closedText(path: string): ReturnType<typeof errorText> {
  return errorText(new StoreError({ code: "CLOSED", message: "the store is closed", path, remedy: "Open it again." }));
}

function isQuestion(request: StoreRequest): boolean {
  return (
    request.kind === "page" || request.kind === "fills" || request.kind === "runs" || request.kind === "loadSnapshot"
  );
}

/** The work of one request on the journal; writing ones run inside a commit. */
function perform(journal: Journal, request: StoreRequest): unknown {
  const { writer, database } = journal;
  switch (request.kind) {
    case "append":
      for (const entry of request.entries) writer.insert(entry);
      return { lastSeq: writer.head().seq };
    case "reserve":
      return writer.reserve(request.clientId, request.atLeast, request.count);
    case "saveSnapshot":
      return writer.saveSnapshot(request.time, request.state);
    case "page":
      return readPage(database, request.query);
    case "fills":
      return queryFills(database, request.filter);
    case "runs":
      return queryRuns(database);
    case "loadSnapshot":
      return loadSnapshot(database);
    case "flush":
    case "close":
      return undefined;
    default:
      return unreachable(request);
  }
}
