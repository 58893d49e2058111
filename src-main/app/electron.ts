import { readFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  app,
  BrowserWindow,
  dialog,
  globalShortcut,
  type IpcMainEvent,
  ipcMain,
  MessageChannelMain,
  protocol,
  session,
} from "electron";
import { bundleFile } from "#app/bundle-file.ts";
import { dataDirectoryPath } from "#app/data-directory.ts";
import type { Host } from "#app/host.ts";
import { type KillOutcome, requestKill } from "#app/kill-request.ts";
import { PROFILES } from "#shared/model/account-guard.ts";

/**
 * The desktop: a window that passes frames between its page and the control socket of a host. Where none runs on the data
 * directory, the host is started in this process, its engine and journal in threads. A window owns no truth.
 */
const SCHEME = "app";
const KILL_KEY = "CommandOrControl+Alt+Shift+K";
/** better-sqlite3 needs it; below, loading it ends the process without a word. */
const NODE_API = 10;
const HOST = "rt";
const ORIGIN = `${SCHEME}://${HOST}`;
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};
const here = fileURLToPath(new URL(".", import.meta.url));
const bundle = join(here, "..", "renderer");

function flag(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length);
}

const asked = flag("profile") ?? "simulation";
const profile = PROFILES.find((name) => name === asked);
const folder = profile === undefined ? undefined : dataDirectoryPath({ profile, dataDirectory: flag("data-dir") });
let host: Host | undefined;

/** What keeps the desktop from starting is said in a dialog and on standard error, never only in a log. */
function refuse(reason: string): void {
  console.error(`robotrader: ${reason}`);
  dialog.showErrorBox("RoboTrader cannot start", reason);
  app.exit(1);
}

/** What went wrong while it runs; it goes on running, and no box holds this process up. */
function warn(text: string): void {
  console.error(`robotrader: ${text}`);
  void dialog.showMessageBox({ type: "error", title: "RoboTrader", message: text });
}

function answers(at: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(join(at, "control.sock"));
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  });
}

/** True once a host answers on the data directory: one that runs already, or one in this process. */
async function hasHost(at: string): Promise<boolean> {
  if (await answers(at)) return true;
  const level = Number(process.versions.napi);
  if (level < NODE_API) {
    refuse(
      `no host answers in ${at}, and this runtime has Node-API ${level} of ${NODE_API}: start a headless host there`,
    );
    return false;
  }
  const { startDesktopHost } = await import("#app/desktop-host.ts");
  host = await startDesktopHost(at, asked, (error) => refuse(error.message));
  return true;
}

async function start(): Promise<void> {
  if (folder === undefined) return refuse(`--profile=${asked}: allowed are ${PROFILES.join(", ")}`);
  if (!(await hasHost(folder))) return;
  serveBundle();
  lockDown();
  ipcMain.on("robotrader-connect", connectPage);
  openWindow();
  // Works without focus and with a dead page: it asks no renderer. Where another program holds the key, the button is left.
  const at = folder;
  if (!globalShortcut.register(KILL_KEY, () => void pressKill(at))) {
    console.error(`robotrader: the key ${KILL_KEY} is taken by another program; KILL is in the window`);
  }
}

/** STOP, as `robotrader kill` does. What fails is said, and ends nothing: the host may run in this process. */
async function pressKill(at: string): Promise<void> {
  const kill = { kind: "kill", mode: "stop", reason: "kill key pressed" } as const;
  const problem = await requestKill(at, kill, "desktop key").then(
    (outcome) => killProblem(at, outcome),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (problem !== undefined) warn(`KILL: ${problem}`);
}

function killProblem(at: string, outcome: KillOutcome): string | undefined {
  if (outcome === "noHost") return `no host answers in ${at}: the next start is KILLED; nothing was sent to the broker`;
  if (outcome === "noAnswer") return "the host does not answer: the next start is KILLED. Stop at the broker.";
  return outcome.accepted ? undefined : `it was refused: ${outcome.message}`;
}

function serveBundle(): void {
  protocol.handle(SCHEME, (request) => {
    const url = new URL(request.url);
    const path = url.host === HOST ? bundleFile(bundle, url.pathname) : undefined;
    const headers = { "content-security-policy": CSP, "x-content-type-options": "nosniff" };
    if (path === undefined) return new Response("not found", { status: 404, headers });
    const type = TYPES[path.slice(path.lastIndexOf("."))] ?? "application/octet-stream";
    return new Response(new Uint8Array(readFileSync(path)), { headers: { ...headers, "content-type": type } });
  });
}

/** Everything that a page could ask of the desktop is refused: it shows numbers and sends commands, nothing else. */
function lockDown(): void {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  session.defaultSession.setDevicePermissionHandler(() => false);
  app.on("web-contents-created", (_event, contents) => {
    const stop = (event: { preventDefault(): void }): void => event.preventDefault();
    contents.on("will-navigate", stop);
    contents.on("will-redirect", stop);
    contents.on("will-attach-webview", stop);
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
  });
}

function isOurs(event: IpcMainEvent): boolean {
  const frame = event.senderFrame;
  // Not by `origin`: outside a browser the origin of an address with our own scheme is the text "null".
  return frame !== null && frame.parent === null && frame.url.startsWith(`${ORIGIN}/`);
}

/** Hands the page one port whose far end is the host's control socket, one JSON document a line. */
function connectPage(event: IpcMainEvent): void {
  if (!isOurs(event)) return;
  const { port1, port2 } = new MessageChannelMain();
  const socket = connectSocket(join(folder ?? "", "control.sock"));
  let rest = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) port1.postMessage(line);
  });
  socket.on("close", () => port1.close());
  socket.on("error", (error) => console.error(`the host cannot be reached: ${error.message}`));
  port1.on("message", ({ data }) => {
    if (typeof data === "string" && data.length <= 256 * 1024) socket.write(`${data}\n`);
  });
  port1.on("close", () => socket.destroy());
  port1.start();
  event.senderFrame?.postMessage("robotrader-port", undefined, [port2]);
}

function openWindow(): void {
  const window = new BrowserWindow({
    width: 1600,
    height: 950,
    minWidth: 1024,
    minHeight: 640,
    backgroundColor: "#0d1116",
    title: "RoboTrader",
    show: false,
    webPreferences: {
      preload: join(here, "preload.cjs"),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      devTools: !app.isPackaged,
    },
  });
  window.setMenuBarVisibility(false);
  window.once("ready-to-show", () => window.show());
  void window.loadURL(`${ORIGIN}/`);
}

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
]);
// As root the sandbox of helper processes cannot be had; the caller then passes --no-sandbox, in profile simulation only.
if (process.getuid?.() !== 0) app.enableSandbox();
// A second start on these data shows the first one's window and starts nothing.
const isFirst = app.requestSingleInstanceLock();
if (!isFirst) app.quit();
app.on("second-instance", () => {
  const [window] = BrowserWindow.getAllWindows();
  if (window?.isMinimized() === true) window.restore();
  window?.focus();
});
app.on("window-all-closed", () => app.quit());
// Never awaited at the top level: `ready` waits for this module to end.
app
  .whenReady()
  .then(() => (isFirst ? start() : undefined))
  .catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error)));
app.on("before-quit", (event) => {
  const running = host;
  if (running === undefined) return;
  // The host ends in order: entries are cancelled, stops stay at the broker, the journal is closed.
  event.preventDefault();
  host = undefined;
  void running.stop().finally(() => app.quit());
});
