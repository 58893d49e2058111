import type { RequestName, RequestOf, ResponseOf } from "#shared/contract/requests.ts";
import type { Command, CommandResult } from "#shared/model/command.ts";
import { type Client, connect } from "#shared/rpc/client.ts";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";
import { barFeed } from "./state/bars.ts";
import { quotes } from "./state/quotes.ts";
import { reduceRows, reduceSingle, store } from "./state/store.ts";

const BUILD = "workstation";
const BACKOFF_MS = [250, 500, 1_000, 2_000, 5_000] as const;
const PING_MS = 2_000;
/** The messages by which the page asks the desktop's preload for a port, and by which it is handed over. */
const CONNECT_MESSAGE = "robotrader-connect";
const PORT_MESSAGE = "robotrader-port";

const isDesktop = location.protocol === "app:";

const wallMs = (): number => performance.timeOrigin + performance.now();

let client: Client | undefined;
let attempts = 0;

/** Exchanges the one-time code of the address, then connects and stays connected. */
export async function start(): Promise<void> {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  // The code must be out of the address before anything else happens.
  if (location.hash !== "") history.replaceState(undefined, "", location.pathname);
  window.addEventListener("message", onWindowMessage);
  if (isDesktop) {
    open();
    return;
  }
  if (code !== undefined) {
    await fetch("login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
  }
  const session = await fetch("session").catch(() => undefined);
  if (session?.ok !== true) {
    store.setState({ link: { kind: "login", reason: "this browser has no session" } });
    return;
  }
  open();
}

/** Sends a request; rejects while there is no connection. */
export function request<N extends RequestName>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>> {
  if (client === undefined) return Promise.reject(new Error("not connected"));
  return client.request(name, body);
}

/** Sends a person's command. It is never sent again by itself: no answer means that the blotter must be asked. */
export async function command(body: Command): Promise<CommandResult> {
  const commandId = crypto.randomUUID();
  try {
    const issueTime = Math.round(client?.engineNow() ?? 0);
    return await request("command", { commandId, command: body, issueTime });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      commandId,
      accepted: false,
      message: `no answer: ${message}. Ask the blotter.`,
      orderRefs: [],
      failures: [],
    };
  }
}

export function engineNow(): number | undefined {
  return client?.engineNow();
}

export function retryNow(): void {
  if (store.getState().link.kind === "lost") open();
}

function onWindowMessage(event: MessageEvent): void {
  if (event.source !== window || event.data !== PORT_MESSAGE) return;
  const [port] = event.ports;
  if (port === undefined) return;
  port.addEventListener("close", () => lose("the connection to the host is lost"));
  attach(messagePort(port));
}

function open(): void {
  store.setState({ link: { kind: "connecting", reason: "" } });
  if (isDesktop) {
    window.postMessage(CONNECT_MESSAGE, location.origin);
    return;
  }
  const url = new URL("rpc", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => attach(socketPort(socket)));
  socket.addEventListener("close", () => lose("the connection to the host is lost"));
}

function lose(reason: string): void {
  client = undefined;
  const wait = BACKOFF_MS[Math.min(attempts, BACKOFF_MS.length - 1)] ?? 5_000;
  attempts += 1;
  store.setState({ link: { kind: "lost", reason, retryAt: wallMs() + wait } });
  setTimeout(() => {
    if (store.getState().link.kind === "lost") open();
  }, wait);
}

function attach(port: Port): void {
  const opened = connect(port, BUILD, wallMs, {
    onWelcome: () => {
      attempts = 0;
      store.setState({ link: { kind: "open", reason: "" } });
      subscribeAll(opened);
    },
    onRefused: (reason) => store.setState({ link: { kind: "refused", reason } }),
    onLossy: () => scheduleCredit(opened),
  });
  client = opened;
  const timer = setInterval(() => {
    if (client === opened) opened.ping();
    else clearInterval(timer);
  }, PING_MS);
}

let owed = 0;

/** Credit goes back after the frame that drew what came: a page that cannot draw is not flooded. */
function scheduleCredit(to: Client): void {
  owed += 1;
  if (owed > 1) return;
  requestAnimationFrame(() => {
    const count = owed;
    owed = 0;
    if (client === to) to.credit(count);
  });
}

function subscribeAll(to: Client): void {
  for (const topic of ["status", "account", "monitor"] as const) {
    to.subscribe(topic, (rows) => store.setState((state) => reduceSingle(state, topic, rows as never)));
  }
  for (const topic of [
    "orders",
    "fills",
    "positions",
    "decisions",
    "risk",
    "alerts",
    "strategies",
    "instruments",
  ] as const) {
    to.subscribe(topic, (rows, kind) => store.setState((state) => reduceRows(state, topic, rows as never, kind)));
  }
  to.subscribe("quotes", (rows) => {
    quotes.update(rows);
    const { symbol } = store.getState();
    if (symbol === undefined && rows[0] !== undefined) store.setState({ symbol: rows[0].symbol });
  });
  to.subscribe("bars", (rows) => barFeed.publish(rows));
  to.subscribe("formingBars", (rows) => barFeed.publish(rows));
}

function messagePort(port: MessagePort): Port {
  const listeners = new Set<(frame: Frame) => void>();
  port.onmessage = (event) => {
    if (typeof event.data !== "string") return;
    for (const listener of listeners) listener(event.data);
  };
  return {
    send: (frame) => port.postMessage(frame),
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState: (listener) => {
      listener({ kind: "open", since: wallMs(), reason: "" });
      return () => undefined;
    },
    backlog: () => 0,
    close: () => port.close(),
  };
}

function socketPort(socket: WebSocket): Port {
  const listeners = new Set<(frame: Frame) => void>();
  const states = new Set<(state: PortState) => void>();
  socket.addEventListener("message", (event) => {
    if (typeof event.data !== "string") return;
    for (const listener of listeners) listener(event.data);
  });
  socket.addEventListener("close", () => {
    for (const state of states) state({ kind: "closed", since: wallMs(), reason: "closed" });
  });
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onState: (listener) => {
      states.add(listener);
      listener({ kind: "open", since: wallMs(), reason: "" });
      return () => states.delete(listener);
    },
    backlog: () => socket.bufferedAmount,
    close: () => socket.close(),
  };
}
