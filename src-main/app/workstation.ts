import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the bundle is made of; a change in any of it makes the bundle stale. */
const SOURCES = ["src-renderer", "src-shared", "src-main/app"].map(
  (name) => new URL(`../../${name}`, import.meta.url).pathname,
);

/**
 * Builds workstation and desktop shell when they are missing or older than their sources. An installed product has no
 * sources and brings them built.
 */
export async function buildWorkstation(folder: string, say: (line: string) => void): Promise<void> {
  const isCheckout = SOURCES.every((source) => existsSync(source)) && existsSync(join(SOURCES[0] ?? "", "index.html"));
  if (!isCheckout) return;
  const shell = join(folder, "..", "main", "electron.js");
  const built = Math.min(
    ...[join(folder, "index.html"), shell].map((file) => (existsSync(file) ? statSync(file).mtimeMs : 0)),
  );
  if (built > Math.max(...SOURCES.map(newest))) return;
  say("Building the workstation.");
  const { build } = await import("vite");
  const configOf = (name: string): string => new URL(`../../${name}`, import.meta.url).pathname;
  await build({ configFile: configOf("vite.renderer.config.ts"), logLevel: "error" });
  await build({ configFile: configOf("vite.main.config.ts"), logLevel: "error" });
  process.env.ROBOTRADER_BUILD = "preload";
  await build({ configFile: configOf("vite.main.config.ts"), logLevel: "error" });
  delete process.env.ROBOTRADER_BUILD;
}

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}
