import { REQUESTS, type RequestName, type RequestOf, type ResponseOf } from "#shared/contract/requests.ts";
import { TOPICS, type TopicName } from "#shared/contract/topics.ts";
import { type ClientFrame, clientFrameSchema, PROTOCOL, type ServerFrame } from "./frames.ts";
import type { Frame, Port } from "./port.ts";

/** What is served to views: requests, and topics as a snapshot followed by numbered deltas. */
export type ViewHost = {
  readonly build: string;
  /** Engine time in microseconds. */
  now(): number;
  /** Seconds of the engine in one of the wall: 1, or the speed of a simulation. */
  rate(): number;
  handle<N extends RequestName>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>>;
  snapshot(topic: TopicName): { readonly seq: number; readonly rows: readonly unknown[] };
  /** Deltas of every topic, each with the sequence number after its topic's last one. */
  onDelta(listener: (topic: TopicName, seq: number, rows: readonly unknown[]) => void): () => void;
};

const LARGEST_FRAME = 256 * 1024;
const FRAMES_A_SECOND = 200;
/** Lossy frames that may be on their way to a view that has not drawn the last ones. */
const CREDIT = 2;

/** Serves one view until its port closes. Returns the function that ends it. */
export function serve(port: Port, host: ViewHost, wallMs: () => number): () => void {
  const view = new ServedView(port, host, wallMs);
  return () => view.close();
}

class ServedView {
  private readonly port: Port;
  private readonly host: ViewHost;
  private readonly wallMs: () => number;
  private readonly topics = new Set<TopicName>();
  private readonly merged = new Map<TopicName, Map<string, unknown>>();
  private readonly stops: (() => void)[] = [];
  private credit = CREDIT;
  private isWelcome = false;
  private second = 0;
  private framesInSecond = 0;

  constructor(port: Port, host: ViewHost, wallMs: () => number) {
    this.port = port;
    this.host = host;
    this.wallMs = wallMs;
    this.stops.push(
      port.onMessage((frame) => this.receive(frame)),
      port.onState((state) => state.kind === "closed" && this.close()),
      host.onDelta((topic, seq, rows) => this.onDelta(topic, seq, rows)),
    );
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.topics.clear();
  }

  private send(frame: ServerFrame): void {
    this.port.send(JSON.stringify(frame));
  }

  private receive(text: Frame): void {
    if (text.length > LARGEST_FRAME || !this.isWithinRate()) return this.refuse("too large, or too many frames");
    const frame = parseFrame(text);
    if (frame === undefined) return this.refuse("a frame that is not of the contract");
    if (!this.isWelcome && frame.kind !== "hello") return this.refuse("the first frame is hello");
    this.handle(frame);
  }

  private isWithinRate(): boolean {
    const second = Math.floor(this.wallMs() / 1_000);
    this.framesInSecond = second === this.second ? this.framesInSecond + 1 : 1;
    this.second = second;
    return this.framesInSecond <= FRAMES_A_SECOND;
  }

  private refuse(reason: string): void {
    this.send({ kind: "refused", reason });
    this.close();
    this.port.close();
  }

  private handle(frame: ClientFrame): void {
    switch (frame.kind) {
      case "hello": {
        const { build } = this.host;
        if (frame.protocol !== PROTOCOL) {
          return this.refuse(`protocol ${frame.protocol} of build ${frame.build} against ${PROTOCOL} of ${build}`);
        }
        this.isWelcome = true;
        return this.send({ kind: "welcome", protocol: PROTOCOL, build, time: this.host.now() });
      }
      case "ping":
        return this.send({ kind: "pong", sent: frame.sent, time: this.host.now(), rate: this.host.rate() });
      case "credit":
        this.credit = Math.min(CREDIT, this.credit + frame.count);
        return this.flushMerged();
      case "subscribe":
        this.topics.add(frame.topic);
        this.merged.delete(frame.topic);
        return this.send({ kind: "snapshot", topic: frame.topic, ...snapshotOf(this.host, frame.topic) });
      case "unsubscribe":
        this.topics.delete(frame.topic);
        this.merged.delete(frame.topic);
        return;
      case "request":
        void this.answer(frame.id, frame.name, frame.body);
    }
  }

  private async answer(id: number, name: RequestName, body: unknown): Promise<void> {
    const parsed = REQUESTS[name].request.safeParse(body);
    if (!parsed.success) {
      const detail = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
      return this.send({ kind: "failure", id, code: "BAD_REQUEST", detail });
    }
    try {
      const reply = await this.host.handle(name, parsed.data as never);
      this.send({ kind: "reply", id, body: reply });
    } catch (error) {
      this.send({
        kind: "failure",
        id,
        code: "FAILED",
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  }

  private onDelta(topic: TopicName, seq: number, rows: readonly unknown[]): void {
    if (!this.topics.has(topic)) return;
    if (TOPICS[topic].lossless) return this.send({ kind: "delta", topic, seq, rows: [...rows] });
    // The newest value a key; a view that does not draw gets nothing until it does.
    const merged = this.merged.get(topic) ?? new Map<string, unknown>();
    const keyOf = TOPICS[topic].key as (row: unknown) => string;
    for (const row of rows) merged.set(keyOf(row), row);
    this.merged.set(topic, merged);
    this.flushMerged();
  }

  private flushMerged(): void {
    for (const [topic, rows] of this.merged) {
      if (this.credit <= 0) return;
      this.merged.delete(topic);
      this.credit -= 1;
      this.send({ kind: "delta", topic, seq: -1, rows: [...rows.values()] });
    }
  }
}

function snapshotOf(host: ViewHost, topic: TopicName): { seq: number; rows: unknown[] } {
  const { seq, rows } = host.snapshot(topic);
  return { seq, rows: [...rows] };
}

function parseFrame(text: Frame): ClientFrame | undefined {
  try {
    const parsed = clientFrameSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
