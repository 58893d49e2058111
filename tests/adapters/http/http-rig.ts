import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type HttpServer, startHttp } from "#adapters/http/server.ts";
import type { Port } from "#shared/rpc/port.ts";

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };
type Asked = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** What lies beside the served folder and must never be served. */
export const SECRET = "the journal's key";
export const PAGE = "<!doctype html><title>RoboTrader</title>";

const wait = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, ms, undefined));

/** The server on a free port of this machine, with a page to serve and a secret beside it. */
export class HttpRig {
  readonly views: Port[] = [];
  readonly log: string[] = [];
  isHealthy = true;
  private readonly root = mkdtempSync(join(tmpdir(), "robotrader-http-"));
  private readonly sockets = new Set<Socket>();
  private server: HttpServer | undefined;
  private readonly onSocket = (message: unknown): void => {
    this.sockets.add((message as { readonly socket: Socket }).socket);
  };

  static async start(port = 0): Promise<HttpRig> {
    const rig = new HttpRig();
    const folder = join(rig.root, "served");
    mkdirSync(join(folder, "assets"), { recursive: true });
    writeFileSync(join(folder, "index.html"), PAGE);
    writeFileSync(join(folder, "assets", "app.js"), "void 0;");
    writeFileSync(join(rig.root, "secret.txt"), SECRET);
    mkdirSync(join(rig.root, "served-too"));
    writeFileSync(join(rig.root, "served-too", "secret.txt"), SECRET);
    subscribe("net.server.socket", rig.onSocket);
    rig.server = await startHttp({
      port,
      folder,
      onView: (view) => rig.views.push(view),
      isHealthy: () => rig.isHealthy,
      log: (line) => rig.log.push(line),
    });
    onTestFinished(() => rig.stop());
    return rig;
  }

  /** What the host does when it ends; "hangs" after a second. */
  async close(): Promise<"closed" | "hangs"> {
    const closed = this.server?.close().then(() => "closed" as const);
    return (await Promise.race([closed, wait(1_000)])) ?? "hangs";
  }

  /** The end of a test, whatever the server thinks of it: no connection is left that it could wait for. */
  private async stop(): Promise<void> {
    unsubscribe("net.server.socket", this.onSocket);
    for (const socket of this.sockets) if (socket.localPort === this.port) socket.destroy();
    await this.server?.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  get port(): number {
    return this.server?.port ?? 0;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  code(): string {
    return this.server?.loginUrl().split("#code=")[1] ?? "";
  }

  loginUrl(): string {
    return this.server?.loginUrl() ?? "";
  }

  /** Asks for a path exactly as written, with exactly these headers beside `Host`. */
  ask(path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port: this.port, path, method, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
        });
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }

  /** Sends bytes as they are; gives what came back, and whether the server ended it before our patience did. */
  raw(text: string, patienceMs = 1_000): Promise<{ readonly heard: string; readonly isEnded: boolean }> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, "127.0.0.1", () => socket.write(text));
      let heard = "";
      let isEnded = true;
      const patience = setTimeout(() => {
        isEnded = false;
        socket.destroy();
      }, patienceMs);
      socket.setEncoding("utf8").on("data", (chunk) => {
        heard += String(chunk);
      });
      socket.on("close", () => {
        clearTimeout(patience);
        resolve({ heard, isEnded });
      });
      socket.on("error", reject);
    });
  }

  login(code: string): Promise<Answer> {
    return this.post("/login", JSON.stringify({ code }));
  }

  post(path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const length = String(Buffer.byteLength(body));
    const all = { "content-type": "application/json", "content-length": length, ...headers };
    return this.ask(path, { method: "POST", headers: all, body });
  }

  /** The cookie of a fresh session, as a browser sends it back. */
  async session(): Promise<string> {
    const { headers } = await this.login(this.code());
    return headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  }

  /** An open socket, or the status with which it was refused. */
  socket(headers: Readonly<Record<string, string>>): Promise<WebSocket | number> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${this.port}/rpc`, { headers });
      socket.on("open", () => resolve(socket));
      socket.on("unexpected-response", (asked, answer) => {
        asked.destroy();
        resolve(answer.statusCode ?? 0);
      });
      socket.on("error", reject);
    });
  }

  async openSocket(): Promise<WebSocket> {
    const socket = await this.socket({ cookie: await this.session(), origin: this.origin });
    if (typeof socket === "number") throw new Error(`refused with ${socket}`);
    return socket;
  }
}
