import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { productFile } from "#app/places.ts";

type Say = (line: string) => void;

export type WindowOptions = {
  readonly folder: string;
  readonly profile: "simulation" | "paper" | "live";
  readonly isBrowserOnly: boolean;
  readonly say: Say;
};

export type WindowHandle = { close(): void };

const NO_WINDOW: WindowHandle = { close: () => undefined };
const FETCH_MS = 60_000;
const EARLY_DEATH_MS = 5_000;
/** Built beside the workstation; see `npm run build`. */
const MAIN = productFile("out/main/electron.js");

/**
 * Tries a window beside the host and never delays it: no display, `--browser`, no binary or a window that dies at once
 * leave the browser as it is, each with one line that says why.
 */
export async function openWindow(options: WindowOptions): Promise<WindowHandle> {
  const { say } = options;
  const hasDisplay =
    process.platform !== "linux" || Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY);
  if (options.isBrowserOnly || !hasDisplay) {
    say(
      options.isBrowserOnly
        ? "No window: --browser."
        : "No window: there is no display. Open the address in a browser.",
    );
    return NO_WINDOW;
  }
  const isRoot = process.getuid?.() === 0;
  if (isRoot && options.profile !== "simulation") {
    say(`No window: as root none is opened in profile ${options.profile}.`);
    return NO_WINDOW;
  }
  if (!existsSync(MAIN)) {
    say("No window: the desktop shell is not built (npm run build). The browser serves the same workstation.");
    return NO_WINDOW;
  }
  let child: ReturnType<typeof spawn> | undefined;
  let isClosed = false;
  // The download of the runtime may hang; the host does not wait for it.
  void findElectron(say).then((binary) => {
    if (binary !== undefined && !isClosed) child = launch(binary, options, isRoot);
  });
  return {
    close: () => {
      isClosed = true;
      child?.kill("SIGTERM");
    },
  };
}

/** The runtime's executable: named by the environment, installed, or fetched by its own installer within a minute. */
async function findElectron(say: Say): Promise<string | undefined> {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override !== undefined && existsSync(join(override, "electron"))) return join(override, "electron");
  const root = electronFolder();
  if (root === undefined) {
    say("No window: Electron is not installed. The browser serves the same workstation.");
    return undefined;
  }
  const known = installedBinary(root);
  if (known !== undefined) return known;
  say("Fetching the desktop runtime; the browser works meanwhile.");
  const isFetched = await fetchRuntime(join(root, "install.js"));
  const binary = isFetched ? installedBinary(root) : undefined;
  if (binary === undefined)
    say("No window: the desktop runtime cannot be fetched here. The browser serves the same workstation.");
  return binary;
}

function electronFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve("electron/package.json"));
  } catch {
    return undefined;
  }
}

function installedBinary(root: string): string | undefined {
  const pathFile = join(root, "path.txt");
  if (!existsSync(pathFile)) return undefined;
  const binary = join(root, "dist", readFileSync(pathFile, "utf8").trim());
  return existsSync(binary) ? binary : undefined;
}

function fetchRuntime(installer: string): Promise<boolean> {
  if (!existsSync(installer)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [installer], { stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), FETCH_MS);
    child.on("error", () => resolve(false));
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

function launch(binary: string, options: WindowOptions, isRoot: boolean): ReturnType<typeof spawn> {
  const { say, folder } = options;
  const started = performance.now();
  const flags = isRoot ? ["--no-sandbox", "--disable-gpu"] : [];
  const own = [`--user-data-dir=${join(folder, "electron")}`, MAIN, `--data-dir=${folder}`];
  const child = spawn(binary, [...flags, ...own, `--profile=${options.profile}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let tail = "";
  child.stderr?.on("data", (chunk) => {
    tail = (tail + String(chunk)).slice(-2_000);
  });
  child.on("error", (error) => say(`The window could not be started: ${error.message}. The browser stays.`));
  child.on("exit", (code, signal) => {
    const missing = /error while loading shared libraries: ([^:]+)/.exec(tail)?.[1];
    const why = missing === undefined ? `exit ${signal ?? code}` : `the library ${missing} is missing`;
    const isEarly = performance.now() - started < EARLY_DEATH_MS;
    if (isEarly) say(`The window ended at once (${why}). The browser serves the same workstation.`);
    else say(`The window was closed (${why}). The host goes on; 'robotrader url' prints a new address.`);
  });
  return child;
}
