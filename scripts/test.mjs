/**
 * `npm test`: every check there is, one stage after the other, each within its budget. What failed is
 * told again at the end, and the last line sums up:
 * `N passed, N failed`; lint, types and build count as one each. `npm test -- unit e2e` runs only those stages.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { giveBack } from "./process/give-back.mjs";
import { ensureNode } from "./process/node-version.mjs";

const script = fileURLToPath(import.meta.url);
const root = path.resolve(path.dirname(script), "..");

await ensureNode(root, script);
if (!existsSync(path.join(root, "node_modules", "vitest", "package.json"))) {
  process.stderr.write("The packages are not installed. Run: npm ci\n");
  process.exit(1);
}
// Tools that are started by their name must find the Node that came with the packages.
process.env.PATH = `${path.join(root, "node_modules", ".bin")}${path.delimiter}${process.env.PATH ?? ""}`;
const { STAGES } = await import("./process/stages.mjs");
const { tellFailures } = await import("./process/failures.mjs");

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STAGES.some((stage) => stage.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `No such stage: ${unknown.join(", ")}. There are ${STAGES.map(({ name }) => name).join(", ")}.\n`,
  );
  process.exit(1);
}

const stopped = new AbortController();
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
}

const reports = mkdtempSync(path.join(tmpdir(), "worldline-reports-"));
const total = { passed: 0, failed: 0 };
const summary = [];
const failures = [];
for (const stage of STAGES) {
  if (wanted.length > 0 && !wanted.includes(stage.name)) continue;
  if (stopped.signal.aborted) break;
  process.stdout.write(`\n=== ${stage.name} (at most ${stage.budgetS} s)\n`);
  const startedAt = performance.now();
  const overTime = AbortSignal.timeout(stage.budgetS * 1_000);
  const signal = AbortSignal.any([overTime, stopped.signal]);
  const count = await stage.run({ root, reports, signal });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const failed = overTime.aborted ? Math.max(1, count.failed) : count.failed;
  const note = overTime.aborted ? `was ended: over its ${stage.budgetS} s` : count.note;
  total.passed += count.passed;
  total.failed += failed;
  failures.push(...(count.failures ?? []));
  summary.push(
    `${stage.name.padEnd(9)} ${String(count.passed).padStart(5)} passed ${String(failed).padStart(4)} failed ${seconds.padStart(7)} s of ${stage.budgetS} s${note === null ? "" : `  (${note})`}`,
  );
}
rmSync(reports, { recursive: true, force: true });
giveBack(root);
if (stopped.signal.aborted) {
  total.failed += 1;
  summary.push(String(stopped.signal.reason.message));
}
if (failures.length > 0) process.stdout.write(`\n${tellFailures(failures)}`);
process.stdout.write(`\n${summary.join("\n")}\n\n${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
