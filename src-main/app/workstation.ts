import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isCheckout, productFile } from "#app/places.ts";

/** What the bundle is made of; a change in any of it makes the bundle stale. */
const SOURCES = ["src-renderer", "src-shared", "src-main"] as const;

/**
 * Builds workstation and desktop shell when they are missing or older than their sources. An installed product has no
 * sources and brings them built.
 */
export async function buildWorkstation(folder: string, say: (line: string) => void): Promise<void> {
  if (!isCheckout()) return;
  const shell = join(folder, "..", "main", "electron.js");
  const built = Math.min(
    ...[join(folder, "index.html"), shell].map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)),
  );
  if (built > Math.max(...SOURCES.map((name) => newest(productFile(name))))) return;
  if (!isWritable(folder)) {
    say("The workstation is not built, and this user may not write into the checkout: npm run build as its owner.");
    return;
  }
  say("Building the workstation.");
  const { build } = await import("vite");
  await build({ configFile: productFile("vite.renderer.config.ts"), logLevel: "error" });
  await build({ configFile: productFile("vite.main.config.ts"), logLevel: "error" });
  process.env.ROBOTRADER_BUILD = "preload";
  await build({ configFile: productFile("vite.main.config.ts"), logLevel: "error" });
  delete process.env.ROBOTRADER_BUILD;
}

/** Whether the folder, or the nearest one above it that is there, may be written. */
function isWritable(folder: string): boolean {
  let place = folder;
  while (!existsSync(place)) place = dirname(place);
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}
