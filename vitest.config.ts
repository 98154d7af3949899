import { defineConfig } from "vitest/config";

process.env.TZ = "Asia/Kathmandu";

/** `unit`: no server, seconds. `services`: real Cassandra, PostgreSQL, whole processes. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["server/**/*.test.ts", "components/**/*.test.{ts,tsx}", "scripts/**/*.test.ts"],
          exclude: ["**/*.services.test.ts", "node_modules/**"],
          environment: "node",
          // Property tests and worker threads on a machine that others use too.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "services",
          globalSetup: ["./scripts/testing/cassandra-global-setup.ts"],
          include: ["**/*.services.test.ts"],
          exclude: ["node_modules/**", ".next/**"],
          environment: "node",
          // What is waited for has bounds of its own: these are for what hangs.
          testTimeout: 300_000,
          hookTimeout: 420_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
