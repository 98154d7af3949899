import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodePayload } from "./codec/payload.ts";
import { encodeInhibitionLock } from "./codec/world-record.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  recordCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";
import type { SendGuard } from "./ports.ts";

const EXECUTOR = uuid(2);
const OTHER = uuid(3);
const PLAN = uuid(9);
const LOCK_ID = `execution-plan:${PLAN}`;
const RUN = "Dynflow::ExecutionPlan::Steps::RunStep";

const bytes = (text: string): Uint8Array => encodePayload(text);

/** What every `DynflowMailbox` promises of messages that are sent while something holds. Run against each adapter. */
export function dynflowGuardedSendContract(name: string, open: OpenTables): void {
  describe(`guarded sending: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());

    async function addPlan(state: string, steps: readonly (readonly [number, string])[] = []): Promise<void> {
      await tables.insert("dynflow_execution_plans", planCells(9, { state, result: "pending" }));
      await tables.insert("dynflow_actions", actionCells(9, 1));
      for (const [id, word] of steps) {
        await tables.insert("dynflow_steps", stepCells(9, id, { state: word, class: RUN }));
      }
    }
    const hold = (lock: string, ownerId = `world:${EXECUTOR}`) =>
      tables.insert("dynflow_coordinator_records", recordCells(lock, LOCK_ID, bytes("lock"), ownerId));
    const locks = async () =>
      (await tables.store.recordKeys()).filter((key) => key.id === LOCK_ID).map((key) => key.class.split("::").at(-1));
    const guard = (parts: Partial<SendGuard> = {}): SendGuard => ({
      planId: PLAN,
      state: "running",
      executorId: EXECUTOR,
      openStepIds: [],
      inhibit: null,
      ...parts,
    });
    const send = (parts: Partial<SendGuard> = {}, messages = ["a"]) =>
      tables.mailbox.sendGuarded(guard(parts), EXECUTOR, messages.map(bytes));
    const inbox = async () => (await tables.mailbox.pull(EXECUTOR)).length;
    const inhibit = (takeOver = false) => ({ data: encodeInhibitionLock(PLAN), takeOver });

    it("stores all messages for the world that holds the plan, in order, while its steps are open", async () => {
      await addPlan("running", [
        [4, "suspended"],
        [5, "running"],
      ]);
      await hold("ExecutionLock");
      const sent = await send({ openStepIds: [4, 5] }, ["a", "b"]);
      if (!sent.applied) return expect.fail(sent.reason);
      expect(new Set(sent.handles.map((handle) => handle.rowId)).size).toBe(2);
      expect((await tables.mailbox.pull(EXECUTOR)).map((each) => Buffer.from(each))).toEqual(
        ["a", "b"].map((text) => Buffer.from(bytes(text))),
      );
    });

    it.each<readonly [string, Partial<SendGuard>, string]>([
      ["the plan is in another state", { state: "paused" }, "running now, not paused"],
      ["the plan is gone", { planId: uuid(8) }, "gone"],
      ["the plan has no plan's id", { planId: "none" }, "gone"],
      ["another executor holds it", { executorId: OTHER }, "another executor"],
      ["somebody executes it that nobody should", { executorId: null }, "execution lock"],
      ["a step has ended", { openStepIds: [4, 5] }, "step 5"],
    ])("stores nothing when %s", async (_words, parts, reason) => {
      await addPlan("running", [
        [4, "suspended"],
        [5, "success"],
      ]);
      await hold("ExecutionLock");
      expect(await send(parts)).toEqual({ applied: false, reason: expect.stringContaining(reason) });
      expect(await inbox()).toBe(0);
      expect(await locks()).toEqual(["ExecutionLock"]);
    });

    it.each(["PlanningLock", "ExecutionInhibitionLock"])(
      "stores nothing for a plan that nobody should hold while its %s is held",
      async (lock) => {
        await addPlan("paused");
        await hold(lock);
        expect(await send({ state: "paused", executorId: null })).toMatchObject({ applied: false });
        expect(await inbox()).toBe(0);
      },
    );

    it("stores nothing when nobody holds the plan that somebody should", async () => {
      await addPlan("running");
      expect(await send()).toEqual({ applied: false, reason: expect.stringContaining("nobody holds") });
    });

    it("puts the inhibition lock up with its halt, for a plan that is held and for one that is not", async () => {
      await addPlan("running");
      expect(await send({ executorId: null, inhibit: inhibit() })).toMatchObject({ applied: true });
      expect(await locks()).toEqual(["ExecutionInhibitionLock"]);
      expect(await inbox()).toBe(1);
      const [record] = await tables.store.records(await tables.store.recordKeys());
      expect(record).toMatchObject({ ownerId: LOCK_ID, data: { value: { execution_plan_id: PLAN } } });
      expect(await tables.mailbox.releaseInhibition(PLAN)).toBe(true);
      expect(await tables.mailbox.releaseInhibition(PLAN)).toBe(false);
      await hold("ExecutionLock");
      expect(await send({ inhibit: inhibit() })).toMatchObject({ applied: true });
      expect((await locks()).toSorted()).toEqual(["ExecutionInhibitionLock", "ExecutionLock"]);
    });

    it("halts a plan once when two ask at once, and again only by taking the lock over", async () => {
      await addPlan("running");
      const outcomes = await Promise.all([1, 2].map(() => send({ executorId: null, inhibit: inhibit() })));
      expect(outcomes.filter((outcome) => outcome.applied)).toHaveLength(1);
      expect(await inbox()).toBe(1);
      expect(await send({ executorId: null, inhibit: inhibit(true) })).toMatchObject({ applied: true });
      expect(await inbox()).toBe(1);
    });

    it("takes a halt back with its lock, or neither when it was read", async () => {
      await addPlan("running");
      const sent = await send({ executorId: null, inhibit: inhibit() });
      const rowId = sent.applied ? (sent.handles[0]?.rowId ?? 0) : 0;
      expect(await tables.mailbox.withdrawHalt({ rowId, planId: PLAN, releases: true })).toBe(true);
      expect(await locks()).toEqual([]);
      const again = await send({ executorId: null, inhibit: inhibit() });
      await inbox();
      const read = again.applied ? (again.handles[0]?.rowId ?? 0) : 0;
      expect(await tables.mailbox.withdrawHalt({ rowId: read, planId: PLAN, releases: true })).toBe(false);
      expect(await locks()).toEqual(["ExecutionInhibitionLock"]);
    });

    it("leaves the lock of an earlier halt when it takes back one that had taken it over", async () => {
      await addPlan("running");
      await hold("ExecutionInhibitionLock", LOCK_ID);
      const sent = await send({ executorId: null, inhibit: inhibit(true) });
      const rowId = sent.applied ? (sent.handles[0]?.rowId ?? 0) : 0;
      expect(await tables.mailbox.withdrawHalt({ rowId, planId: PLAN, releases: false })).toBe(true);
      expect(await locks()).toEqual(["ExecutionInhibitionLock"]);
    });

    it("refuses a receiver that is no world, before anything is written", async () => {
      await addPlan("running");
      const nobody = tables.mailbox.sendGuarded(guard({ executorId: null, inhibit: inhibit() }), "nobody", [
        bytes("a"),
      ]);
      await expect(nobody).rejects.toMatchObject({ code: "invalid-input" });
      expect(await locks()).toEqual([]);
    });
  });
}
