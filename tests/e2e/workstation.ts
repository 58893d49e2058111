import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { until } from "#tests/support/host.ts";
import { type Running, runCli } from "#tests/support/processes.ts";

export const SHOTS = join("artifacts", "screenshots");

export type Served = {
  readonly running: Running;
  readonly url: string;
  readonly folder: string;
  stop(): Promise<number | null>;
};

/** `robotrader start`, as a person starts it, on a fresh data directory. */
export async function startWorkstation(folder: string, ...flags: readonly string[]): Promise<Served> {
  const running = runCli([
    "start",
    "--data-dir",
    folder,
    "--http-port",
    "0",
    "--seed",
    "7",
    "--date",
    "2026-11-23",
    ...flags,
  ]);
  const address = (): string | undefined => /served at (http:\/\/\S+)/.exec(running.output.stderr)?.[1];
  await until(() => address() !== undefined || running.child.exitCode !== null, "the address is printed", 60_000);
  const url = address();
  if (url === undefined) throw new Error(`start ended: ${running.output.stderr}`);
  return {
    running,
    url,
    folder,
    stop: () => {
      running.child.kill("SIGTERM");
      return running.exited;
    },
  };
}

/** Quotes, candles, signals, orders and fills are on the screen. */
export async function waitForTrading(page: Page): Promise<void> {
  await page.getByText("link live").waitFor({ timeout: 60_000 });
  await page.locator("section.watch tbody tr").nth(18).waitFor({ timeout: 60_000 });
  await page.waitForFunction(
    () => {
      const text = (selector: string): string => document.querySelector(selector)?.textContent ?? "";
      const fills = /fills (\d+)/.exec(text("section.bottom"))?.[1];
      const label = document.querySelector("[role=figure][aria-label*=candles]")?.getAttribute("aria-label") ?? "";
      const bars = /candles, ([\d,]+) bars/.exec(label)?.[1];
      return Number(fills ?? 0) > 0 && Number((bars ?? "0").replace(",", "")) > 50;
    },
    undefined,
    { timeout: 60_000 },
  );
}

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

type AxeResult = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
};

/** Serious and critical accessibility findings of what is shown now. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const found = await page.evaluate<AxeResult>(
    `(() => { const module = undefined, exports = undefined; ${source}; return window.axe.run(document); })()`,
  );
  return found.violations
    .filter((violation) => violation.impact === "serious" || violation.impact === "critical")
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}
