import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FAULT_NAMES, FaultScriptError, parseFaultScript } from "#adapters/gateway-simulator/server/fault-script.ts";
import { withConfiguration } from "#tests/support/readme.ts";

const readme = readFileSync("README.md", "utf8");

describe("the README", () => {
  test("has the table of the configuration as the schema says it (node tests/support/readme.ts)", () => {
    expect(withConfiguration(readme)).toBe(readme);
  });

  test("names the two commands, and files that are there", () => {
    expect(readme).toContain("npm ci && npm start");
    expect(readme).toContain("npm ci && npm test");
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? "");
    const missing = links.filter((link) => !link.startsWith("http") && !existsSync(link));
    expect(missing).toEqual([]);
  });

  test("shows a fault script that can be played, and names every fault", () => {
    const script = /```json\n(\[[^`]+\])\n```/.exec(readme)?.[1] ?? "";
    expect(parseFaultScript(script, "README.md")).toHaveLength(3);
    expect(() => parseFaultScript('[{"when":"10:00:00","fault":"?","with":{}}]', "x")).toThrow(FaultScriptError);
    expect(FAULT_NAMES.length).toBeGreaterThan(10);
    expect(FAULT_NAMES.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  test("the spine is eight files, each under 250 lines", () => {
    const spine = [...readme.matchAll(/^\d\. \[`([^`]+)`\]/gm)].map((match) => match[1] ?? "");
    expect(spine).toHaveLength(8);
    for (const file of spine) expect(readFileSync(file, "utf8").split("\n").length, file).toBeLessThan(250);
  });
});
