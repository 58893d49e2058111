import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { named, StoreError } from "./store-error.ts";

/** Who holds a data directory. `startMark` tells a process from a later one that got the same pid. */
const holderSchema = z.object({
  pid: z.number().int().positive(),
  startMark: z.string(),
  /** `host` for the program, `store` for a journal that was opened without it. */
  role: z.enum(["host", "store"]),
  token: z.string(),
});
export type Holder = z.infer<typeof holderSchema>;

export type InstanceLock = { readonly holder: Holder; release(): void };

export const LOCK_FILE = "instance.lock";

/**
 * Boot and start tick of a process, so that a reused pid is told apart; `dead` for one that was killed and not yet
 * reaped by its parent; "" where the system does not say.
 */
export function startMark(pid: number): string {
  if (process.platform !== "linux") return "";
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; behind it come the state and, 19 fields later, the start time (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "dead" : `${boot}/${fields[19] ?? ""}`;
  } catch {
    // No such process, or /proc is hidden: the pid alone decides.
    return "";
  }
}

/** True when the process that wrote the lock still runs. */
export function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const mark = startMark(holder.pid);
  return mark === "" || holder.startMark === "" || mark === holder.startMark;
}

/** Who holds the directory, living or dead; undefined when nobody does. */
export function readHolder(folder: string): Holder | undefined {
  const path = join(folder, LOCK_FILE);
  try {
    const result = holderSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return result.success ? result.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    return named(path, () => {
      throw error;
    });
  }
}

/**
 * Takes the data directory for this process. The lock of a dead process is taken over. Throws INSTANCE_RUNNING with the
 * pid when a living one holds it. The epoch of the lease in the database fences what a race here could let through.
 */
export function acquireInstanceLock(folder: string, role: Holder["role"] = "host"): InstanceLock {
  const path = join(folder, LOCK_FILE);
  const token = crypto.randomUUID();
  const holder: Holder = { pid: process.pid, startMark: startMark(process.pid), role, token };
  return named(path, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${path}.${token}`;
    writeFileSync(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        if (placed(draft, path)) return { holder, release: () => release(folder, token) };
        const other = readHolder(folder);
        if (other !== undefined && isAlive(other)) throw running(path, other);
        setAside(path, other);
      }
    } finally {
      rmSync(draft, { force: true });
    }
    throw running(path, readHolder(folder));
  });
}

/** The lock appears whole or not at all: a link to a finished file, which fails when the name exists. */
function placed(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock of `dead`; a lock that another process placed meanwhile is put back. */
function setAside(path: string, dead: Holder | undefined): void {
  const aside = `${path}.${crypto.randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  const text = readFileSync(aside, "utf8");
  if (dead !== undefined && !text.includes(dead.token)) placed(aside, path);
  rmSync(aside, { force: true });
}

function release(folder: string, token: string): void {
  if (readHolder(folder)?.token === token) rmSync(join(folder, LOCK_FILE), { force: true });
}

function running(path: string, holder: Holder | undefined): StoreError {
  const pid = holder?.pid ?? "unknown";
  return new StoreError({
    code: "INSTANCE_RUNNING",
    message: `the data directory is in use by process ${pid}`,
    path,
    remedy: "Attach to the running instance as a view, stop it, or name another data directory.",
  });
}
