import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { TradingOptions } from "#app/trading.ts";
import type { Command, CommandResult, Origin } from "#shared/model/command.ts";

/** What the engine's thread is started with: everything of trading that can cross a thread. */
export type EngineThreadData = Omit<TradingOptions, "storeWorker" | "publications" | "log" | "onFatal"> & {
  readonly storeWorker: string;
  readonly speed: number | "max" | undefined;
  readonly configuration: readonly ConfigurationRowData[];
};

/** A row of the effective configuration, for the views. */
export type ConfigurationRowData = {
  readonly key: string;
  readonly title: string;
  readonly value: string;
  readonly source: string;
  readonly range: string;
  readonly unit: string;
  readonly enforcedIn: string;
};

/** What the main thread asks. */
export type EngineRequest =
  | { readonly kind: "command"; readonly id: number; readonly command: Command; readonly origin: Origin }
  | { readonly kind: "report"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "view"; readonly port: MessagePort; readonly from: Origin["from"] };

/** What the engine's thread says. */
export type EngineMessage =
  | { readonly kind: "started" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly remedy: string }
  | { readonly kind: "answer"; readonly id: number; readonly body: unknown }
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "fatal"; readonly message: string };

export type EngineThread = {
  command(command: Command, origin: Origin): Promise<CommandResult>;
  report(): Promise<Readonly<Record<string, unknown>>>;
  /** A wire to the engine for one view; close it and the engine forgets the view. */
  connectView(from: Origin["from"]): MessagePort;
  stop(): Promise<void>;
};

/** The engine could not start: the journal, the folder or the lock refused, with a remedy. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** Starts trading in a thread of its own. Resolves when the journal is open and the broker is being connected. */
export function startEngineThread(
  entry: URL,
  data: EngineThreadData,
  events: { readonly onLog: (line: string) => void; readonly onFatal: (error: Error) => void },
): Promise<EngineThread> {
  const worker = new Worker(entry, { workerData: data });
  const waiting = new Map<number, (body: unknown) => void>();
  let nextId = 0;
  let isStopping = false;
  const ask = <T>(make: (id: number) => EngineRequest): Promise<T> =>
    new Promise((resolve) => {
      nextId += 1;
      waiting.set(nextId, (body) => resolve(body as T));
      worker.postMessage(make(nextId));
    });
  const thread: EngineThread = {
    command: (command, origin) => ask((id) => ({ kind: "command", id, command, origin })),
    report: () => ask((id) => ({ kind: "report", id })),
    connectView(from) {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ kind: "view", port: port2, from } satisfies EngineRequest, [port2]);
      return port1;
    },
    async stop() {
      isStopping = true;
      await ask((id) => ({ kind: "stop", id }));
      await worker.terminate();
    },
  };
  return new Promise((resolve, reject) => {
    worker.on("message", (message: EngineMessage) => {
      if (message.kind === "started") resolve(thread);
      else if (message.kind === "refused") reject(new EngineRefusal(message.code, message.message, message.remedy));
      else if (message.kind === "log") events.onLog(message.line);
      else if (message.kind === "fatal") events.onFatal(new Error(message.message));
      else {
        waiting.get(message.id)?.(message.body);
        waiting.delete(message.id);
      }
    });
    worker.on("error", (error: unknown) => {
      const failure = error instanceof Error ? error : new Error(String(error));
      reject(failure);
      events.onFatal(failure);
    });
    worker.on("exit", (code) => {
      if (!isStopping) events.onFatal(new Error(`the engine's thread ended with code ${code}`));
    });
  });
}
