import { describe, expect, it } from "vitest";
import type { CoordinatorRecord, PayloadValue } from "./model.ts";
import { lockOf, planLockId, worldOf, worldOwnerId } from "./records.ts";
import { resumeRefusals } from "./resume.ts";

const record = (name: string, data: PayloadValue, more: Partial<CoordinatorRecord> = {}): CoordinatorRecord => ({
  class: `Dynflow::Coordinator::${name}`,
  id: "w-1",
  ownerId: null,
  data: { ok: true, value: data },
  ...more,
});

const META = { hostname: "exec-one", pid: 7, queues: { default: { pool_size: 5 }, slow: {} }, last_seen: "then" };

describe("world records", () => {
  it("tell an executor with its queues", () => {
    const world = worldOf(record("ExecutorWorld", { meta: { ...META, delayed_executor: true }, active: true }));
    expect(world).toEqual({
      id: "w-1",
      kind: "executor",
      state: "active",
      hostname: "exec-one",
      pid: 7,
      lastSeenText: "then",
      runsDelayedExecutor: true,
      queues: [
        { name: "default", poolSize: 5 },
        { name: "slow", poolSize: null },
      ],
      meta: { ...META, delayed_executor: true },
    });
  });

  it("call an executor inactive unless it says active; a client is always active", () => {
    expect(worldOf(record("ExecutorWorld", { active: false }))?.state).toBe("inactive");
    expect(worldOf(record("ExecutorWorld", {}))?.state).toBe("inactive");
    expect(worldOf(record("ClientWorld", {}))?.state).toBe("active");
  });

  it("invent nothing when their data will not decode or is of a wrong shape", () => {
    const corrupt = { data: { ok: false, reason: "no such tag", bytes: 4 } } as const;
    expect(worldOf(record("ClientWorld", null, corrupt))).toMatchObject({ id: "w-1", hostname: null, queues: [] });
    expect(worldOf(record("ClientWorld", { meta: ["x"] }))).toMatchObject({ hostname: null, meta: {} });
  });

  it("are no locks, and locks are no worlds", () => {
    expect(lockOf(record("ClientWorld", {}))).toBeNull();
    expect(worldOf(record("ExecutionLock", {}))).toBeNull();
  });
});

describe("lock records", () => {
  it.each([
    ["ExecutionLock", "execution"],
    ["PlanningLock", "planning"],
    ["ExecutionInhibitionLock", "inhibition"],
    ["SingletonActionLock", "singleton"],
    ["DelayedExecutorLock", "delayed-executor"],
    ["ExecutionPlanCleanerLock", "plan-cleaner"],
    ["AutoExecuteLock", "auto-execute"],
    ["WorldInvalidationLock", "world-invalidation"],
    ["SomethingOfTheApplication", "other"],
  ])("%s is of kind %s", (name, kind) => {
    expect(lockOf(record(name, {}))?.kind).toBe(kind);
  });

  it("tell who executes which plan for whom", () => {
    const data = { world_id: "e", execution_plan_id: "p", client_world_id: "c", request_id: "c-33" };
    const lock = lockOf(record("ExecutionLock", data, { id: planLockId("p"), ownerId: worldOwnerId("e") }));
    expect(lock).toMatchObject({
      id: "execution-plan:p",
      ownerId: "world:e",
      worldId: "e",
      planId: "p",
      clientWorldId: "c",
      requestId: "c-33",
    });
  });
});

describe("resuming", () => {
  const lock = (name: string) => lockOf(record(name, {})) ?? expect.fail("no lock");

  it.each(["paused", "planned"])("is open to a %s plan without locks of its own", (state) => {
    expect(resumeRefusals(state, [])).toEqual([]);
    expect(resumeRefusals(state, [lock("SingletonActionLock")])).toEqual([]);
  });

  it.each(["pending", "scheduled", "planning", "running", "stopped", "hovering"])(
    "is refused to a %s plan",
    (state) => {
      expect(resumeRefusals(state, [])).toEqual([expect.stringContaining(state)]);
    },
  );

  it.each(["ExecutionLock", "PlanningLock", "ExecutionInhibitionLock"])("is refused under a %s", (name) => {
    expect(resumeRefusals("paused", [lock(name)])).toHaveLength(1);
  });
});
