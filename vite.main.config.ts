import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const EXTERNAL = ["electron", ...builtinModules, ...builtinModules.map((name) => `node:${name}`)];

/** The desktop shell: main as an ES module, the sandboxed preload as CommonJS. Lowered to what the test runtime can parse. */
export default defineConfig(() => {
  const isPreload = process.env.ROBOTRADER_BUILD === "preload";
  return {
    build: {
      outDir: at("out/main"),
      emptyOutDir: false,
      target: "node20.18",
      minify: false,
      ssr: true,
      rollupOptions: {
        input: at(isPreload ? "src-main/app/preload.ts" : "src-main/app/electron.ts"),
        external: EXTERNAL,
        output: isPreload
          ? { format: "cjs", entryFileNames: "preload.cjs" }
          : { format: "es", entryFileNames: "electron.js" },
      },
    },
  };
});
