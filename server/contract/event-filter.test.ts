import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { isDoneBy, streamsDoneBy } from "./event-filter.ts";

const operation = { action: "dynflow.plans.resume", stream: null, target: "p", expected: null, found: null };
const event = (kind: string, body: object, user: string | null = null): JournalEvent =>
  ({ kind, body, actor: user === null ? null : { user, role: "admin", address: "", reason: "" } }) as JournalEvent;
const resume = event("op.requested", operation, "ann");
const job = event("job.state_changed", { from: "running", job: { requestedBy: "ann" } });
const gone = event("dynflow.plan.gone", { from: "running" });

describe("what somebody did", () => {
  it("is their actions and the jobs that they asked for, and nobody else's", () => {
    const by = (user: string) => [resume, job, gone].filter((each) => isDoneBy(each, { user, action: null }));
    expect(by("ann")).toEqual([resume, job]);
    expect(by("an")).toEqual([]);
  });

  it("is told apart by the action, whole or by its first parts", () => {
    const of = (action: string) => [resume, job, gone].filter((each) => isDoneBy(each, { user: null, action }));
    expect(of("dynflow.plans.resume")).toEqual([resume]);
    expect(of("dynflow.plans")).toEqual([resume]);
    expect(of("dynflow.plan")).toEqual([]);
  });

  it("is looked for among the operators' events alone, unless streams were named", () => {
    expect(streamsDoneBy([], { user: "ann", action: null })).toEqual(["operator"]);
    expect(streamsDoneBy(["dna:eu-1"], { user: "ann", action: null })).toEqual(["dna:eu-1"]);
    expect(streamsDoneBy([], { user: null, action: null })).toEqual([]);
  });
});
