import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath } from "#tests/support/chromium.ts";

/** Which tests a command holds. A group that needs what the machine lacks is counted and named, never silent. */
type Group = { readonly name: string; readonly folders: readonly string[]; readonly needs?: Need };
type Need = "chromium" | "electron" | "data";

const GROUPS: Readonly<Record<string, readonly Group[]>> = {
  unit: [
    {
      name: "tests",
      folders: [
        "tests/architecture",
        "tests/shared",
        "tests/core",
        "tests/runtime",
        "tests/app",
        "tests/adapters",
        "tests/renderer",
        "tests/scenario",
      ],
    },
    { name: "browser", folders: ["tests/e2e/browser"], needs: "chromium" },
  ],
  electron: [{ name: "electron", folders: ["tests/e2e/electron"], needs: "electron" }],
  install: [{ name: "install", folders: ["tests/install"] }],
  proof: [{ name: "proof", folders: ["tests/chaos", "tests/simulation", "tests/fuzz"] }],
};

type Outcome = {
  passed: number;
  failed: number;
  skipped: { readonly title: string; readonly reason: Need | "other" }[];
};
type JsonReport = {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
};

const ARTIFACTS = "artifacts";
const required = new Set((process.env.REQUIRE ?? "").split(",").filter((name) => name !== ""));

/** The reason stands in brackets at the end of a title: `[needs ROBOTRADER_TEST_DATA]`. */
function reasonOf(title: string): Need | "other" {
  if (/\[needs ROBOTRADER_TEST_DATA\]/.test(title)) return "data";
  if (/\[needs chromium\]/.test(title)) return "chromium";
  if (/\[needs electron\]/.test(title)) return "electron";
  return "other";
}

function runVitest(name: string, folders: readonly string[]): Outcome {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: [] };
  const present = folders.filter((folder) => existsSync(folder));
  if (present.length === 0) return outcome;
  const file = join(ARTIFACTS, `${name}.json`);
  rmSync(file, { force: true });
  const config = name === "tests" || name === "proof" ? [] : ["--config", "vitest.e2e.config.ts"];
  const args = ["run", ...config, ...present, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
  const result = spawnSync("vitest", args, { stdio: "inherit", env: { ...process.env, NO_COLOR: "1" } });
  if (!existsSync(file)) {
    console.log(`${name}: the test runner ended with ${result.status} and wrote no report`);
    return { ...outcome, failed: 1 };
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as JsonReport;
  for (const suite of report.testResults) {
    if (suite.status === "failed" && suite.assertionResults.length === 0) {
      console.log(`FAILED ${suite.name}: ${suite.message ?? "the file could not be run"}`);
      outcome.failed += 1;
    }
    for (const test of suite.assertionResults) {
      if (test.status === "passed") outcome.passed += 1;
      else if (test.status === "failed") {
        outcome.failed += 1;
        console.log(`FAILED ${test.fullName}`);
      } else outcome.skipped.push({ title: test.fullName, reason: reasonOf(test.fullName) });
    }
  }
  if (result.status !== 0 && outcome.failed === 0) outcome.failed += 1;
  return outcome;
}

function lacks(need: Need | undefined): boolean {
  if (need === "chromium") return chromiumPath() === undefined;
  if (need === "electron") return process.env.ELECTRON_OVERRIDE_DIST_PATH === undefined;
  return false;
}

async function prepareElectron(): Promise<void> {
  const { prepareRuntime } = await import("#tests/support/electron-runtime/electron-runtime.mjs");
  process.env.ELECTRON_OVERRIDE_DIST_PATH ??= await prepareRuntime({ target: join(".cache", "electron-33.2.1") });
}

const command = process.argv[2] ?? "unit";
const groups = GROUPS[command];
if (groups === undefined) {
  console.error(`no such group of tests: ${command}; there are ${Object.keys(GROUPS).join(", ")}`);
  process.exit(2);
}
mkdirSync(ARTIFACTS, { recursive: true });
if (command === "electron" || command === "install") {
  const [prepared] = await Promise.allSettled([prepareElectron()]);
  // Not prepared: every test that needs it is counted and named as skipped below.
  if (prepared.status === "rejected")
    console.log(`the Electron test runtime cannot be prepared: ${String(prepared.reason)}`);
}
const total: Outcome = { passed: 0, failed: 0, skipped: [] };
for (const group of groups) {
  if (lacks(group.needs)) {
    const title = `${group.name}: every test of ${group.folders.join(", ")}`;
    total.skipped.push({ title, reason: group.needs ?? "other" });
    continue;
  }
  const { passed, failed, skipped } = runVitest(group.name, group.folders);
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
}
for (const { title, reason } of total.skipped) {
  const isRequired = required.has(reason);
  console.log(`${isRequired ? "FAILED (required here, but skipped)" : "skipped"}: ${title} [${reason}]`);
  if (isRequired) total.failed += 1;
}
const skipped = total.skipped.filter(({ reason }) => !required.has(reason)).length;
if (total.passed + total.failed === 0) {
  console.log("no test ran: that is a failure");
  total.failed += 1;
}
console.log(`Tests: ${total.passed} passed, ${total.failed} failed, ${skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
