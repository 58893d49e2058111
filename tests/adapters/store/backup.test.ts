import { join } from "node:path";
import { expect, test } from "vitest";
import { backupJournal } from "#adapters/store/backup.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { execution, note } from "./entries.ts";
import { open, rowsOf, temporaryFolder } from "./store-fixture.ts";

test("a copy made beside the running writer verifies, opens, and goes on from there", async () => {
  const folder = temporaryFolder();
  const copy = join(temporaryFolder(), "copy");
  const { store } = open(folder, { anchorRows: 5 });
  for (let index = 0; index < 23; index += 1) await store.append([note(index)]);
  await store.append([execution({ execId: "a.01" })]);
  expect(backupJournal(folder, copy)).toMatchObject({ isValid: true, rows: 25 });
  await store.append([note(99)]);
  await store.close("Ended");
  const restored = open(copy).store;
  expect(restored.opening).toMatchObject({ run: 2, previousEnd: "CrashedRecovered" });
  expect(await rowsOf(restored, ["NOTE"])).toHaveLength(23);
  expect(await restored.queryFills()).toHaveLength(1);
  await restored.close("Ended");
});

test("a copy never overwrites an older one", async () => {
  const folder = temporaryFolder();
  const copy = join(temporaryFolder(), "copy");
  await open(folder).store.close("Ended");
  backupJournal(folder, copy);
  await open(folder).store.close("Ended");
  expect(() => backupJournal(folder, copy)).toThrow(/DIRECTORY_UNWRITABLE.*EEXIST/);
  expect(verifyJournal(copy)).toMatchObject({ isValid: true, rows: 2 });
});
