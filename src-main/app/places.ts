import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Where things lie: in a checkout beside the sources, in a built product beside the bundle, which is one folder
 * (`out/main`) with the workstation next to it.
 */
const isSource = import.meta.url.endsWith(".ts");
// Both lie two folders below the root.
const root = new URL("../../", import.meta.url);

/** A file of the product by its path from the root: `package.json`, `out/renderer`. */
export function productFile(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** Entries of the worker threads: Node 24 runs the sources as they are; a built product has them bundled beside this. */
export function workerUrls(): { readonly engine: URL; readonly store: URL } {
  const entry = (name: string): URL =>
    new URL(isSource ? `../workers/${name}.worker.ts` : `./${name}.worker.js`, import.meta.url);
  return { engine: entry("engine"), store: entry("store") };
}

/** True where the sources of the workstation are: a checkout, which builds what is stale. */
export function isCheckout(): boolean {
  return isSource && existsSync(productFile("src-renderer/index.html"));
}
