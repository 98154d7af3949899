import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import type { LockKind } from "./records.ts";
import { lastSeenAsUtc, lastSeenHint, learnedZone, orphanOf, type PlanStanding } from "./world-validity.ts";

const HOUR_MS = 3_600_000;
const AT = epochMs(Date.UTC(2026, 10, 22, 6, 0, 0));
const text = (ms: number) => new Date(ms).toISOString().replace("T", " ").replace("Z", "");

describe("the zone of last_seen", () => {
  it("is learned when the text is seen to change, whatever the zone", () => {
    for (const hours of [-12, -3.5, 0, 1, 5.75, 14]) {
      expect(learnedZone(text(AT + hours * HOUR_MS - 2_000), AT)).toBe(hours * HOUR_MS);
    }
  });

  it("is not learned from a clock that is off, nor from what is no time", () => {
    expect(learnedZone(text(AT + 6 * 60_000), AT)).toBeNull();
    expect(learnedZone(text(AT + 20 * HOUR_MS), AT)).toBeNull();
    expect(learnedZone("yesterday", AT)).toBeNull();
    expect(lastSeenAsUtc("2026-11-22 05:47:44.945")).toBe(Date.UTC(2026, 10, 22, 5, 47, 44, 945));
    expect(lastSeenAsUtc("2026-11-22 05:47:44")).toBe(Date.UTC(2026, 10, 22, 5, 47, 44));
  });

  it("tells no age while it is not known, and says whose zone was taken", () => {
    const written = text(AT + HOUR_MS - 5_000);
    expect(lastSeenHint(written, { own: null, others: [] }, AT)).toEqual({
      text: written,
      ageMs: null,
      zone: "unknown",
    });
    expect(lastSeenHint(written, { own: HOUR_MS, others: [] }, AT)).toMatchObject({ ageMs: 5_000, zone: "watched" });
    expect(lastSeenHint(written, { own: null, others: [HOUR_MS] }, AT)).toMatchObject({
      ageMs: 5_000,
      zone: "like-others",
    });
    expect(lastSeenHint(written, { own: null, others: [HOUR_MS, 0] }, AT)).toMatchObject({ ageMs: null });
  });
});

describe("a lock that is left over", () => {
  const lock = (kind: LockKind, worldId: string | null, planId: string | null = "p") => ({ kind, worldId, planId });
  const state = (word: string): PlanStanding => ({ kind: "state", state: word });
  const here = (id: string) => id === "here";

  it.each<[string, ReturnType<typeof lock>, PlanStanding | null, boolean]>([
    ["an execution lock of a world without a record", lock("execution", "gone"), state("running"), true],
    ["the poller's lock of a world without a record", lock("delayed-executor", "gone", null), null, true],
    ["an execution lock of a world that is there", lock("execution", "here"), state("running"), false],
    ["an execution lock of a plan without a row", lock("execution", "here"), { kind: "missing" }, true],
    ["a singleton lock of a plan that runs", lock("singleton", null), state("running"), false],
    ["a singleton lock of a paused plan", lock("singleton", null), state("paused"), true],
    ["a singleton lock of a missing plan", lock("singleton", null), { kind: "missing" }, true],
    ["an inhibition of a plan that runs", lock("inhibition", null), state("running"), false],
    ["an inhibition of a stopped plan", lock("inhibition", null), state("stopped"), true],
    ["a lock of the application", lock("other", null, null), null, false],
  ])("%s", (_what, found, plan, orphaned) => {
    const words = orphanOf(found, here, plan);
    expect(words !== null).toBe(orphaned);
    if (words !== null) expect(words.reason.length * words.remedy.length).toBeGreaterThan(0);
  });
});
