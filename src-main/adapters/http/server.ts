import { existsSync } from "node:fs";
import fastifyStatic from "@fastify/static";
import fastifyWebsocket from "@fastify/websocket";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Port } from "#shared/rpc/port.ts";
import { Login } from "./login.ts";
import { createWebSocketPort } from "./web-socket-port.ts";

export type HttpOptions = {
  /** Wanted port; when it is taken a free one is used instead, and the caller says so. */
  readonly port: number;
  /** Folder of the built workstation. */
  readonly folder: string;
  readonly onView: (port: Port) => void;
  /** Whether the engine answers; the only thing that is told without a session. */
  readonly isHealthy: () => boolean;
  readonly log: (line: string) => void;
};

export type HttpServer = {
  readonly port: number;
  /** The address with a fresh one-time code in its fragment, which no request ever carries. */
  loginUrl(): string;
  close(): Promise<void>;
};

const LOOPBACK = "127.0.0.1";
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const BODY_LIMIT = 64 * 1024;
const FRAME_LIMIT = 256 * 1024;

/** Serves the workstation and its web socket on this machine alone. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const login = new Login(() => Date.now());
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    logger: false,
    requestTimeout: 10_000,
    // What the router cannot read passes no hook.
    frameworkErrors: (_error, _request, reply) => {
      void withHeaders(reply).code(400).send({ error: "the address cannot be read" });
    },
  });
  let port = 0;
  await app.register(fastifyWebsocket, { options: { maxPayload: FRAME_LIMIT } });
  // After the plugin, which marks an upgrade first and then ends the connection of a refused one.
  guard(app, () => port);
  await app.register(fastifyStatic, { root: options.folder, index: ["index.html"], cacheControl: false });
  routes(app, options, login, () => port);
  port = await listen(app, options);
  return {
    port,
    loginUrl: () => `http://${LOOPBACK}:${port}/#code=${login.issueCode()}`,
    close: () => app.close(),
  };
}

async function listen(app: FastifyInstance, options: HttpOptions): Promise<number> {
  const tryPort = async (wanted: number): Promise<number> => {
    await app.listen({ host: LOOPBACK, port: wanted });
    const address = app.server.address();
    return address !== null && typeof address === "object" ? address.port : wanted;
  };
  try {
    return await tryPort(options.port);
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (!isTaken) throw error;
    options.log(`port ${options.port} is in use; a free one is taken instead`);
    return tryPort(0);
  }
}

/** Host and Origin must be ours: a web page that resolves its name to this machine gets nothing. */
function guard(app: FastifyInstance, port: () => number): void {
  app.addHook("onRequest", async (request, reply) => {
    const hosts = [`${LOOPBACK}:${port()}`, `localhost:${port()}`];
    const { host, origin } = request.headers;
    const isForeign = origin !== undefined && !hosts.some((ours) => origin === `http://${ours}`);
    if (host === undefined || !hosts.includes(host) || isForeign)
      await reply.code(403).send({ error: "not this host" });
  });
  app.addHook("onSend", async (_request, reply) => {
    withHeaders(reply);
  });
}

function withHeaders(reply: FastifyReply): FastifyReply {
  return reply
    .header("content-security-policy", CSP)
    .header("x-content-type-options", "nosniff")
    .header("referrer-policy", "no-referrer")
    .header("cross-origin-opener-policy", "same-origin")
    .header("cache-control", "no-store");
}

function routes(app: FastifyInstance, options: HttpOptions, login: Login, port: () => number): void {
  // Cookies know no port: the name carries it, so that two hosts on one machine do not share a session.
  const cookieName = (): string => `robotrader-${port()}`;
  const sessionOf = (request: FastifyRequest): string | undefined =>
    request.headers.cookie
      ?.split(";")
      .map((pair) => pair.trim().split("="))
      .find(([name]) => name === cookieName())?.[1];
  app.get("/healthz", async (_request, reply) => {
    const isHealthy = options.isHealthy();
    return reply.code(isHealthy ? 200 : 503).send({ status: isHealthy ? "ok" : "down" });
  });
  app.post<{ Body: unknown }>("/login", async (request, reply) => exchange(request, reply, login, cookieName()));
  app.post("/logout", async (request, reply) => {
    login.revoke(sessionOf(request));
    return reply.code(204).send();
  });
  app.get("/session", async (request, reply) =>
    login.isSession(sessionOf(request)) ? reply.send({ session: true }) : reply.code(401).send({ error: "no session" }),
  );
  app.route({
    method: "GET",
    url: "/rpc",
    preValidation: async (request: FastifyRequest, reply: FastifyReply) => {
      const isOurs = request.headers.origin !== undefined && login.isSession(sessionOf(request));
      if (!isOurs) await reply.code(401).send({ error: "no session" });
    },
    wsHandler: (socket) => options.onView(createWebSocketPort(socket)),
    handler: async (_request, reply) => reply.code(426).send({ error: "this is a web socket" }),
  });
}

async function exchange(
  request: FastifyRequest,
  reply: FastifyReply,
  login: Login,
  cookie: string,
): Promise<FastifyReply> {
  const isJson = request.headers["content-type"]?.startsWith("application/json") ?? false;
  const body: unknown = request.body;
  const code = typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
  if (!isJson || typeof code !== "string") return reply.code(400).send({ error: "a JSON body with a code is needed" });
  const result = login.exchange(code);
  if ("refused" in result) {
    const isLocked = result.refused === "locked";
    return reply
      .code(isLocked ? 429 : 401)
      .send({ error: isLocked ? "too many failures; wait a minute" : "the code is not valid" });
  }
  return reply
    .header("set-cookie", `${cookie}=${result.session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200`)
    .code(204)
    .send();
}

/** True when the workstation has been built. */
export function hasWorkstation(folder: string): boolean {
  return existsSync(`${folder}/index.html`);
}
