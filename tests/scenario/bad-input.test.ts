import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newFolder, startTestHost, until } from "#tests/support/host.ts";
import { cli } from "#tests/support/processes.ts";

const NOBODY = 65_534;

let folder: string;
let server: Server;
let taken: string;

beforeAll(async () => {
  folder = newFolder("bad-input");
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  taken = String(typeof address === "object" && address !== null ? address.port : 0);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a person did wrong, what the command must say, and its exit code. No stack is ever shown. */
type Mistake = readonly [name: string, args: (folder: string) => readonly string[], says: RegExp, code: number];
const MISTAKES: readonly Mistake[] = [
  [
    "a port in use",
    (at) => ["headless", "--port", taken, "--data-dir", at],
    /port \d+ of the simulator: it is in use; name another with --port/,
    1,
  ],
  [
    "a path through a file",
    (at) => ["headless", "--data-dir", join(at, "file", "x")],
    /data directory .*file.x cannot be used: a part of the path is a file/,
    1,
  ],
  ["a file for a folder", (at) => ["headless", "--data-dir", join(at, "file")], /a file of that name is in the way/, 1],
  [
    "a file system of the machine",
    () => ["headless", "--data-dir", "/proc/robotrader"],
    /data directory \/proc\/robotrader cannot be used/,
    1,
  ],
  [
    "a folder with too long a path for a socket",
    (at) => ["headless", "--data-dir", join(at, "x".repeat(100))],
    /its path has more than 90 bytes, and the control socket in it would have too long a name/,
    1,
  ],
  ["an empty folder name", () => ["headless", "--data-dir", ""], /--data-dir is empty; name a folder/, 1],
  [
    "a day without trading",
    (at) => ["headless", "--date", "2026-11-22", "--data-dir", at],
    /simulation.date 2026-11-22: the exchange does not trade on that day/,
    1,
  ],
  [
    "a time outside the session",
    (at) => ["headless", "--date", "2026-11-23", "--start-time", "17:00", "--data-dir", at],
    /simulation.startTime 17:00: it lies outside the session/,
    1,
  ],
  [
    "a folder without recordings",
    (at) => ["headless", "--replay", at, "--data-dir", join(at, "r")],
    /no file like SPY_20131007_trade.csv or SPY.csv is in it/,
    1,
  ],
  [
    "an end without a replay",
    (at) => ["headless", "--exit-at-end", "--data-dir", at],
    /--exit-at-end needs --replay/,
    2,
  ],
  [
    "a speed out of range",
    (at) => ["headless", "--speed", "2000", "--data-dir", at],
    /simulation.speed = "2000" \(command line\).*allowed: 1 to 1,000, or max/,
    2,
  ],
  [
    "a gateway of another machine",
    (at) => ["headless", "--gateway", "192.0.2.1:4001", "--data-dir", at],
    /profile simulation speaks to this machine only/,
    2,
  ],
  [
    "an unknown key",
    (at) => ["headless", "--set", "risk.maxOpenPosition=3", "--data-dir", at],
    /did you mean risk.maxOpenPositions/,
    2,
  ],
  [
    "a setting without a value",
    (at) => ["headless", "--set", "risk", "--data-dir", at],
    /--set risk: it has the form key=value/,
    2,
  ],
  ["a strategy that is not there", (at) => ["headless", "--strategies", "moonshot", "--data-dir", at], /moonshot/, 2],
  ["a symbol that cannot be one", (at) => ["headless", "--symbols", "aapl!", "--data-dir", at], /aapl!/, 2],
  [
    "live without an account",
    (at) => ["headless", "--profile", "live", "--data-dir", at],
    /profile live needs an approved account/,
    2,
  ],
  [
    "a latency that is no number",
    (at) => ["headless", "--latency-ms", "abc", "--data-dir", at],
    /--latency-ms abc: a whole number from 0 is needed/,
    2,
  ],
  ["an unknown command", () => ["frobnicate"], /unknown command 'frobnicate'/, 2],
  ["an unknown option", () => ["headless", "--fast"], /unknown option '--fast'/, 2],
  [
    "a journal that is not there",
    (at) => ["replay", join(at, "nothing")],
    /nothing: there is no such file or folder/,
    1,
  ],
  ["a file that is no journal", (at) => ["verify", join(at, "file")], /there is no journal.db in it/, 1],
  ["nobody to ask", (at) => ["status", "--data-dir", at], /no host answers in/, 3],
];

describe("what a person gets wrong is answered in one sentence", () => {
  test.each(MISTAKES)("%s", { timeout: 20_000 }, async (_name, args, says, code) => {
    const at = join(folder, "case");
    rmSync(at, { recursive: true, force: true });
    mkdirSync(at);
    writeFileSync(join(at, "file"), "not a folder, not a journal");
    const result = await cli([...args(at)]);
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/\n {4}at /);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe("");
  });

  test("with --json the answer is one document with a code", async () => {
    const { stdout, code } = await cli(["status", "--json", "--data-dir", folder]);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "NO_HOST" } });
  });

  test.each([
    [["frobnicate", "--json"], /unknown command 'frobnicate'/],
    [["status", "--json", "--fast"], /unknown option '--fast'/],
    [["replay", "--json"], /missing required argument 'journal'/],
  ] as const)("with --json a mistake of usage is one document too: %j", async (args, says) => {
    const { stdout, code } = await cli(args);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { code: "USAGE", message: expect.stringMatching(says) } });
  });

  test("a folder without permission", async () => {
    const at = join(folder, "locked");
    mkdirSync(at);
    chmodSync(folder, 0o755);
    chmodSync(at, 0o555);
    // Root may write everywhere: the command is run as somebody else then.
    const user = process.getuid?.() === 0 ? NOBODY : undefined;
    const { stderr, code } = await cli(["headless", "--data-dir", at], { HOME: "/" }, user);
    expect(stderr).toContain("cannot be used: no permission");
    expect(code).toBe(1);
  });
});

describe("a running host", () => {
  test("is not joined by a second one on its data directory", { timeout: 40_000 }, async () => {
    const running = await startTestHost({ "simulation.seed": 3, "simulation.date": "2026-11-23" });
    try {
      const second = await cli(["headless", "--data-dir", running.folder]);
      expect(second.stderr).toMatch(/INSTANCE_RUNNING: the data directory is in use by process \d+/);
      expect(second.code).toBe(1);
    } finally {
      await running.stop();
    }
  });

  test("names the symbol that nobody knows, trades the others, and refuses orders for it", {
    timeout: 60_000,
  }, async () => {
    const settings = {
      "simulation.seed": 7,
      "simulation.speed": 60,
      "simulation.date": "2026-11-23",
      symbols: "AAPL,ZZZZ",
    };
    const running = await startTestHost(settings);
    try {
      const view = await running.view();
      await until(() => view.rows("alerts").some(({ message }) => message.includes("ZZZZ")), "ZZZZ is named");
      await until(() => view.rows("status")[0]?.link.state === "live", "the link is live");
      const ticket = {
        symbol: "ZZZZ",
        side: "buy",
        quantity: 1,
        type: "limit",
        limitPrice: 10,
        stopLoss: 9.9,
        timeInForce: "day",
        outsideRth: false,
        reduceOnly: false,
      } as const;
      const result = await view.command({ kind: "placeOrder", ticket });
      expect(result.accepted).toBe(false);
      expect(result.failures.map(({ code }) => code)).toContain("UNKNOWN_SYMBOL");
      expect(running.fatal).toEqual([]);
    } finally {
      await running.stop();
    }
  });
});
