import { type ChildProcess, spawn } from "node:child_process";

/** A command of ours in a process of its own. */
export type Running = {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exited: Promise<number | null>;
};

export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  user?: number,
): Running {
  const child = spawn(process.execPath, ["src-main/app/cli.ts", ...args], {
    env: { ...process.env, VITEST: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += String(chunk);
  });
  const exited = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  return { child, output, exited };
}

/** Runs a command to its end. */
export async function cli(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  user?: number,
) {
  const running = runCli(args, env, user);
  const code = await running.exited;
  return { code, ...running.output };
}
