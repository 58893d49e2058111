import { type ChildProcess, execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM_FLAGS, chromiumPath } from "#tests/support/chromium.ts";
import { until } from "#tests/support/host.ts";
import { shoot, waitForTrading } from "../e2e/workstation.ts";
import { bareTools, cloneHere, copyFor, displayKeyFor, finish, NOBODY, start } from "./fresh-clone.ts";

const NPM_VERSIONS = ["10.9.2", "11.6.0"] as const;
const isRoot = process.getuid?.() === 0;
const hasChromium = chromiumPath() !== undefined;
const runtime = process.env.ELECTRON_OVERRIDE_DIST_PATH;
const hasDisplay = runtime !== undefined && process.env.DISPLAY !== undefined;

let folder: string;
let clone: string;
let tools: string;
let userClone: string | undefined;

beforeAll(() => {
  folder = cloneHere();
  clone = join(folder, "robotrader");
  tools = bareTools(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (userClone !== undefined) rmSync(join(userClone, ".."), { recursive: true, force: true });
});

describe("npm ci where neither Python nor a compiler is", () => {
  test.each(NPM_VERSIONS)("with npm %s", { timeout: 240_000 }, async (version) => {
    rmSync(join(clone, "node_modules"), { recursive: true, force: true });
    const run = { cwd: clone, path: tools };
    await finish(start("npx", ["--yes", `npm@${version}`, "ci"], run));
    // Whatever npm makes of the platform package's link: every command of ours runs on Node 24.
    const launched = ["src-main/app/node24.mjs", "tests/install/print-version.ts"];
    expect(await finish(start("node", launched, run))).toMatch(/^v24\./);
    const status = execFileSync("git", ["status", "--porcelain"], { cwd: clone, encoding: "utf8" });
    expect(status, "npm ci changes no file of the clone").toBe("");
  });
});

type Started = { readonly child: ChildProcess; readonly seconds: number; readonly said: () => string };

/** `npm start`, until quotes, candles, orders and fills are on a screen; seconds from the end of `npm ci`. */
async function trade(cwd: string, user: number | undefined, env: NodeJS.ProcessEnv, name: string): Promise<Started> {
  const began = performance.now();
  const child = start("npm", ["start", "--", "--http-port", "0"], {
    cwd,
    path: tools,
    env,
    ...(user === undefined ? {} : { user }),
  });
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    said += String(chunk);
  });
  const url = (): string | undefined => /served at (http:\S+)/.exec(said)?.[1];
  await until(() => url() !== undefined || child.exitCode !== null, "an address", 60_000);
  if (url() === undefined) throw new Error(`npm start ended with ${child.exitCode}: ${said}`);
  const browser = await chromium.launch({ executablePath: chromiumPath() ?? "", args: [...CHROMIUM_FLAGS] });
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 950 } });
    await page.goto(url() ?? "");
    await waitForTrading(page);
    await page.getByRole("tab", { name: "Decisions" }).click();
    await expect.poll(() => page.locator("table[aria-label=Decisions] tbody tr").count()).toBeGreaterThan(0);
    const seconds = (performance.now() - began) / 1_000;
    await shoot(page, name);
    return { child, seconds, said: () => said };
  } finally {
    await browser.close();
  }
}

async function end({ child }: Started): Promise<void> {
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  await exited;
}

const report = (name: string, seconds: number): void => {
  process.stdout.write(`${name}: trading on screen ${seconds.toFixed(1)} s after npm ci\n`);
};

/** The title that the page gives itself once it has data: proof that the window shows the workstation. */
async function waitForWindow(started: Started): Promise<void> {
  const tree = (): string => execFileSync("xwininfo", ["-root", "-tree"], { encoding: "utf8" });
  await until(
    () => /SIM · RoboTrader|SIM \\302\\267 RoboTrader|RoboTrader/.test(tree()),
    `a window: ${started.said()}`,
    60_000,
  );
}

describe("npm start on a fresh clone [needs chromium]", () => {
  const timeout = 150_000;

  test.skipIf(!hasChromium)("without a display, as this user", { timeout }, async () => {
    const started = await trade(clone, undefined, {}, "fresh-clone-no-display");
    expect(started.said()).toContain("there is no display");
    report("no display", started.seconds);
    expect(started.seconds).toBeLessThan(60);
    await end(started);
  });

  test.skipIf(!hasChromium || !isRoot)("without a display, as a user without rights", { timeout }, async () => {
    userClone ??= copyFor(NOBODY, clone);
    const started = await trade(userClone, NOBODY, {}, "fresh-clone-user");
    report("no display, not root", started.seconds);
    expect(started.seconds).toBeLessThan(60);
    await end(started);
  });

  test.skipIf(!hasChromium || !hasDisplay)("with a display: a window beside the browser", { timeout }, async () => {
    const env = {
      DISPLAY: process.env.DISPLAY,
      XAUTHORITY: process.env.XAUTHORITY,
      ELECTRON_OVERRIDE_DIST_PATH: runtime,
    };
    const started = await trade(clone, undefined, env, "fresh-clone-display");
    await waitForWindow(started);
    report("display", started.seconds);
    expect(started.seconds).toBeLessThan(60);
    await end(started);
  });

  test.skipIf(!hasChromium || !hasDisplay || !isRoot)(
    "with a display, as a user without rights: the window's sandbox is on",
    { timeout },
    async () => {
      userClone ??= copyFor(NOBODY, clone);
      const key = displayKeyFor(NOBODY, userClone);
      const env = { DISPLAY: process.env.DISPLAY, ELECTRON_OVERRIDE_DIST_PATH: runtime, ...key };
      const started = await trade(userClone, NOBODY, env, "fresh-clone-display-user");
      await waitForWindow(started);
      report("display, not root", started.seconds);
      expect(seccompOfRenderers()).toContain("2");
      await end(started);
    },
  );
});

/** Seccomp modes of the renderer processes that run now; 2 means filtered. */
function seccompOfRenderers(): readonly string[] {
  const pids = execFileSync("pgrep", ["-f", "--", "--type=renderer"], { encoding: "utf8" }).trim().split("\n");
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("electron")) return [];
      return /^Seccomp:\s*(\d)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? [];
    } catch {
      // It ended between the listing and the reading.
      return [];
    }
  });
}
