import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CLUSTER_MISHAPS, NODE_MISHAPS } from "#server/contract/view/demo-mishaps.ts";

it("docs/operations.md lists everything that the demo's menu offers, in the same words", () => {
  const page = readFileSync("docs/operations.md", "utf8");
  const listed = [...NODE_MISHAPS, ...CLUSTER_MISHAPS].map(
    ({ group, label, says }) => `| ${group} | ${label} | ${says} |`,
  );
  expect(listed.filter((row) => !page.includes(row))).toEqual([]);
});
