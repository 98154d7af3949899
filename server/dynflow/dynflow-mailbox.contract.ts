import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replyTo } from "./codec/envelope.ts";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { encodePayload } from "./codec/payload.ts";
import { encodeClientWorld } from "./codec/world-record.ts";
import { CLIENT_WORLD_CLASS } from "./domain/records.ts";
import {
  actionCells,
  type OpenedTables,
  type OpenTables,
  planCells,
  recordCells,
  stepCells,
  uuid,
} from "./dynflow-tables.contract.ts";

const ME = uuid(1);
const OTHER = uuid(2);

const bytes = (text: string): Uint8Array => encodePayload(text);
const world = (lastSeenText: string) => ({
  id: ME,
  class: CLIENT_WORLD_CLASS,
  data: encodeClientWorld({ id: ME, hostname: "ops", pid: 7, lastSeenText }),
});

/** What every `DynflowMailbox` promises. Run against each adapter; never edited to suit one of them. */
export function dynflowMailboxContract(name: string, open: OpenTables): void {
  describe(`DynflowMailbox contract: ${name}`, () => {
    let tables: OpenedTables;
    beforeEach(async () => {
      tables = await open();
    });
    afterEach(() => tables.close());

    const recordsOf = async () => tables.store.records(await tables.store.recordKeys());

    it("registers our world, rewrites its record, and puts it back when it was deleted", async () => {
      expect(await tables.mailbox.registered(ME)).toBe(false);
      await tables.mailbox.register(world("2026-11-22 05:48:11.644"));
      await tables.mailbox.register(world("2026-11-22 05:48:12.000"));
      expect(await tables.mailbox.registered(ME)).toBe(true);
      expect(await recordsOf()).toEqual([
        {
          class: CLIENT_WORLD_CLASS,
          id: ME,
          ownerId: null,
          data: expect.objectContaining({
            value: expect.objectContaining({ meta: expect.objectContaining({ last_seen: "2026-11-22 05:48:12.000" }) }),
          }),
        },
      ]);
      await tables.run("delete from dynflow_coordinator_records");
      expect(await tables.mailbox.registered(ME)).toBe(false);
      await tables.mailbox.register(world("2026-11-22 05:48:13.000"));
      expect(await tables.mailbox.registered(ME)).toBe(true);
    });

    it("delivers what was sent, to its receiver only, in order and once", async () => {
      for (const text of ["a", "b", "c"]) await tables.mailbox.send(ME, bytes(text));
      await tables.mailbox.send(OTHER, bytes("not mine"));
      expect((await tables.mailbox.pull(ME)).map((each) => Buffer.from(each))).toEqual(
        ["a", "b", "c"].map((text) => Buffer.from(bytes(text))),
      );
      expect(await tables.mailbox.pull(ME)).toEqual([]);
      expect(await tables.mailbox.pull(OTHER)).toHaveLength(1);
    });

    it("carries envelopes byte for byte", async () => {
      const ping = { requestId: `${ME}-1`, senderId: ME, receiverId: OTHER, message: { type: "Pong" } } as const;
      const sent = encodeEnvelope(replyTo(ping, { type: "Pong" }));
      if (!sent.ok) return expect.fail(sent.reason);
      await tables.mailbox.send(ME, sent.value);
      const [taken = new Uint8Array()] = await tables.mailbox.pull(ME);
      expect(decodeEnvelope(taken)).toMatchObject({ ok: true, envelope: { senderId: OTHER, receiverId: ME } });
      expect(Buffer.from(taken)).toEqual(Buffer.from(sent.value));
    });

    it("withdraws what nobody took yet, and says when it was taken", async () => {
      const waiting = await tables.mailbox.send(OTHER, bytes("a"));
      const taken = await tables.mailbox.send(ME, bytes("b"));
      await tables.mailbox.pull(ME);
      expect(await tables.mailbox.withdraw(waiting)).toBe(true);
      expect(await tables.mailbox.withdraw(waiting)).toBe(false);
      expect(await tables.mailbox.withdraw(taken)).toBe(false);
      expect(await tables.mailbox.pull(OTHER)).toEqual([]);
    });

    it("gives a message to one of two who pull at once", async () => {
      for (let count = 0; count < 20; count += 1) await tables.mailbox.send(ME, bytes(`${count}`));
      const pulls = await Promise.all(Array.from({ length: 4 }, () => tables.mailbox.pull(ME)));
      expect(pulls.flat()).toHaveLength(20);
    });

    it("refuses a receiver that is no world, before anything is written", async () => {
      await expect(tables.mailbox.send("any executor", bytes("a"))).rejects.toMatchObject({ code: "invalid-input" });
    });

    it("leaves with its locks, its record and its inbox, and nobody else's", async () => {
      await tables.mailbox.register(world("2026-11-22 05:48:11.644"));
      await tables.mailbox.send(ME, bytes("a"));
      await tables.mailbox.send(OTHER, bytes("b"));
      const lock = encodePayload({ owner_id: `world:${ME}` });
      await tables.insert("dynflow_coordinator_records", recordCells("PlanningLock", "mine", lock, `world:${ME}`));
      await tables.insert("dynflow_coordinator_records", recordCells("PlanningLock", "theirs", lock, `world:${OTHER}`));
      await tables.insert("dynflow_coordinator_records", recordCells("ClientWorld", OTHER, lock));
      await tables.mailbox.leave(ME);
      expect((await tables.store.recordKeys()).map((key) => key.id)).toEqual([OTHER, "theirs"]);
      expect(await tables.mailbox.pull(ME)).toEqual([]);
      expect(await tables.mailbox.pull(OTHER)).toHaveLength(1);
      await tables.mailbox.leave(ME);
    });

    it("stops listening when told to", async () => {
      const heard: unknown[] = [];
      const stop = await tables.mailbox.listen(
        ME,
        () => heard.push("notified"),
        (cause) => heard.push(cause),
      );
      await stop();
      await tables.mailbox.send(ME, bytes("a"));
      expect(await tables.mailbox.pull(ME)).toHaveLength(1);
      expect(heard).toEqual([]);
    });

    describe("writes to plans", () => {
      const PLAN = uuid(9);
      const LISTED = [1, 2, 3, 4];
      const CHANGES = [
        { stepId: 3, from: "pending", to: "skipped" },
        { stepId: 2, from: "error", to: "skipping" },
      ] as const;
      const run = "Dynflow::ExecutionPlan::Steps::RunStep";

      async function addPlan(state: string, steps: readonly (readonly [number, string])[]): Promise<void> {
        await tables.insert("dynflow_execution_plans", planCells(9, { state, result: "error" }));
        await tables.insert("dynflow_actions", actionCells(9, 1));
        for (const [id, word] of steps)
          await tables.insert("dynflow_steps", stepCells(9, id, { state: word, class: run, progress_done: 0 }));
      }
      const paused = () =>
        addPlan("paused", [
          [1, "success"],
          [2, "error"],
          [3, "pending"],
          [4, "pending"],
        ]);
      async function seen() {
        const plan = await tables.store.plan(PLAN);
        const steps = plan?.steps.map((step) => `${step.id} ${step.state} ${step.progressDone}`);
        return { state: plan?.head.state, result: plan?.head.result, steps };
      }
      const locks = async () =>
        (await tables.store.recordKeys()).filter((key) => key.id === `execution-plan:${PLAN}`).map((key) => key.class);
      const skip = () => tables.mailbox.skip({ planId: PLAN, changes: CHANGES, listedStepIds: LISTED });

      it("skips steps of a paused plan, with the result that follows, and leaves no lock behind", async () => {
        await paused();
        expect(await skip()).toEqual({ applied: true });
        expect(await seen()).toEqual({
          state: "paused",
          result: "warning",
          steps: ["1 success 0", "2 skipping 0", "3 skipped 1", "4 pending 0"],
        });
        expect(await locks()).toEqual([]);
      });

      it("skips nothing at all when one step has moved", async () => {
        await paused();
        await tables.run("update dynflow_steps set state = 'running' where id = 2");
        expect(await skip()).toEqual({ applied: false, reason: expect.stringContaining("step 2") });
        expect((await seen()).steps).toEqual(["1 success 0", "2 running 0", "3 pending 0", "4 pending 0"]);
        expect(await locks()).toEqual([]);
      });

      it("skips nothing of a plan that is not paused, is gone, or whose rows are of another form", async () => {
        expect(await skip()).toEqual({ applied: false, reason: expect.stringContaining("gone") });
        await paused();
        await tables.run("update dynflow_execution_plans set state = 'running'");
        expect(await skip()).toEqual({ applied: false, reason: expect.stringContaining("running") });
      });

      it.each(["ExecutionLock", "PlanningLock", "ExecutionInhibitionLock"])(
        "skips nothing while somebody holds the plan's %s, which stays theirs",
        async (name) => {
          await paused();
          const data = encodePayload({ owner_id: `world:${OTHER}` });
          await tables.insert("dynflow_coordinator_records", recordCells(name, `execution-plan:${PLAN}`, data));
          expect(await skip()).toMatchObject({ applied: false });
          expect(await locks()).toEqual([`Dynflow::Coordinator::${name}`]);
          expect((await seen()).steps?.[1]).toBe("2 error 0");
        },
      );

      const scheduled = async (frozen: boolean) => {
        await addPlan("scheduled", [[1, "pending"]]);
        await tables.insert("dynflow_delayed_plans", {
          execution_plan_uuid: PLAN,
          frozen,
          args_serializer: "Dynflow::Serializers::Noop",
          serialized_args: encodePayload([]),
        });
      };
      const cancel = () =>
        tables.mailbox.cancelScheduled({
          planId: PLAN,
          rootStepId: 1,
          inhibition: bytes("lock"),
          executorId: OTHER,
          halt: bytes("halt"),
        });

      it("freezes and thaws a delay, and says when nothing was to be changed", async () => {
        await scheduled(false);
        expect(await tables.mailbox.freeze(PLAN, true)).toBe(true);
        expect(await tables.mailbox.freeze(PLAN, true)).toBe(false);
        expect((await tables.store.plan(PLAN))?.delayed?.frozen).toBe(true);
        expect(await tables.mailbox.freeze(PLAN, false)).toBe(true);
        expect(await tables.mailbox.freeze(uuid(77), true)).toBe(false);
      });

      it("marks a scheduled plan, inhibits it and sends the halt, all together", async () => {
        await scheduled(true);
        expect(await cancel()).toMatchObject({ applied: true, handle: { rowId: expect.any(Number) } });
        expect((await seen()).steps).toEqual(["1 cancelled 0"]);
        expect(await locks()).toEqual(["Dynflow::Coordinator::ExecutionInhibitionLock"]);
        expect(await tables.mailbox.pull(OTHER)).toHaveLength(1);
      });

      it("marks and sends nothing while the delay is not frozen, or when planning has begun", async () => {
        await scheduled(false);
        expect(await cancel()).toMatchObject({ applied: false });
        await tables.run("update dynflow_delayed_plans set frozen = true");
        const data = encodePayload({ owner_id: `world:${OTHER}` });
        await tables.insert("dynflow_coordinator_records", recordCells("PlanningLock", `execution-plan:${PLAN}`, data));
        expect(await cancel()).toMatchObject({ applied: false, reason: expect.stringContaining("planning") });
        expect((await seen()).steps).toEqual(["1 pending 0"]);
        expect(await tables.mailbox.pull(OTHER)).toEqual([]);
      });
    });
  });
}
