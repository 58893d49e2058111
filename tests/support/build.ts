import { spawnSync } from "node:child_process";

/** Builds the workstation and the desktop shell into `out/`. */
const BUILDS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["vite.renderer.config.ts", {}],
  ["vite.main.config.ts", {}],
  ["vite.main.config.ts", { ROBOTRADER_BUILD: "preload" }],
];

for (const [config, env] of BUILDS) {
  const result = spawnSync("vite", ["build", "--config", config, "--logLevel", "warn"], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
