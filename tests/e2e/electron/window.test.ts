import { rmSync } from "node:fs";
import { join } from "node:path";
import { _electron, type ElectronApplication, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newFolder } from "#tests/support/host.ts";
import { type Served, seriousFindings, shoot, startWorkstation, waitForTrading } from "../workstation.ts";

const folder = newFolder("electron");
const isRoot = process.getuid?.() === 0;
let served: Served;
let app: ElectronApplication;
let page: Page;

beforeAll(async () => {
  served = await startWorkstation(folder, "--browser", "--interval", "1m");
  app = await _electron.launch({
    args: [
      ...(isRoot ? ["--no-sandbox"] : []),
      "--disable-gpu",
      `--user-data-dir=${join(folder, "electron")}`,
      join("out", "main", "electron.js"),
      `--data-dir=${folder}`,
    ],
    chromiumSandbox: !isRoot,
  });
  page = await app.firstWindow();
});

afterAll(async () => {
  await app.close();
  expect(await served.stop()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

describe("the workstation in an Electron window [needs electron]", () => {
  test("shows quotes, candles, orders and fills over the control socket", async () => {
    await waitForTrading(page);
    expect(page.url()).toBe("app://rt/");
    expect(await page.title()).toBe("SIM · RoboTrader");
    await shoot(page, "electron-trade");
  });

  test("the page is sandboxed and isolated, has nothing of Node, and cannot evaluate text", async () => {
    const seen = await page.evaluate(() => ({
      require: typeof (globalThis as Record<string, unknown>).require,
      process: typeof (globalThis as Record<string, unknown>).process,
      electron: Object.keys(globalThis).filter((key) => /electron|ipc/i.test(key)),
    }));
    expect(seen).toEqual({ require: "undefined", process: "undefined", electron: [] });
    const preferences = await app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents as unknown as {
        getLastWebPreferences(): Record<string, unknown>;
      };
      const { sandbox, contextIsolation, nodeIntegration, webSecurity } = contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webSecurity };
    });
    expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false, webSecurity: true });
    const evaluated = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.planted = true";
      document.head.append(script);
      return (globalThis as Record<string, unknown>).planted === true;
    });
    expect(evaluated).toBe(false);
  });

  test("the kill key is registered with the desktop, for when no window has the focus", async () => {
    const isTaken = await app.evaluate(({ globalShortcut }) =>
      globalShortcut.isRegistered("CommandOrControl+Alt+Shift+K"),
    );
    expect(isTaken).toBe(true);
  });

  test("kill works from the window, and no view has a serious accessibility finding", async () => {
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("button", { name: /KILL/ }).click();
    await page.locator(".state.KILLED").waitFor();
    await shoot(page, "electron-killed");
  });

  test("navigation and new windows are refused, and paths outside the bundle are not found", async () => {
    await page.evaluate(() => {
      window.open("https://example.org");
      location.href = "https://example.org";
    });
    await page.waitForTimeout(300);
    expect(page.url()).toBe("app://rt/");
    expect(app.windows()).toHaveLength(1);
    for (const path of ["/../main/electron.js", "/..%2f..%2fpackage.json", "/%00", "/%", "/assets", "/nothing"]) {
      expect(await page.evaluate(async (at) => (await fetch(at)).status, path), path).toBe(404);
    }
  });

  test("closing the window leaves the host running", async () => {
    await app.close();
    expect(served.running.child.exitCode).toBe(null);
  });
});
