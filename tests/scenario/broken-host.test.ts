import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "#adapters/store/database.ts";
import { readHolder } from "#adapters/store/instance-lock.ts";
import { openJournalReader } from "#adapters/store/journal-reader.ts";
import { newFolder, until } from "#tests/support/host.ts";
import { runCli } from "#tests/support/processes.ts";

let folder: string;
beforeEach(() => {
  folder = newFolder("broken");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Takes the journal away from its writer, as a second instance would: the next commit is refused. */
function takeOver(journal: string): void {
  const database = openDatabase({ path: join(journal, "journal.db") });
  database.prepare("UPDATE lease SET epoch = epoch + 1").run();
  database.close();
}

const runFolder = (): string => join(folder, "runs", readdirSync(join(folder, "runs"))[0] ?? "");

test("a host whose journal is lost ends by itself, says why in a sentence, and lets go of its directory", {
  timeout: 60_000,
}, async () => {
  const running = runCli(["headless", "--json", "--data-dir", folder]);
  try {
    await until(() => running.output.stderr.includes("gateway on port"), "the host runs");
    const journal = runFolder();
    takeOver(journal);
    expect(await running.exited).toBe(1);
    expect(running.output.stderr).toMatch(/robotrader: LEASE_LOST: .*Another instance took over/);
    expect(running.output.stderr).not.toMatch(/\n {4}at /);
    expect(JSON.parse(running.output.stdout)).toMatchObject({ error: { code: "HOST_FAILED" } });
    expect(readHolder(folder)).toBeUndefined();
    const reader = openJournalReader(journal);
    // Not "Ended": what broke the run may have broken its state, so the next start recovers it as after a crash.
    expect(reader.runs().map(({ end }) => end)).toEqual([undefined]);
    reader.close();
  } finally {
    running.child.kill("SIGKILL");
  }
});
