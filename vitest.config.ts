import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"],
    exclude: ["tests/e2e/**", "tests/install/**", "tests/performance/**", "node_modules/**"],
    pool: "threads",
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
