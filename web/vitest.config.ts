import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/tests/**/*.test.ts", "apps/*/tests/**/*.test.{ts,tsx}"],
    // A property test explores; it may not hang the run.
    testTimeout: 20_000,
  },
});
