import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "#adapters/store/store-error.ts";
import { createWorkerPort } from "#adapters/system/worker-port.ts";
import type { EngineMessage, EngineRequest, EngineThreadData } from "#app/engine-thread.ts";
import { startTrading, type Trading } from "#app/trading.ts";
import { createViews } from "#app/views.ts";
import { present } from "#shared/lib/assert.ts";

/** Entry of the engine's thread: broker, engine, risk and journal live here, in one order of events. */
const parent = present(parentPort ?? undefined, "the engine's entry runs in a worker thread");
const data: EngineThreadData = workerData;
const say = (message: EngineMessage): void => parent.postMessage(message);

/** The sentence of a named error; a bug is told with its stack. */
function errorWords(error: unknown): string {
  if (error instanceof StoreError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const views = createViews({ speed: data.speed, configuration: data.configuration, build: data.build });

async function serve(trading: Trading, request: EngineRequest): Promise<void> {
  switch (request.kind) {
    case "command": {
      const body = await trading.command(crypto.randomUUID(), request.command, request.origin);
      say({ kind: "answer", id: request.id, body });
      return;
    }
    case "report":
      say({ kind: "answer", id: request.id, body: trading.report() });
      return;
    case "beat":
      say({ kind: "answer", id: request.id, body: undefined });
      return;
    case "view":
      views.serve(createWorkerPort(request.port), request.from);
      return;
    case "stop":
      views.stop();
      await trading.stop();
      say({ kind: "answer", id: request.id, body: undefined });
  }
}

try {
  const trading = await startTrading({
    ...data,
    storeWorker: new URL(data.storeWorker),
    publications: views.publications,
    log: (line) => say({ kind: "log", line }),
    onFatal: (error) => say({ kind: "fatal", message: errorWords(error) }),
  });
  views.attach(trading);
  parent.on("message", (request: EngineRequest) => {
    serve(trading, request).catch((error: unknown) => {
      if (request.kind === "view") say({ kind: "fatal", message: errorWords(error) });
      else say({ kind: "failed", id: request.id, message: errorWords(error) });
    });
  });
  say({ kind: "started" });
} catch (error) {
  const isNamed = error instanceof StoreError;
  say({
    kind: "refused",
    code: isNamed ? error.code : "ENGINE_FAILED",
    message: error instanceof Error ? error.message : String(error),
    remedy: isNamed ? error.remedy : "This is a bug of the program: report it with this text.",
  });
}
