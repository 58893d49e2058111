import { RingBuffer } from "#shared/lib/ring-buffer.ts";
import type { Micros } from "#shared/lib/time.ts";
import type { WireValue } from "../codec/frame.ts";

/** One frame that passed the server. */
export type AuditFrame = {
  /** Virtual time of the server. */
  readonly time: Micros;
  /** Wall time in milliseconds since 1970. */
  readonly wallMs: number;
  readonly direction: "in" | "out";
  readonly connection: number;
  readonly clientId: number | undefined;
  readonly fields: readonly WireValue[];
  /** A step marker or a step answer: counted in no quota. */
  readonly isStep: boolean;
};

const FRAMES_KEPT = 65_536;

/** What the server saw: the second witness beside the client's journal. Counters are complete, the log keeps the newest. */
export class Audit {
  private readonly log = new RingBuffer<AuditFrame>(FRAMES_KEPT);
  private readonly placedByRef = new Map<string, number>();
  private readonly modifiedByRef = new Map<string, number>();
  /** TCP connections taken in. */
  accepts = 0;
  /** Connections that ended without START_API: bare probes and aborted handshakes. */
  acceptsWithoutStart = 0;
  markers = 0;
  answers = 0;
  /** Frames of clients, step answers excluded. */
  requests = 0;
  /** Most frames in any second of the clock on which they are counted, step answers excluded. */
  highestRate = 0;
  quotaViolations = 0;
  /** Requests that are unknown, not served, or malformed. */
  refusedRequests = 0;
  /** A client outside the lock-step placed, changed or cancelled something: the run is not reproducible. */
  isReproducible = true;

  record(frame: AuditFrame): void {
    this.log.push(frame);
    if (frame.isStep) {
      if (frame.direction === "in") this.answers += 1;
      else this.markers += 1;
    } else if (frame.direction === "in") this.requests += 1;
  }

  placed(orderRef: string, isModify: boolean): void {
    const counts = isModify ? this.modifiedByRef : this.placedByRef;
    counts.set(orderRef, (counts.get(orderRef) ?? 0) + 1);
  }

  /** New placeOrder messages by orderRef; what-ifs and modifies are not among them. */
  placements(): ReadonlyMap<string, number> {
    return this.placedByRef;
  }

  modifications(): ReadonlyMap<string, number> {
    return this.modifiedByRef;
  }

  /** The newest frames, oldest first. */
  frames(): readonly AuditFrame[] {
    return this.log.toArray();
  }
}
