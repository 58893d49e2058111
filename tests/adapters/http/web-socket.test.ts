import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { PortState } from "#shared/rpc/port.ts";
import { HttpRig } from "./http-rig.ts";

const LARGEST = 256 * 1024;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe("a web socket is refused", () => {
  test("without a session", async () => {
    const rig = await HttpRig.start();
    expect(await rig.socket({ origin: rig.origin })).toBe(401);
    const cookie = `robotrader-${rig.port}=${"A".repeat(43)}`;
    expect(await rig.socket({ origin: rig.origin, cookie })).toBe(401);
    expect(rig.views).toEqual([]);
  });

  test("from another site, although the browser sends the session along", async () => {
    const rig = await HttpRig.start();
    const cookie = await rig.session();
    expect(await rig.socket({ cookie, origin: "http://evil.example" })).toBe(403);
    expect(await rig.socket({ cookie, origin: "null" })).toBe(403);
    expect(rig.views).toEqual([]);
  });

  test("from what names no site at all: every browser does", async () => {
    const rig = await HttpRig.start();
    expect(await rig.socket({ cookie: await rig.session() })).toBe(401);
  });

  test("under another name of the host", async () => {
    const rig = await HttpRig.start();
    const cookie = await rig.session();
    expect(await rig.socket({ cookie, origin: rig.origin, host: `evil.example:${rig.port}` })).toBe(403);
  });

  test("after the logout", async () => {
    const rig = await HttpRig.start();
    const cookie = await rig.session();
    await rig.ask("/logout", { method: "POST", headers: { cookie } });
    expect(await rig.socket({ cookie, origin: rig.origin })).toBe(401);
  });

  const upgrade = (host: string): string =>
    `GET /rpc HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

  test("and its connection is ended", async () => {
    const rig = await HttpRig.start();
    const { heard, isEnded } = await rig.raw(upgrade(`127.0.0.1:${rig.port}`));
    expect(heard).toMatch(/^HTTP\/1\.1 401 /);
    expect(isEnded).toBe(true);
  });

  test("under another name of the host, and its connection is ended too", async () => {
    const rig = await HttpRig.start();
    const { heard, isEnded } = await rig.raw(upgrade("evil.example"));
    expect(heard).toMatch(/^HTTP\/1\.1 403 /);
    expect(isEnded).toBe(true);
  });

  test("from another site, and the host can still be stopped", async () => {
    const rig = await HttpRig.start();
    expect(await rig.socket({ origin: "http://evil.example" })).toBe(403);
    expect(await rig.close()).toBe("closed");
  });

  test("when it is none: a plain request is told what is here", async () => {
    const rig = await HttpRig.start();
    const headers = { cookie: await rig.session(), origin: rig.origin };
    expect((await rig.ask("/rpc", { headers })).status).toBe(426);
    expect((await rig.ask("/rpc")).status).toBe(401);
  });
});

describe("a web socket with a session", () => {
  test("is a view's wire, both ways, in order", async () => {
    const rig = await HttpRig.start();
    const socket = await rig.openSocket();
    const [view] = rig.views;
    const heard: string[] = [];
    const answered: string[] = [];
    view?.onMessage((frame) => heard.push(frame));
    socket.on("message", (data) => answered.push(String(data)));
    for (const text of ["a", "ü€😀", "c"]) socket.send(text);
    await expect.poll(() => heard).toEqual(["a", "ü€😀", "c"]);
    view?.send("1");
    view?.send("2");
    await expect.poll(() => answered).toEqual(["1", "2"]);
  });

  test("carries text only: bytes are not heard", async () => {
    const rig = await HttpRig.start();
    const socket = await rig.openSocket();
    const heard: string[] = [];
    rig.views[0]?.onMessage((frame) => heard.push(frame));
    socket.send(Buffer.from("bytes"));
    socket.send("text");
    await expect.poll(() => heard).toEqual(["text"]);
  });

  test("is told as open, then as closed when the view goes; what is sent then is dropped", async () => {
    const rig = await HttpRig.start();
    const socket = await rig.openSocket();
    const states: PortState["kind"][] = [];
    rig.views[0]?.onState(({ kind }) => states.push(kind));
    socket.close();
    await expect.poll(() => states).toEqual(["open", "closed"]);
    rig.views[0]?.send("late");
    rig.views[0]?.close();
  });

  test("ends when the host closes it, and a listener that stopped hears nothing", async () => {
    const rig = await HttpRig.start();
    const socket = await rig.openSocket();
    const heard: string[] = [];
    const stop = rig.views[0]?.onMessage((frame) => heard.push(frame));
    stop?.();
    socket.send("a");
    await settle();
    rig.views[0]?.close();
    await once(socket, "close");
    expect(heard).toEqual([]);
  });
});

describe("a web socket", () => {
  test("with a frame of 256 KiB lives; one byte more ends that socket, and no other", async () => {
    const rig = await HttpRig.start();
    const [greedy, other] = [await rig.openSocket(), await rig.openSocket()];
    const heard: number[] = [];
    const states: string[] = [];
    rig.views[0]?.onMessage((frame) => heard.push(frame.length));
    rig.views[0]?.onState(({ kind }) => states.push(kind));
    rig.views[1]?.onMessage((frame) => heard.push(-frame.length));
    greedy.on("error", () => undefined);
    greedy.send("x".repeat(LARGEST));
    await expect.poll(() => heard).toEqual([LARGEST]);
    greedy.send("x".repeat(LARGEST + 1));
    const [code] = (await once(greedy, "close")) as [number];
    expect(code).toBe(1009);
    expect(heard).toEqual([LARGEST]);
    await expect.poll(() => states).toContain("closed");
    other.send("ab");
    await expect.poll(() => heard).toEqual([LARGEST, -2]);
    expect((await rig.ask("/healthz")).status).toBe(200);
  });

  test("that does not read what it is sent is cut off after 8 MiB; the others are not", async () => {
    const rig = await HttpRig.start();
    const [stuck, other] = [await rig.openSocket(), await rig.openSocket()];
    const states: string[] = [];
    const heard: number[] = [];
    rig.views[0]?.onState(({ kind }) => states.push(kind));
    other.on("message", (data) => heard.push(String(data).length));
    stuck.pause();
    const megabyte = "x".repeat(1024 * 1024);
    let backlog = 0;
    for (let count = 0; count < 40; count += 1) {
      rig.views[0]?.send(megabyte);
      backlog = Math.max(backlog, rig.views[0]?.backlog() ?? 0);
    }
    expect(backlog).toBeGreaterThan(8 * 1024 * 1024);
    rig.views[1]?.send(megabyte);
    await expect.poll(() => [states.at(-1), heard]).toEqual(["closed", [megabyte.length]]);
    expect(other.readyState).toBe(other.OPEN);
  });

  test("ends with the server, which does not wait for its views to leave", async () => {
    const rig = await HttpRig.start();
    const socket = await rig.openSocket();
    const closed = once(socket, "close");
    expect(await rig.close()).toBe("closed");
    await closed;
    expect(socket.readyState).toBe(socket.CLOSED);
  });
});
