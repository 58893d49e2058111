import { expect, test } from "vitest";
import { findingsOf, HOUSE_RULES, type HouseRule, isText } from "./house-rules.ts";
import { readTree } from "./source-tree.ts";

const files = readTree(isText);

test.each(HOUSE_RULES)("$name", (rule) => {
  expect(files.length).toBeGreaterThan(250);
  expect(findingsOf(rule, files)).toEqual([]);
});

type Sample = readonly [path: string, text: string];
type Samples = { readonly bad: readonly Sample[]; readonly good: readonly Sample[] };

const CORE = "src-main/core/risk/a.ts";
const SHELL = "src-main/app/a.ts";
const TEST = "tests/core/a.test.ts";
const lines = (count: number): string => Array(count).fill("a();").join("\n");

/** What each rule must catch, and what it must let be. */
const SAMPLES: Readonly<Record<string, Samples>> = {
  "a file has at most 500 lines": {
    bad: [
      [SHELL, lines(501)],
      ["src-renderer/ui/a.css", lines(501)],
    ],
    good: [
      [SHELL, `${lines(500)}\n`],
      ["assets/a.json", lines(501)],
    ],
  },
  "a function has at most 70 lines": {
    bad: [
      [SHELL, `function a() {\n${lines(69)}\n}`],
      [SHELL, `const a = () => {\n${lines(69)}\n};`],
      [SHELL, `class A {\n  a() {\n${lines(69)}\n  }\n}`],
      ["src-renderer/panels/a.tsx", `const A = () => (\n<p>\n${"<b>\nb\n</b>\n".repeat(23)}</p>\n);`],
    ],
    good: [
      [SHELL, `function a() {\n${lines(68)}\n\n\n}`],
      [TEST, `test("a", () => {\n${lines(69)}\n});`],
    ],
  },
  "no note to ourselves": {
    bad: [
      [SHELL, "// TODO: later"],
      [TEST, "/* FIXME */"],
      [".github/CONTRIBUTING.md", "TODO: write this"],
    ],
    good: [
      [SHELL, "// what is left to do: nothing"],
      [SHELL, `const word = "TODO";`],
    ],
  },
  "no test runs alone": {
    bad: [
      [TEST, `test.only("a", () => {});`],
      [TEST, `describe.only("a", () => {});`],
      [TEST, `test.concurrent.only("a", () => {});`],
      [TEST, `it.only.each([1])("a", () => {});`],
    ],
    good: [
      [TEST, `test("only(", () => {});`],
      [TEST, `const text = 'test.only("a")';`],
    ],
  },
  "no comment silences a tool": {
    bad: [
      [SHELL, "// @ts-ignore"],
      [SHELL, "// @ts-expect-error: the types are behind"],
      [TEST, "// biome-ignore lint/suspicious/noExplicitAny: <explanation>"],
      [SHELL, "/* v8 ignore next */"],
    ],
    good: [
      [SHELL, "// ignored by the exchange"],
      [SHELL, `const text = "@ts-ignore";`],
    ],
  },
  "no catch is empty or only logs": {
    bad: [
      [SHELL, "try { a(); } catch {}"],
      [SHELL, "try { a(); } catch (error) {\n  // nothing to do\n}"],
      [SHELL, "try { a(); } catch (error) { console.error(error); }"],
      [SHELL, "try { a(); } catch (error) { this.options.logger.warn(error); log(error); }"],
      [SHELL, "a().catch(() => {});"],
      [SHELL, "a().catch((error) => this.options.log(String(error)));"],
      [SHELL, "a().catch(console.error);"],
    ],
    good: [
      [SHELL, "const b = () => { try { a(); } catch { return undefined; } };"],
      [SHELL, "try { a(); } catch (error) { log(error); throw error; }"],
      [SHELL, "a().catch((error) => this.fail(error));"],
      [SHELL, "a().catch(() => undefined);"],
    ],
  },
  "the core has neither clock nor chance": {
    bad: [
      [CORE, "const time = Date.now();"],
      [CORE, "const time = new Date();"],
      ["src-shared/lib/a.ts", "const time = globalThis.Date.now();"],
      ["src-shared/model/a.ts", "type Time = Date;"],
      [CORE, "const time = performance.now();"],
      [CORE, "const chance = Math.random();"],
      [CORE, `const chance = Math["random"]();`],
      [CORE, "const { random } = Math;"],
    ],
    good: [
      [CORE, "const most = Math.max(event.time, 0); // not Date.now()"],
      [CORE, "const day = { Date: session.Date };"],
      [SHELL, "const time = Date.now();"],
    ],
  },
  "no text becomes code or markup": {
    bad: [
      [SHELL, "eval(text);"],
      [SHELL, "new Function(text);"],
      ["src-renderer/ui/a.ts", "element.innerHTML = text;"],
      ["src-renderer/ui/a.tsx", "const view = <p dangerouslySetInnerHTML={{ __html: text }} />;"],
    ],
    good: [["src-renderer/ui/a.ts", "element.textContent = text; const name: Function = evaluate;"]],
  },
  "no path leaves the repository": {
    bad: [
      [TEST, `read("${"../"}shared/data");`],
      [TEST, `const path = "/${"work"}/main";`],
      ["tests/a.sh", `data="$(cd ${".."} && pwd)/beside"`],
      ["README.md", `see (${"../"}shared/design.md)`],
      [SHELL, `import "${"../".repeat(3)}beside/a.ts";`],
    ],
    good: [
      ["tests/runtime/a.ts", `import { rig } from "../shared/rpc/rig.ts";`],
      ["src-main/app/a.ts", `new URL("../../package.json", import.meta.url);`],
      ["README.md", "$HOME/work/robotrader"],
    ],
  },
};

test.each(HOUSE_RULES)("the rule that $name catches its bad samples and lets the good ones be", (rule) => {
  const { bad, good } = samplesOf(rule);
  for (const [path, text] of bad) expect(findingsOf(rule, [{ path, text }]), text).not.toEqual([]);
  for (const [path, text] of good) expect(findingsOf(rule, [{ path, text }]), text).toEqual([]);
});

function samplesOf({ name }: HouseRule): Samples {
  const samples = SAMPLES[name];
  if (samples === undefined || samples.bad.length === 0) throw new Error(`the rule "${name}" has no bad sample`);
  return samples;
}
