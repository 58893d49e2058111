import { Worker } from "node:worker_threads";
import type { Store } from "#runtime/store-port.ts";
import { StoreError, storeError } from "./store-error.ts";
import { createFacade, type StoreFacade } from "./store-facade.ts";
import type { StorePost, StoreReply, StoreSettings } from "./store-protocol.ts";

export type CreateStoreOptions = StoreSettings & {
  /** The entry `workers/store.worker`, as source or as built. */
  readonly workerUrl: URL;
  readonly queueBound?: number;
};

/** Opens a data directory in a worker thread of its own. Rejects with a `StoreError` when it cannot be opened. */
export function createStore(options: CreateStoreOptions): Promise<Store> {
  const { workerUrl, queueBound, ...settings } = options;
  const bound = queueBound === undefined ? {} : { queueBound };
  const worker = new Worker(workerUrl, { workerData: settings });
  return new Promise((resolve, reject) => {
    let facade: StoreFacade | undefined;
    let isClosing = false;
    const fail = (error: StoreError): void => {
      if (facade === undefined) reject(error);
      else facade.fail(error);
    };
    const post = (message: StorePost): void => {
      isClosing ||= message.requests.some(({ request }) => request.kind === "close");
      worker.postMessage(
        message,
        message.frames.map((frame) => frame.bytes.buffer),
      );
    };
    worker.on("message", (reply: StoreReply) => {
      if (reply.kind === "opened") {
        facade = createFacade({ opening: reply.opening, folder: settings.folder, post, ...bound });
        resolve(facade.store);
      } else if (reply.kind === "failed") {
        fail(new StoreError(reply.error));
      } else {
        facade?.receive(reply);
      }
    });
    worker.on("error", (error) => fail(lost(settings.folder, storeError(error, settings.folder).message)));
    worker.on("exit", (code) => {
      if (!isClosing || code !== 0) fail(lost(settings.folder, `the store's thread ended with code ${code}`));
    });
  });
}

function lost(path: string, message: string): StoreError {
  const remedy = "Start again: everything acknowledged is on the disk.";
  return new StoreError({ code: "WORKER_LOST", message, path, remedy });
}
