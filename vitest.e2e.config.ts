import { defineConfig } from "vitest/config";

/** Real windows and browsers: one at a time, slow, and with one retry for the window that dies at its birth. */
export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.test.ts", "tests/install/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    retry: 1,
  },
});
