#!/usr/bin/env node
// Plain JavaScript, because the Node that npm runs on may be too old for anything else. Runs a script of ours on Node 24:
// in this process where that is what it is, else in the Node 24 that `npm ci` has brought as a platform package.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = 24;
const [script, ...args] = process.argv.slice(2);

/** npm older than 11.19 drops the link `.bin/node` when a sibling package for another platform is left out. */
function platformBinary() {
  const system = process.platform === "win32" ? "win" : process.platform;
  const name = process.platform === "win32" ? "node.exe" : "node";
  const path = fileURLToPath(new URL(`../../node_modules/node-${system}-${process.arch}/bin/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

function explain(found) {
  process.stderr.write(
    `RoboTrader needs Node ${NEEDED}; this is ${process.version} on ${process.platform}-${process.arch}, ` +
      `and ${found}. Run npm ci, or install Node ${NEEDED}.\n`,
  );
  process.exit(2);
}

if (script === undefined) explain("no script was named");
if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  process.argv.splice(1, 2, resolve(script));
  await import(pathToFileURL(resolve(script)).href);
} else {
  const binary = platformBinary();
  if (binary === undefined) explain("no package of node_modules brings it for this platform");
  const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH ?? ""}` };
  const child = spawn(binary, [script, ...args], { stdio: "inherit", env });
  // Ctrl-C reaches the whole group by itself; a second copy of it would cut the orderly end short.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => explain(`${binary} cannot be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGTERM" ? 143 : 1)));
}
