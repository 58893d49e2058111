import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newFolder } from "#tests/support/host.ts";
import { type Served, shoot, startWorkstation, waitForTrading } from "../workstation.ts";

const folder = newFolder("packed");
const isRoot = process.getuid?.() === 0;
let served: Served;
let packed: ChildProcess | undefined;
let browser: Browser | undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  served = await startWorkstation(folder, "--browser", "--interval", "1m");
});
afterAll(async () => {
  await browser?.close();
  packed?.kill("SIGKILL");
  await served.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the packed product attaches to a running host: bundle, fuses and window [needs electron]", async () => {
  const made = spawnSync(process.execPath, ["tests/support/package.ts"], { encoding: "utf8" });
  expect(made.stdout).not.toContain("FAULT");
  expect(made.status, made.stderr).toBe(0);
  const port = await freePort();
  const flags = [...(isRoot ? ["--no-sandbox"] : []), "--disable-gpu", `--remote-debugging-port=${port}`];
  const own = [`--user-data-dir=${join(folder, "electron")}`, `--data-dir=${folder}`];
  packed = spawn(join("out", "package", "linux-unpacked", "robotrader"), [...flags, ...own], { stdio: "ignore" });
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${port}/json/version`).catch(() => undefined))?.ok, {
      timeout: 30_000,
    })
    .toBe(true);
  browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  const [page] = browser.contexts()[0]?.pages() ?? [];
  if (page === undefined) throw new Error("the packed product shows no page");
  await waitForTrading(page);
  expect(page.url()).toBe("app://rt/");
  expect(await page.title()).toBe("SIM · RoboTrader");
  await shoot(page, "electron-packed");
});
