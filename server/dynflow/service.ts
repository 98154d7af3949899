import { type Caller, sourceFor, visible } from "#server/auth/caller.ts";
import { can, refusalOf } from "#server/auth/permissions.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { createBulkService } from "./bulk-service.ts";
import { previewCancel, previewSkip, resumeAfter } from "./command-preview.ts";
import type { PlanRecord } from "./domain/model.ts";
import { ownIndexes } from "./domain/plan-indexes.ts";
import { lockKindOf } from "./domain/records.ts";
import { resumeRefusals } from "./domain/resume.ts";
import { maskedNote } from "./masked-note.ts";
import { missingAction } from "./missing-action.ts";
import { toPlanFilter } from "./plan-filter.ts";
import { createPlanReads, type PlanReads } from "./plan-reads.ts";
import {
  isLarge,
  locksOf,
  stepsAtOnce,
  toActionView,
  toHistoryView,
  toLockView,
  toPlanView,
  toStepView,
  unlistedStepIds,
} from "./plan-view.ts";
import {
  actRefusal,
  audienceFor,
  type DynflowSource,
  NOT_ACTING,
  observedAt,
  observedNow,
  toActor,
} from "./source-view.ts";

/** Queries and commands over all configured Dynflow databases. */
export function createDynflowService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  readonly bulk: BulkService;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, bulk, masks = DEFAULT_MASK_RULES } = deps;
  const shown = maskedNote(masks);

  const reads = new Map(sources.map((source) => [source.id, createPlanReads({ store: source.store, clock })]));

  async function planOf(source: DynflowSource, planId: string) {
    const { outline, asOf } = await readsOf(reads, source).read(planId);
    if (outline === null) throw new OpsError("not-found", `No plan ${planId} in ${source.id}`);
    source.look(planId);
    return { outline, plan: outline.plan, observed: observedAt(asOf, [source]) };
  }

  /** By its key: whatever the plan weighs, one step does not wait for it. */
  async function stepOf(
    source: DynflowSource,
    { planId, stepId }: { readonly planId: string; readonly stepId: number },
  ) {
    const [step] = await source.store.stepsPart({ planId, after: stepId - 1, limit: 1 });
    if (step?.id === stepId) return step;
    // Which of the two is missing is told apart.
    await planOf(source, planId);
    throw new OpsError("not-found", `The plan has no step ${stepId}`);
  }

  /** What an action would touch, with the moment it was read. */
  async function previewed<T extends object>(
    caller: Caller,
    input: { readonly source: string },
    read: (source: DynflowSource) => Promise<T>,
  ) {
    const source = sourceFor(caller, sources, input.source);
    const askedAt = clock.now();
    const preview = await read(source);
    return { ...observedAt(askedAt, [source]), ...preview };
  }

  /** Acts on a plan: whatever comes of it, what was read of the plan before is old. */
  async function acted<T>(
    caller: Caller,
    input: { readonly source: string; readonly planId: string },
    act: (commands: ReturnType<typeof commandsOf>) => Promise<T>,
  ): Promise<T> {
    const source = sourceFor(caller, sources, input.source);
    try {
      return await act(commandsOf(source));
    } finally {
      readsOf(reads, source).forget(input.planId);
    }
  }

  return {
    async sources(caller: Caller): WireOut<typeof wire.sourcesOutput> {
      const seen = visible(caller, sources);
      return { ...observedNow(clock, seen), sources: seen.map(toSourceView) };
    },

    async plan(caller: Caller, input: WireIn<typeof wire.planInput>): WireOut<typeof wire.planOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { outline, plan, observed } = await planOf(source, input.planId);
      const view = toPlanView(outline, source.fold(), audienceFor(caller), masks);
      return { ...observed, ...view, resume: resumeOf(source, plan) };
    },

    async steps(caller: Caller, input: WireIn<typeof wire.planInput>): WireOut<typeof wire.stepsOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { outline, plan, observed } = await planOf(source, input.planId);
      return {
        ...observed,
        steps: stepsAtOnce(outline).map(toStepView),
        unlistedStepIds: outline.tally === null ? unlistedStepIds(plan) : [],
        ...(isLarge(outline) ? { large: true } : {}),
      };
    },

    async action(caller: Caller, input: WireIn<typeof wire.actionInput>): WireOut<typeof wire.actionOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const step = await stepOf(source, input);
      source.look(input.planId);
      const observed = observedAt(askedAt, [source]);
      const action = await source.store.action(input.planId, step.actionId);
      const told = action ?? missingAction(step.actionId);
      return { ...observed, ...toActionView(step, told, audienceFor(caller), masks) };
    },

    async history(caller: Caller, input: WireIn<typeof wire.planInput>): WireOut<typeof wire.historyOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { plan, observed } = await planOf(source, input.planId);
      return { ...observed, ...toHistoryView(plan) };
    },

    async resume(caller: Caller, input: WireIn<typeof wire.resumeInput>): WireOut<typeof wire.resumeOutput> {
      const { planId, expectedState, expectedFailedStepId, requestId } = input;
      const actor = toActor(caller, input.reason);
      const resumed = { planId, expectedState, expectedFailedStepId, requestId, actor };
      return acted(caller, input, async (commands) => shown(await commands.resume(resumed)));
    },

    async skipPreview(
      caller: Caller,
      input: WireIn<typeof wire.skipPreviewInput>,
    ): WireOut<typeof wire.skipPreviewOutput> {
      return previewed(caller, input, (source) => previewSkip(source, input.planId, input.stepIds));
    },

    async skip(caller: Caller, input: WireIn<typeof wire.skipInput>): WireOut<typeof wire.skipOutput> {
      const { planId, expectedState, stepIds, expectedStepIds, requestId, resumeRequestId } = input;
      const actor = toActor(caller, input.reason);
      return acted(caller, input, async (commands) => {
        const skipped = await commands.skip({ planId, expectedState, stepIds, expectedStepIds, requestId, actor });
        const certain = skipped.phase === "verified" || skipped.phase === "executed";
        if (!certain || resumeRequestId === null) return { ...shown(skipped), resume: null };
        const resume = await resumeAfter(commands, { planId, requestId: resumeRequestId, actor });
        return { ...shown(skipped), resume: shown(resume) };
      });
    },

    async cancelPreview(
      caller: Caller,
      input: WireIn<typeof wire.planInput>,
    ): WireOut<typeof wire.cancelPreviewOutput> {
      return previewed(caller, input, (source) => previewCancel(source, input.planId));
    },

    async cancel(caller: Caller, input: WireIn<typeof wire.cancelInput>): WireOut<typeof wire.cancelOutput> {
      const { planId, expectedState, expectedStepIds, force, requestId } = input;
      const actor = toActor(caller, input.reason);
      const cancelled = { planId, expectedState, expectedStepIds, force, requestId, actor };
      return acted(caller, input, async (commands) => shown(await commands.cancel(cancelled)));
    },

    async bulkPreview(
      caller: Caller,
      input: WireIn<typeof wire.bulkPreviewInput>,
    ): WireOut<typeof wire.bulkPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { target } = input;
      return bulk.preview(
        caller,
        source,
        input.verb,
        "ids" in target ? target : { filter: toPlanFilter(target.filter, source, clock.now()) },
      );
    },

    async bulkStart(caller: Caller, input: WireIn<typeof wire.bulkStartInput>): WireOut<typeof wire.bulkStartOutput> {
      const source = sourceFor(caller, sources, input.source);
      if (!can(caller.principal, `plans:${input.verb}`)) {
        throw new OpsError("not-permitted", refusalOf(`plans:${input.verb}`));
      }
      return bulk.start(caller, source, input);
    },

    async ping(caller: Caller, input: WireIn<typeof wire.pingInput>): WireOut<typeof wire.pingOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { worldId, requestId } = input;
      return commandsOf(source).ping({ worldId, requestId, actor: toActor(caller, input.reason) });
    },

    async locks(caller: Caller, input: WireIn<typeof wire.locksInput>): WireOut<typeof wire.locksOutput> {
      const seen = chosen(caller, sources, input.source);
      const locks = seen.flatMap((source) =>
        Object.values(source.fold().locks).map((lock) => ({ ...toLockView(lock, source.fold()), source: source.id })),
      );
      return { ...observedNow(clock, seen), locks };
    },
  };
}

type BulkService = Pick<ReturnType<typeof createBulkService>, "preview" | "start">;

function readsOf(reads: ReadonlyMap<string, PlanReads>, source: DynflowSource): PlanReads {
  const own = reads.get(source.id);
  if (own === undefined) throw new Error(`no reads of ${source.id}`);
  return own;
}

const chosen = (caller: Caller, sources: readonly DynflowSource[], id: string | undefined): readonly DynflowSource[] =>
  id === undefined ? visible(caller, sources) : [sourceFor(caller, sources, id)];

function commandsOf(source: DynflowSource) {
  if (source.commands === null) throw new OpsError("refused", NOT_ACTING);
  return source.commands;
}

/** Whether this plan could be resumed, with every reason why not. */
function resumeOf(source: DynflowSource, plan: PlanRecord) {
  const locks = locksOf(source.fold(), plan.head.id).map((lock) => ({ ...lock, kind: lockKindOf(lock.class) }));
  const refusal = actRefusal(source);
  const reasons = [...(refusal === null ? [] : [refusal]), ...resumeRefusals(plan.head.state, locks)];
  return { possible: reasons.length === 0, reasons };
}

function toSourceView(source: DynflowSource) {
  const { state, since, reason } = source.fold().source;
  const found = source.capabilities();
  return {
    id: source.id,
    title: source.title,
    health: state,
    since: toIso(since),
    reason,
    dialect: found?.dialect ?? null,
    schemaVersion: found?.schemaVersion ?? null,
    act: source.act,
    actRefused: actRefusal(source),
    worldId: source.commands?.worldId() ?? null,
    lapMs: source.lapMs(),
    databaseShare: source.databaseShare(),
    indexes: ownIndexes(found?.indexes ?? []),
  };
}
