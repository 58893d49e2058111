import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

const FILE = "KILLED.latch";

/** The kill latch on disk. Its mere presence means KILLED; what it says is for people. */
export type KillLatch = {
  readonly path: string;
  /** Written and fsynced before it returns, the folder's entry too. */
  engage(reason: string): void;
  release(reason: string): void;
  /** The reason on file; undefined when released. A latch that exists but cannot be read still means KILLED. */
  read(): string | undefined;
};

export function createKillLatch(folder: string): KillLatch {
  const path = join(folder, FILE);
  const syncFolder = (): void => {
    const descriptor = openSync(dirname(path), "r");
    fsyncSync(descriptor);
    closeSync(descriptor);
  };
  return {
    path,
    engage(reason) {
      const descriptor = openSync(path, "w", 0o600);
      writeSync(descriptor, `${reason}\n`);
      fsyncSync(descriptor);
      closeSync(descriptor);
      syncFolder();
    },
    release() {
      rmSync(path, { force: true });
      syncFolder();
    },
    read() {
      // Of the entry itself: a link whose target is gone is there, and means KILLED.
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
      try {
        return readFileSync(path, "utf8").trim() || "no reason on file";
      } catch (error) {
        return `the latch file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      }
    },
  };
}
