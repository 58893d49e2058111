import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKillLatch, type KillLatch } from "#adapters/system/latch.ts";

let folder: string;
let latch: KillLatch;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "robotrader-latch-"));
  latch = createKillLatch(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the kill latch", () => {
  test("is released in a new data directory, and reading it makes nothing", () => {
    expect(latch.read()).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("once engaged says why, to this process and to the next one", () => {
    latch.engage("daily loss of 3 %");
    expect(latch.read()).toBe("daily loss of 3 %");
    expect(createKillLatch(folder).read()).toBe("daily loss of 3 %");
  });

  test("stands until it is released, which the next process sees too", () => {
    latch.engage("a person");
    latch.release("re-armed");
    expect(latch.read()).toBeUndefined();
    expect(createKillLatch(folder).read()).toBeUndefined();
    latch.release("again");
    latch.engage("once more");
    expect(latch.read()).toBe("once more");
  });

  test("engaged a second time says the newest reason and nothing of a longer one before", () => {
    latch.engage("a long reason that fills the line");
    latch.engage("short");
    expect(latch.read()).toBe("short");
  });

  test("is a plain file in the data directory that only the owner may read", () => {
    latch.engage("a person");
    expect(latch.path).toBe(join(folder, "KILLED.latch"));
    expect(statSync(latch.path).mode & 0o777).toBe(0o600);
  });

  test("keeps a reason of any text, several lines too", () => {
    latch.engage("Überschreitung — 3 %\nby hand");
    expect(latch.read()).toBe("Überschreitung — 3 %\nby hand");
  });

  test("that cannot be written is an error, never a quiet success", () => {
    rmSync(folder, { recursive: true });
    expect(() => latch.engage("a person")).toThrow("ENOENT");
  });
});

describe("whatever lies under its name means KILLED", () => {
  test("a file that was cut off empty", () => {
    writeFileSync(latch.path, "");
    expect(latch.read()).toBe("no reason on file");
  });

  test("a file of blanks, made by hand", () => {
    writeFileSync(latch.path, " \n\n");
    expect(latch.read()).toBe("no reason on file");
  });

  test("a file of random bytes", () => {
    writeFileSync(latch.path, Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc3]));
    expect(latch.read()?.length).toBeGreaterThan(0);
  });

  test("a folder, which cannot be read as a file, and which a release does not remove in silence", () => {
    mkdirSync(latch.path);
    expect(latch.read()).toContain("the latch file cannot be read");
    expect(() => latch.release("re-armed")).toThrow();
    expect(latch.read()).toBeDefined();
  });

  // `existsSync` follows the link and finds nothing.
  test("a link whose target is gone", () => {
    symlinkSync(join(folder, "elsewhere"), latch.path);
    expect(latch.read()).toBeDefined();
  });
});
