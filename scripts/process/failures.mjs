/** Which tests failed and why, out of the reports of vitest and Playwright: told again where a long run ends. */
import { stripVTControlCharacters } from "node:util";

const LINES_OF_A_REASON = 14;
const TOLD_AT_MOST = 12;

/** @typedef {{ readonly test: string, readonly reason: string }} Failure */

/**
 * @typedef {{ readonly status: string, readonly fullName: string, readonly failureMessages?: readonly string[] }} Assertion
 * @typedef {{ readonly name: string, readonly status: string, readonly message?: string, readonly assertionResults: readonly Assertion[] }} TestFile
 */

/**
 * The failed tests of vitest's JSON report; a file that failed before its tests ran is one failure.
 *
 * @param {{ readonly testResults?: readonly TestFile[] }} report @returns {readonly Failure[]}
 */
export function vitestFailures({ testResults = [] }) {
  return testResults.flatMap((file) => {
    const failed = file.assertionResults.filter(({ status }) => status === "failed");
    if (failed.length === 0 && file.status === "failed") return [{ test: file.name, reason: shortened(file.message) }];
    return failed.map(({ fullName, failureMessages }) => ({
      test: `${file.name} > ${fullName}`,
      reason: shortened(failureMessages?.join("\n")),
    }));
  });
}

/**
 * @typedef {{ readonly status: string, readonly error?: { readonly message?: string, readonly stack?: string } }} Result
 * @typedef {{ readonly status: string, readonly results: readonly Result[] }} Attempted
 * @typedef {{ readonly title: string, readonly file: string, readonly line: number, readonly tests: readonly Attempted[] }} Spec
 * @typedef {{ readonly specs?: readonly Spec[], readonly suites?: readonly Suite[] }} Suite
 */

/** The failed and flaky tests of Playwright's JSON report. @param {Suite} report @returns {readonly Failure[]} */
export function playwrightFailures({ specs = [], suites = [] }) {
  const own = specs.flatMap(({ title, file, line, tests }) =>
    tests
      .filter(({ status }) => status === "unexpected" || status === "flaky")
      .map(({ results }) => {
        const error = results.find((result) => result.error !== undefined)?.error;
        return { test: `${file}:${line} > ${title}`, reason: shortened(error?.stack ?? error?.message) };
      }),
  );
  return [...own, ...suites.flatMap(playwrightFailures)];
}

/** Some lines for the end of a run; says how many it leaves out. @param {readonly Failure[]} failures */
export function tellFailures(failures) {
  const told = failures.slice(0, TOLD_AT_MOST).map(({ test, reason }) => `FAILED ${test}\n${reason}\n`);
  const left = failures.length - told.length;
  return [...told, ...(left > 0 ? [`and ${left} more, above\n`] : [])].join("\n");
}

/** @param {string | undefined} text */
function shortened(text) {
  const lines = stripVTControlCharacters(text ?? "without a reason").split("\n");
  const kept = lines.slice(0, LINES_OF_A_REASON).map((line) => `  ${line.slice(0, 240)}`);
  return [...kept, ...(lines.length > kept.length ? [`  … ${lines.length - kept.length} more lines`] : [])].join("\n");
}
