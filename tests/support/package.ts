import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { listPackage } from "@electron/asar";
import { FuseState, FuseV1Options, getCurrentFuseWire } from "@electron/fuses";
import { Arch, build, Platform } from "electron-builder";
import { productFile } from "#app/places.ts";
import { buildWorkstation } from "#app/workstation.ts";

/**
 * Packs an unpacked product into `out/package`. With ELECTRON_OVERRIDE_DIST_PATH it is packed around that runtime, for
 * tests only; else around the Electron that package.json names, which electron-builder fetches.
 */
const OUT = join("out", "package", "linux-unpacked");
/** Left by a runtime that was prepared for tests. */
const LEFTOVERS = ["resources/default_app.asar", "version", "robotrader-runtime.json"] as const;
const FORBIDDEN: readonly RegExp[] = [
  /^\/tests\//,
  /\.map$/,
  /\.ts$/,
  /^\/node_modules\/node-(linux|win|darwin)-/,
  /^\/assets\//,
];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function runtime(): { readonly electronDist?: string; readonly electronVersion: string } {
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (dist !== undefined)
    return {
      electronDist: dist,
      electronVersion: readFileSync(join(dist, "version"), "utf8").trim().replace(/^v/, ""),
    };
  const { version } = createRequire(import.meta.url)("electron/package.json") as { readonly version: string };
  return { electronVersion: version };
}

async function check(): Promise<readonly string[]> {
  const files = listPackage(join(OUT, "resources", "app.asar"), { isPack: false });
  const faults = files
    .filter((file) => FORBIDDEN.some((pattern) => pattern.test(file)))
    .map((file) => `${file} is inside`);
  for (const needed of [
    "/out/main/electron.js",
    "/out/main/preload.cjs",
    "/out/main/engine.worker.js",
    "/out/main/store.worker.js",
    "/out/renderer/index.html",
    "/LICENSE",
    "/NOTICE",
  ]) {
    if (!files.includes(needed)) faults.push(`${needed} is missing`);
  }
  const fuses = await getCurrentFuseWire(join(OUT, "robotrader"));
  for (const fuse of [
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
  ]) {
    if (fuses[fuse] !== FuseState.DISABLE) faults.push(`fuse ${FuseV1Options[fuse]} is on`);
  }
  if (fuses[FuseV1Options.OnlyLoadAppFromAsar] !== FuseState.ENABLE) faults.push("fuse OnlyLoadAppFromAsar is off");
  return faults;
}

await buildWorkstation(productFile("out/renderer"), say);
rmSync(OUT, { recursive: true, force: true });
const { electronDist, electronVersion } = runtime();
await build({
  targets: Platform.LINUX.createTarget("dir", process.arch === "arm64" ? Arch.arm64 : Arch.x64),
  config: { extends: "electron-builder.yml", electronVersion, ...(electronDist === undefined ? {} : { electronDist }) },
  publish: "never",
});
for (const name of LEFTOVERS) rmSync(join(OUT, name), { force: true });
const faults = await check();
for (const fault of faults) say(`FAULT: ${fault}`);
say(`${OUT}: Electron ${electronVersion}${electronDist === undefined ? "" : ", TEST BUILD around a prepared runtime"}`);
if (faults.length > 0 || !existsSync(join(OUT, "robotrader"))) process.exit(1);
