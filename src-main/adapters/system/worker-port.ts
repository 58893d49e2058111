import type { MessagePort } from "node:worker_threads";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";

/** A view's wire to the engine over a worker thread's message port. */
export function createWorkerPort(port: MessagePort): Port {
  const listeners = new Set<(frame: Frame) => void>();
  const stateListeners = new Set<(state: PortState) => void>();
  const tell = (kind: PortState["kind"], reason: string): void => {
    for (const listener of stateListeners) listener({ kind, since: Date.now(), reason });
  };
  port.on("message", (frame: unknown) => {
    if (typeof frame !== "string") return;
    for (const listener of listeners) listener(frame);
  });
  port.on("close", () => tell("closed", "the other side is gone"));
  return {
    send: (frame) => port.postMessage(frame),
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      listener({ kind: "open", since: Date.now(), reason: "" });
      return () => stateListeners.delete(listener);
    },
    backlog: () => 0,
    close: () => port.close(),
  };
}
