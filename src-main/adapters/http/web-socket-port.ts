import type { WebSocket } from "ws";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";

/** A client that takes no more than this is cut off; it comes back by snapshot. */
const LARGEST_BACKLOG = 8 * 1024 * 1024;

/** A view's wire over a web socket: JSON text frames. */
export function createWebSocketPort(socket: WebSocket): Port {
  const listeners = new Set<(frame: Frame) => void>();
  const stateListeners = new Set<(state: PortState) => void>();
  const tell = (kind: PortState["kind"], reason: string): void => {
    for (const listener of stateListeners) listener({ kind, since: Date.now(), reason });
  };
  socket.on("message", (data, isBinary) => {
    if (isBinary) return;
    const frame = Array.isArray(data) ? Buffer.concat(data).toString("utf8") : data.toString();
    for (const listener of listeners) listener(frame);
  });
  socket.on("close", () => tell("closed", "the view is gone"));
  socket.on("error", (error) => tell("closed", error.message));
  return {
    send(frame) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount > LARGEST_BACKLOG) socket.terminate();
      else socket.send(frame);
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      listener({ kind: socket.readyState === socket.OPEN ? "open" : "closed", since: Date.now(), reason: "" });
      return () => stateListeners.delete(listener);
    },
    backlog: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
}
