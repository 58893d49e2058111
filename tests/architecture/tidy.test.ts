import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type SourceFile, sourcesOf } from "./sources.ts";

const SOURCES = sourcesOf(["src-shared", "src-main", "src-renderer"], [".ts", ".tsx"]);
const TESTS = sourcesOf(["tests"], [".ts", ".tsx", ".mjs"]).filter(
  ({ path }) => !path.startsWith("tests/architecture/"),
);
const TEXTS = [
  ...SOURCES,
  ...TESTS,
  ...sourcesOf([".github"], [".md", ".yml"]),
  ...readdirSync(".")
    .filter((name) => /\.(md|json|yml|ts)$|^(NOTICE|\.npmrc)$/.test(name) && name !== "package-lock.json")
    .map((path) => ({ path, text: readFileSync(path, "utf8") })),
];

/** A rule of the house: where it holds, what must not be there, and a sample that it must catch. */
type Rule = {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly pattern: RegExp;
  readonly bad: readonly string[];
  readonly good: readonly string[];
};

const RULES: readonly Rule[] = [
  {
    name: "no note to ourselves",
    files: [...SOURCES, ...TESTS],
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    bad: ["// TODO: later", "/* FIXME */"],
    good: ["// what is left to do: nothing"],
  },
  {
    name: "no test that runs alone",
    files: TESTS,
    pattern: /\b(test|describe|it)\.only\(/,
    bad: ['test.only("x", () => {})'],
    good: ['test("x", () => {})'],
  },
  {
    name: "no comment that silences a tool",
    files: [...SOURCES, ...TESTS],
    pattern: /(biome-ignore|eslint-disable|@ts-(ignore|expect-error|nocheck)|c8 ignore|v8 ignore)/,
    bad: ["// @ts-ignore", "// biome-ignore lint: x"],
    good: ["// ignored by the exchange"],
  },
  {
    name: "no empty catch",
    files: SOURCES,
    pattern: /catch\s*(\([^)]*\))?\s*\{\s*\}/,
    bad: ["try { a(); } catch {}", "try { a(); } catch (error) { }"],
    good: ["try { a(); } catch { return undefined; }"],
  },
  {
    name: "no catch that only logs",
    files: SOURCES,
    pattern: /catch\s*(\([^)]*\))?\s*\{\s*(console\.\w+|\w*[lL]og(ger)?(\.\w+)?)\([^;]*\);?\s*\}/,
    bad: ["try { a(); } catch (error) { console.error(error); }", "catch (e) {\n  logger.warn(e);\n}"],
    good: ["catch (error) { log(error); throw error; }"],
  },
  {
    name: "time and chance come from outside the core",
    files: SOURCES.filter(({ path }) => /^src-shared\/|^src-main\/core\//.test(path)),
    pattern: /\bDate\.now\(|\bnew Date\(|\bMath\.random\(|\bperformance\.now\(/,
    bad: ["const t = Date.now();", "const r = Math.random();"],
    good: ["const t = event.time;"],
  },
  {
    name: "no dynamic evaluation, no raw HTML",
    files: SOURCES,
    pattern: /\beval\(|new Function\(|dangerouslySetInnerHTML|\.innerHTML\s*=/,
    bad: ["eval('1')", "element.innerHTML = text"],
    good: ["element.textContent = text"],
  },
  {
    name: "no folder outside the repository, none of a machine",
    files: TEXTS,
    pattern: /\.\.\/shared\b|\.\.\/\.library|(^|["'`\s(])\/(work|root)\//m,
    bad: ["read('../shared/data')", 'const path = "/work/main"'],
    good: ['import { x } from "../../src-shared/lib/x.ts"', "$HOME/.local/share"],
  },
];

describe.each(RULES)("$name", ({ files, pattern, bad, good }) => {
  test("holds everywhere", () => {
    expect(files.length).toBeGreaterThan(0);
    const found = files.flatMap(({ path, text }) => {
      const match = pattern.exec(text);
      return match === null ? [] : [`${path}: ${match[0].trim().slice(0, 80)}`];
    });
    expect(found).toEqual([]);
  });

  test("catches its bad samples and lets the good ones be", () => {
    for (const sample of bad) expect(pattern.test(sample), sample).toBe(true);
    for (const sample of good) expect(pattern.test(sample), sample).toBe(false);
  });
});

test("a file has at most 500 lines", () => {
  const long = [...SOURCES, ...TESTS].filter(({ text }) => text.split("\n").length > 501);
  expect(long.map(({ path }) => path)).toEqual([]);
});

test("functions are measured by the linter: at most 70 lines in every source", () => {
  const { linter } = JSON.parse(readFileSync("biome.json", "utf8"));
  expect(linter.rules.complexity.noExcessiveLinesPerFunction.options.maxLines).toBe(70);
  expect(linter.rules.style.noExcessiveLinesPerFile.options.maxLines).toBe(500);
});
