import { expect, it } from "vitest";
import type { JobFacts } from "#server/contract/event.ts";
import { EMPTY_OPERATOR } from "#server/contract/fold/operator.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { withFollowedJobs } from "./followed.ts";
import type { JobRunner } from "./runner.ts";

const FACTS: JobFacts = {
  kind: "dna.failover",
  title: "Fail over a",
  stream: "dna:eu-1",
  target: "1:2",
  state: "running",
  note: null,
  counts: { total: 3, applied: 1, moved: 0, failed: 0, unknown: 0 },
  createdAt: epochMs(1),
  requestedBy: "ann",
  requestId: "r",
};
const own = { id: "own", facts: { ...FACTS, title: "mine" }, params: {}, bookmark: null };
const runner = { list: () => [own], get: (id: string) => (id === "own" ? own : null) } as unknown as JobRunner;
const view = { operator: () => ({ ...EMPTY_OPERATOR, jobs: { theirs: { ...FACTS, since: epochMs(2) } } }) };

it("jobs are those that run here, and on a console that follows those that the journal tells of", () => {
  let following = false;
  const jobs = withFollowedJobs(runner, view, () => following);
  expect(jobs.list()).toEqual([own]);
  expect(jobs.get("theirs")).toBeNull();
  following = true;
  expect(jobs.list()).toEqual([{ id: "theirs", facts: FACTS, params: {}, bookmark: null }]);
  expect(jobs.get("theirs")?.facts.title).toBe("Fail over a");
  expect(jobs.get("own")).toBeNull();
});
