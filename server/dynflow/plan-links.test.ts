import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DynflowFold, LockFold } from "#server/contract/fold/dynflow.ts";
import { emptySqliteDatabase } from "#server/dynflow/adapters/sqlite/empty-database.test-kit.ts";
import { createSqliteStore } from "#server/dynflow/adapters/sqlite/sqlite-store.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { encodePayload } from "./codec/payload.ts";
import { DELAYED_EXECUTOR_LOCK_CLASS } from "./domain/records.ts";
import { callerOf, FOLD_UP, sourceOver } from "./dynflow-source.test-kit.ts";
import { actionCells, type Cell, planCells, stepCells, uuid } from "./dynflow-tables.contract.ts";
import { createPlanPartsService } from "./plan-parts-service.ts";
import type { DynflowStore } from "./ports.ts";
import { createSubPlansService } from "./sub-plans-service.ts";

const NOW = epochMs(Date.UTC(2026, 10, 22, 6, 0, 0));
const OPERATOR = callerOf("operator");
const VIEWER = callerOf("viewer");
const ERROR = encodePayload({
  class: "Dynflow::ExecutionPlan::Steps::Error",
  exception_class: "Lab::Error",
  message: "canary-secret",
  backtrace: [],
});

let file: ReturnType<typeof emptySqliteDatabase>;
let direct: DatabaseSync;
let store: DynflowStore;
/** Moves on with each question, so that a call ends after a few statements. */
let passing = 0;
let monotonic = 0;
const clock: Clock = {
  now: () => NOW,
  monotonic: () => {
    monotonic += passing;
    return monotonicMs(monotonic);
  },
  sleep: async () => undefined,
};

beforeEach(() => {
  passing = 0;
  file = emptySqliteDatabase();
  store = createSqliteStore({ path: file.path });
  direct = new DatabaseSync(file.path, { enableForeignKeyConstraints: false });
  // Nobody reads what a test leaves behind, so nothing is forced to the disk.
  direct.exec("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY");
});
afterEach(async () => {
  direct.close();
  await store.close();
  file.remove();
});

function insert(table: string, row: Readonly<Record<string, Cell>>): void {
  const values = Object.values(row).map((cell) => (typeof cell === "boolean" ? Number(cell) : cell));
  const places = values.map(() => "?").join();
  direct.prepare(`INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${places})`).run(...values);
}
const plan = (number: number, cells: Readonly<Record<string, Cell>> = {}) =>
  insert("dynflow_execution_plans", planCells(number, cells));
const sub = (number: number, caller: number, cells: Readonly<Record<string, Cell>> = {}) => {
  plan(number, cells);
  const called = { caller_execution_plan_id: uuid(caller), caller_action_id: 1, run_step_id: 4 };
  insert("dynflow_actions", actionCells(number, 1, called));
};
const wait = (waiting: number, prerequisite: number) =>
  insert("dynflow_execution_plan_dependencies", {
    execution_plan_uuid: uuid(waiting),
    blocked_by_uuid: uuid(prerequisite),
  });
const delay = (number: number, cells: Readonly<Record<string, Cell>> = {}) =>
  insert("dynflow_delayed_plans", {
    execution_plan_uuid: uuid(number),
    start_at: "2026-11-22 05:00:00.000000",
    start_before: null,
    args_serializer: "Dynflow::Serializers::Noop",
    frozen: false,
    serialized_args: encodePayload([{ note: "canary-secret" }]),
    data: null,
    ...cells,
  });

const trees = () => {
  let tokens = 0;
  return createSubPlansService({ sources: [sourceOver(store)], clock, newToken: () => `t${++tokens}` });
};
const parts = (fold: DynflowFold = FOLD_UP) => createPlanPartsService({ sources: [sourceOver(store, fold)], clock });
const about = (number: number) => ({ source: "lab", planId: uuid(number) });
const walk = (number: number, until: "failure" | "end", token: string | null = null) => ({
  ...about(number),
  until,
  find: "",
  token,
});

const poller = (known: boolean): DynflowFold => {
  const lock: LockFold = {
    class: DELAYED_EXECUTOR_LOCK_CLASS,
    id: "delayed-executor",
    ownerId: "world:e",
    planId: null,
    worldId: "e",
    clientWorldId: null,
    requestId: null,
    unreadable: null,
    seenSince: NOW,
  };
  const world = {
    class: "Dynflow::Coordinator::ExecutorWorld",
    executor: true,
    active: true,
    hostname: "exec-one",
    pid: 1,
    queues: {},
    lastSeenText: null,
    unreadable: null,
    seenSince: NOW,
    ping: null,
  };
  return { ...FOLD_UP, locks: { it: lock }, worlds: known ? { e: world } : {} } as DynflowFold;
};

describe("a walk through sub-plans", () => {
  it("tells the leaf's error to operators, and hides it from viewers", async () => {
    plan(1);
    sub(2, 1, { result: "error", state: "paused", step_ids: encodePayload([9]), run_flow: encodePayload(["S", 9]) });
    insert("dynflow_steps", stepCells(2, 9, { state: "error", error: ERROR }));
    const told = await trees().subPlanWalk(OPERATOR, walk(1, "failure"));
    expect(told.firstFailure?.step).toEqual({
      stepId: 9,
      actionClass: "Lab::Echo",
      phase: "run",
      error: { exceptionClass: "Lab::Error", message: "canary-secret" },
    });
    const hidden = await trees().subPlanWalk(VIEWER, walk(1, "failure"));
    expect(JSON.stringify(hidden)).not.toContain("canary");
    expect(hidden.firstFailure?.path).toHaveLength(2);
  });

  it("goes on where it stopped when asked, for nobody else and about nothing else", async () => {
    plan(1);
    for (let number = 2; number < 12; number += 1) sub(number, number - 1);
    passing = 500;
    const { subPlanWalk } = trees();
    const first = await subPlanWalk(OPERATOR, walk(1, "end"));
    expect(first).toMatchObject({ token: "t1", stopped: null });
    expect(first.walked).toBeLessThan(10);
    await expect(subPlanWalk(VIEWER, walk(1, "end", "t1"))).rejects.toMatchObject({ code: "not-found" });
    await expect(subPlanWalk(OPERATOR, walk(2, "end", "t1"))).rejects.toMatchObject({ code: "not-found" });
    await expect(subPlanWalk(OPERATOR, walk(1, "failure", "t1"))).rejects.toMatchObject({ code: "not-found" });
    let last = first;
    for (let call = 0; call < 20 && last.token !== null; call += 1)
      last = await subPlanWalk(OPERATOR, walk(1, "end", last.token));
    expect(last).toMatchObject({ token: null, walked: 10, levels: 10 });
  });

  it("finds on its way what holds a text in its label, class or id, at any depth", async () => {
    plan(1, { label: "Lab::Needle" });
    sub(2, 1, { label: "Lab::Hay" });
    sub(3, 2, { label: "lab: NEEDLE of <b>3</b>" });
    sub(4, 3);
    insert("dynflow_steps", stepCells(4, 1, { action_class: "Lab::NeedleRoot" }));
    const { subPlanWalk } = trees();
    const found = await subPlanWalk(VIEWER, { ...walk(1, "end"), find: "needle" });
    expect(found).toMatchObject({ matches: 2, walked: 3, token: null });
    expect(found.found.map(({ id, level, parentId }) => [id, level, parentId])).toEqual([
      [uuid(3), 2, uuid(2)],
      [uuid(4), 3, uuid(3)],
    ]);
    const byId = await subPlanWalk(VIEWER, { ...walk(1, "end"), find: uuid(2).slice(-6) });
    expect(byId.found.map(({ id }) => id)).toEqual([uuid(2)]);
  });

  it("ends where plans planned each other in a circle, and says so", async () => {
    sub(1, 2);
    sub(2, 1);
    const found = await trees().subPlanWalk(OPERATOR, walk(1, "end"));
    expect(found).toMatchObject({ walked: 1, again: 1, token: null });
    const { callers, cut } = await trees().callers(OPERATOR, about(1));
    expect(callers.map(({ id }) => id)).toEqual([uuid(2)]);
    expect(cut).toBe("circle");
  });

  it("says that the plan itself failed where no sub-plan did, and nothing where nothing did", async () => {
    plan(1, { result: "error", state: "paused", step_ids: encodePayload([9]), run_flow: encodePayload(["S", 9]) });
    insert("dynflow_actions", actionCells(1, 1));
    insert("dynflow_steps", stepCells(1, 9, { state: "error", error: ERROR }));
    sub(2, 1);
    expect((await trees().subPlanWalk(OPERATOR, walk(1, "failure"))).firstFailure).toMatchObject({
      path: [{ id: uuid(1) }],
      step: { stepId: 9 },
    });
    expect((await trees().subPlanWalk(OPERATOR, walk(2, "failure"))).firstFailure).toBeNull();
  });

  it("tells of a caller whose row is gone", async () => {
    sub(2, 77);
    const { callers, cut } = await trees().callers(OPERATOR, about(2));
    expect(callers).toMatchObject([{ id: uuid(77), state: null }]);
    expect(cut).toBe("gone");
  });
});

describe("dependencies", () => {
  it("are told on both sides, nearest first, with what each means to who waits", async () => {
    plan(1, { state: "scheduled", result: "pending" });
    delay(1);
    plan(2, { state: "running", result: "pending" });
    plan(3, { state: "stopped", result: "error" });
    plan(4, { state: "stopped", result: "cancelled" });
    plan(5, { state: "scheduled", result: "pending" });
    wait(1, 2);
    wait(1, 3);
    wait(2, 4);
    wait(5, 1);
    wait(5, 1);
    const found = await parts().dependencies(VIEWER, about(1));
    const row = (id: number) => found.plans.find((one) => one.id === uuid(id));
    expect(found.plans[0]).toMatchObject({ id: uuid(1), side: "self" });
    expect(row(2)).toMatchObject({ side: "waits-for", distance: 1, standing: "waits" });
    expect(row(3)).toMatchObject({ side: "waits-for", distance: 1, standing: "failed" });
    expect(row(4)).toMatchObject({ side: "waits-for", distance: 2, standing: "satisfied" });
    expect(row(5)).toMatchObject({ side: "blocks", distance: 1 });
    expect(found.edges).toHaveLength(4);
    expect(found).toMatchObject({ cut: false, failedStops: true });
  });

  it("that run in a circle are marked, and end", async () => {
    for (const number of [1, 2, 3]) plan(number, { state: "scheduled" });
    wait(1, 2);
    wait(2, 1);
    wait(2, 3);
    wait(1, 1);
    const { edges, plans } = await parts().dependencies(VIEWER, about(1));
    expect(edges.filter(({ circle }) => circle)).toHaveLength(3);
    expect(plans.map(({ side }) => side)).toEqual(["self", "both", "waits-for"]);
  });

  it("end after 500 plans a side, and say so", async () => {
    for (let number = 1; number <= 620; number += 1) plan(number);
    for (let number = 2; number <= 620; number += 1) wait(1, number);
    const found = await parts().dependencies(VIEWER, about(1));
    expect(found.plans).toHaveLength(501);
    expect(found.cut).toBe(true);
  });
});

describe("a delay", () => {
  it("tells when, why not, and by whom; arguments are hidden from viewers", async () => {
    plan(1, { state: "scheduled", result: "pending", root_plan_step_id: null });
    delay(1);
    const ready = await parts(poller(true)).delayed(OPERATOR, about(1));
    expect(ready).toMatchObject({
      readiness: { kind: "ready", outcome: { kind: "start" }, within: "2026-11-22T06:00:15.000Z" },
      poller: { worldId: "e", hostname: "exec-one", known: true },
      delayed: { args: { value: [{ note: "canary-secret" }] } },
    });
    const hidden = await parts(poller(false)).delayed(VIEWER, about(1));
    expect(JSON.stringify(hidden)).not.toContain("canary");
    expect(hidden.readiness).toMatchObject({ obstacles: [{ kind: "poller-gone", worldId: "e" }] });
  });

  it("whose row is gone can never end", async () => {
    plan(1, { state: "scheduled", result: "pending" });
    expect((await parts(poller(true)).delayed(VIEWER, about(1))).readiness).toEqual({ kind: "never" });
    await expect(parts().delayed(VIEWER, about(9))).rejects.toMatchObject({ code: "not-found" });
  });

  it("with arguments that cannot be read tells all the rest", async () => {
    plan(1, { state: "scheduled", result: "pending" });
    delay(1, { serialized_args: new Uint8Array([0xdd, 0xff]), start_at: null });
    const { delayed, readiness } = await parts(poller(true)).delayed(OPERATOR, about(1));
    expect(delayed?.args).toMatchObject({ unreadable: expect.any(String), bytes: 2 });
    expect(readiness.kind).toBe("ready");
  });
});

describe("the plan phase", () => {
  it("is told as it was stored: what cannot be read is said of that step alone", async () => {
    plan(1, { root_plan_step_id: 1 });
    insert("dynflow_actions", actionCells(1, 1));
    const planStep = { class: "Dynflow::ExecutionPlan::Steps::PlanStep" };
    insert("dynflow_steps", stepCells(1, 1, { ...planStep, children: encodePayload([3, 2]) }));
    insert("dynflow_steps", stepCells(1, 2, { ...planStep, children: new Uint8Array([0xdd, 0xff]) }));
    insert("dynflow_steps", stepCells(1, 3, { ...planStep, children: encodePayload([]) }));
    insert("dynflow_steps", stepCells(1, 4));
    const phase = await parts().planPhase(VIEWER, about(1));
    expect(phase.nodes).toEqual([
      [1, [3, 2]],
      [2, null],
      [3, []],
    ]);
    expect(phase).toMatchObject({ rootStepId: 1, unreadable: [{ stepId: 2 }], cut: false });
    await expect(parts().planPhase(VIEWER, about(9))).rejects.toMatchObject({ code: "not-found" });
  });

  it("is read whole where it has more steps than one read takes", async () => {
    plan(1, { root_plan_step_id: 1 });
    insert("dynflow_actions", actionCells(1, 1));
    direct.exec("BEGIN");
    for (let id = 1; id <= 5_200; id += 1)
      insert("dynflow_steps", stepCells(1, id, { class: "Dynflow::ExecutionPlan::Steps::PlanStep" }));
    direct.exec("COMMIT");
    const { nodes } = await parts().planPhase(VIEWER, about(1));
    expect(nodes.map(([id]) => id)).toEqual(Array.from({ length: 5_200 }, (_, index) => index + 1));
  });
});
