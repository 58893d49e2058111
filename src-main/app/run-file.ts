import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FILE = "run.json";

/** Where a running host is found. No secret is in it. */
const runSchema = z.object({
  pid: z.number().int().positive(),
  /** Port of the workstation; absent when it is not served. */
  port: z.number().int().optional(),
  /** Port of the gateway that the host started or joined. */
  gatewayPort: z.number().int(),
  startedAt: z.string(),
  profile: z.string(),
  build: z.string(),
});
export type RunFile = z.infer<typeof runSchema>;

/** Written under another name, fsynced and renamed: a reader sees the whole of it or none. */
export function writeRunFile(folder: string, run: RunFile): void {
  const path = join(folder, FILE);
  const temporary = `${path}.${process.pid}`;
  const descriptor = openSync(temporary, "w", 0o600);
  writeSync(descriptor, `${JSON.stringify(run, undefined, 2)}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(temporary, path);
}

export function removeRunFile(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

/** Undefined when there is none, or what lies there is no run file. It is a hint: the process may be gone. */
export function readRunFile(folder: string): RunFile | undefined {
  try {
    const parsed = runSchema.safeParse(JSON.parse(readFileSync(join(folder, FILE), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isMissing || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
