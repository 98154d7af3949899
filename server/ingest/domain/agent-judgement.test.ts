import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGENT_WAYS, type AgentState } from "#server/contract/agents.ts";
import { type AgentEvidence, agentRules, judgeAgent } from "./agent-judgement.ts";

const RULES = agentRules(7_000, 24);
const heard = (silentMs: number): AgentEvidence => ({ kind: "heard", silentMs });
const to = (state: AgentState, evidence: AgentEvidence, sinceMs = 0) =>
  judgeAgent(state, evidence, sinceMs, RULES)?.to ?? null;

describe("judging an agent", () => {
  it("with 7 s it is to ping every 3 s, is late after 4.5 s and inactive after 7 s", () => {
    expect(RULES).toMatchObject({ pingEveryMs: 3_000, lateAfterMs: 4_500, inactiveAfterMs: 7_000, graceMs: 14_000 });
    expect(to("active", heard(4_499))).toBeNull();
    expect(to("active", heard(4_500))).toBe("late");
    expect(to("late", heard(6_999))).toBeNull();
    expect(to("late", heard(7_000))).toBe("inactive");
    expect(to("inactive", heard(60_000))).toBeNull();
  });

  it("flaw 5: a bye is no failure, at once or after any silence", () => {
    const bye: AgentEvidence = { kind: "bye", silentMs: 60_000, reason: "told to stop" };
    for (const state of ["unknown", "active", "late", "inactive"] as const) expect(to(state, bye)).toBe("left");
    expect(to("left", bye)).toBeNull();
    expect(to("left", heard(60_000))).toBeNull();
    expect(to("left", heard(100))).toBe("active");
  });

  it("nobody falls inactive because a gateway is gone, before twice the time has passed", () => {
    const gone = (goneMs: number): AgentEvidence => ({ kind: "gateway-gone", gateway: "ops:1", goneMs, silentMs: 100 });
    for (const state of ["unknown", "active", "late"] as const) expect(to(state, gone(13_999))).toBeNull();
    expect(to("active", gone(14_000))).toBe("late");
    expect(to("late", gone(14_000))).toBe("inactive");
  });

  it("nobody falls inactive because somebody else begins to watch", () => {
    expect(to("active", { kind: "nothing", watchedMs: 13_999 })).toBeNull();
    expect(to("active", { kind: "nothing", watchedMs: 14_000 })).toBe("late");
  });

  it("who is inactive or left for a day is forgotten, unless it is heard", () => {
    const day = 24 * 3_600_000;
    expect(to("inactive", { kind: "nothing", watchedMs: 1 }, day)).toBe("forgotten");
    expect(to("left", { kind: "bye", silentMs: day, reason: null }, day)).toBe("forgotten");
    expect(to("inactive", heard(100), day)).toBe("active");
    expect(to("active", heard(100), 40 * day)).toBeNull();
    expect(to("inactive", { kind: "nothing", watchedMs: 1 }, day - 1)).toBeNull();
  });
});

type Step = { readonly kind: "wait"; readonly ms: number } | { readonly kind: "ping" } | { readonly kind: "bye" };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6_000 }) }) },
    { weight: 4, arbitrary: fc.constant({ kind: "ping" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "bye" as const }) },
  ),
  { maxLength: 60 },
);

/** What it has to come to once everything due has been told, said without the judge's table. */
function modelOf(calls: readonly { readonly at: number; readonly bye: boolean }[], now: number): AgentState {
  const last = calls.at(-1);
  if (last === undefined) return "unknown";
  if (last.bye) return "left";
  const silent = now - last.at;
  return silent >= 7_000 ? "inactive" : silent >= 4_500 ? "late" : "active";
}

describe("any history of calls and silence", () => {
  it("gives exactly one change for each change of state, along the ways of the table, and ends where it has to", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const calls: { at: number; bye: boolean }[] = [{ at: 0, bye: false }];
        let [now, state]: [number, AgentState] = [0, "unknown"];
        for (const step of [...history, { kind: "wait", ms: 0 } as const]) {
          if (step.kind === "wait") now += step.ms;
          else calls.push({ at: now, bye: step.kind === "bye" });
          const last = calls.at(-1);
          const silentMs = now - (last?.at ?? 0);
          const evidence: AgentEvidence = last?.bye ? { kind: "bye", silentMs, reason: null } : heard(silentMs);
          const told: AgentState[] = [];
          for (let turn = 0; turn < 3; turn += 1) {
            const verdict = judgeAgent(state, evidence, 0, RULES);
            if (verdict === null) break;
            expect(AGENT_WAYS.some(([from, next]) => from === state && next === verdict.to)).toBe(true);
            told.push(verdict.to);
            state = verdict.to;
          }
          expect(new Set(told).size).toBe(told.length);
          expect(judgeAgent(state, evidence, 0, RULES)).toBeNull();
          expect(state).toBe(modelOf(calls, now));
        }
      }),
      { numRuns: 2_000, seed: 20_261_122 },
    );
  });
});
