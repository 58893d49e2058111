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
  | { readonly kind: "beat"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "view"; readonly port: MessagePort; readonly from: Origin["from"] };

/** What the engine's thread says. */
export type EngineMessage =
  | { readonly kind: "started" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly remedy: string }
  | { readonly kind: "answer"; readonly id: number; readonly body: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "fatal"; readonly message: string };

export type EngineThread = {
  command(command: Command, origin: Origin): Promise<CommandResult>;
  report(): Promise<Readonly<Record<string, unknown>>>;
  /** True while the thread's loop has answered within the last second and a half. */
  isAnswering(): boolean;
  /** A wire to the engine for one view; close it and the engine forgets the view. */
  connectView(from: Origin["from"]): MessagePort;
  stop(): Promise<void>;
};

/** How long the thread may take to answer, on the wall clock: a hung engine must not keep its host from ending. */
const ANSWER_MS = 10_000;
const BEAT_MS = 500;
const BEAT_LATE_MS = 1_500;

type Waiting = { readonly resolve: (body: unknown) => void; readonly reject: (error: Error) => void };

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
  const { ask, settle, lose } = questions(worker);
  let isStopping = false;
  const pulse = pulseOf(() => ask((id) => ({ kind: "beat", id })));
  const thread: EngineThread = {
    command: (command, origin) => ask((id) => ({ kind: "command", id, command, origin })),
    report: () => ask((id) => ({ kind: "report", id })),
    isAnswering: pulse.isThere,
    connectView(from) {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ kind: "view", port: port2, from } satisfies EngineRequest, [port2]);
      return port1;
    },
    async stop() {
      isStopping = true;
      pulse.stop();
      try {
        await ask((id) => ({ kind: "stop", id }));
      } finally {
        await worker.terminate();
      }
    },
  };
  return new Promise((resolve, reject) => {
    worker.on("message", (message: EngineMessage) => {
      if (message.kind === "started") resolve(thread);
      else if (message.kind === "refused") {
        isStopping = true;
        reject(new EngineRefusal(message.code, message.message, message.remedy));
        void worker.terminate();
      } else if (message.kind === "log") events.onLog(message.line);
      else if (message.kind === "fatal") events.onFatal(new Error(message.message));
      else settle(message);
    });
    worker.on("error", (error: unknown) => {
      const failure = error instanceof Error ? error : new Error(String(error));
      reject(failure);
      events.onFatal(failure);
    });
    worker.on("exit", (code) => {
      const failure = new Error(`the engine's thread ended with code ${code}`);
      pulse.stop();
      lose(failure);
      if (!isStopping) events.onFatal(failure);
    });
  });
}

/** Asks for a beat twice a second, one at a time. */
function pulseOf(beat: () => Promise<void>) {
  let heard = performance.now();
  let isAsked = false;
  const timer = setInterval(() => {
    if (isAsked) return;
    isAsked = true;
    void Promise.allSettled([beat()]).then(([answer]) => {
      isAsked = false;
      if (answer.status === "fulfilled") heard = performance.now();
    });
  }, BEAT_MS);
  return { isThere: () => performance.now() - heard < BEAT_LATE_MS, stop: () => clearInterval(timer) };
}

/** Requests to the thread: each is answered, refused, out of time, or lost with the thread. */
function questions(worker: Worker) {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let lost: Error | undefined;
  const take = (id: number): Waiting | undefined => {
    const asked = waiting.get(id);
    waiting.delete(id);
    return asked;
  };
  return {
    ask: <T>(make: (id: number) => Exclude<EngineRequest, { kind: "view" }>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        nextId += 1;
        const id = nextId;
        const request = make(id);
        const timer = setTimeout(
          () => take(id)?.reject(new Error(`the engine's thread does not answer: ${request.kind}`)),
          ANSWER_MS,
        );
        const done =
          <V>(then: (value: V) => void) =>
          (value: V): void => {
            clearTimeout(timer);
            then(value);
          };
        waiting.set(id, { resolve: done((body) => resolve(body as T)), reject: done(reject) });
        worker.postMessage(request);
      }),
    settle(message: Extract<EngineMessage, { readonly id: number }>): void {
      const asked = take(message.id);
      if (message.kind === "answer") asked?.resolve(message.body);
      else asked?.reject(new Error(message.message));
    },
    lose(failure: Error): void {
      lost = failure;
      for (const id of [...waiting.keys()]) take(id)?.reject(failure);
    },
  };
}
