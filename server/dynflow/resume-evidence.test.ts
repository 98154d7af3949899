import { describe, expect, it } from "vitest";
import { OPERATION_PHASES, type OperationPhase } from "#server/contract/fold/operator.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { HistoryEntry, PlanRecord } from "./domain/model.ts";
import type { Lock } from "./domain/records.ts";
import {
  judgeExecution,
  type Observed,
  SETTLED_AFTER_MS,
  type SentExecution,
  VERIFY_TIMEOUT_MS,
} from "./resume-evidence.ts";

const SENT_AT = epochMs(1_795_326_407_000);
const EXECUTOR = "22222222-2222-4222-8222-222222222222";
const OTHER = "44444444-4444-4444-8444-444444444444";

const sent = (parts: Partial<SentExecution> = {}): SentExecution => ({
  requestId: "us-3",
  executorId: EXECUTOR,
  startsBefore: 1,
  sentAt: SENT_AT,
  acceptedAt: null,
  done: false,
  failed: null,
  ...parts,
});
const start = (worldId: string): HistoryEntry => ({ timeSec: SENT_AT / 1_000, name: "start execution", worldId });
const planIn = (state: string, history: readonly HistoryEntry[] = [start(OTHER)]): PlanRecord => ({
  head: {
    id: "p",
    label: null,
    state,
    result: "error",
    startedAt: null,
    endedAt: null,
    realTimeSec: null,
    executionTimeSec: null,
    rootPlanStepId: 1,
  },
  runFlow: { ok: true, value: { kind: "sequence", flows: [] } },
  finalizeFlow: { ok: true, value: { kind: "sequence", flows: [] } },
  history: { ok: true, value: history },
  stepIds: { ok: true, value: [] },
  steps: [],
  actions: [],
  delayed: null,
  blockedBy: [],
  blocks: [],
  subPlanIds: [],
});
const lockOf = (requestId: string): Lock => ({
  class: "Dynflow::Coordinator::ExecutionLock",
  kind: "execution",
  id: "execution-plan:p",
  ownerId: `world:${EXECUTOR}`,
  worldId: EXECUTOR,
  planId: "p",
  clientWorldId: "us",
  requestId,
});
const nothing: Observed = { plan: planIn("paused"), lock: null };
const judge = (phase: OperationPhase, what: SentExecution, observed: Observed | null = nothing, afterMs = 15_000) =>
  judgeExecution(phase, what, observed, epochMs(SENT_AT + afterMs))?.phase ?? null;

describe("what became of an execution", () => {
  it("is unknown from silence, and stays so however long it lasts", () => {
    expect(judge("requested", sent())).toBe("unknown");
    expect(judge("unknown", sent(), nothing, VERIFY_TIMEOUT_MS * 1_000)).toBe(null);
    expect(judge("unknown", sent(), null)).toBe(null);
  });

  it("is executed once accepted, or once the lock names our request", () => {
    expect(judge("requested", sent({ acceptedAt: SENT_AT }))).toBe("executed");
    expect(judge("unknown", sent({ acceptedAt: SENT_AT }))).toBe("executed");
    expect(judge("unknown", sent(), { plan: planIn("paused"), lock: lockOf("us-3") })).toBe("executed");
  });

  it("is not executed by the lock of somebody else's request", () => {
    expect(judge("unknown", sent(), { plan: planIn("running"), lock: lockOf("them-1") })).toBe(null);
  });

  it("is verified when the plan runs under our request", () => {
    const running = { plan: planIn("running"), lock: lockOf("us-3") };
    expect(judge("executed", sent({ acceptedAt: SENT_AT }), running)).toBe("verified");
    expect(judge("unknown", sent(), running)).toBe("verified");
  });

  it("is verified by a late Done, even if the plan is paused again", () => {
    expect(judge("unknown", sent({ done: true }))).toBe("verified");
    expect(judge("executed", sent({ acceptedAt: SENT_AT, done: true }))).toBe("verified");
  });

  it("is verified by a new start of the asked executor, once no refusal comes any more", () => {
    const stopped = { plan: planIn("stopped", [start(OTHER), start(EXECUTOR)]), lock: null };
    const accepted = sent({ acceptedAt: SENT_AT });
    expect(judge("executed", accepted, stopped, SETTLED_AFTER_MS - 1)).toBe(null);
    expect(judge("executed", accepted, stopped, SETTLED_AFTER_MS)).toBe("verified");
    expect(judge("unknown", sent(), stopped, SETTLED_AFTER_MS - 1)).toBe(null);
    expect(judge("unknown", sent(), stopped, SETTLED_AFTER_MS)).toBe("verified");
  });

  it("is not verified by an older start, by another executor's, or while somebody else holds the lock", () => {
    const older = { plan: planIn("stopped", [start(EXECUTOR)]), lock: null };
    const others = { plan: planIn("stopped", [start(OTHER), start(OTHER)]), lock: null };
    const held = { plan: planIn("running", [start(OTHER), start(EXECUTOR)]), lock: lockOf("them-1") };
    for (const observed of [older, others, held]) expect(judge("unknown", sent(), observed)).toBe(null);
  });

  it("failed when the executor said so, also after it had accepted", () => {
    expect(judge("requested", sent({ failed: "Unable to acquire lock" }))).toBe("failed");
    expect(judge("executed", sent({ acceptedAt: SENT_AT, failed: "it's stopped" }))).toBe("failed");
    expect(judge("unknown", sent({ failed: "x" }))).toBe("failed");
  });

  it("tells a refused caller what the lock decided", () => {
    const held = { plan: planIn("running"), lock: lockOf("them-1") };
    const verdict = judgeExecution("requested", sent({ failed: "Unable to acquire lock" }), held, SENT_AT);
    expect(verdict?.found).toBe(
      `The executor refused: Unable to acquire lock. Executor ${EXECUTOR} executes the plan under request them-1`,
    );
  });

  it("is unverified when an accepted execution shows nowhere in 30 s", () => {
    const accepted = sent({ acceptedAt: SENT_AT });
    expect(judge("executed", accepted, nothing, VERIFY_TIMEOUT_MS)).toBe(null);
    expect(judge("executed", accepted, nothing, VERIFY_TIMEOUT_MS + 1)).toBe("unverified");
  });

  it("never leaves a phase that is final but for a refusal after verification", () => {
    const everything = sent({ acceptedAt: SENT_AT, done: true });
    for (const phase of ["failed", "denied", "unverified", "verified"] as const) {
      expect(judge(phase, everything)).toBe(null);
    }
    expect(judge("verified", sent({ failed: "x" }))).toBe("failed");
  });

  it("says nothing twice: the phase it answers has no further verdict at the same evidence", () => {
    for (const phase of OPERATION_PHASES) {
      for (const what of [sent(), sent({ acceptedAt: SENT_AT }), sent({ done: true }), sent({ failed: "x" })]) {
        const next = judge(phase, what);
        if (next !== null) expect(judge(next, what)).toBe(null);
      }
    }
  });
});
