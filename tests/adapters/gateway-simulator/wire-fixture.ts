import { createServer, type Socket } from "node:net";
import { EventName, IBApi } from "@stoqey/ib";
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

export type Emitted = { readonly event: EventName; readonly values: readonly unknown[] };

/** The real library, connected, with everything it emits in order. `complaints` are what its decoder finds wrong. */
export type Library = {
  readonly api: IBApi;
  readonly emitted: Emitted[];
  readonly complaints: string[];
  of(event: EventName): readonly (readonly unknown[])[];
  /** Resolves when `event` has been emitted `count` times in all. */
  until(event: EventName, count?: number): Promise<readonly unknown[]>;
};

const DECODER_ERROR = 505;

export async function connectLibrary(port: number, clientId: number): Promise<Library> {
  const api = new IBApi({ host: "127.0.0.1", port, clientId, maxReqPerSec: 100_000 });
  const emitted: Emitted[] = [];
  const complaints: string[] = [];
  const waiting: { readonly event: EventName; readonly count: number; readonly resolve: () => void }[] = [];
  const of = (event: EventName) => emitted.filter((item) => item.event === event).map((item) => item.values);
  // The library types each event's listener apart; all of them are recorded alike here.
  const emitter = api as unknown as NodeJS.EventEmitter;
  const raw = new Set<EventName>([EventName.sent, EventName.received, EventName.all, EventName.result]);
  for (const event of Object.values(EventName)) {
    if (raw.has(event)) continue;
    emitter.on(event, (...values: unknown[]) => {
      emitted.push({ event, values });
      if (event === EventName.error || event === EventName.info) {
        const [first, code] = values;
        const text = first instanceof Error ? first.message : String(first);
        if (code === DECODER_ERROR || /unprocessed|underrun|no parser/i.test(text)) complaints.push(text);
      }
      for (const item of [...waiting]) {
        if (item.event !== event || of(event).length < item.count) continue;
        waiting.splice(waiting.indexOf(item), 1);
        item.resolve();
      }
    });
  }
  const until = async (event: EventName, count = 1): Promise<readonly unknown[]> => {
    if (of(event).length < count) {
      await new Promise<void>((resolve) => {
        waiting.push({ event, count, resolve });
      });
    }
    return of(event)[count - 1] ?? [];
  };
  onTestFinished(() => {
    api.removeAllListeners();
    api.on(EventName.error, () => undefined);
    api.disconnect();
  });
  api.connect(clientId);
  await until(EventName.nextValidId);
  await until(EventName.managedAccounts);
  return { api, emitted, complaints, of, until };
}
