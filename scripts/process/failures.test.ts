import { expect, it } from "vitest";
import { playwrightFailures, tellFailures, vitestFailures } from "./failures.mjs";

it("names each failed test of vitest with its reason, and a file that never came to its tests", () => {
  const passed = { status: "passed", fullName: "stands", failureMessages: [] };
  const failed = { status: "failed", fullName: "falls", failureMessages: ["AssertionError: 1 is not 2"] };
  const failures = vitestFailures({
    testResults: [
      { name: "a.test.ts", status: "failed", message: "", assertionResults: [passed, failed] },
      { name: "b.test.ts", status: "failed", message: "no such module", assertionResults: [] },
      { name: "c.test.ts", status: "passed", message: "", assertionResults: [passed] },
    ],
  });
  expect(failures).toEqual([
    { test: "a.test.ts > falls", reason: "  AssertionError: 1 is not 2" },
    { test: "b.test.ts", reason: "  no such module" },
  ]);
});

it("names each failed or flaky test of Playwright, however deep its suite", () => {
  const spec = (title: string, status: string) => ({
    title,
    file: "x.spec.ts",
    line: 3,
    tests: [{ status, results: [{ status: "failed", error: { message: "\u001b[31mtimed out\u001b[39m" } }] }],
  });
  const failures = playwrightFailures({
    suites: [
      { specs: [spec("one", "unexpected")], suites: [{ specs: [spec("two", "flaky"), spec("three", "expected")] }] },
    ],
  });
  expect(failures).toEqual([
    { test: "x.spec.ts:3 > one", reason: "  timed out" },
    { test: "x.spec.ts:3 > two", reason: "  timed out" },
  ]);
});

it("tells a bounded number of failures and lines, and how much it leaves out", () => {
  const long = Array.from({ length: 40 }, (_, line) => `line ${line}`).join("\n");
  const assertionResults = Array.from({ length: 15 }, (_, index) => ({
    status: "failed",
    fullName: `test ${index}`,
    failureMessages: [long],
  }));
  const told = tellFailures(
    vitestFailures({ testResults: [{ name: "a.test.ts", status: "failed", message: "", assertionResults }] }),
  );
  expect(told.match(/^FAILED /gm)).toHaveLength(12);
  expect(told).toContain("… 26 more lines");
  expect(told).toContain("and 3 more, above");
});
