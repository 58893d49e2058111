import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sampleFiles } from "#tests/support/record-sample.ts";

const FOLDER = join("assets", "sample-session");

test("the shipped session is what the seeded generator plays, file by file", () => {
  const files = sampleFiles();
  const there = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".csv"));
  expect(there.sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(join(FOLDER, name), "utf8") === text, name).toBe(true);
});
