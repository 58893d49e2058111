import { REQUESTS, type RequestName, type RequestOf, type ResponseOf } from "#shared/contract/requests.ts";
import { TOPICS, type TopicName, type TopicRow } from "#shared/contract/topics.ts";
import { type ClientFrame, PROTOCOL, type ServerFrame, serverFrameSchema } from "./frames.ts";
import type { Frame, Port } from "./port.ts";

export type TopicListener<T extends TopicName> = (rows: readonly TopicRow<T>[], kind: "snapshot" | "delta") => void;

/** A request that was not answered with a reply: refused, failed, or lost with the connection. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type Client = {
  request<N extends RequestName>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>>;
  subscribe<T extends TopicName>(topic: T, listener: TopicListener<T>): () => void;
  /** Engine time now, from the last pong and the engine's rate; undefined before the first pong. */
  engineNow(): number | undefined;
  /** Asks for the engine's time again. */
  ping(): void;
  /** Tells the server that lossy frames were drawn. */
  credit(count: number): void;
  close(): void;
};

export type ClientEvents = {
  readonly onWelcome: (build: string) => void;
  readonly onRefused: (reason: string) => void;
  /** Lossy frames that came and were not drawn yet; `credit` is due once they are. */
  readonly onLossy: () => void;
  /** The other side answered a ping: it lives. */
  readonly onPong?: () => void;
};

/** Speaks the contract over a port. A gap in a topic's numbers makes it subscribe again. */
export function connect(port: Port, build: string, wallMs: () => number, events: ClientEvents): Client {
  const client = new ContractClient(port, wallMs, events);
  client.say({ kind: "hello", protocol: PROTOCOL, build });
  return client;
}

class ContractClient implements Client {
  private readonly port: Port;
  private readonly wallMs: () => number;
  private readonly events: ClientEvents;
  private readonly waiting = new Map<
    number,
    { readonly name: RequestName; readonly resolve: (body: never) => void; readonly reject: (error: Error) => void }
  >();
  private readonly listeners = new Map<TopicName, Set<TopicListener<never>>>();
  private readonly seqs = new Map<TopicName, number>();
  /** Topics with a gap whose new snapshot has been asked for. */
  private readonly awaited = new Set<TopicName>();
  private readonly stops: (() => void)[] = [];
  private nextId = 0;
  private clock: { readonly time: number; readonly atMs: number; readonly rate: number } | undefined;

  constructor(port: Port, wallMs: () => number, events: ClientEvents) {
    this.port = port;
    this.wallMs = wallMs;
    this.events = events;
    this.stops.push(
      port.onMessage((frame) => this.receive(frame)),
      port.onState((state) => state.kind === "closed" && this.lose(state.reason)),
    );
  }

  say(frame: ClientFrame): void {
    this.port.send(JSON.stringify(frame));
  }

  request<N extends RequestName>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>> {
    this.nextId += 1;
    const id = this.nextId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { name, resolve: resolve as (body: never) => void, reject });
      this.say({ kind: "request", id, name, body });
    });
  }

  subscribe<T extends TopicName>(topic: T, listener: TopicListener<T>): () => void {
    const set = this.listeners.get(topic) ?? new Set();
    set.add(listener as TopicListener<never>);
    this.listeners.set(topic, set);
    this.say({ kind: "subscribe", topic });
    return () => {
      set.delete(listener as TopicListener<never>);
      if (set.size === 0) this.say({ kind: "unsubscribe", topic });
    };
  }

  engineNow(): number | undefined {
    if (this.clock === undefined) return undefined;
    const { time, atMs, rate } = this.clock;
    return time + (this.wallMs() - atMs) * 1_000 * rate;
  }

  credit(count: number): void {
    this.say({ kind: "credit", count });
  }

  ping(): void {
    this.say({ kind: "ping", sent: this.wallMs() });
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
    this.port.close();
    this.lose("closed");
  }

  private lose(reason: string): void {
    for (const { reject } of this.waiting.values()) reject(new RequestError("CONNECTION_LOST", reason));
    this.waiting.clear();
  }

  private receive(text: Frame): void {
    const frame = serverFrameSchema.parse(JSON.parse(text)) as ServerFrame;
    switch (frame.kind) {
      case "welcome":
        this.ping();
        return this.events.onWelcome(frame.build);
      case "refused":
        return this.events.onRefused(frame.reason);
      case "pong": {
        // The engine read its clock half a round trip ago.
        this.clock = { time: frame.time, atMs: (frame.sent + this.wallMs()) / 2, rate: frame.rate };
        return this.events.onPong?.();
      }
      case "reply":
        return this.settle(frame.id, frame.body);
      case "failure":
        this.waiting.get(frame.id)?.reject(new RequestError(frame.code, frame.detail));
        this.waiting.delete(frame.id);
        return;
      case "snapshot":
        this.seqs.set(frame.topic, frame.seq);
        this.awaited.delete(frame.topic);
        return this.tell(frame.topic, frame.rows, "snapshot");
      case "delta":
        return this.onDelta(frame.topic, frame.seq, frame.rows);
    }
  }

  private settle(id: number, body: unknown): void {
    const asked = this.waiting.get(id);
    if (asked === undefined) return;
    this.waiting.delete(id);
    const parsed = REQUESTS[asked.name].response.safeParse(body);
    if (parsed.success) asked.resolve(parsed.data as never);
    else asked.reject(new RequestError("BAD_REPLY", `the answer of ${asked.name} is not of the contract`));
  }

  private onDelta(topic: TopicName, seq: number, rows: readonly unknown[]): void {
    if (!TOPICS[topic].lossless) {
      this.tell(topic, rows, "delta");
      return this.events.onLossy();
    }
    const known = this.seqs.get(topic);
    if (this.awaited.has(topic) || (known !== undefined && seq <= known)) return;
    if (known !== undefined && seq !== known + 1) {
      this.awaited.add(topic);
      return this.say({ kind: "subscribe", topic });
    }
    this.seqs.set(topic, seq);
    this.tell(topic, rows, "delta");
  }

  private tell(topic: TopicName, rows: readonly unknown[], kind: "snapshot" | "delta"): void {
    const parsed = rows.flatMap((row) => {
      const result = TOPICS[topic].schema.safeParse(row);
      return result.success ? [result.data] : [];
    });
    for (const listener of this.listeners.get(topic) ?? []) listener(parsed as never[], kind);
  }
}
