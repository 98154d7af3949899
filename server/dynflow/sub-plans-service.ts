import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { Audience } from "#server/auth/permissions.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-sub-plans.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { firstFailedStep } from "./domain/first-failure.ts";
import { planWords } from "./plan-words.ts";
import type { ActionPlace, DynflowStore } from "./ports.ts";
import { audienceFor, type DynflowSource, maskedFor, observedAt } from "./source-view.ts";
import type { HuntNode } from "./sub-plan-hunt.ts";
import { beginWalk, type SubPlanWalk, walkKey } from "./sub-plan-walk.ts";
import { createKeptWalks } from "./sub-plan-walks.ts";

/** Of a line of callers. */
const CALLERS_MAX = 64;
const STEPS_PER_READ = 500;

/** Sub-plans by level, walks through all of them, and the callers of a plan. */
export function createSubPlansService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  readonly newToken: () => string;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, newToken, masks = DEFAULT_MASK_RULES } = deps;
  const walks = createKeptWalks<SubPlanWalk>(clock);

  return {
    async subPlans(caller: Caller, input: WireIn<typeof wire.subPlansInput>): WireOut<typeof wire.subPlansOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { planId, failingOnly, limit, after } = input;
      const askedAt = clock.now();
      const { links } = source.store;
      const [{ rows, next }, counts] = await Promise.all([
        links.children({ planId, failingOnly, limit, after }),
        after === null ? links.childCounts(planId) : null,
      ]);
      const totals = await links.childTotals(rows.map(({ id }) => id));
      const subPlans = new Map(totals.map((total) => [total.planId, total.count]));
      return {
        ...observedAt(askedAt, [source]),
        rows: rows.map((row) => ({ ...row, subPlans: subPlans.get(row.id) ?? 0 })),
        nextCursor: next,
        counts: counts === null ? null : [...counts],
      };
    },

    async subPlanWalk(
      caller: Caller,
      input: WireIn<typeof wire.subPlanWalkInput>,
    ): WireOut<typeof wire.subPlanWalkOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const about = walkKey(source.id, input);
      const owner = caller.principal.id;
      const walk = input.token === null ? beginWalk(input) : walks.find(input.token, owner, about);
      const ended = await walk.advance(source.store, clock);
      const stopped = ended ? null : walk.limit();
      const token = ended || stopped !== null ? null : (input.token ?? newToken());
      if (token !== null) walks.keep(token, owner, about, walk);
      else if (input.token !== null) walks.drop(input.token);
      const path = ended ? walk.path() : null;
      const firstFailure = path === null ? null : await failureAt(source.store, path, audienceFor(caller), masks);
      return { ...observedAt(askedAt, [source]), token, stopped, ...walk.figures(), firstFailure };
    },

    async callers(caller: Caller, input: WireIn<typeof wire.callersInput>): WireOut<typeof wire.callersOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const line = await lineOf(source.store, input.planId);
      const entries = await entriesOf(source.store, line.nodes);
      return {
        ...observedAt(askedAt, [source]),
        callers: entries.slice(0, -1).map((entry, index) => {
          const { callerStepId: _own, ...words } = entry;
          return { ...words, stepId: entries[index + 1]?.callerStepId ?? null };
        }),
        cut: line.cut ?? (entries.slice(0, -1).some(({ state }) => state === null) ? "gone" : null),
      };
    },
  };
}

export type SubPlansService = ReturnType<typeof createSubPlansService>;

/** What failed at the end of the path. `null` = the plan asked for did not fail, and nothing below it. */
async function failureAt(
  store: DynflowStore,
  path: readonly HuntNode[],
  audience: Audience,
  masks: MaskRules,
): Promise<WireShape<typeof wire.firstSubPlanFailure> | null> {
  const leaf = path.at(-1);
  const outline = leaf === undefined ? null : await store.outline(leaf.id);
  const failed = outline === null ? null : firstFailedStep(outline.plan);
  if (path.length === 1 && failed === null && outline?.plan.head.result !== "error") return null;
  const step = outline?.plan.steps.find(({ id }) => id === failed?.stepId);
  const error = step === undefined || !step.error.ok ? null : step.error.value;
  return {
    path: [...(await entriesOf(store, path))],
    step:
      step === undefined
        ? null
        : {
            stepId: step.id,
            actionClass: step.actionClass,
            phase: step.phase,
            error: maskedFor(
              audience,
              error === null
                ? null
                : { exceptionClass: error.exceptionClass, message: maskFreeText(masks, error.message) },
            ),
          },
  };
}

/** The plans on a way with their words, and the step of each above that planned the one below. */
async function entriesOf(
  store: DynflowStore,
  nodes: readonly HuntNode[],
): Promise<readonly WireShape<typeof wire.failurePathEntry>[]> {
  const callers = nodes.flatMap(({ callerActionId }, index): readonly ActionPlace[] => {
    const above = nodes[index - 1];
    return above === undefined || callerActionId === null ? [] : [{ planId: above.id, actionId: callerActionId }];
  });
  const words = await planWords(
    store,
    nodes.map(({ id }) => id),
  );
  const steps = new Map<string, number | null>();
  for (let start = 0; start < callers.length; start += STEPS_PER_READ) {
    const found = await store.links.actionSteps(callers.slice(start, start + STEPS_PER_READ));
    for (const { planId, actionId, stepId } of found) steps.set(`${planId} ${actionId}`, stepId);
  }
  return nodes.map(({ id, callerActionId }, index) => ({
    ...(words.get(id) ?? { id, label: null, rootActionClass: null, state: null, result: null }),
    callerActionId,
    callerStepId: steps.get(`${nodes[index - 1]?.id} ${callerActionId}`) ?? null,
  }));
}

/** From the first caller down to the plan itself, which is last. */
async function lineOf(
  store: DynflowStore,
  planId: string,
): Promise<{ readonly nodes: readonly HuntNode[]; readonly cut: "circle" | "too-deep" | null }> {
  const below: HuntNode[] = [];
  const met = new Set<string>();
  let id = planId;
  while (true) {
    if (met.has(id)) return { nodes: fromTop(below), cut: "circle" };
    if (met.size > CALLERS_MAX) return { nodes: fromTop(below), cut: "too-deep" };
    met.add(id);
    const caller = (await store.callers([id])).find((one) => one.planId === id);
    below.push({ id, callerActionId: caller?.callerActionId ?? null });
    if (caller === undefined) return { nodes: fromTop(below), cut: null };
    id = caller.callerPlanId;
  }
}

const fromTop = (nodes: readonly HuntNode[]): readonly HuntNode[] => nodes.toReversed();
