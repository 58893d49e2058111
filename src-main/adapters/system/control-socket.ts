import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Port } from "#shared/rpc/port.ts";
import { createSocketPort } from "./socket-port.ts";

const FILE = "control.sock";

export function controlPath(folder: string): string {
  return join(folder, FILE);
}

/** The host's own door for the same user's programs: a socket that only the owner may open. */
export async function listenControl(folder: string, onView: (port: Port) => void): Promise<{ close(): Promise<void> }> {
  const path = controlPath(folder);
  rmSync(path, { force: true });
  const views = new Set<Socket>();
  const server: Server = createServer((socket) => {
    views.add(socket);
    socket.on("close", () => views.delete(socket));
    onView(createSocketPort(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A monitor in another terminal must not keep the host from ending.
        for (const view of views) view.destroy();
        rmSync(path, { force: true });
      }),
  };
}

/** Undefined when no host answers there. */
export function connectControl(folder: string, patienceMs: number): Promise<Port | undefined> {
  return new Promise((resolve) => {
    const socket = connect(controlPath(folder));
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(undefined);
    }, patienceMs);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(createSocketPort(socket));
    });
    socket.once("error", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}
