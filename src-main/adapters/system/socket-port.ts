import type { Socket } from "node:net";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";

/** A frame larger than this closes the connection: no request of the contract comes near it. */
const LARGEST_FRAME = 4 * 1024 * 1024;

/** A view's wire over a local stream socket: one JSON document a line. */
export function createSocketPort(socket: Socket): Port {
  const listeners = new Set<(frame: Frame) => void>();
  const stateListeners = new Set<(state: PortState) => void>();
  let rest = "";
  const tell = (kind: PortState["kind"], reason: string): void => {
    for (const listener of stateListeners) listener({ kind, since: Date.now(), reason });
  };
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LARGEST_FRAME) socket.destroy();
    for (const line of lines) for (const listener of listeners) listener(line);
  });
  socket.on("close", () => tell("closed", "the other side is gone"));
  // The close event follows and tells the views; without a listener the error would end the process.
  socket.on("error", (error) => tell("closed", error.message));
  return {
    send(frame) {
      if (!socket.destroyed) socket.write(`${frame}\n`);
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState(listener) {
      stateListeners.add(listener);
      listener({ kind: socket.destroyed ? "closed" : "open", since: Date.now(), reason: "" });
      return () => stateListeners.delete(listener);
    },
    backlog: () => socket.writableLength,
    close: () => socket.end(),
  };
}
