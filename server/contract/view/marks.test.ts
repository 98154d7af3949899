import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { anyEvent } from "#server/contract/fold/events.contract.ts";
import { MARKS, markOf } from "./marks.ts";

const event = (kind: string, body: unknown): JournalEvent => ({ kind, body }) as unknown as JournalEvent;
const judged = (from: string | null, to: string) =>
  markOf(event("dna.incarnation.state_changed", { cluster: "c", from, to, evidence: "", silentMs: 1 }));
const counts = { total: 3, applied: 3, moved: 0, failed: 0, unknown: 0 };
const job = (state: string, changed = {}) =>
  markOf(event("job.state_changed", { from: "running", job: { state, counts: { ...counts, ...changed } } }));

describe("markOf", () => {
  it("marks the end of a node once, also where no read found it late before its row was deleted", () => {
    expect(judged("alive", "gone")).toBe("need");
    expect(judged("returned", "gone")).toBe("need");
    expect(judged("alive", "late")).toBe("need");
    expect(judged("late", "gone")).toBeNull();
    expect(judged("silent", "gone")).toBeNull();
    expect(judged(null, "gone")).toBeNull();
  });

  it("marks what operators did, and what came of it that needs one", () => {
    expect(markOf(event("op.requested", { action: "dynflow.plans.resume" }))).toBe("operator");
    expect(markOf(event("op.denied", { action: "session.login" }))).toBe("operator");
    expect(markOf(event("op.requested", { action: "session.login" }))).toBeNull();
    expect(markOf(event("op.executed", { action: "dynflow.plans.resume" }))).toBeNull();
    expect(markOf(event("op.unknown", {}))).toBe("need");
    expect(markOf(event("op.unverified", {}))).toBe("need");
    expect([job("running"), job("failed"), job("done"), job("done", { unknown: 1 })]).toEqual([
      "operator",
      "need",
      "operator",
      "need",
    ]);
  });

  it("marks where an incarnation gets worse, not where it gets better", () => {
    expect([judged("alive", "late"), judged("late", "silent"), judged("alive", "zombie")]).toEqual([
      "need",
      "need",
      "need",
    ]);
    expect([
      judged("late", "alive"),
      judged("silent", "gone"),
      judged(null, "alive"),
      judged("silent", "late"),
    ]).toEqual([null, null, null, null]);
  });

  it("marks a plan that pauses, a row that cannot be read and a world that does not answer", () => {
    expect(markOf(event("dynflow.plan.state_changed", { from: "running", plan: { state: "paused" } }))).toBe("need");
    expect(markOf(event("dynflow.plan.state_changed", { from: "running", plan: { state: "stopped" } }))).toBeNull();
    expect(markOf(event("dna.row.unreadable", { cluster: "c", reason: "x" }))).toBe("need");
    expect(markOf(event("dna.row.unreadable", { cluster: "c", reason: null }))).toBeNull();
    expect(markOf(event("dynflow.world.ping_timeout", { waitedMs: 1 }))).toBe("need");
  });

  it("marks gaps: a source that went, a console that started or stopped", () => {
    expect(markOf(event("source.state_changed", { from: "up", to: "down", reason: null }))).toBe("gap");
    expect(markOf(event("source.state_changed", { from: "down", to: "up", reason: null }))).toBeNull();
    expect(markOf(event("console.clock_stepped", { from: 2, to: 1 }))).toBe("need");
    expect([markOf(event("console.started", {})), markOf(event("console.stopped", {}))]).toEqual(["gap", "gap"]);
  });

  it("bears any event, also of a kind that it does not know", () => {
    expect(markOf(event("dna.something.of_tomorrow", null))).toBeNull();
    fc.assert(fc.property(anyEvent(), (any) => [null, ...MARKS].includes(markOf(any))));
  });
});
