import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { encodeFrame, type Frame, FrameReader } from "#adapters/gateway-simulator/codec/frame.ts";

/** A server that only shakes hands: it says one version, keeps what it is sent and writes what the test gives it. */
export type ScriptedServer = {
  readonly port: number;
  readonly received: (readonly string[])[];
  send(...frames: readonly Frame[]): void;
};

export async function scriptedServer(version: number): Promise<ScriptedServer> {
  const received: (readonly string[])[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const reader = new FrameReader();
    socket.on("data", (bytes: Buffer) => {
      const { hello, frames } = reader.push(bytes);
      if (hello !== undefined) socket.write(encodeFrame([version, "20261124 09:30:00 EST"]));
      for (const frame of frames) {
        received.push(frame);
        if (frame[0] === "71") socket.write(Buffer.concat([encodeFrame([15, 1, "DUSIM0001"]), encodeFrame([9, 1, 1])]));
      }
    });
    socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, received, send: (...frames) => sockets.at(-1)?.write(Buffer.concat(frames.map(encodeFrame))) };
}
