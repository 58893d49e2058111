import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectControl, controlPath, listenControl } from "#adapters/system/control-socket.ts";
import type { Port } from "#shared/rpc/port.ts";
import { serve } from "#shared/rpc/server.ts";
import { HELLO, StubHost } from "#tests/shared/rpc/rig.ts";

const LARGEST = 4 * 1024 * 1024;

let folder: string;
let views: Port[];
let onView: (view: Port) => void;
let door: { close(): Promise<void> };
let raws: Socket[];
let ports: Port[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "robotrader-control-"));
  views = [];
  raws = [];
  ports = [];
  onView = (view) => views.push(view);
  door = await listenControl(folder, (view) => onView(view));
});

afterEach(async () => {
  for (const raw of raws) raw.destroy();
  for (const port of [...ports, ...views]) port.close();
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

async function connected(): Promise<Port> {
  const port = await connectControl(folder, 1_000);
  if (port === undefined) throw new Error("nobody answers");
  ports.push(port);
  return port;
}

/** A program of the same user that says what it likes, and what it is answered. */
async function raw(): Promise<{ readonly socket: Socket; readonly heard: string[]; readonly isEnded: () => boolean }> {
  const socket = createConnection(controlPath(folder));
  raws.push(socket);
  const heard: string[] = [];
  socket.setEncoding("utf8").on("data", (chunk) => heard.push(String(chunk)));
  socket.on("error", () => undefined);
  const before = views.length;
  await expect.poll(() => views.length).toBe(before + 1);
  return { socket, heard, isEnded: () => socket.closed };
}

function hear(view: Port | undefined): string[] {
  const frames: string[] = [];
  view?.onMessage((frame) => frames.push(frame));
  return frames;
}

describe("the control socket", () => {
  test("is open to its owner alone", () => {
    expect(statSync(controlPath(folder)).mode & 0o777).toBe(0o600);
    expect(statSync(controlPath(folder)).isSocket()).toBe(true);
  });

  test("carries frames both ways, in order", async () => {
    const port = await connected();
    await expect.poll(() => views.length).toBe(1);
    const [there, back] = [hear(views[0]), hear(port)];
    for (const frame of ["a", "b", "ü€😀"]) port.send(frame);
    views[0]?.send("1");
    views[0]?.send("2");
    await expect
      .poll(() => [there, back])
      .toEqual([
        ["a", "b", "ü€😀"],
        ["1", "2"],
      ]);
  });

  test("tells either side when the other one leaves, and takes no harm from what is sent then", async () => {
    const [one, other] = [await connected(), await connected()];
    await expect.poll(() => views.length).toBe(2);
    const states: string[] = [];
    one.onState(({ kind }) => states.push(`view ${kind}`));
    views[1]?.onState(({ kind }) => states.push(`host ${kind}`));
    other.close();
    await expect.poll(() => states).toContain("host closed");
    views[0]?.close();
    await expect.poll(() => states).toContain("view closed");
    for (const port of [one, other, ...views]) port.send("late");
  });

  test("is gone when the host is, and nobody answers then", async () => {
    await door.close();
    expect(await connectControl(folder, 1_000)).toBeUndefined();
    door = { close: async () => undefined };
  });

  test("that a crashed host left behind is taken over", async () => {
    await door.close();
    writeFileSync(controlPath(folder), "left over");
    expect(await connectControl(folder, 1_000)).toBeUndefined();
    door = await listenControl(folder, (view) => onView(view));
    expect(await connectControl(folder, 1_000)).toBeDefined();
  });

  test("cannot be where there is no folder, and the host is told so", async () => {
    await expect(listenControl(join(folder, "missing"), () => undefined)).rejects.toThrow("listen");
    expect(await connectControl(join(folder, "missing"), 1_000)).toBeUndefined();
  });

  // `server.close` waits for every view to leave of itself: a monitor in another terminal keeps the host from ending.
  test("ends with the host, which does not wait for its views to leave", async () => {
    await connected();
    await expect.poll(() => views.length).toBe(1);
    const patience = new Promise((resolve) => setTimeout(resolve, 500, "hangs"));
    expect(await Promise.race([door.close().then(() => "closed"), patience])).toBe("closed");
  });
});

describe("lines", () => {
  test("arrive whole, however the bytes were cut on the way", async () => {
    const { socket } = await raw();
    const heard = hear(views[0]);
    const line = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.array(fc.nat(30)), async (lines, cuts) => {
        heard.length = 0;
        let bytes = Buffer.from(`${lines.join("\n")}\n`);
        for (const cut of cuts) {
          socket.write(bytes.subarray(0, cut));
          bytes = bytes.subarray(cut);
          await new Promise(setImmediate);
        }
        socket.write(bytes);
        await expect.poll(() => heard.length, { interval: 1 }).toBe(lines.length);
        expect(heard).toEqual(lines);
      }),
      { numRuns: 30 },
    );
  });

  test("of 4 MiB are taken; what grows beyond it ends that connection, and no other", async () => {
    const greedy = await raw();
    const other = await raw();
    const [there, elsewhere] = [hear(views[0]), hear(views[1])];
    greedy.socket.write(`${"x".repeat(LARGEST)}\n`);
    await expect.poll(() => there.map((frame) => frame.length)).toEqual([LARGEST]);
    greedy.socket.write("y".repeat(LARGEST + 70_000));
    await expect.poll(greedy.isEnded).toBe(true);
    expect(there).toHaveLength(1);
    other.socket.write("still here\n");
    await expect.poll(() => elsewhere).toEqual(["still here"]);
  });

  test("without an end are not heard when the connection goes", async () => {
    const { socket } = await raw();
    const heard = hear(views[0]);
    const states: string[] = [];
    views[0]?.onState(({ kind }) => states.push(kind));
    socket.end('whole\n{"kind":"request"');
    await expect.poll(() => states).toContain("closed");
    expect(heard).toEqual(["whole"]);
  });
});

describe("behind the contract's server", () => {
  beforeEach(() => {
    onView = (view) => {
      views.push(view);
      serve(view, new StubHost(), () => 0);
    };
  });

  test.each([
    ["words", "kill everything\n"],
    ["half of JSON", '{"kind":\n'],
    ["an empty line", "\n"],
    ["another protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
    ["a long line", `${"[".repeat(1_000_000)}\n`],
  ])("%s are refused in words and end that connection, and the host lives on", async (_, bytes) => {
    const garbage = await raw();
    garbage.socket.write(bytes);
    await expect.poll(garbage.isEnded).toBe(true);
    expect(JSON.parse(garbage.heard.join(""))).toMatchObject({ kind: "refused" });
    const other = await raw();
    other.socket.write(`${JSON.stringify(HELLO)}\n`);
    await expect.poll(() => other.heard.join("")).toContain("welcome");
  });
});
