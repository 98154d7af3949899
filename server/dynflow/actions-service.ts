/** Cancel and abort of steps, halt and start now: what each would touch, and the act itself. */
import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-actions.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { eventSteps, executorOf, type PlanReading, readCancel, readPlan } from "./command-prepare.ts";
import type { PlanCommands } from "./commands.ts";
import { haltedBefore, haltRefusals, leftBehind } from "./domain/halt.ts";
import type { PlanHead } from "./domain/model.ts";
import { listedSteps } from "./domain/plan-verdict.ts";
import type { RequestType } from "./domain/protocol.ts";
import { maskedNote } from "./masked-note.ts";
import { actRefusal, type DynflowSource, NOT_ACTING, observedAt, toActor } from "./source-view.ts";
import { readStart } from "./start-now-prepare.ts";

/** Sub-plans whose heads are read for a preview. */
const SUB_PLANS_READ = 500;
/** Steps that a preview names; a plan can have many more. */
const BUSY_NAMED_MAX = 50;

export function createActionsService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock } = deps;
  const shown = maskedNote(deps.masks ?? DEFAULT_MASK_RULES);

  async function read(source: DynflowSource, planId: string): Promise<PlanReading> {
    const reading = await readPlan(source.store, planId);
    if (reading === null) throw new OpsError("not-found", `No plan ${planId} in ${source.id}`);
    return reading;
  }

  function commandsFor(caller: Caller, id: string): PlanCommands {
    const { commands } = sourceFor(caller, sources, id);
    if (commands === null) throw new OpsError("refused", NOT_ACTING);
    return commands;
  }

  return {
    async eventPreview(
      caller: Caller,
      input: WireIn<typeof wire.eventPreviewInput>,
    ): WireOut<typeof wire.eventPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const reading = await read(source, input.planId);
      const open = await readCancel(source.store, reading, source.cancellable);
      // Judged as if forced: which classes are known to be cancellable is said of each step.
      const { refusals } = eventSteps(reading, open, input.stepId, true);
      const executorId = executorOf(reading);
      return {
        ...observedAt(askedAt, [source]),
        state: reading.plan.head.state,
        steps: open.filter((step) => input.stepId === null || step.stepId === input.stepId),
        executorId,
        executorKnown: isKnown(source, executorId),
        refusals: [...acting(source, "Event"), ...refusals],
      };
    },

    async cancelStep(
      caller: Caller,
      { source, reason, ...request }: WireIn<typeof wire.cancelStepInput>,
    ): WireOut<typeof wire.cancelStepOutput> {
      return shown(await commandsFor(caller, source).cancelStep({ ...request, actor: toActor(caller, reason) }));
    },

    async abort(
      caller: Caller,
      { source, reason, ...request }: WireIn<typeof wire.abortInput>,
    ): WireOut<typeof wire.abortOutput> {
      return shown(await commandsFor(caller, source).abort({ ...request, actor: toActor(caller, reason) }));
    },

    async haltPreview(caller: Caller, input: WireIn<typeof wire.planActInput>): WireOut<typeof wire.haltPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const reading = await read(source, input.planId);
      const { plan, locks } = reading;
      const { state } = plan.head;
      const executorId = executorOf(reading);
      const left = leftBehind(plan);
      return {
        ...observedAt(askedAt, [source]),
        state,
        executorId,
        executorKnown: isKnown(source, executorId),
        left: [...Map.groupBy(left, (step) => step.state)].map(([word, steps]) => ({
          state: word,
          count: steps.length,
        })),
        busy: listedSteps(plan)
          .filter((step) => step.state === "running")
          .slice(0, BUSY_NAMED_MAX)
          .map(({ id, actionClass }) => ({ stepId: id, actionClass })),
        subPlans: await unfinished(source, plan.subPlanIds),
        before: haltedBefore(locks),
        refusals: [...acting(source, "Halt"), ...haltRefusals(state, locks, plan.delayed)],
      };
    },

    async halt(
      caller: Caller,
      { source, reason, ...request }: WireIn<typeof wire.haltInput>,
    ): WireOut<typeof wire.haltOutput> {
      return shown(await commandsFor(caller, source).halt({ ...request, actor: toActor(caller, reason) }));
    },

    async startNowPreview(
      caller: Caller,
      input: WireIn<typeof wire.planActInput>,
    ): WireOut<typeof wire.startNowPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const reading = await read(source, input.planId);
      const { judgement, prerequisites } = await readStart(source.store, reading, askedAt);
      const { state } = reading.plan.head;
      const delayed = reading.plan.delayed;
      return {
        ...observedAt(askedAt, [source]),
        state,
        startAt: delayed?.startAt ?? null,
        startBefore: delayed?.startBefore ?? null,
        frozen: delayed?.frozen ?? false,
        overrides: [...judgement.overrides],
        prerequisites: prerequisites.map(({ planId, state: word, result }) => ({ planId, state: word, result })),
        refusals: [...acting(source, "Planning"), ...judgement.refusals],
      };
    },

    async startNow(
      caller: Caller,
      { source, reason, ...request }: WireIn<typeof wire.startNowInput>,
    ): WireOut<typeof wire.startNowOutput> {
      return shown(await commandsFor(caller, source).startNow({ ...request, actor: toActor(caller, reason) }));
    },
  };
}

const acting = (source: DynflowSource, needs: RequestType): readonly string[] => {
  const refusal = actRefusal(source, needs);
  return refusal === null ? [] : [refusal];
};

/** Whether the world has a record, by what the follower knows; `null` = there is no world to ask for. */
const isKnown = (source: DynflowSource, worldId: string | null): boolean | null =>
  worldId === null ? null : source.fold().worlds[worldId] !== undefined;

/** Of the first sub-plans, those that have not ended. */
async function unfinished(source: DynflowSource, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const heads: readonly PlanHead[] = await source.store.heads(ids.slice(0, SUB_PLANS_READ));
  return heads.filter((head) => head.state !== "stopped").length;
}
