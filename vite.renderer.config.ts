import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The workstation's bundle, the same for the browser and the desktop window. */
export default defineConfig({
  root: at("src-renderer"),
  base: "./",
  plugins: [react()],
  resolve: { alias: { "#shared": at("src-shared"), "#renderer": at("src-renderer") } },
  build: {
    outDir: at("out/renderer"),
    emptyOutDir: true,
    target: "chrome130",
    sourcemap: false,
    chunkSizeWarningLimit: 900,
  },
});
