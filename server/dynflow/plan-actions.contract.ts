import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ActingConsole,
  type ActingSide,
  newRequestId,
  openConsole,
  TESTER,
  until,
} from "./acting-console.test-kit.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { type PlanReading, readCancel, readPlan, readSkip } from "./command-prepare.ts";
import type { CommandResult } from "./commands.ts";
import { type Protocol, protocolOf, type RequestType } from "./domain/protocol.ts";
import { EXECUTION_INHIBITION_LOCK_CLASS, EXECUTOR_WORLD_CLASS, planLockId } from "./domain/records.ts";
import { failedSteps } from "./domain/skip.ts";
import { createShapeFinder, SHAPES, type Shape, type ShapeFinder } from "./plan-shapes.test-kit.ts";

/** Cases that no plan of the database fits are untried: told, and failed unless that is accepted. */
export interface ActionsSide extends ActingSide {
  close(): Promise<void>;
}

const ABSENT = "00000000-0000-4000-8000-000000000000";
const starts = ({ plan }: PlanReading): number => entries(plan, "start execution");
const entries = (plan: PlanReading["plan"], name: string): number =>
  plan.history.ok ? plan.history.value.filter((entry) => entry.name === name).length : 0;

/**
 * Every action, against executors that are really there: allowed and refused, by one console and by two at once. What it
 * needs it finds in the database (`SHAPES`); it changes what it finds.
 */
export function planActionsContract(
  name: string,
  open: () => Promise<ActionsSide>,
  { partial = false }: { readonly partial?: boolean } = {},
): void {
  describe(`actions on plans: ${name}`, () => {
    let side: ActionsSide;
    let us: ActingConsole;
    let them: ActingConsole;
    let shapes: ShapeFinder;
    let protocol: Protocol;

    beforeAll(async () => {
      side = await open();
      shapes = createShapeFinder(side.store, side.cancellable);
      protocol = protocolOf((await side.store.capabilities()).schemaVersion, side.release);
      us = await openConsole(side);
      them = await openConsole(side);
    });
    afterAll(async () => {
      await Promise.all([us?.stop(), them?.stop()]);
      await side?.close();
    });

    const read = async (planId: string): Promise<PlanReading> => {
      const reading = await readPlan(side.store, planId);
      if (reading === null) throw new Error(`plan ${planId} is gone`);
      return reading;
    };
    /** How often it was started, once it was so often: a lock may tell before the history does. */
    const startsOf = async (planId: string, atLeast: number): Promise<number> => {
      await until("its history has the start", async () => starts(await read(planId)) >= atLeast);
      return starts(await read(planId));
    };
    const act = () => ({ requestId: newRequestId(), actor: TESTER });
    const inhibited = async (planId: string): Promise<boolean> =>
      (await side.store.recordKeys()).some(
        (key) => key.class === EXECUTION_INHIBITION_LOCK_CLASS && key.id === planLockId(planId),
      );
    const settled = (console: ActingConsole, { journalId }: CommandResult, phase: string) =>
      until(`${phase} in the journal, which has ${console.phases(journalId).join(", ")}`, async () =>
        console.phases(journalId).includes(`op.${phase}`),
      );

    /**
     * Tries a case on a plan of a shape; where there is none, the case counts as untried. Where the release does not
     * understand what it sends, it is to be refused.
     */
    function on(shape: Shape, needs: RequestType, says: string, test: (planId: string) => Promise<void>): void {
      it(`${says} (a plan that is ${shape})`, async () => {
        const planId = await shapes.find(shape);
        if (planId === null) notTried(`${says}: no plan is ${SHAPES[shape]}`);
        else if (protocol.refusalOf(needs) === null) await test(planId);
        else await refusedFor(needs, planId);
      });
    }

    /** Told, never silently passed: it fails unless a partial trial is accepted. */
    function notTried(text: string): void {
      process.stderr.write(`not tried: ${text}\n`);
      if (!partial) expect.fail(`not tried: ${text}`);
    }

    async function refusedFor(needs: RequestType, planId: string): Promise<void> {
      const { state: expectedState } = (await read(planId)).plan.head;
      const asked = { planId, expectedState, ...act() };
      const attempts: Readonly<Partial<Record<RequestType, () => Promise<unknown>>>> = {
        Planning: () => us.actions.startNow({ ...asked, expectedOverrides: [] }),
        Halt: () =>
          expectedState === "scheduled"
            ? us.actions.cancel({ ...asked, expectedStepIds: [], force: false })
            : halt(us, planId),
        Event: async () => {
          const steps = await readCancel(side.store, await read(planId), side.cancellable);
          const chosen = steps.filter((step) => step.cancellable !== null).map((step) => step.stepId);
          return us.actions.abort({ ...asked, stepId: null, expectedStepIds: chosen, force: false });
        },
      };
      const message = expect.stringContaining(`${needs} is understood as of`);
      await expect(attempts[needs]?.()).rejects.toMatchObject({ code: "refused", message });
      expect((await read(planId)).plan.head.state).toBe(expectedState);
    }

    const resume = async (console: ActingConsole, planId: string) => {
      const { plan } = await read(planId);
      return console.actions.resume({
        planId,
        expectedState: plan.head.state,
        expectedFailedStepId: failedSteps(plan)[0]?.id ?? null,
        ...act(),
      });
    };
    const halt = async (console: ActingConsole, planId: string, again = false) => {
      const { plan, locks } = await read(planId);
      const expectedExecutorId = locks.find((lock) => lock.kind === "execution")?.worldId ?? null;
      return console.actions.halt({ planId, expectedState: plan.head.state, expectedExecutorId, again, ...act() });
    };

    /** Every request of ours so far is answered once more, as failed: what is settled stays so. */
    async function repliesAgain(console: ActingConsole): Promise<void> {
      const last = await console.world.nextRequestId();
      const worldId = last.slice(0, last.lastIndexOf("-"));
      const count = Number(last.slice(last.lastIndexOf("-") + 1));
      const before = console.world.counts().repliesUnknown;
      for (let number = 1; number <= count; number += 1) {
        const envelope = { requestId: `${worldId}-${number}`, senderId: ABSENT, receiverId: worldId } as const;
        const bytes = encodeEnvelope(
          { ...envelope, message: { type: "Failed", error: "Message dropped" } },
          protocol.encoding,
        );
        if (!bytes.ok) throw new Error(bytes.reason);
        await console.mailbox.send(worldId, bytes.value);
      }
      await until("all of them were taken", async () => console.world.counts().repliesUnknown >= before + count);
    }

    it("has an executor that answers a ping", async () => {
      const keys = (await side.store.recordKeys()).filter((key) => key.class === EXECUTOR_WORLD_CLASS);
      const answers = await Promise.all(keys.map(({ id }) => us.actions.ping({ worldId: id, ...act() })));
      expect(answers.some((answer) => answer.answered)).toBe(true);
    });

    on("paused", "Execution", "resumes a paused plan once, verified by its history or its lock", async (planId) => {
      const before = starts(await read(planId));
      const answer = await resume(us, planId);
      await settled(us, answer, "verified");
      expect(await startsOf(planId, before + 1)).toBe(before + 1);
      const told = us.phases(answer.journalId);
      expect(told[0]).toBe("op.requested");
      await repliesAgain(us);
      expect(us.phases(answer.journalId)).toEqual(told);
    });

    on("planned", "Execution", "executes a planned plan", async (planId) => {
      const answer = await resume(us, planId);
      await settled(us, answer, "verified");
      expect(await startsOf(planId, 1)).toBe(1);
    });

    on(
      "paused",
      "Execution",
      "resumed by two consoles at once, a plan runs once, and both are told the truth",
      async (planId) => {
        const before = starts(await read(planId));
        const answers = await Promise.allSettled([resume(us, planId), resume(them, planId)]);
        const last = (index: number): string => {
          const answer = answers[index];
          if (answer === undefined || answer.status === "rejected") return "refused";
          return (index === 0 ? us : them).phases(answer.value.journalId).at(-1) ?? "";
        };
        await until(`one is verified and one is not: ${last(0)}, ${last(1)}`, async () => {
          const ends = [last(0), last(1)].toSorted();
          return ends[1] === "op.verified"
            ? ends[0] === "op.failed"
            : ends[0] === "op.verified" && ends[1] === "refused";
        });
        expect(await startsOf(planId, before + 1)).toBe(before + 1);
      },
    );

    on(
      "paused",
      "Execution",
      "skips the failed steps with what depends on them, then goes on without them",
      async (planId) => {
        const reading = await read(planId);
        const stepIds = failedSteps(reading.plan).map((step) => step.id);
        const { changes } = await readSkip(side.store, reading, stepIds);
        const expectedStepIds = changes.map((change) => change.stepId);
        const request = { planId, expectedState: "paused", stepIds, expectedStepIds };
        await expect(
          us.actions.skip({ ...request, expectedStepIds: [...expectedStepIds, 9_999], ...act() }),
        ).rejects.toMatchObject({ code: "conflict" });
        const answer = await us.actions.skip({ ...request, ...act() });
        expect(answer.phase).toBe("verified");
        const after = await read(planId);
        for (const { stepId, to } of changes) {
          expect([stepId, after.plan.steps.find((step) => step.id === stepId)?.state]).toEqual([stepId, to]);
        }
        await settled(us, await resume(us, planId), "verified");
        await until("the failed steps are skipped", async () =>
          (await read(planId)).plan.steps.every((step) => !stepIds.includes(step.id) || step.state === "skipped"),
        );
      },
    );

    const openStep = async (planId: string) => {
      const steps = await readCancel(side.store, await read(planId), side.cancellable);
      const step = steps.find((each) => each.cancellable !== null && each.state === "suspended");
      if (step === undefined) throw new Error(`plan ${planId} has no suspended step any more`);
      return step;
    };
    const stateOf = async (planId: string, stepId: number) =>
      (await read(planId)).plan.steps.find((step) => step.id === stepId)?.state ?? "gone";

    on("suspended", "Event", "cancels one step of a running plan", async (planId) => {
      const { stepId, state } = await openStep(planId);
      const request = { planId, expectedState: "running", stepId, force: false };
      await expect(us.actions.cancelStep({ ...request, expectedStepState: "running", ...act() })).rejects.toMatchObject(
        {
          code: "conflict",
        },
      );
      const answer = await us.actions.cancelStep({ ...request, expectedStepState: state, ...act() });
      await settled(us, answer, "verified");
      expect(["running", "suspended"]).not.toContain(await stateOf(planId, stepId));
    });

    on("suspended", "Event", "aborts a step of a running plan", async (planId) => {
      const { stepId } = await openStep(planId);
      const request = { planId, expectedState: "running", stepId, expectedStepIds: [stepId], force: false };
      const answer = await us.actions.abort({ ...request, ...act() });
      await settled(us, answer, "verified");
      expect(["running", "suspended"]).not.toContain(await stateOf(planId, stepId));
    });

    on("sub-plans", "Event", "cancels a plan, and with it its sub-plans", async (planId) => {
      const reading = await read(planId);
      const steps = (await readCancel(side.store, reading, side.cancellable)).filter(
        (step) => step.cancellable !== null,
      );
      const expectedStepIds = steps.map((step) => step.stepId);
      const request = { planId, expectedState: "running", expectedStepIds, force: false };
      const answer = await us.actions.cancel({ ...request, ...act() });
      await settled(us, answer, "verified");
      await until("its sub-plans have ended", async () => {
        const heads = await side.store.heads(reading.plan.subPlanIds);
        return heads.every((head) => head.state === "stopped" || head.state === "paused");
      });
    });

    on("suspended", "Halt", "halts a plan where it is executed, and leaves no lock", async (planId) => {
      const { stepId } = await openStep(planId);
      const answer = await halt(us, planId);
      await settled(us, answer, "verified");
      await until("no lock is left", async () => (await read(planId)).locks.length === 0);
      expect((await read(planId)).plan.head.state).toBe("stopped");
      expect(await stateOf(planId, stepId)).toBe("suspended");
    });

    on(
      "suspended",
      "Halt",
      "halted by two consoles at once, a plan ends once, and both are told the truth",
      async (planId) => {
        const answers = await Promise.allSettled([halt(us, planId), halt(them, planId)]);
        await until("the plan is stopped", async () => (await read(planId)).plan.head.state === "stopped");
        const refused = answers.flatMap((answer) => (answer.status === "rejected" ? answer.reason : []));
        for (const reason of refused)
          expect(reason).toMatchObject({ code: expect.stringMatching(/^(conflict|refused)$/) });
        expect(answers.filter((answer) => answer.status === "fulfilled").length).toBeGreaterThanOrEqual(1);
        await until("no lock is left", async () => (await read(planId)).locks.length === 0);
        expect(entries((await read(planId)).plan, "finish execution")).toBe(1);
      },
    );

    on("unlocked", "Halt", "halts a plan that nobody executes", async (planId) => {
      const answer = await halt(us, planId);
      await settled(us, answer, "verified");
      expect((await read(planId)).plan.head.state).toBe("stopped");
      await until("it is not inhibited", async () => !(await inhibited(planId)));
    });

    on("dead-lock", "Halt", "takes a halt back, lock and all, that nobody takes", async (planId) => {
      const answer = await halt(us, planId);
      expect(answer).toMatchObject({ phase: "failed", note: expect.stringContaining("withdrawn") });
      expect(await inhibited(planId)).toBe(false);
      expect((await read(planId)).plan.head.state).toBe("running");
    });

    on("scheduled", "Halt", "cancels a scheduled plan before it begins", async (planId) => {
      const request = { planId, expectedState: "scheduled", expectedStepIds: [], force: false };
      const answer = await us.actions.cancel({ ...request, ...act() });
      await settled(us, answer, "verified");
      const { plan } = await read(planId);
      expect([plan.head.state, plan.head.result]).toEqual(["stopped", "cancelled"]);
      await until("its delay is gone", async () => (await read(planId)).plan.delayed === null);
      await until("no lock is left", async () => (await read(planId)).locks.length === 0);
    });

    on(
      "scheduled",
      "Planning",
      "starts a scheduled plan ahead of its time, a frozen one only when that is overridden",
      async (planId) => {
        const request = { planId, expectedState: "scheduled" };
        await us.mailbox.freeze(planId, true);
        const frozen = us.actions.startNow({ ...request, expectedOverrides: [], ...act() });
        await expect(frozen).rejects.toMatchObject({ code: "conflict", reasons: [expect.stringContaining("frozen")] });
        await us.mailbox.freeze(planId, false);
        const answer = await us.actions.startNow({ ...request, expectedOverrides: [], ...act() });
        await settled(us, answer, "verified");
        expect((await read(planId)).plan.head.state).not.toBe("scheduled");
      },
    );

    on(
      "stopped",
      "Ping",
      "refuses everything for a stopped plan, with its reason, and leaves nothing behind",
      async (planId) => {
        const expectedState = "stopped";
        const asked = { planId, expectedState };
        const refusals = await Promise.allSettled([
          us.actions.resume({ ...asked, expectedFailedStepId: null, ...act() }),
          us.actions.skip({ ...asked, stepIds: [1], expectedStepIds: [1], ...act() }),
          us.actions.cancel({ ...asked, expectedStepIds: [], force: false, ...act() }),
          us.actions.abort({ ...asked, stepId: null, expectedStepIds: [], force: false, ...act() }),
          us.actions.halt({ ...asked, expectedExecutorId: null, again: false, ...act() }),
          us.actions.startNow({ ...asked, expectedOverrides: [], ...act() }),
        ]);
        const reasons = refusals.map((refusal) => (refusal.status === "rejected" ? refusal.reason : null));
        for (const reason of reasons) {
          expect(reason).toMatchObject({ code: "refused", message: expect.stringContaining("stopped") });
        }
        expect(await inhibited(planId)).toBe(false);
      },
    );

    it("says of a plan that is not there that it is not", async () => {
      const asked = { planId: ABSENT, expectedState: "running", expectedExecutorId: null, again: false };
      await expect(us.actions.halt({ ...asked, ...act() })).rejects.toMatchObject({ code: "not-found" });
    });
  });
}
