import { type Client, connect } from "#shared/rpc/client.ts";
import type { Port } from "#shared/rpc/port.ts";
import type { Link } from "./state/store.ts";

const BUILD = "workstation";
const BACKOFF_MS = [250, 500, 1_000, 2_000, 5_000] as const;
const PING_MS = 2_000;
/** A host that leaves a ping without answer for so long is lost: what it said last is no picture of now. */
const SILENCE_MS = 4_000;
/** A page that was busy itself takes its own delay for the host's, and would reconnect into still more work. */
const GRACE_MS = 1_500;
const ATTEMPT_MS = 10_000;

/** Wires and clocks of the page. */
export type Surroundings = {
  /** Opens a wire: `onPort` once it carries frames, `onClosed` once it is gone. Returns the function that gives it up. */
  open(onPort: (port: Port) => void, onClosed: () => void): () => void;
  /** Why the host would take no wire now; undefined when it would. */
  refusal(): Promise<string | undefined>;
  wallMs(): number;
  after(milliseconds: number, action: () => void): () => void;
  nextFrame(action: () => void): void;
};

export type SessionEvents = {
  readonly onLink: (link: Link) => void;
  readonly onOpen: (client: Client) => void;
};

/**
 * One connection to the host, kept for ever: one attempt at a time, each with an end, and what is lost is said. Commands are
 * never sent again by it.
 */
export class Session {
  private readonly around: Surroundings;
  private readonly events: SessionEvents;
  private opened: Client | undefined;
  /** Told apart from all before it: what an attempt that was given up still says is not heard. */
  private round = 0;
  private attempts = 0;
  private hasBeenOpen = false;
  private isTrying = false;
  private readonly stops = new Set<() => void>();

  constructor(around: Surroundings, events: SessionEvents) {
    this.around = around;
    this.events = events;
  }

  /** The host as it answers now; undefined while there is none. */
  client(): Client | undefined {
    return this.opened;
  }

  /** Tries at once, unless it is connected or trying. */
  connect(): void {
    if (this.opened !== undefined || this.isTrying) return;
    const isCurrent = this.nextRound();
    this.isTrying = true;
    if (!this.hasBeenOpen && this.attempts === 0) this.events.onLink({ kind: "connecting", reason: "" });
    const stopWaiting = this.later(ATTEMPT_MS, () => this.lose("the host does not answer"));
    void this.around.refusal().then((refusal) => {
      if (!isCurrent()) return;
      if (refusal !== undefined) return this.onSignedOut(refusal);
      const giveUp = this.around.open(
        (port) => (isCurrent() ? this.attach(port, isCurrent, stopWaiting) : port.close()),
        () => isCurrent() && this.lose("the connection to the host is lost"),
      );
      // A wire may be refused before the function that gives it up is known.
      if (isCurrent()) this.stops.add(giveUp);
      else giveUp();
    });
  }

  private nextRound(): () => boolean {
    this.round += 1;
    const mine = this.round;
    const stops = [...this.stops];
    this.stops.clear();
    for (const stop of stops) stop();
    return () => mine === this.round;
  }

  private attach(port: Port, isCurrent: () => boolean, stopWaiting: () => void): void {
    let silence: (() => void) | undefined;
    const beat = (client: Client): void => {
      if (!isCurrent()) return;
      client.ping();
      // Twice: after the first end the answers that a busy page has not read yet are read.
      silence ??= this.later(SILENCE_MS, () => {
        silence = this.later(GRACE_MS, () => this.lose("the host does not answer"));
      });
      this.later(PING_MS, () => beat(client));
    };
    let owed = 0;
    const client = connect(port, BUILD, () => this.around.wallMs(), {
      onWelcome: () => {
        if (!isCurrent()) return;
        stopWaiting();
        this.becomeOpen(client);
        beat(client);
      },
      onRefused: (reason) => isCurrent() && this.onRefused(client, reason),
      onPong: () => {
        silence?.();
        silence = undefined;
      },
      // Credit goes back after the frame that drew what came: a page that cannot draw is not flooded.
      onLossy: () => {
        owed += 1;
        if (owed > 1) return;
        this.around.nextFrame(() => {
          if (isCurrent()) client.credit(owed);
          owed = 0;
        });
      },
    });
    this.stops.add(() => client.close());
  }

  private becomeOpen(client: Client): void {
    this.opened = client;
    this.isTrying = false;
    this.hasBeenOpen = true;
    this.attempts = 0;
    this.events.onLink({ kind: "open", reason: "" });
    this.events.onOpen(client);
  }

  /** A timer of this round. */
  private later(milliseconds: number, action: () => void): () => void {
    const stop = this.around.after(milliseconds, () => {
      this.stops.delete(stop);
      action();
    });
    this.stops.add(stop);
    return () => {
      this.stops.delete(stop);
      stop();
    };
  }

  /** A host that speaks another protocol will not learn ours; one that ended a running view takes it back. */
  private onRefused(client: Client, reason: string): void {
    if (this.opened === client) return this.lose(reason);
    this.nextRound();
    this.events.onLink({ kind: "refused", reason });
  }

  /** Who has seen nothing yet is shown how to sign in; who has, keeps the picture and is told. */
  private onSignedOut(reason: string): void {
    if (this.hasBeenOpen) return this.lose(reason);
    this.nextRound();
    this.events.onLink({ kind: "login", reason });
  }

  private lose(reason: string): void {
    this.opened = undefined;
    this.isTrying = false;
    this.nextRound();
    const wait = BACKOFF_MS[Math.min(this.attempts, BACKOFF_MS.length - 1)] ?? ATTEMPT_MS;
    this.attempts += 1;
    this.events.onLink({ kind: "lost", reason, retryAt: this.around.wallMs() + wait });
    this.later(wait, () => this.connect());
  }
}
