import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { hasWorkstation } from "#adapters/http/server.ts";
import { HttpRig, PAGE, SECRET } from "./http-rig.ts";

describe("the login", () => {
  test("gives a session for the code of the address, once", async () => {
    const rig = await HttpRig.start();
    const code = rig.code();
    const first = await rig.login(code);
    expect(first.status).toBe(204);
    expect((await rig.login(code)).status).toBe(401);
    const cookie = first.headers["set-cookie"]?.[0] ?? "";
    expect((await rig.ask("/session", { headers: { cookie: cookie.split(";")[0] ?? "" } })).status).toBe(200);
  });

  test("sets a cookie that no script reads, no other site sends, and no other port's host takes for its own", async () => {
    const rig = await HttpRig.start();
    const { headers } = await rig.login(rig.code());
    expect(headers["set-cookie"]).toEqual([
      expect.stringMatching(
        new RegExp(`^robotrader-${rig.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200$`),
      ),
    ]);
  });

  test("keeps the code in the fragment of the address, which no request carries", async () => {
    const rig = await HttpRig.start();
    expect(rig.loginUrl()).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${rig.port}/#code=[\\w-]{43}$`));
    expect(rig.code()).not.toBe(rig.code());
  });

  test("refuses a wrong code without a cookie and is shut after five of them", async () => {
    const rig = await HttpRig.start();
    for (let count = 0; count < 5; count += 1) {
      const answer = await rig.login(`wrong${count}`);
      expect([answer.status, answer.headers["set-cookie"]]).toEqual([401, undefined]);
    }
    const locked = await rig.login(rig.code());
    expect([locked.status, locked.headers["set-cookie"]]).toEqual([429, undefined]);
    expect(locked.body).toContain("wait a minute");
  });

  test.each([
    ["words", "code", 400],
    ["a list", "[1]", 400],
    ["nothing", "null", 400],
    ["no code", "{}", 400],
    ["a number for a code", '{"code":5}', 400],
    ["a list for a code", '{"code":["a"]}', 400],
    ["more than 64 KiB", JSON.stringify({ code: "x".repeat(64 * 1024) }), 413],
  ])("refuses %s in words, and counts it for no guess", async (_, body, status) => {
    const rig = await HttpRig.start();
    for (let count = 0; count < 6; count += 1) expect((await rig.post("/login", body)).status).toBe(status);
    expect((await rig.login(rig.code())).status).toBe(204);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "is not reached by what another site's form can send: %s",
    async (type) => {
      const rig = await HttpRig.start();
      const code = rig.code();
      const answer = await rig.post("/login", JSON.stringify({ code }), { "content-type": type });
      expect([400, 415]).toContain(answer.status);
      expect(answer.headers["set-cookie"]).toBeUndefined();
    },
  );
});

describe("a session", () => {
  test.each([
    ["none", ""],
    ["a made-up one", "robotrader-PORT=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["an empty one", "robotrader-PORT="],
    ["nonsense", ";;=;robotrader-PORT"],
  ])("is needed: %s is answered with 401", async (_, cookie) => {
    const rig = await HttpRig.start();
    const headers = cookie === "" ? {} : { cookie: cookie.replace("PORT", String(rig.port)) };
    expect(await rig.ask("/session", { headers })).toMatchObject({ status: 401, body: '{"error":"no session"}' });
  });

  test("is found among the other cookies of this machine, and not under another port's name", async () => {
    const rig = await HttpRig.start();
    const cookie = await rig.session();
    const among = `theme=dark; ${cookie}; robotrader-1=x`;
    expect((await rig.ask("/session", { headers: { cookie: among } })).status).toBe(200);
    const renamed = cookie.replace(`robotrader-${rig.port}`, "robotrader-1");
    expect((await rig.ask("/session", { headers: { cookie: renamed } })).status).toBe(401);
  });

  test("ends with the logout", async () => {
    const rig = await HttpRig.start();
    const headers = { cookie: await rig.session() };
    expect((await rig.ask("/logout", { method: "POST", headers })).status).toBe(204);
    expect((await rig.ask("/session", { headers })).status).toBe(401);
  });
});

describe("a name that is not ours", () => {
  test.each([
    ["of another site, resolved to this machine", "evil.example:PORT"],
    ["of this machine at another port", "127.0.0.1:1"],
    ["of this machine without a port", "localhost"],
    ["that begins with ours", "127.0.0.1:PORT.evil.example"],
    ["of any address", "0.0.0.0:PORT"],
  ])("%s in Host is refused everywhere", async (_, host) => {
    const rig = await HttpRig.start();
    const headers = { host: host.replace("PORT", String(rig.port)) };
    for (const path of ["/", "/healthz", "/session", "/rpc", "/nothing"]) {
      expect(await rig.ask(path, { headers })).toMatchObject({ status: 403, body: '{"error":"not this host"}' });
    }
    expect((await rig.post("/login", JSON.stringify({ code: rig.code() }), headers)).status).toBe(403);
  });

  test.each([
    "http://evil.example",
    "null",
    "https://127.0.0.1:PORT",
    "http://localhost:1",
    "http://127.0.0.1:PORT.evil",
  ])("%s in Origin is refused, with the right code too", async (origin) => {
    const rig = await HttpRig.start();
    const headers = { origin: origin.replace("PORT", String(rig.port)) };
    const code = rig.code();
    expect((await rig.post("/login", JSON.stringify({ code }), headers)).status).toBe(403);
    expect((await rig.ask("/", { headers })).status).toBe(403);
    expect((await rig.login(code)).status).toBe(204);
  });

  test("is not needed: both names of this machine are served", async () => {
    const rig = await HttpRig.start();
    for (const host of [`127.0.0.1:${rig.port}`, `localhost:${rig.port}`]) {
      expect((await rig.ask("/", { headers: { host, origin: `http://${host}` } })).status).toBe(200);
    }
  });

  test("a request without any is refused", async () => {
    const rig = await HttpRig.start();
    const { heard } = await rig.raw("GET /session HTTP/1.0\r\n\r\n");
    expect(heard).toMatch(/^HTTP\/1\.[01] (400|403) /);
  });
});

describe("files", () => {
  test("of the workstation are served, the page at the root", async () => {
    const rig = await HttpRig.start();
    expect(await rig.ask("/")).toMatchObject({ status: 200, body: PAGE });
    expect((await rig.ask("/assets/app.js")).headers["content-type"]).toContain("javascript");
  });

  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
    "/%252e%252e/secret.txt",
    "//secret.txt",
    "/....//secret.txt",
    "/../served-too/secret.txt",
    "/assets/..%00/secret.txt",
    "/..;/secret.txt",
    "/assets",
    "/%",
    "/%ff",
  ])("beside it are not: %s", async (path) => {
    const rig = await HttpRig.start();
    const { status, body } = await rig.ask(path);
    expect(body).not.toContain(SECRET);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test("exist or not: a folder without the page is no workstation", async () => {
    expect(hasWorkstation("/nonexistent")).toBe(false);
  });
});

describe("every answer", () => {
  test.each([
    ["the page", "/", 200],
    ["a file", "/assets/app.js", 200],
    ["a refusal", "/session", 401],
    ["what is not there", "/nothing", 404],
    ["health", "/healthz", 200],
  ])("(%s) forbids foreign code, frames, guessing of types, referrers and caches", async (_, path, status) => {
    const rig = await HttpRig.start();
    const answer = await rig.ask(path);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-store",
    });
    const policy = String(answer.headers["content-security-policy"]).split("; ");
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]));
    expect(policy).toEqual(expect.arrayContaining(["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]));
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("to an address that cannot be read has the same headers", async () => {
    const rig = await HttpRig.start();
    const { headers } = await rig.ask("/%");
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test("for a name that is not ours has the same headers", async () => {
    const rig = await HttpRig.start();
    const { headers } = await rig.ask("/", { headers: { host: "evil.example" } });
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });
});

describe("the host", () => {
  test("tells whether it is well without a session, and nothing else", async () => {
    const rig = await HttpRig.start();
    expect(await rig.ask("/healthz")).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    rig.isHealthy = false;
    expect(await rig.ask("/healthz")).toMatchObject({ status: 503, body: '{"status":"down"}' });
  });

  test("takes a free port when the wanted one is taken, and says so", async () => {
    const first = await HttpRig.start();
    const second = await HttpRig.start(first.port);
    expect(second.port).not.toBe(first.port);
    expect(second.log).toEqual([`port ${first.port} is in use; a free one is taken instead`]);
    expect((await second.ask("/healthz")).status).toBe(200);
    expect(first.log).toEqual([]);
  });

  test("listens at the address that only this machine can reach", async () => {
    const rig = await HttpRig.start();
    const knock = (address: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: address, port: rig.port, timeout: 1_000 });
        const end = (answer: string) => (): void => {
          socket.destroy();
          resolve(answer);
        };
        socket.on("connect", end("open")).on("error", end("shut")).on("timeout", end("shut"));
      });
    const outside = Object.values(networkInterfaces()).flatMap((found) => found?.map(({ address }) => address) ?? []);
    const others = ["127.0.0.2", ...outside.filter((address) => address !== "127.0.0.1")];
    expect(await knock("127.0.0.1")).toBe("open");
    for (const address of others) expect(await knock(address)).toBe("shut");
  });

  test.each(["PUT", "DELETE", "PATCH", "OPTIONS"])(
    "answers %s with no more than that there is nothing",
    async (method) => {
      const rig = await HttpRig.start();
      expect((await rig.ask("/login", { method })).status).toBe(404);
    },
  );
});
