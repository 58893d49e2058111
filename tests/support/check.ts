import { spawn } from "node:child_process";

type Step = { readonly name: string; readonly command: string; readonly args: readonly string[] };

/** What must hold before every commit. Types and lint run side by side; the fast tests need both cores. */
const TOGETHER: readonly Step[] = [
  { name: "types", command: "tsc", args: ["-b"] },
  { name: "lint", command: "biome", args: ["check", "."] },
  { name: "dead code", command: "knip", args: [] },
];
const FAST_TESTS: Step = {
  name: "fast tests",
  command: "vitest",
  args: ["run", "tests/core", "tests/shared", "tests/app", "tests/architecture", "tests/runtime"],
};

type Result = { readonly step: Step; readonly code: number; readonly output: string; readonly seconds: number };

function run(step: Step): Promise<Result> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(step.command, step.args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
    });
    child.stderr.on("data", (chunk) => {
      output += String(chunk);
    });
    child.on("error", (error) => resolve({ step, code: 1, output: error.message, seconds: 0 }));
    child.on("exit", (code) => {
      resolve({ step, code: code ?? 1, output, seconds: (performance.now() - started) / 1_000 });
    });
  });
}

const results = [...(await Promise.all(TOGETHER.map(run))), await run(FAST_TESTS)];
for (const { step, code, output, seconds } of results) {
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${step.name} (${seconds.toFixed(1)} s)`);
  if (code !== 0) console.log(output);
}
process.exit(results.every((result) => result.code === 0) ? 0 : 1);
