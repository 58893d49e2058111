import { parentPort, workerData } from "node:worker_threads";
import { StoreCore } from "#adapters/store/store-core.ts";
import { errorText, storeError } from "#adapters/store/store-error.ts";
import type { StorePost, StoreReply, StoreSettings } from "#adapters/store/store-protocol.ts";
import { present } from "#shared/lib/assert.ts";

/** Entry of the store's thread: opens the data directory that it was started with, then serves posts. */
const port = present(parentPort ?? undefined, "the store's entry runs in a worker thread");
const settings: StoreSettings = workerData;

const reply = (message: StoreReply): void => {
  port.postMessage(message);
  const isLast = message.kind === "failed";
  if (isLast) port.close();
};

try {
  const core = new StoreCore(settings, reply);
  reply({ kind: "opened", opening: core.journal.opening });
  port.on("message", (post: StorePost) => {
    core.handle(post);
    if (post.requests.some(({ request }) => request.kind === "close")) port.close();
  });
} catch (error) {
  reply({ kind: "failed", error: errorText(storeError(error, settings.folder)) });
}
