import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { expectedWords, toActions } from "./actions.ts";

const actor = { user: "ann", role: "operator", address: "10.0.0.7", reason: "because" } as const;
const event = (phase: string, at: number, request: string | null, found: string | null = null): JournalEvent =>
  ({
    id: request === null ? `r${at}` : `e${at}`,
    stream: "operator",
    seq: String(at),
    subject: "plan",
    occurredAt: epochMs(at),
    observedAt: epochMs(at),
    synthetic: false,
    causedBy: request,
    actor,
    kind: `op.${phase}`,
    body: { action: "dynflow.plans.resume", stream: "dynflow:f", target: "plan", expected: { state: "paused" }, found },
  }) as unknown as JournalEvent;

describe("actions", () => {
  const [asked, done, seen] = [
    event("requested", 1, null),
    event("executed", 2, "r1", "taken"),
    event("verified", 3, "r1"),
  ];

  it("are one row each, with their phases in order, who asked, and what came back last", () => {
    const [action, ...others] = toActions([seen, done, asked]);
    expect(others).toEqual([]);
    expect(action?.phases.map(({ phase }) => phase)).toEqual(["requested", "executed", "verified"]);
    expect(action).toMatchObject({ id: "r1", actor, found: "taken", whole: true, last: { phase: "verified" } });
  });

  it("that overlap are told apart, the one that moved last first", () => {
    const other = event("requested", 5, null);
    const rows = toActions([event("failed", 7, "r1"), event("executed", 6, "r5"), other, done, asked]);
    expect(rows.map(({ id, last }) => [id, last.phase])).toEqual([
      ["r1", "failed"],
      ["r5", "executed"],
    ]);
  });

  it("whose request is further back say so; a denial is whole by itself", () => {
    expect(toActions([seen])[0]).toMatchObject({ id: "r1", whole: false });
    expect(toActions([{ ...event("denied", 4, null), id: "d4" } as JournalEvent])[0]).toMatchObject({
      id: "d4",
      whole: true,
    });
  });

  it("are made of operations alone", () => {
    expect(toActions([{ ...asked, kind: "dynflow.plan.gone", body: { from: "x" } } as JournalEvent])).toEqual([]);
  });
});

describe("what the operator saw", () => {
  it("is told in words, without what was not looked at", () => {
    expect(expectedWords({ state: "paused", failedStepId: 4, other: null })).toBe("state paused, failedStepId 4");
    expect(expectedWords({ keys: { city: 2 } })).toBe('keys {"city":2}');
    expect(expectedWords(null)).toBeNull();
    expect(expectedWords({})).toBeNull();
  });
});
