/** One JSON document on the wire. Parsed and checked by rpc, never trusted. */
export type Frame = string;

export type PortState = {
  readonly kind: "connecting" | "open" | "reconnecting" | "closed";
  readonly since: number;
  readonly reason: string;
};

/** What any wire looks like: an Electron message port, a web socket, a worker's port, or an in-process pair. */
export type Port = {
  send(frame: Frame): void;
  /** Returns the function that stops listening. */
  onMessage(listener: (frame: Frame) => void): () => void;
  onState(listener: (state: PortState) => void): () => void;
  /** Bytes or frames that the other side has not accepted yet. */
  backlog(): number;
  close(): void;
};
