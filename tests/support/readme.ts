import { readFileSync, writeFileSync } from "node:fs";
import { configurationMarkdown } from "#app/configuration/describe.ts";

const START = "<!-- configuration: generated from the schema by tests/support/readme.ts -->";
const END = "<!-- /configuration -->";

/** The README with its configuration table as the schema says it. */
export function withConfiguration(readme: string): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error("README.md has no place for the configuration table");
  return `${readme.slice(0, start + START.length)}\n\n${configurationMarkdown()}\n\n${readme.slice(end)}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync("README.md", withConfiguration(readFileSync("README.md", "utf8")));
}
