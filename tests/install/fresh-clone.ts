import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A user without any right of ours; the id that distributions give to `nobody`. */
export const NOBODY = 65_534;
const TOOLS = ["bash", "sh", "env", "git", "node", "npm", "npx", "uname", "dirname", "readlink", "sed", "cat", "ls"];

/** The first entry of the PATH that holds `name`, this checkout's own binaries left out: the machine's node, not ours. */
function which(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A folder of links to what `npm ci` may use: no Python, no make, no compiler. */
export function bareTools(folder: string): string {
  const tools = join(folder, "tools");
  mkdirSync(tools);
  for (const name of TOOLS) {
    const path = which(name);
    if (path !== undefined) symlinkSync(path, join(tools, name));
  }
  chmodSync(folder, 0o755);
  return tools;
}

export function cloneHere(): string {
  const folder = mkdtempSync(join(tmpdir(), "robotrader-clone-"));
  execFileSync("git", ["clone", "--quiet", process.cwd(), join(folder, "robotrader")]);
  return folder;
}

type Run = { readonly cwd: string; readonly path: string; readonly user?: number; readonly env?: NodeJS.ProcessEnv };

/** An environment with nothing of this checkout: no npm settings of the run that started us, no test switches. */
function cleanEnvironment({ cwd, path, env, user }: Run): NodeJS.ProcessEnv {
  const home = join(cwd, "..", `home-${user ?? "own"}`);
  mkdirSync(home, { recursive: true });
  if (user !== undefined) chownSync(home, user, user);
  return { PATH: path, HOME: home, LANG: "C.UTF-8", TMPDIR: tmpdir(), ...env };
}

export function start(command: string, args: readonly string[], run: Run): ChildProcess {
  return spawn(command, args, {
    cwd: run.cwd,
    env: cleanEnvironment(run),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...(run.user === undefined ? {} : { uid: run.user, gid: run.user }),
  });
}

/** Runs to the end; rejects with the tail of what was printed when the exit code is not 0. */
export function finish(child: ChildProcess): Promise<string> {
  let text = "";
  const keep = (chunk: unknown): void => {
    text += String(chunk);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`exit ${code}:\n${text.slice(-3_000)}`)),
    );
  });
}

/** The display's key in the hands of the user: without it the server takes no window of theirs. */
export function displayKeyFor(user: number, folder: string): NodeJS.ProcessEnv {
  const key = process.env.XAUTHORITY;
  if (key === undefined) return {};
  const copy = join(folder, "..", "xauthority");
  copyFileSync(key, copy);
  chownSync(copy, user, user);
  return { XAUTHORITY: copy };
}

/** The same clone in the hands of a user without rights, dependencies included. */
export function copyFor(user: number, clone: string): string {
  const folder = mkdtempSync(join(tmpdir(), "robotrader-user-"));
  cpSync(clone, join(folder, "robotrader"), { recursive: true, verbatimSymlinks: true });
  execFileSync("chown", ["-R", `${user}:${user}`, folder]);
  return join(folder, "robotrader");
}
