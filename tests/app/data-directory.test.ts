import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  DataDirectoryError,
  dataDirectoryPath,
  defaultDataDirectory,
  folderFailure,
  openDataDirectory,
} from "#app/data-directory.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "robotrader-data-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("each profile has its own default folder, by the habit of the system", () => {
  const home = "/home/ann";
  const on = (platform: NodeJS.Platform, env: Record<string, string> = {}) =>
    defaultDataDirectory("paper", { platform, env, home });
  expect(on("linux")).toBe("/home/ann/.local/share/robotrader/paper");
  expect(on("linux", { XDG_DATA_HOME: "/data" })).toBe("/data/robotrader/paper");
  expect(on("linux", { XDG_DATA_HOME: "relative" })).toBe("/home/ann/.local/share/robotrader/paper");
  expect(on("darwin")).toBe("/home/ann/Library/Application Support/robotrader/paper");
  expect(on("win32", { APPDATA: "/appdata" })).toBe("/appdata/robotrader/paper");
});

test("a test that names no folder is refused, with the folder it would have touched", () => {
  const machine = { platform: "linux", env: { VITEST: "true" }, home: "/home/ann" } as const;
  expect(() => dataDirectoryPath({ profile: "simulation" }, machine)).toThrow(
    "/home/ann/.local/share/robotrader/simulation",
  );
  expect(() => openDataDirectory({ profile: "simulation" })).toThrow(DataDirectoryError);
  expect(dataDirectoryPath({ profile: "simulation" }, { ...machine, env: {} })).toContain("/home/ann");
});

test("a new folder is made for its owner only", () => {
  const made = openDataDirectory({ profile: "simulation", dataDirectory: join(folder, "a", "b") });
  expect(made).toBe(join(folder, "a", "b"));
  expect([made, join(folder, "a")].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700]);
  expect(openDataDirectory({ profile: "simulation", dataDirectory: made })).toBe(made);
});

test("a folder belongs to one profile", () => {
  openDataDirectory({ profile: "live", dataDirectory: folder });
  expect(() => openDataDirectory({ profile: "simulation", dataDirectory: folder })).toThrow(
    'belongs to profile "live", not simulation',
  );
});

test("a file in the way, or in the path, is named with the folder", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => openDataDirectory({ profile: "simulation", dataDirectory: file })).toThrow(`${file} cannot be used`);
  expect(() => openDataDirectory({ profile: "simulation", dataDirectory: join(file, "x") })).toThrow(
    "a part of the path is a file",
  );
  expect(() => openDataDirectory({ profile: "simulation", dataDirectory: "" })).toThrow("--data-dir is empty");
});

test("missing rights are said in words, with what to do", () => {
  const { message } = folderFailure("/data", Object.assign(new Error("x"), { code: "EACCES" }));
  expect(message).toBe(
    "data directory /data cannot be used: no permission; choose another with --data-dir, or give this user the right to write there",
  );
  expect(folderFailure("/data", Object.assign(new Error("x"), { code: "EROFS" })).message).toContain("read-only");
  expect(folderFailure("/data", new Error("odd")).message).toContain("odd");
});

/** Root may write anywhere, so root hands the attempt to a user without rights. */
const ordinaryUser = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

test.skipIf(process.platform === "win32")(
  "a folder without permission is refused by name, and nothing is written",
  () => {
    const closed = join(folder, "closed");
    mkdirSync(closed);
    const readable = join(folder, "readable");
    mkdirSync(readable);
    writeFileSync(join(readable, "profile"), "simulation\n", { mode: 0o644 });
    const refused = [closed, join(closed, "new"), readable];
    chmodSync(closed, 0o500);
    chmodSync(readable, 0o555);
    chmodSync(folder, 0o755);
    // A copy, since an ordinary user may not be able to read the checkout; the module has no imports of its own at run time.
    const program = join(folder, "data-directory.ts");
    copyFileSync(new URL("../../src-main/app/data-directory.ts", import.meta.url), program);
    chmodSync(program, 0o644);
    const attempt = `
    const { openDataDirectory } = await import(${JSON.stringify(program)});
    for (const dataDirectory of ${JSON.stringify(refused)}) {
      try { openDataDirectory({ profile: "simulation", dataDirectory }); console.log("opened"); }
      catch (error) { console.log(error.name + ": " + error.message); }
    }`;
    const run = ["--no-warnings", "--input-type=module", "-e", attempt];
    const lines = execFileSync(process.execPath, run, { ...ordinaryUser, cwd: "/", encoding: "utf8" })
      .trim()
      .split("\n");
    expect(lines.map((line) => line.split(";")[0])).toEqual(
      refused.map((path) => `DataDirectoryError: data directory ${path} cannot be used: no permission`),
    );
    expect(readdirSync(closed)).toEqual([]);
  },
);
