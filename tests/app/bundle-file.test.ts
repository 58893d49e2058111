import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { bundleFile } from "#app/bundle-file.ts";

const folder = mkdtempSync(join(tmpdir(), "robotrader-bundle-"));
const bundle = join(folder, "renderer");
mkdirSync(join(bundle, "assets"), { recursive: true });
writeFileSync(join(bundle, "index.html"), "page");
writeFileSync(join(bundle, "assets", "a.js"), "script");
writeFileSync(join(folder, "secret"), "no");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the window is served the files of its bundle", () => {
  expect(bundleFile(bundle, "/")).toBe(join(bundle, "index.html"));
  expect(bundleFile(bundle, "/assets/a.js")).toBe(join(bundle, "assets", "a.js"));
  expect(bundleFile(bundle, "/assets/%61.js")).toBe(join(bundle, "assets", "a.js"));
});

test.each([
  "/../secret",
  "/..%2fsecret",
  "/%2e%2e/secret",
  "/assets/../../secret",
  "/..\\secret",
  "/..%5csecret",
  "/index.html%00.js",
  "/%",
  "/%E0%A4%A",
  "/assets",
  "/assets/",
  "/nothing",
  `/${"a".repeat(2_000)}`,
])("and nothing for %s", (pathname) => {
  expect(bundleFile(bundle, pathname)).toBeUndefined();
});

test("whatever is asked for, it is a file of the bundle or nothing, and never an exception", () => {
  const piece = fc.constantFrom("..", "%2e%2e", "%2f", "/", "secret", "assets", "a.js", "\\", "%5c", "%00", "%", "%zz");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const found = bundleFile(bundle, `/${pieces.join("/")}`);
      expect(found === undefined || [join(bundle, "index.html"), join(bundle, "assets", "a.js")].includes(found)).toBe(
        true,
      );
    }),
  );
});
