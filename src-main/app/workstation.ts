import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the bundle is made of; a change in any of it makes the bundle stale. */
const SOURCES = ["src-renderer", "src-shared"].map((name) => new URL(`../../${name}`, import.meta.url).pathname);

/** Builds the workstation when it is missing or older than its sources. An installed product has none and brings its own. */
export async function buildWorkstation(folder: string, say: (line: string) => void): Promise<void> {
  const [source] = SOURCES;
  if (source === undefined || !existsSync(join(source, "index.html"))) return;
  const index = join(folder, "index.html");
  const built = existsSync(index) ? statSync(index).mtimeMs : 0;
  if (built > Math.max(...SOURCES.map(newest))) return;
  say("Building the workstation.");
  const { build } = await import("vite");
  const configFile = new URL("../../vite.renderer.config.ts", import.meta.url).pathname;
  await build({ configFile, logLevel: "error" });
}

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}
