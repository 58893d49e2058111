import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM_FLAGS, chromiumPath } from "#tests/support/chromium.ts";
import { newFolder, until } from "#tests/support/host.ts";
import { type Served, seriousFindings, shoot, startWorkstation, waitForTrading } from "../workstation.ts";

const folder = newFolder("browser");
let served: Served;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

/** The process that serves: the launcher may stand between it and this test. */
function hostPid(): number {
  return (JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as { readonly pid: number }).pid;
}

beforeAll(async () => {
  served = await startWorkstation(folder, "--browser", "--interval", "1m");
  browser = await chromium.launch({ executablePath: chromiumPath() ?? "", args: [...CHROMIUM_FLAGS] });
  page = await browser.newPage({ viewport: { width: 1600, height: 950 } });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(served.url);
});

afterAll(async () => {
  await browser.close();
  const code = await served.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(code).toBe(0);
});

describe("the workstation in a browser [needs chromium]", () => {
  test("shows quotes, candles, signals, orders and fills, with the code gone from the address", async () => {
    await waitForTrading(page);
    expect(page.url()).not.toContain("code");
    await page.getByRole("tab", { name: "Decisions" }).click();
    await expect.poll(() => page.locator("table[aria-label=Decisions] tbody tr").count()).toBeGreaterThan(0);
    await shoot(page, "browser-decisions");
    await page.getByRole("tab", { name: "Orders" }).click();
    await shoot(page, "browser-trade");
  });

  test("the one-time code works once", async () => {
    const other = await browser.newContext();
    const again = await other.newPage();
    await again.goto(served.url);
    await again.getByText("not signed in").waitFor();
    await other.close();
  });

  test("each view has no serious accessibility finding, at two sizes", async () => {
    for (const size of [
      { width: 1600, height: 950 },
      { width: 1280, height: 800 },
    ]) {
      await page.setViewportSize(size);
      for (const tab of ["Decisions", "Strategies", "Risk", "Monitor", "Alerts", "Settings", "Orders"]) {
        await page.getByRole("tab", { name: tab }).click();
        await page.waitForTimeout(300);
        expect(await seriousFindings(page), `${tab} at ${size.width}`).toEqual([]);
        await shoot(page, `browser-${tab.toLowerCase()}-${size.width}`);
      }
    }
    await page.setViewportSize({ width: 1600, height: 950 });
  });

  test("timeframes change by key, panels by F6, and nothing shifts while quotes stream", async () => {
    await page.locator("section.watch tbody tr").first().click();
    for (const [key, name] of [
      ["1", "1m"],
      ["3", "15m"],
      ["2", "5m"],
    ] as const) {
      await page.keyboard.press(key);
      await page.locator(`button[aria-pressed=true]:text-is("${name}")`).waitFor();
    }
    await page.keyboard.press("F6");
    expect(await page.evaluate(() => document.activeElement?.hasAttribute("data-panel"))).toBe(true);
    expect(await page.locator(".status-bar .grow").evaluate((item) => item.scrollWidth <= item.clientWidth)).toBe(true);
    const { moved, frames } = await page.evaluate(watchLayout, 3_000);
    expect(frames).toBeGreaterThan(10);
    expect(moved).toEqual([]);
  });

  test("a ticket is previewed, refused with its reason, sent, and seen in the blotter", async () => {
    await page.getByRole("button", { name: /^Buy / }).click();
    const answer = page.locator("section[aria-label^=Order] .note");
    await answer.getByText(/The gate would pass it|[A-Z]+_[A-Z]+:/).waitFor();
    await page.getByLabel("Shares").fill("9000");
    await answer.getByText(/ORDER_NOTIONAL_MAX/).waitFor();
    await shoot(page, "browser-ticket-refused");
    await page.getByLabel("Shares").fill("1");
    await page.getByRole("button", { name: /^BUY 1 / }).click();
    await page
      .getByText(/approved|POS_LIMIT|ORDER_RATE/)
      .first()
      .waitFor();
  });

  test("the ticket's answer is of what it asks now, not of the last order", async () => {
    await page.getByLabel("Shares").fill("9000");
    const answer = page.locator("section[aria-label^=Order] .note");
    await answer.getByText(/ORDER_NOTIONAL_MAX/).waitFor();
    await page.getByLabel("Stop loss").fill("98,5");
    await answer.getByText("Stop loss: a price above zero").waitFor();
    expect(await page.getByRole("button", { name: /^BUY 9000 / }).isDisabled()).toBe(true);
  });

  test("letters open the ticket, a slash the search, and a symbol that is not watched is said", async () => {
    await page.locator("section.watch tbody tr").first().click();
    await page.keyboard.press("s");
    await page.locator("#ticket-sell[aria-pressed=true]").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("ticket-quantity");
    await page.keyboard.type("7");
    await page.getByRole("button", { name: /^SELL 7 / }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("b");
    await page.locator("#ticket-buy[aria-pressed=true]").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("zzzz");
    await page.keyboard.press("Enter");
    await page.getByText("ZZZZ is not watched").waitFor();
    await page.getByLabel("Show symbol").fill("sofi");
    await page.keyboard.press("Enter");
    await page.locator("section.watch tr[aria-selected=true]", { hasText: "SOFI" }).waitFor();
    await page.keyboard.press("]");
    await page.locator("section.chart h2:text-is('CORZ')").waitFor();
  });

  test("flatten asks once, with the numbers, and the safe answer has the focus", async () => {
    await page.getByRole("button", { name: "Flatten all" }).click();
    await page.getByText(/Flatten all \d+ positions, about [\d,.]+\?/).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Keep");
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Flatten all" }).waitFor();
  });

  test("every figure of the positions fits its column", async () => {
    for (const width of [1280, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await page
        .locator("table[aria-label=Positions] td")
        .evaluateAll((cells) =>
          cells.filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent),
        );
      expect(cut, `${width}`).toEqual([]);
    }
    await page.setViewportSize({ width: 1600, height: 950 });
  });

  test("a host that stands still is lost within seconds: nothing can be sent, kill can be pressed and says it was not", async () => {
    process.kill(hostPid(), "SIGSTOP");
    try {
      await page.getByText(/the host does not answer/).waitFor({ timeout: 15_000 });
      await page.getByText("link —").waitFor();
      expect(await page.locator(".send").isDisabled()).toBe(true);
      expect(await seriousFindings(page)).toEqual([]);
      await shoot(page, "browser-silent");
      await page.getByRole("button", { name: /KILL/ }).click();
      await page.getByText(/NOT SENT: there is no connection/).waitFor();
      await page.getByRole("button", { name: "Keep STOP" }).click();
    } finally {
      process.kill(hostPid(), "SIGCONT");
    }
    await page.getByText("link live").waitFor({ timeout: 20_000 });
    expect(await page.locator(".state.KILLED").count()).toBe(0);
  });

  test("one press of the key stops at once, the sheet offers more, re-arm wants phrase and reason", async () => {
    await page.getByLabel("Shares").focus();
    await page.keyboard.press("Control+Alt+Shift+KeyK");
    await page.locator(".state.KILLED").waitFor();
    await page.getByRole("dialog", { name: "Kill switch" }).waitFor();
    await shoot(page, "browser-killed");
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole("button", { name: "Keep STOP" }).click();
    await page.getByRole("button", { name: "Re-arm…" }).click();
    const rearm = page.getByRole("button", { name: /^Re-arm, strategies/ });
    expect(await rearm.isDisabled()).toBe(true);
    await page.getByLabel("Type RE-ARM").fill("RE-ARM");
    await page.getByLabel("Reason, for the journal").fill("end-to-end test");
    await rearm.click();
    await page.locator(".state.ACTIVE").waitFor();
    await page.getByText("DISARMED").waitFor();
    expect(complaints.filter((text) => !/401|Failed to load resource/.test(text))).toEqual([]);
  });

  test("a lost host is said with a countdown, and a new one needs a new code", async () => {
    served.running.child.kill("SIGTERM");
    await until(() => served.running.child.exitCode !== null, "the host ends");
    await page.getByText(/connection to the host is lost/).waitFor();
    await shoot(page, "browser-lost");
  });
});

/** Runs in the page: the boxes of everything at each frame, but of table rows, which new rows push down as they should. */
function watchLayout(milliseconds: number): Promise<{ moved: string[]; frames: number }> {
  const boxes = (): Map<Element, string> =>
    new Map(
      [...document.querySelectorAll("section, header, h2, th, dt, dd, button, input, select, label, canvas")]
        .filter((element) => element.closest("tbody") === null)
        .map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [element, [x, y, width, height].map((value) => value.toFixed(1)).join(" ")];
        }),
    );
  return new Promise((resolve) => {
    const first = boxes();
    const moved = new Set<string>();
    const end = performance.now() + milliseconds;
    let frames = 0;
    const look = (): void => {
      frames += 1;
      for (const [element, box] of boxes()) {
        const before = first.get(element);
        if (before !== undefined && before !== box) {
          moved.add(`${element.outerHTML.slice(0, 80)}: ${before} -> ${box}`);
          first.set(element, box);
        }
      }
      if (performance.now() < end) requestAnimationFrame(look);
      else resolve({ moved: [...moved], frames });
    };
    look();
  });
}
