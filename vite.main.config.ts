import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const EXTERNAL = ["electron", "vite", ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

const ENTRIES = {
  electron: "src-main/app/electron.ts",
  cli: "src-main/app/cli.ts",
  "engine.worker": "src-main/workers/engine.worker.ts",
  "store.worker": "src-main/workers/store.worker.ts",
};

/**
 * The desktop shell, the command line and their worker threads as ES modules in one folder, the sandboxed preload as
 * CommonJS. Lowered to what the test runtime can parse; libraries stay outside, in `node_modules`.
 */
export default defineConfig(() => {
  const isPreload = process.env.ROBOTRADER_BUILD === "preload";
  return {
    build: {
      outDir: at("out/main"),
      emptyOutDir: !isPreload,
      target: "node20.18",
      minify: false,
      ssr: true,
      rollupOptions: {
        input: isPreload
          ? at("src-main/app/preload.ts")
          : Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, at(path)])),
        external: EXTERNAL,
        output: isPreload
          ? { format: "cjs", entryFileNames: "preload.cjs" }
          : { format: "es", entryFileNames: "[name].js", chunkFileNames: "chunk-[name]-[hash].js" },
      },
    },
  };
});
