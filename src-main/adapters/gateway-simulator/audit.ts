import type { Micros } from "#shared/lib/time.ts";

/** One frame that passed the simulator, for checkers: who, when by virtual time, which message, and its key if it has one. */
export type AuditRow = {
  readonly time: Micros;
  readonly direction: "in" | "out";
  readonly clientId: number | undefined;
  readonly message: number;
  /** orderRef of a placeOrder. */
  readonly key?: string;
  /** Step markers and step answers are not counted in any quota. */
  readonly isStep: boolean;
};

const ROWS_KEPT = 200_000;

/** What the simulator saw, with its own clock: the second witness beside the client's journal. */
export class Audit {
  readonly rows: AuditRow[] = [];
  accepts = 0;
  /** Connections that ended before they said START_API: bare probes. */
  strangers = 0;
  markers = 0;
  answers = 0;
  quotaViolations = 0;
  private readonly places = new Map<string, number>();
  private readonly recent: Micros[] = [];
  highestRate = 0;

  add(row: AuditRow): void {
    if (row.isStep) return;
    this.rows.push(row);
    if (this.rows.length > ROWS_KEPT) this.rows.splice(0, ROWS_KEPT / 2);
    if (row.message === 3 && row.direction === "in" && row.key !== undefined) {
      this.places.set(row.key, (this.places.get(row.key) ?? 0) + 1);
    }
  }

  /** Messages of all clients in the sliding second that ends now. */
  countInbound(time: Micros): number {
    this.recent.push(time);
    while ((this.recent[0] ?? time) <= time - 1_000_000) this.recent.shift();
    this.highestRate = Math.max(this.highestRate, this.recent.length);
    return this.recent.length;
  }

  /** How often each orderRef was placed with a whole message; a modify counts too. */
  placements(): ReadonlyMap<string, number> {
    return this.places;
  }
}
