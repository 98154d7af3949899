import { beforeEach, describe, expect, it } from "vitest";
import type { EventDraft, LockFacts, PlanFacts } from "#server/contract/event.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createPlanCauses } from "./plan-causes.ts";

const PLAN = "0f6e9d0e-6c0a-4a5e-9d55-2b1c3d4e5f60";
const STREAM = "dynflow:foreman";
const OURS = "world-ours";
const facts = (state: string): PlanFacts => ({
  label: "A",
  state,
  result: "pending",
  rootActionClass: "A",
  startedAt: null,
  endedAt: null,
  steps: { "4": "error" },
  stepCount: 1,
  failure: null,
});

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const causes = createPlanCauses({
    sourceId: "foreman",
    recorder: memory.recorder,
    view: memory.recorder,
    worldId: () => OURS,
  });
  const operations = createOperations({ recorder: memory.recorder, view: memory.recorder, clock });
  const actor = { user: "ann", role: "operator", address: "", reason: "because" } as const;
  const request = (requestId: string, action = "dynflow.plans.resume") => ({
    requestId,
    facts: { action, stream: STREAM, target: PLAN, expected: null },
    actor,
  });
  const draft = (body: Pick<EventDraft, "kind" | "body">, subject = PLAN): EventDraft =>
    ({ ...body, subject, occurredAt: clock.now() }) as EventDraft;
  const state = (from: string, to: string) =>
    draft({ kind: "dynflow.plan.state_changed", body: { from, plan: facts(to) } });
  const step = (to: string) =>
    draft({
      kind: "dynflow.step.state_changed",
      body: { planId: PLAN, stepId: 4, from: "error", to, actionClass: "A" },
    });
  const lock = (clientWorldId: string): EventDraft => {
    const body: LockFacts = {
      class: "Dynflow::Coordinator::ExecutionLock",
      id: `execution-plan:${PLAN}`,
      ownerId: "world:e1",
      planId: PLAN,
      worldId: "e1",
      clientWorldId,
      requestId: "r",
      unreadable: null,
    };
    return draft({ kind: "dynflow.lock.acquired", body }, `${body.class}|${body.id}`);
  };
  async function told(...drafts: readonly EventDraft[]): Promise<readonly (string | null)[]> {
    await clock.advance(1_000);
    return (await causes.recorder.record(STREAM, drafts)).map(({ causedBy }) => causedBy);
  }
  async function done(id: string, action?: string): Promise<void> {
    await clock.advance(1_000);
    await operations.request(request(id, action));
    await operations.settle(request(id, action), "executed", "accepted");
  }
  return { clock, causes, operations, request, state, step, lock, told, done, draft };
}

describe("changes of a plan", () => {
  let at: ReturnType<typeof setUp>;
  beforeEach(async () => {
    at = setUp();
    await at.told(at.draft({ kind: "dynflow.plan.created", body: facts("paused") }));
  });

  it("are told without a cause when nobody here acted", async () => {
    expect(await at.told(at.state("paused", "running"), at.step("running"))).toEqual([null, null]);
  });

  it("follow from the resume that was accepted, until the plan comes to rest, and no longer", async () => {
    await at.done("op-1");
    expect(await at.told(at.lock(OURS), at.step("running"), at.state("paused", "running"))).toEqual(
      Array.from({ length: 3 }, () => "op-1"),
    );
    expect(await at.told(at.step("error"), at.state("running", "paused"))).toEqual(["op-1", "op-1"]);
    expect(await at.told(at.state("paused", "running"))).toEqual([null]);
  });

  it("do not follow from an action of which nobody knows whether it arrived", async () => {
    await at.operations.request(at.request("op-1"));
    expect(await at.told(at.state("paused", "running"))).toEqual([null]);
  });

  it("follow from a request as soon as evidence says that it was done, before that is journalled", async () => {
    await at.operations.request(at.request("op-1"));
    at.causes.evident(PLAN, "op-1");
    expect(await at.told(at.state("paused", "running"), at.step("success"))).toEqual(["op-1", "op-1"]);
  });

  it("do not follow from a request of which is heard only when the plan has come to rest again", async () => {
    await at.operations.request(at.request("op-1"));
    expect(await at.told(at.state("paused", "running"), at.state("running", "paused"))).toEqual([null, null]);
    at.causes.evident(PLAN, "op-1");
    expect(await at.told(at.state("paused", "running"))).toEqual([null]);
  });

  it("follow from an action that is not settled yet when the plan's lock is taken in our name", async () => {
    await at.operations.request(at.request("op-1"));
    expect(await at.told(at.lock(OURS))).toEqual(["op-1"]);
    expect(await at.told(at.step("running"), at.state("paused", "running"))).toEqual(["op-1", "op-1"]);
    expect(await at.told(at.state("running", "stopped"))).toEqual(["op-1"]);
  });

  it("do not follow from an action that failed, though a lock of ours is there", async () => {
    await at.operations.request(at.request("op-1"));
    await at.operations.settle(at.request("op-1"), "failed", "not taken");
    expect(await at.told(at.lock(OURS), at.state("paused", "running"))).toEqual([null, null]);
  });

  it("do not follow from an action that was done before the plan came into its state", async () => {
    await at.done("op-1");
    await at.told(at.state("paused", "running"), at.state("running", "paused"));
    expect(await at.told(at.state("paused", "running"))).toEqual([null]);
  });

  it("are another client's when its lock is on the plan", async () => {
    await at.done("op-1");
    expect(await at.told(at.lock("world-of-foreman"))).toEqual([null]);
    expect(await at.told(at.state("paused", "running"), at.step("running"))).toEqual([null, null]);
  });

  it("stop by a halt that was taken, whoever had asked for the execution", async () => {
    await at.told(at.lock("world-of-foreman"), at.state("paused", "running"));
    await at.done("op-1", "dynflow.plans.halt");
    expect(await at.told(at.step("success"), at.state("running", "stopped"))).toEqual([null, "op-1"]);
  });

  it("follow from a skip as far as its steps go", async () => {
    await at.done("op-1", "dynflow.plans.skip");
    expect(await at.told(at.step("skipped"), at.state("paused", "running"))).toEqual(["op-1", null]);
  });

  it("follow from the job that took the plan among others", async () => {
    at.causes.took(PLAN, "op-job");
    expect(await at.told(at.state("paused", "running"), at.state("running", "stopped"))).toEqual(["op-job", "op-job"]);
    expect(await at.told(at.state("stopped", "running"))).toEqual([null]);
  });
});
