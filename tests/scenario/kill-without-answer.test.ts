import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { controlPath } from "#adapters/system/control-socket.ts";
import { createKillLatch } from "#adapters/system/latch.ts";
import { newFolder } from "#tests/support/host.ts";
import { cli } from "#tests/support/processes.ts";

const NOBODY = 65_534;

let folder: string;
beforeEach(() => {
  folder = newFolder("kill");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a kill before the first start makes the folder, so that the first start is KILLED", async () => {
  const at = join(folder, "not", "yet");
  const { code, stdout, stderr } = await cli(["kill", "--json", "--reason", "no", "--data-dir", at]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toMatchObject({ accepted: false, latched: true });
  expect(code).toBe(4);
  expect(createKillLatch(at).read()).toBe("kill without a running host: no");
});

test("a kill that cannot be written says so in a sentence", async () => {
  const at = join(folder, "locked");
  mkdirSync(at);
  chmodSync(folder, 0o755);
  chmodSync(at, 0o555);
  const user = process.getuid?.() === 0 ? NOBODY : undefined;
  const { code, stderr } = await cli(["kill", "--data-dir", at], { HOME: "/" }, user);
  expect(stderr).toMatch(/data directory .*locked cannot be used: no permission/);
  expect(stderr).not.toMatch(/\n {4}at /);
  expect(code).toBe(1);
});

test("a kill that a hung host does not answer is latched on disk, and lies in its socket for when it wakes", {
  timeout: 20_000,
}, async () => {
  let heard = "";
  const hung = createServer((socket) => socket.on("data", (chunk) => (heard += String(chunk))));
  await new Promise<void>((resolve) => hung.listen(controlPath(folder), resolve));
  try {
    const { code, stdout } = await cli(["kill", "--json", "--reason", "it hangs", "--data-dir", folder]);
    expect(JSON.parse(stdout)).toMatchObject({ accepted: false, latched: true });
    expect(code).toBe(4);
    expect(createKillLatch(folder).read()).toBe("kill without an answer of the host: it hangs");
    expect(heard).toContain('"kind":"kill","mode":"stop","reason":"it hangs"');
  } finally {
    hung.close();
  }
});
