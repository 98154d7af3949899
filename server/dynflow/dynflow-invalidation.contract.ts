import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { encodePayload } from "./codec/payload.ts";
import type { AbandonWrite } from "./domain/invalidation.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  recordCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";

const US = uuid(1);
const DEAD = uuid(2);
const OTHER = uuid(3);
const CLIENT = uuid(4);
const PLAN = 16;
const PLAN_ID = uuid(PLAN);
const NOW = epochMs(Date.UTC(2026, 10, 22, 6, 0, 0, 250));
const PAIR = { deadWorldId: DEAD, invalidatorId: US };
const BACKTRACE = ["worldline: invalidated"];

const execution = (receiverId: string) => {
  const envelope = {
    requestId: `${CLIENT}-33`,
    senderId: CLIENT,
    receiverId,
    message: { type: "Execution", planId: PLAN_ID },
  } as const;
  const bytes = encodeEnvelope(envelope);
  if (!bytes.ok) throw new Error(bytes.reason);
  return { executorId: receiverId, envelope: bytes.value };
};
const write = (over: Partial<AbandonWrite> = {}): AbandonWrite => ({
  ...PAIR,
  planId: PLAN_ID,
  lock: "execution",
  now: NOW,
  backtrace: BACKTRACE,
  execution: null,
  ...over,
});

/** What the writes of an invalidation promise. Run against each adapter; never edited to suit one of them. */
export function dynflowInvalidationContract(name: string, open: OpenTables): void {
  describe(`invalidation contract: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());

    const record = (className: string, id: string, owner: string | null, fields = {}) =>
      tables.insert(
        "dynflow_coordinator_records",
        recordCells(
          className,
          id,
          encodePayload({ class: `Dynflow::Coordinator::${className}`, id, owner_id: owner, ...fields }),
          owner,
        ),
      );
    /** Ruby's name of a host is text without an encoding, which is stored as bytes: here `e`. */
    const hostname = { $bytes: "ZQ==" };
    const executor = (id: string, active = true) =>
      record("ExecutorWorld", id, null, { active, meta: { hostname, last_seen: "2026-11-22 05:47:44.945" } });
    const lock = (className: "ExecutionLock" | "PlanningLock", owner: string) =>
      record(className, `execution-plan:${PLAN_ID}`, `world:${owner}`, {
        world_id: owner,
        execution_plan_id: PLAN_ID,
        client_world_id: CLIENT,
        request_id: `${CLIENT}-33`,
      });
    const keys = async () =>
      (await tables.store.recordKeys()).map(({ class: of, id }) => `${of.split("::").at(-1)} ${id}`);
    async function plan(cells: Record<string, string | Uint8Array | number | null>, stepStates: readonly string[]) {
      const ids = stepStates.map((_, index) => index + 1);
      await tables.insert(
        "dynflow_execution_plans",
        planCells(PLAN, {
          state: "running",
          result: "pending",
          started_at: "2026-11-22 05:59:00.000",
          real_time: 0,
          step_ids: encodePayload(ids),
          execution_history: encodePayload([{ time: 1_795_326_442, name: "start execution", world_id: DEAD }]),
          ...cells,
        }),
      );
      await tables.insert("dynflow_actions", actionCells(PLAN, 1));
      for (const [index, state] of stepStates.entries()) {
        const phase = index === 0 ? "Plan" : "Run";
        const cellsOf = {
          state,
          execution_time: 0.5,
          real_time: 0.75,
          class: `Dynflow::ExecutionPlan::Steps::${phase}Step`,
        };
        await tables.insert("dynflow_steps", stepCells(PLAN, index + 1, cellsOf));
      }
    }
    const planNow = async () => {
      const found = await tables.store.plan(PLAN_ID);
      if (found === null) throw new Error("the plan is gone");
      return found;
    };

    it("lets one world at a time invalidate another, and the same one go on", async () => {
      expect(await tables.mailbox.invalidation.begin(PAIR)).toEqual({ begun: true });
      expect(await tables.mailbox.invalidation.begin(PAIR)).toEqual({ begun: true });
      expect(await tables.mailbox.invalidation.begin({ ...PAIR, invalidatorId: OTHER })).toEqual({
        begun: false,
        heldBy: `world:${US}`,
      });
      const [found] = await tables.store.records(await tables.store.recordKeys());
      expect(found).toEqual({
        class: "Dynflow::Coordinator::WorldInvalidationLock",
        id: `world-invalidation:${DEAD}`,
        ownerId: `world:${US}`,
        data: {
          ok: true,
          value: {
            class: "Dynflow::Coordinator::WorldInvalidationLock",
            owner_id: `world:${US}`,
            world_id: US,
            id: `world-invalidation:${DEAD}`,
          },
        },
      });
      await tables.mailbox.invalidation.giveUp({ ...PAIR, invalidatorId: OTHER });
      expect(await keys()).toHaveLength(1);
      await tables.mailbox.invalidation.giveUp(PAIR);
      expect(await keys()).toEqual([]);
    });

    it("gives one of two who begin at once the lock", async () => {
      const begun = await Promise.all([
        tables.mailbox.invalidation.begin(PAIR),
        tables.mailbox.invalidation.begin({ ...PAIR, invalidatorId: OTHER }),
      ]);
      expect(begun.filter((answer) => answer.begun)).toHaveLength(1);
    });

    it("writes nothing without its own lock", async () => {
      await executor(DEAD);
      await plan({}, ["success", "running"]);
      await lock("ExecutionLock", DEAD);
      await record("WorldInvalidationLock", `world-invalidation:${DEAD}`, `world:${OTHER}`);
      const writes = tables.mailbox.invalidation;
      for (const act of [
        () => writes.abandon(write()),
        () => writes.deactivate(PAIR),
        () => writes.pruneInhibitions(PAIR),
        () => writes.finish(PAIR),
      ]) {
        await expect(act()).rejects.toMatchObject({ code: "conflict" });
      }
      expect((await planNow()).head.state).toBe("running");
      expect(await keys()).toHaveLength(3);
    });

    it("fails what ran, pauses the plan, and lets nobody go on with it", async () => {
      await executor(DEAD);
      await executor(OTHER);
      await plan({}, ["success", "running", "suspended", "pending"]);
      await lock("ExecutionLock", DEAD);
      await record("SingletonActionLock", "singleton-action:Lab::Single", `execution-plan:${PLAN_ID}`);
      await tables.mailbox.invalidation.begin(PAIR);
      const outcome = await tables.mailbox.invalidation.abandon(write({ execution: execution(OTHER) }));
      expect(outcome).toEqual({ applied: true, fate: "paused-with-error", failedStepIds: [2], reason: null });
      const { head, history, steps } = await planNow();
      expect(head).toMatchObject({ state: "paused", result: "error", endedAt: null, realTimeSec: 0 });
      expect(history).toEqual({
        ok: true,
        value: [
          { timeSec: 1_795_326_442, name: "start execution", worldId: DEAD },
          { timeSec: Math.floor(NOW / 1_000), name: "terminate execution", worldId: DEAD },
        ],
      });
      expect(steps.map((step) => step.state)).toEqual(["success", "error", "suspended", "pending"]);
      expect(steps[1]).toMatchObject({
        realTimeSec: 0.75,
        progressDone: 1,
        error: {
          ok: true,
          value: {
            exceptionClass: "StandardError",
            message: "Abnormal termination (previous state: running)",
            backtrace: BACKTRACE,
          },
        },
      });
      expect(await keys()).toEqual([
        `ExecutorWorld ${DEAD}`,
        `ExecutorWorld ${OTHER}`,
        `WorldInvalidationLock world-invalidation:${DEAD}`,
      ]);
      expect(await tables.mailbox.pull(OTHER)).toEqual([]);
    });

    it("has another executor go on with a plan that only waited, in the name of who had asked for it", async () => {
      await executor(DEAD);
      await executor(OTHER);
      await plan({}, ["success", "suspended"]);
      await lock("ExecutionLock", DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      const outcome = await tables.mailbox.invalidation.abandon(write({ execution: execution(OTHER) }));
      expect(outcome).toMatchObject({ applied: true, fate: "taken-over", failedStepIds: [] });
      expect((await planNow()).head).toMatchObject({ state: "paused", result: "pending" });
      const [sent = new Uint8Array()] = await tables.mailbox.pull(OTHER);
      expect(decodeEnvelope(sent)).toMatchObject({
        ok: true,
        envelope: { senderId: CLIENT, requestId: `${CLIENT}-33`, message: { type: "Execution", planId: PLAN_ID } },
      });
      expect(await tables.mailbox.invalidation.abandon(write({ execution: execution(OTHER) }))).toEqual({
        applied: false,
        why: "lock-gone",
        reason: "its lock is gone",
      });
      expect(await tables.mailbox.pull(OTHER)).toEqual([]);
    });

    it("asks no executor that is inactive or gone by then", async () => {
      await executor(OTHER, false);
      await plan({}, ["success", "suspended"]);
      await lock("ExecutionLock", DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      const outcome = await tables.mailbox.invalidation.abandon(write({ execution: execution(OTHER) }));
      expect(outcome).toMatchObject({ applied: true, fate: "waits-for-executor" });
      expect(await tables.mailbox.pull(OTHER)).toEqual([]);
    });

    it("stops a plan that was half planned, with its times, and releases what it held", async () => {
      await plan({ state: "planning", result: "pending", execution_history: encodePayload([]) }, [
        "running",
        "pending",
      ]);
      await lock("PlanningLock", DEAD);
      await record("ExecutionInhibitionLock", `execution-plan:${PLAN_ID}`, `execution-plan:${PLAN_ID}`);
      await tables.mailbox.invalidation.begin(PAIR);
      const outcome = await tables.mailbox.invalidation.abandon(
        write({ lock: "planning", execution: execution(OTHER) }),
      );
      expect(outcome).toMatchObject({ applied: true, fate: "stopped", failedStepIds: [1] });
      const { head, history } = await planNow();
      expect(head).toMatchObject({
        state: "stopped",
        result: "error",
        endedAt: "2026-11-22T06:00:00.250000Z",
        realTimeSec: 60.25,
        executionTimeSec: 1,
      });
      expect(history).toMatchObject({ value: [{ name: "finish execution", worldId: US }] });
      expect(await keys()).toEqual([`WorldInvalidationLock world-invalidation:${DEAD}`]);
    });

    it("has a plan that was planned completely executed", async () => {
      await executor(OTHER);
      await plan({ state: "planning", result: "pending" }, ["success", "pending"]);
      await lock("PlanningLock", DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      const outcome = await tables.mailbox.invalidation.abandon(
        write({ lock: "planning", execution: execution(OTHER) }),
      );
      expect(outcome).toMatchObject({ applied: true, fate: "planned-and-executed" });
      expect((await planNow()).head).toMatchObject({ state: "planned", endedAt: null });
      expect(await tables.mailbox.pull(OTHER)).toHaveLength(1);
    });

    it("removes the locks of a plan that is missing, or lists steps that do not exist", async () => {
      await lock("ExecutionLock", DEAD);
      await record("SingletonActionLock", "singleton-action:Lab::Single", `execution-plan:${PLAN_ID}`);
      await tables.mailbox.invalidation.begin(PAIR);
      expect(await tables.mailbox.invalidation.abandon(write())).toMatchObject({
        fate: "only-unlocked",
        reason: "the plan is missing",
      });
      expect(await keys()).toEqual([`WorldInvalidationLock world-invalidation:${DEAD}`]);
      await plan({ step_ids: encodePayload([1, 2, 9]) }, ["success", "running"]);
      await lock("ExecutionLock", DEAD);
      expect(await tables.mailbox.invalidation.abandon(write())).toMatchObject({ fate: "only-unlocked" });
      expect((await planNow()).head.state).toBe("running");
      expect(await keys()).toHaveLength(1);
    });

    it("leaves a plan alone whose row is of an older release, with its lock", async () => {
      await plan({ data: encodePayload({ state: "running" }) }, ["success", "running"]);
      await lock("ExecutionLock", DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      expect(await tables.mailbox.invalidation.abandon(write())).toMatchObject({ applied: false, why: "refused" });
      expect(await keys()).toHaveLength(2);
    });

    it("takes no lock from another world", async () => {
      await plan({}, ["success", "running"]);
      await lock("ExecutionLock", OTHER);
      await tables.mailbox.invalidation.begin(PAIR);
      expect(await tables.mailbox.invalidation.abandon(write())).toMatchObject({ applied: false, why: "lock-gone" });
      expect((await planNow()).head.state).toBe("running");
    });

    it("sets an executor inactive, with everything else of its record as it was", async () => {
      await executor(DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      await tables.mailbox.invalidation.deactivate(PAIR);
      await tables.mailbox.invalidation.deactivate(PAIR);
      const [world] = await tables.store.records([{ class: "Dynflow::Coordinator::ExecutorWorld", id: DEAD }]);
      expect(world?.data).toMatchObject({
        ok: true,
        value: { active: false, meta: { hostname: "e", last_seen: "2026-11-22 05:47:44.945" } },
      });
    });

    it("removes inhibitions of plans that are stopped, and no others", async () => {
      await plan({ state: "stopped" }, ["success"]);
      await tables.insert("dynflow_execution_plans", planCells(17, { state: "running" }));
      for (const id of [PLAN_ID, uuid(17), uuid(18)])
        await record("ExecutionInhibitionLock", `execution-plan:${id}`, `execution-plan:${id}`);
      await tables.mailbox.invalidation.begin(PAIR);
      expect(await tables.mailbox.invalidation.pruneInhibitions(PAIR)).toBe(1);
      expect(await keys()).toEqual([
        `ExecutionInhibitionLock execution-plan:${uuid(17)}`,
        `ExecutionInhibitionLock execution-plan:${uuid(18)}`,
        `WorldInvalidationLock world-invalidation:${DEAD}`,
      ]);
    });

    it("ends with the inbox, everything the world owned, its record and our lock, and nobody else's", async () => {
      await executor(DEAD);
      await executor(OTHER);
      await record("DelayedExecutorLock", "delayed-executor", `world:${DEAD}`);
      await record("ExecutionPlanCleanerLock", "execution-plan-cleaner", `world:${OTHER}`);
      await tables.mailbox.send(DEAD, encodePayload("a"));
      await tables.mailbox.send(OTHER, encodePayload("b"));
      await plan({}, ["success", "running"]);
      await lock("ExecutionLock", DEAD);
      await tables.mailbox.invalidation.begin(PAIR);
      expect(await tables.mailbox.invalidation.finish(PAIR)).toEqual({ finished: false });
      expect((await tables.mailbox.invalidation.heldLocks(DEAD)).map(({ id }) => id)).toEqual([
        `execution-plan:${PLAN_ID}`,
      ]);
      await tables.mailbox.invalidation.abandon(write());
      expect(await tables.mailbox.invalidation.finish(PAIR)).toEqual({ finished: true, envelopes: 1 });
      expect(await keys()).toEqual(["ExecutionPlanCleanerLock execution-plan-cleaner", `ExecutorWorld ${OTHER}`]);
      expect(await tables.mailbox.pull(DEAD)).toEqual([]);
      expect(await tables.mailbox.pull(OTHER)).toHaveLength(1);
    });
  });
}
