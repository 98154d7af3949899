import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { createMemoryDynflow, createMemoryJournal, planOf } from "./follower.test-kit.ts";
import { createDynflowFollower } from "./follower.ts";

const EXECUTOR: CoordinatorRecord = {
  class: "Dynflow::Coordinator::ExecutorWorld",
  id: "e1",
  ownerId: null,
  data: {
    ok: true,
    value: {
      class: "Dynflow::Coordinator::ExecutorWorld",
      id: "e1",
      meta: {
        hostname: "exec-one",
        pid: 7,
        queues: { default: { pool_size: 5 } },
        last_seen: "2026-11-22 05:47:44.945",
      },
      active: true,
    },
  },
};
const lockOn = (planId: string, requestId: string): CoordinatorRecord => ({
  class: "Dynflow::Coordinator::ExecutionLock",
  id: `execution-plan:${planId}`,
  ownerId: "world:e1",
  data: {
    ok: true,
    value: { world_id: "e1", execution_plan_id: planId, client_world_id: "c1", request_id: requestId },
  },
});
const seenAt = (record: CoordinatorRecord, lastSeen: string): CoordinatorRecord => ({
  ...record,
  data: {
    ok: true,
    value: { class: record.class, id: record.id, meta: { hostname: "exec-one", last_seen: lastSeen }, active: true },
  },
});

let stop: (() => Promise<void>) | null = null;
afterEach(async () => {
  await stop?.();
  stop = null;
});

function open(lapRows?: number, insertCount = true) {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock);
  const dynflow = createMemoryDynflow(clock);
  dynflow.capabilities = { ...dynflow.capabilities, insertCount };
  const follower = createDynflowFollower({
    sourceId: "foreman",
    store: dynflow.store,
    recorder: journal.recorder,
    view: journal.view,
    clock,
    log: silentLogger,
    ...(lapRows === undefined ? {} : { lapRows }),
  });
  const abort = new AbortController();
  const ended = follower.run(abort.signal);
  stop = async () => {
    abort.abort();
    await ended;
  };
  const fold = () => journal.view.dynflow("foreman");
  const sample = () => journal.view.samples()["dynflow:foreman"];
  return { clock, journal, dynflow, follower, fold, sample };
}

describe("following plans", () => {
  it("takes up every unfinished plan of the table and no finished one", async () => {
    const { clock, dynflow, fold } = open();
    dynflow.setPlan(planOf("p1", { state: "paused", result: "error" }));
    dynflow.setPlan(planOf("p2", { state: "stopped", result: "success" }));
    dynflow.setPlan(planOf("p3", { state: "scheduled" }));
    await clock.advance(3_000);
    expect(Object.keys(fold().plans)).toEqual(["p1", "p3"]);
  });

  it("tells a step's change, then the plan's, and nothing twice", async () => {
    const { clock, dynflow, journal } = open();
    dynflow.setPlan(planOf("p1", {}, [{ id: 2, state: "running" }]));
    await clock.advance(3_000);
    const before = journal.events.length;
    await clock.advance(60_000);
    expect(journal.events.length).toBe(before);
    const error = { ok: true, value: { exceptionClass: "Boom", message: "out of space", backtrace: [] } } as const;
    dynflow.setPlan(planOf("p1", { state: "paused", result: "error" }, [{ id: 2, state: "error", error }]));
    await clock.advance(2_000);
    expect(journal.events.slice(before).map((event) => [event.kind, event.subject])).toEqual([
      ["dynflow.step.state_changed", "p1"],
      ["dynflow.plan.state_changed", "p1"],
    ]);
    expect(journal.view.dynflow("foreman").plans.p1).toMatchObject({
      state: "paused",
      steps: { 2: "error" },
      failure: { stepId: 2, exceptionClass: "Boom", message: "out of space" },
    });
  });

  it("tells that a plan stopped, with its last steps, and forgets it", async () => {
    const { clock, dynflow, journal, fold } = open();
    dynflow.setPlan(planOf("p1", {}, [{ id: 2, state: "running" }]));
    await clock.advance(3_000);
    dynflow.setPlan(planOf("p1", { state: "stopped", result: "success" }, [{ id: 2, state: "success" }]));
    await clock.advance(2_000);
    expect(journal.kinds().slice(-2)).toEqual(["dynflow.step.state_changed", "dynflow.plan.state_changed"]);
    expect(fold().plans).toEqual({});
  });

  it("tells that a plan's row is gone", async () => {
    const { clock, dynflow, journal, fold } = open();
    dynflow.setPlan(planOf("p1", { state: "paused" }));
    await clock.advance(3_000);
    dynflow.plans.clear();
    await clock.advance(2_000);
    expect(journal.events.at(-1)).toMatchObject({ kind: "dynflow.plan.gone", subject: "p1", body: { from: "paused" } });
    expect(fold().plans).toEqual({});
  });

  it("names the step that failed first in order of the flow when several failed", async () => {
    const { clock, dynflow, fold } = open();
    dynflow.setPlan(
      planOf("p1", { state: "paused", result: "error" }, [
        { id: 2, state: "error" },
        { id: 4, state: "error" },
      ]),
    );
    await clock.advance(3_000);
    expect(fold().plans.p1?.failure?.stepId).toBe(4);
    await clock.advance(60_000);
    expect(dynflow.reads.filter((name) => name === "plan p1")).toHaveLength(1);
  });

  it("keeps the steps of a plan of more than 2,000 out of its events", async () => {
    const { clock, dynflow, fold } = open();
    const steps = Array.from({ length: 2_001 }, (_, index) => ({ id: index + 1 }));
    dynflow.setPlan(planOf("p1", {}, steps));
    await clock.advance(3_000);
    expect(fold().plans.p1).toMatchObject({ steps: null, stepCount: 2_001 });
  });

  it("tells progress as a sample, with its age, and never as an event", async () => {
    const { clock, dynflow, journal, sample } = open();
    dynflow.setPlan(planOf("p1", {}, [{ id: 2, state: "running", progressDone: 0.25 }, { id: 3 }]));
    await clock.advance(3_000);
    const events = journal.events.length;
    dynflow.setPlan(planOf("p1", {}, [{ id: 2, state: "running", progressDone: 0.5 }, { id: 3 }]));
    await clock.advance(2_000);
    expect(sample()?.planProgress).toEqual({ p1: 0.25 });
    expect(clock.now() - (sample()?.asOf ?? 0)).toBeLessThanOrEqual(2_000);
    expect(journal.events.length).toBe(events);
  });

  it("does not read the steps of plans at rest more than in turn", async () => {
    const { clock, dynflow } = open();
    dynflow.setPlan(planOf("p1", { state: "paused" }));
    await clock.advance(3_000);
    dynflow.reads.length = 0;
    await clock.advance(60_000);
    expect(dynflow.reads.filter((name) => name === "heads").length).toBeGreaterThanOrEqual(29);
    expect(dynflow.reads.filter((name) => name.startsWith("follow")).length).toBeLessThanOrEqual(2);
  });

  it("reads a plan that somebody looks at each second, until nobody does", async () => {
    const { clock, dynflow, follower } = open();
    dynflow.setPlan(planOf("p1", { state: "paused" }));
    await clock.advance(3_000);
    dynflow.reads.length = 0;
    const first = follower.watch("p1");
    const second = follower.watch("p1");
    first();
    first();
    await clock.advance(10_000);
    expect(dynflow.reads.filter((name) => name === "follow p1").length).toBeGreaterThanOrEqual(10);
    second();
    dynflow.reads.length = 0;
    await clock.advance(10_000);
    expect(dynflow.reads.filter((name) => name === "follow p1").length).toBeLessThanOrEqual(1);
  });
});

describe("discovery", () => {
  it("finds a plan by its lock within 2 s, and tells of it even if it has stopped by then", async () => {
    const { clock, dynflow, journal, fold } = open();
    await clock.advance(3_000);
    dynflow.setRecord(lockOn("p1", "c1-1"));
    dynflow.setPlan(planOf("p1", { state: "stopped", result: "success" }));
    await clock.advance(2_000);
    expect(journal.kinds().slice(-2)).toEqual(["dynflow.lock.acquired", "dynflow.plan.created"]);
    expect(fold().plans).toEqual({});
  });

  it("does not take a plan for new whose lock is released after its end was told", async () => {
    const { clock, dynflow, journal, fold } = open();
    dynflow.setPlan(planOf("p1", {}, [{ id: 2, state: "running" }]));
    dynflow.setRecord(lockOn("p1", "c1-1"));
    await clock.advance(3_000);
    dynflow.setPlan(planOf("p1", { state: "stopped", result: "success" }, [{ id: 2, state: "success" }]));
    await clock.advance(3_000);
    dynflow.dropRecord(lockOn("p1", ""));
    await clock.advance(5_000);
    expect(journal.kinds()).toContain("dynflow.lock.released");
    expect(journal.kinds().filter((kind) => kind === "dynflow.plan.created")).toHaveLength(1);
    expect(fold().plans).toEqual({});
  });

  it("looks soon after a hint, and once for a swarm of them", async () => {
    const { clock, dynflow, fold } = open();
    dynflow.setRecord(EXECUTOR);
    await clock.advance(5_100);
    expect(dynflow.listened).toEqual([["e1"]]);
    dynflow.reads.length = 0;
    dynflow.setRecord(lockOn("p1", "c1-1"));
    dynflow.setPlan(planOf("p1"));
    for (let count = 0; count < 100; count += 1) dynflow.hint("e1");
    await clock.advance(700);
    expect(Object.keys(fold().plans)).toEqual(["p1"]);
    expect(dynflow.reads.filter((name) => name === "recordKeys")).toHaveLength(1);
  });

  it.each([
    ["a slice a second where nothing counts inserted rows", false, 10_000],
    ["a slice every 4 s while the counter of inserted rows stands still", true, 40_000],
  ])("walks the whole table, and tells how long a lap takes: %s", async (_what, insertCount, lapMs) => {
    const { clock, dynflow, fold, sample } = open(10, insertCount);
    for (let index = 0; index < 100; index += 1) {
      dynflow.setPlan(planOf(`p${index}`, { state: index === 95 ? "paused" : "stopped" }));
    }
    await clock.advance(1_000);
    expect(sample()?.lapMs).toBe(null);
    await clock.advance(4_000);
    expect(Object.keys(fold().plans)).toEqual(["p95"]);
    await clock.advance(lapMs * 2);
    expect(sample()?.lapMs).toBe(lapMs);
    const slices = () => dynflow.reads.filter((name) => name.startsWith("lap")).length;
    const before = slices();
    await clock.advance(lapMs);
    expect(slices() - before).toBeLessThanOrEqual(11);
  });

  it("hurries through one lap when rows were inserted", async () => {
    const { clock, dynflow, fold } = open(10);
    for (let index = 0; index < 100; index += 1) dynflow.setPlan(planOf(`p${index}`, { state: "stopped" }));
    await clock.advance(20_500);
    dynflow.setPlan(planOf("fresh", { state: "planned" }));
    dynflow.inserts += 1;
    await clock.advance(6_500);
    expect(Object.keys(fold().plans)).toEqual(["fresh"]);
  });
});

describe("worlds and locks", () => {
  it("tells worlds and locks as they come and go", async () => {
    const { clock, dynflow, journal, fold } = open();
    dynflow.setRecord(EXECUTOR);
    dynflow.setRecord(lockOn("p1", "c1-1"));
    await clock.advance(1_000);
    expect(fold().worlds.e1).toMatchObject({ executor: true, active: true, queues: { default: 5 } });
    expect(Object.values(fold().locks)).toMatchObject([{ planId: "p1", requestId: "c1-1", worldId: "e1" }]);
    dynflow.dropRecord(EXECUTOR);
    dynflow.dropRecord(lockOn("p1", ""));
    await clock.advance(2_000);
    expect(journal.kinds()).toContain("dynflow.world.gone");
    expect(fold().locks).toEqual({});
    expect(fold().worlds).toEqual({});
  });

  it("tells a lock that was released and taken again between two looks as both", async () => {
    const { clock, dynflow, journal, fold } = open();
    dynflow.setRecord(lockOn("p1", "c1-1"));
    await clock.advance(1_000);
    dynflow.setRecord(lockOn("p1", "c1-2"));
    await clock.advance(4_000);
    expect(journal.kinds().slice(-2)).toEqual(["dynflow.lock.released", "dynflow.lock.acquired"]);
    expect(Object.values(fold().locks)).toMatchObject([{ requestId: "c1-2" }]);
  });

  it("tells a heartbeat at most once a minute, a change of the active flag within seconds", async () => {
    const { clock, dynflow, journal } = open();
    dynflow.setRecord(EXECUTOR);
    await clock.advance(1_000);
    for (let second = 0; second < 120; second += 15) {
      dynflow.setRecord(seenAt(EXECUTOR, `2026-11-22 06:00:${second}`));
      await clock.advance(15_000);
    }
    const changed = () => journal.kinds().filter((kind) => kind === "dynflow.world.changed").length;
    // The first differs in its queues too.
    expect(changed()).toBeLessThanOrEqual(3);
    const before = changed();
    dynflow.setRecord({ ...EXECUTOR, data: { ok: true, value: { meta: { hostname: "exec-one" }, active: false } } });
    await clock.advance(4_000);
    expect(changed()).toBe(before + 1);
  });

  it("re-reads all of many records in rotation, a bounded number at a time", async () => {
    const { clock, dynflow, fold } = open();
    for (let index = 0; index < 100; index += 1) dynflow.setRecord({ ...EXECUTOR, id: `w${index}` });
    await clock.advance(1_000);
    expect(Object.keys(fold().worlds)).toHaveLength(100);
    for (let index = 0; index < 100; index += 1) {
      dynflow.setRecord({ ...EXECUTOR, id: `w${index}`, data: { ok: true, value: { active: false } } });
    }
    await clock.advance(4_000);
    const inactive = () => Object.values(fold().worlds).filter((world) => world.active === false).length;
    expect(inactive()).toBe(25);
    await clock.advance(12_000);
    expect(inactive()).toBe(100);
  });
});

describe("health of the source", () => {
  it("says up after the first good round", async () => {
    const { clock, fold, journal } = open();
    await clock.advance(100);
    expect(fold().source).toMatchObject({ state: "up", reason: null });
    expect(journal.kinds().filter((kind) => kind === "source.state_changed")).toHaveLength(1);
  });

  it.each(["refused", "hang"] as const)("says down within 5 s of %s, and compares again once it is up", async (how) => {
    const { clock, dynflow, fold } = open();
    dynflow.setPlan(planOf("p1", { state: "paused" }));
    await clock.advance(10_000);
    dynflow.trouble = how;
    await clock.advance(5_000);
    expect(fold().source.state).toBe("down");
    expect(fold().source.reason).toBeTruthy();
    expect(Object.keys(fold().plans)).toEqual(["p1"]);
    dynflow.setPlan(planOf("p1", { state: "stopped" }));
    dynflow.setPlan(planOf("p2", { state: "planned" }));
    await clock.advance(20_000);
    dynflow.trouble = null;
    await clock.advance(5_000);
    expect(fold().source.state).toBe("up");
    expect(Object.keys(fold().plans)).toEqual(["p2"]);
  });

  it("is not down for one read that failed", async () => {
    const { clock, dynflow, journal } = open();
    await clock.advance(10_000);
    dynflow.trouble = "refused";
    await clock.advance(1_000);
    dynflow.trouble = null;
    await clock.advance(10_000);
    expect(journal.kinds().filter((kind) => kind === "source.state_changed")).toHaveLength(1);
  });

  it("is down when one kind of read keeps failing beside others that work", async () => {
    const { clock, dynflow, fold } = open();
    await clock.advance(10_000);
    dynflow.store.heads = () => Promise.reject(new Error("permission denied for table dynflow_execution_plans"));
    dynflow.setPlan(planOf("p1"));
    await clock.advance(5_000);
    expect(fold().source).toMatchObject({ state: "down", reason: expect.stringContaining("permission denied") });
  });

  it("is not down because the journal is, and loses nothing meanwhile", async () => {
    const { clock, dynflow, journal, fold } = open();
    await clock.advance(3_000);
    journal.unavailable = true;
    dynflow.setPlan(planOf("p1"));
    await clock.advance(10_000);
    expect(fold().source.state).toBe("up");
    journal.unavailable = false;
    await clock.advance(3_000);
    expect(Object.keys(fold().plans)).toEqual(["p1"]);
    expect(fold().source.state).toBe("up");
  });
});
