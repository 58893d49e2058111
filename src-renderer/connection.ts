import type { RequestName, RequestOf, ResponseOf } from "#shared/contract/requests.ts";
import type { Command, CommandResult } from "#shared/model/command.ts";
import { type Client, RequestError } from "#shared/rpc/client.ts";
import type { Frame, Port, PortState } from "#shared/rpc/port.ts";
import { Session } from "./session.ts";
import { barFeed } from "./state/bars.ts";
import { Batch } from "./state/batch.ts";
import { quotes } from "./state/quotes.ts";
import { reduceRows, reduceSingle, type State, store } from "./state/store.ts";

/** The messages by which the page asks the desktop's preload for a port, and by which it is handed over. */
const CONNECT_MESSAGE = "robotrader-connect";
const PORT_MESSAGE = "robotrader-port";

const isDesktop = location.protocol === "app:";

const wallMs = (): number => performance.timeOrigin + performance.now();

const batch = new Batch<State>(
  (change) => store.setState(change),
  (milliseconds, action) => setTimeout(action, milliseconds),
);

const session = new Session(
  {
    open: isDesktop ? openDesktopPort : openSocket,
    refusal: isDesktop ? async () => undefined : signedOutReason,
    wallMs,
    after: (milliseconds, action) => {
      const timer = setTimeout(action, milliseconds);
      return () => clearTimeout(timer);
    },
    nextFrame: (action) => requestAnimationFrame(action),
  },
  { onLink: (link) => store.setState({ link }), onOpen: subscribeAll },
);

/** Exchanges the one-time code of the address, then connects and stays connected. */
export async function start(): Promise<void> {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  // The code must be out of the address before anything else happens.
  if (location.hash !== "") history.replaceState(undefined, "", location.pathname);
  if (code !== undefined) {
    // Whether it was taken is seen by the session that is asked for next.
    await fetch("login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    }).catch(() => undefined);
  }
  session.connect();
}

/** Sends a request; rejects while there is no connection. */
export function request<N extends RequestName>(name: N, body: RequestOf<N>): Promise<ResponseOf<N>> {
  const client = session.client();
  if (client === undefined) return Promise.reject(new Error("there is no connection to the host"));
  return client.request(name, body);
}

/** Sends a person's command. It is never sent again by itself: no answer means that the blotter must be asked. */
export async function command(body: Command): Promise<CommandResult> {
  const commandId = crypto.randomUUID();
  const no = (message: string): CommandResult => ({
    commandId,
    accepted: false,
    message,
    orderRefs: [],
    failures: [],
  });
  const client = session.client();
  if (client === undefined) {
    const otherWay = body.kind === "kill" ? "; press it on the host's machine: robotrader kill" : "";
    return no(`NOT SENT: there is no connection to the host${otherWay}`);
  }
  try {
    return await client.request("command", {
      commandId,
      command: body,
      issueTime: Math.round(client.engineNow() ?? 0),
    });
  } catch (error) {
    if (error instanceof RequestError && error.code === "BAD_REQUEST") return no(`NOT SENT: ${error.message}`);
    const reason = error instanceof Error ? error.message : String(error);
    return no(`UNKNOWN: no answer of the host (${reason}). Ask the blotter.`);
  }
}

export function engineNow(): number | undefined {
  return session.client()?.engineNow();
}

export function retryNow(): void {
  session.connect();
}

/** Undefined when the host knows this browser, and when it cannot be asked: the wire will tell. */
async function signedOutReason(): Promise<string | undefined> {
  const answer = await fetch("session").catch(() => undefined);
  return answer?.status === 401 ? "this browser is not signed in; open the address of: robotrader url" : undefined;
}

function openDesktopPort(onPort: (port: Port) => void, onClosed: () => void): () => void {
  const onMessage = (event: MessageEvent): void => {
    if (event.source !== window || event.data !== PORT_MESSAGE) return;
    const [port] = event.ports;
    if (port === undefined) return;
    window.removeEventListener("message", onMessage);
    port.addEventListener("close", onClosed);
    onPort(messagePort(port));
  };
  window.addEventListener("message", onMessage);
  window.postMessage(CONNECT_MESSAGE, location.origin);
  return () => window.removeEventListener("message", onMessage);
}

function openSocket(onPort: (port: Port) => void, onClosed: () => void): () => void {
  const url = new URL("rpc", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.addEventListener("open", () => onPort(socketPort(socket)));
  socket.addEventListener("close", onClosed);
  return () => socket.close();
}

function subscribeAll(to: Client): void {
  for (const topic of ["status", "account", "monitor"] as const) {
    to.subscribe(topic, (rows) => batch.add((state) => reduceSingle(state, topic, rows as never)));
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
    to.subscribe(topic, (rows, kind) => batch.add((state) => reduceRows(state, topic, rows as never, kind)));
  }
  to.subscribe("quotes", (rows, kind) => {
    if (kind === "snapshot") quotes.replace(rows);
    else quotes.update(rows);
    const { symbol } = store.getState();
    const [first] = quotes.list();
    if (first !== undefined && (symbol === undefined || quotes.row(symbol) === undefined)) {
      store.setState({ symbol: first });
    }
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
