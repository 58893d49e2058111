import type { HostWorkers } from "#app/host.ts";

/** Thread entries as sources: Node 24 runs them as they are. */
export function workerUrls(): HostWorkers {
  return {
    engine: new URL("../../workers/engine.worker.ts", import.meta.url),
    store: new URL("../../workers/store.worker.ts", import.meta.url),
  };
}
