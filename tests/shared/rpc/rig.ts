import type { RequestName } from "#shared/contract/requests.ts";
import type { TopicName } from "#shared/contract/topics.ts";
import { type Client, connect } from "#shared/rpc/client.ts";
import { createPortPair } from "#shared/rpc/pair.ts";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";
import { serve, type ViewHost } from "#shared/rpc/server.ts";

type Delta = (topic: TopicName, seq: number, rows: readonly unknown[]) => void;
export type Said = { readonly kind: string; readonly [field: string]: unknown };

export const HELLO = { kind: "hello", protocol: 1, build: "view" } as const;
export const alertRow = (id: string) => ({ id, time: 1, severity: "info", code: "TEST", message: "words" }) as const;
export const quoteRow = (symbol: string, last: number) => ({ symbol, last, flags: [] });
/** Lets everything that was sent arrive, and the answers to it. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A host whose topics and answers are set by the test. */
export class StubHost implements ViewHost {
  readonly build = "host";
  readonly listeners = new Set<Delta>();
  readonly asked: [RequestName, unknown][] = [];
  speed = 1;
  answer: (name: RequestName, body: unknown) => unknown = () => ({ bars: [] });
  rows: Partial<Record<TopicName, { readonly seq: number; readonly rows: readonly unknown[] }>> = {};

  now(): number {
    return 5_000_000;
  }

  rate(): number {
    return this.speed;
  }

  async handle(name: RequestName, body: unknown): Promise<never> {
    this.asked.push([name, body]);
    return (await this.answer(name, body)) as never;
  }

  snapshot(topic: TopicName) {
    return this.rows[topic] ?? { seq: 0, rows: [] };
  }

  onDelta(listener: Delta): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(topic: TopicName, seq: number, ...rows: readonly unknown[]): void {
    for (const listener of this.listeners) listener(topic, seq, rows);
  }
}

/** A server on one end of a pair; the test speaks on the other, by hand or with a client. */
export class Rig {
  readonly host = new StubHost();
  readonly near: Port;
  readonly said: Said[] = [];
  wallMs = 0;
  isClosed = false;

  constructor() {
    const [near, far] = createPortPair();
    this.near = near;
    near.onMessage((frame) => this.said.push(JSON.parse(frame) as Said));
    near.onState(({ kind }) => {
      this.isClosed = kind === "closed";
    });
    serve(far, this.host, () => this.wallMs);
  }

  /** Sends frames, lets them be answered, and gives what was said since. */
  async tell(...frames: readonly unknown[]): Promise<readonly Said[]> {
    const before = this.said.length;
    for (const frame of frames) this.near.send(typeof frame === "string" ? frame : JSON.stringify(frame));
    await turn();
    return this.said.slice(before);
  }

  async client(): Promise<{ readonly client: Client; readonly refused: string[]; readonly lossy: number[] }> {
    const refused: string[] = [];
    const lossy: number[] = [];
    const client = connect(this.near, "view", () => this.wallMs, {
      onWelcome: () => undefined,
      onRefused: (reason) => refused.push(reason),
      onLossy: () => lossy.push(1),
    });
    await turn();
    return { client, refused, lossy };
  }
}

/** A port that hands frames over in the caller's own turn, so that what a listener throws is the caller's. */
export class DirectPort implements Port {
  readonly sent: Said[] = [];
  isClosed = false;
  private readonly frames = new Set<(frame: Frame) => void>();
  private readonly states = new Set<(state: PortState) => void>();

  deliver(frame: Frame): void {
    for (const listener of this.frames) listener(frame);
  }

  send(frame: Frame): void {
    this.sent.push(JSON.parse(frame) as Said);
  }

  onMessage(listener: (frame: Frame) => void): () => void {
    this.frames.add(listener);
    return () => this.frames.delete(listener);
  }

  onState(listener: (state: PortState) => void): () => void {
    this.states.add(listener);
    return () => this.states.delete(listener);
  }

  backlog(): number {
    return 0;
  }

  close(): void {
    this.isClosed = true;
    for (const listener of this.states) listener({ kind: "closed", since: 0, reason: "closed" });
  }
}
