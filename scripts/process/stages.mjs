/** The stages of `npm test`: how each is run, how its tests are counted, how long it may take. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { playwrightFailures, vitestFailures } from "./failures.mjs";

/**
 * @typedef {import("./failures.mjs").Failure} Failure
 * @typedef {{ readonly passed: number, readonly failed: number, readonly note: string | null, readonly failures?: readonly Failure[] }} Count
 * @typedef {{ readonly name: string, readonly budgetS: number, readonly run: (stage: StageRun) => Promise<Count> }} Stage
 * @typedef {{ readonly root: string, readonly reports: string, readonly signal: AbortSignal }} StageRun
 */

const BIN = path.join("node_modules", ".bin");
const KILL_AFTER_MS = 5_000;
const ONE_PASSED = { passed: 1, failed: 0, note: null };

/** @param {string} note @returns {Count} */
const oneFailed = (note) => ({ passed: 0, failed: 1, note });

/** @type {readonly Stage[]} */
export const STAGES = [
  { name: "lint", budgetS: 60, run: (stage) => tool(stage, "biome", ["check", "--error-on-warnings", "."]) },
  { name: "types", budgetS: 90, run: (stage) => tool(stage, "tsc", ["--noEmit"]) },
  { name: "unit", budgetS: 700, run: (stage) => vitest(stage, "unit") },
  { name: "build", budgetS: 150, run: build },
  { name: "services", budgetS: 2_200, run: (stage) => vitest(stage, "services") },
  { name: "e2e", budgetS: 2_200, run: playwright },
];

/** @param {StageRun} stage @param {string} program @param {readonly string[]} args @returns {Promise<Count>} */
async function tool(stage, program, args) {
  const code = await runInGroup(stage, path.join(stage.root, BIN, program), args);
  return code === 0 ? ONE_PASSED : oneFailed(`${program} ended with ${code}`);
}

/** In a process of its own, so that it can be ended in time like the others. @param {StageRun} stage */
async function build(stage) {
  const script =
    'const { ensureBuilt } = await import("./scripts/process/build.mjs"); const { failed } = await ensureBuilt(process.cwd()); if (failed !== null) { console.error(failed); process.exit(1); }';
  const code = await runInGroup(stage, process.execPath, ["--input-type=module", "-e", script]);
  return code === 0 ? ONE_PASSED : oneFailed("the pages were not built");
}

/** @param {StageRun} stage @param {string} project @returns {Promise<Count>} */
async function vitest(stage, project) {
  const report = path.join(stage.reports, `${project}.json`);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const code = await runInGroup(stage, path.join(stage.root, BIN, "vitest"), args);
  const found = readReport(report);
  if (found === null) return oneFailed(`vitest ended with ${code} and no report`);
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0, numTodoTests = 0, success = false } = found;
  const skipped = numPendingTests + numTodoTests;
  const count = judge(code, numPassedTests, numFailedTests, skipped, success === true);
  return { ...count, failures: vitestFailures(found) };
}

/** @param {StageRun} stage @returns {Promise<Count>} */
async function playwright(stage) {
  const report = path.join(stage.root, "test-results", "playwright.json");
  rmSync(report, { force: true });
  const code = await runInGroup(stage, path.join(stage.root, BIN, "playwright"), ["test"]);
  const found = readReport(report);
  const stats = found?.stats;
  if (stats === undefined) return oneFailed(`playwright ended with ${code} and no report`);
  const count = judge(code, stats.expected, stats.unexpected + stats.flaky, stats.skipped, code === 0);
  return { ...count, failures: playwrightFailures(found) };
}

/**
 * A test that was skipped has failed: it says nothing. So has a run without tests, or one that ended badly after
 * all its tests had passed.
 *
 * @param {number} code @param {number} passed @param {number} failed @param {number} skipped @param {boolean} success
 * @returns {Count}
 */
export function judge(code, passed, failed, skipped, success) {
  if (skipped > 0) return { passed, failed: failed + skipped, note: `${skipped} skipped, which counts as failed` };
  if (passed + failed === 0) return oneFailed("no test was run");
  if (failed === 0 && (code !== 0 || !success)) return { passed, failed: 1, note: `ended with ${code} all the same` };
  return { passed, failed, note: null };
}

/** @param {string} file */
function readReport(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

/**
 * Runs a program as the leader of a process group of its own, and ends the whole group when the stage is over time:
 * what a test has started must not outlive it.
 *
 * @param {StageRun} stage @param {string} program @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function runInGroup({ root, signal }, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", FORCE_COLOR: process.stdout.isTTY ? "1" : "0" },
    });
    const end = () => {
      endGroup(child.pid, "SIGTERM");
      setTimeout(() => endGroup(child.pid, "SIGKILL"), KILL_AFTER_MS).unref();
    };
    if (signal.aborted) end();
    signal.addEventListener("abort", end, { once: true });
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      resolve(code ?? 1);
    });
  });
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function endGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ESRCH")) throw cause;
  }
}
