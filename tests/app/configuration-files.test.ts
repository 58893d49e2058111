import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemFiles } from "#app/configuration/files.ts";
import { loadConfiguration, problemText } from "#app/configuration.ts";
import type { Profile } from "#shared/model/account-guard.ts";

let folder = "";
let data = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "robotrader-config-"));
  data = join(folder, "data");
  mkdirSync(data);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (configFile?: string) =>
  loadConfiguration({
    overrides: {},
    env: {},
    files: systemFiles({
      workingDirectory: folder,
      dataDirectory: (_: Profile) => data,
      ...(configFile === undefined ? {} : { configFile }),
    }),
  });
const positions = () => {
  const loaded = load();
  return loaded.kind === "loaded" ? loaded.config.risk.maxOpenPositions : problemText(loaded.problems);
};
const three = '{"risk":{"maxOpenPositions":3}}';

test("without any file the defaults are in force", () => {
  expect(positions()).toBe(5);
});

test("the file of the profile is found in the data directory, and in the working directory", () => {
  writeFileSync(join(data, "robotrader.simulation.json"), three);
  expect(positions()).toBe(3);
  rmSync(join(data, "robotrader.simulation.json"));
  writeFileSync(join(folder, "robotrader.simulation.json"), three);
  expect(positions()).toBe(3);
});

test("a file of the profile in both folders is refused, with both names", () => {
  for (const place of [data, folder]) writeFileSync(join(place, "robotrader.simulation.json"), three);
  expect(positions()).toContain(`${join(folder, "robotrader.simulation.json")}`);
  expect(positions()).toContain(`${join(data, "robotrader.simulation.json")} is there too`);
});

test("the .env of the working directory is read", () => {
  writeFileSync(join(folder, ".env"), "MAX_OPEN_POSITIONS=2\n");
  expect(positions()).toBe(2);
});

test("a folder in the place of a file, and a file too large, are refused", () => {
  mkdirSync(join(folder, ".env"));
  expect(positions()).toContain("not a file");
  rmSync(join(folder, ".env"), { recursive: true });
  writeFileSync(join(folder, ".env"), "#".repeat(1_000_001));
  expect(positions()).toContain("1000001 bytes; more than 1000000 are not read");
});

test("every problem stands on a line of its own below the count", () => {
  writeFileSync(join(folder, "mine.json"), '{"risk":{"maxOpenPositions":0},"colour":1}');
  const loaded = load(join(folder, "mine.json"));
  const lines = loaded.kind === "refused" ? problemText(loaded.problems).split("\n") : [];
  expect(lines[0]).toBe("configuration refused, 2 problems:");
  expect(lines.slice(1).map((line) => line.trim().split(" ")[0])).toEqual(["risk.maxOpenPositions", "colour"]);
});
