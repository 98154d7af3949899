import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { maskPayload } from "#server/contract/mask-payload.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-plan-parts.ts";
import { type Clock, type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { walkDependencies } from "./dependency-walk.ts";
import { edgesOnCircles } from "./domain/dependency-graph.ts";
import type { PlanRecord, UtcMicros } from "./domain/model.ts";
import {
  DELAYED_POLL_EVERY_MS,
  type Obstacle,
  type Outcome,
  type Prerequisite,
  prerequisiteStanding,
  type Readiness,
  readinessOf,
} from "./domain/ready.ts";
import { lockKindOf } from "./domain/records.ts";
import { locksOf } from "./plan-view.ts";
import { type PlanWords, planWords } from "./plan-words.ts";
import type { DynflowStore } from "./ports.ts";
import { audienceFor, type DynflowSource, maskedFor, observedAt } from "./source-view.ts";

/** The same as the wire says. */
const DEPENDENCIES_MAX = 500;
const PLAN_STEPS_MAX = 100_000;
const PLAN_STEPS_PER_READ = 5_000;

/** Dependencies, delay and plan phase of one plan. */
export function createPlanPartsService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  /** What is hidden from operators too; the default patterns when left out. */
  readonly masks?: MaskRules;
}) {
  const { sources, clock, masks = DEFAULT_MASK_RULES } = deps;

  return {
    async dependencies(
      caller: Caller,
      input: WireIn<typeof wire.planPartInput>,
    ): WireOut<typeof wire.dependenciesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const { planId } = input;
      const [plan, ahead, behind] = await Promise.all([
        planOf(source, planId),
        walkDependencies(source.store, planId, "waits-for", DEPENDENCIES_MAX),
        walkDependencies(source.store, planId, "blocks", DEPENDENCIES_MAX),
      ]);
      const words = await planWords(source.store, [planId, ...ahead.distances.keys(), ...behind.distances.keys()]);
      const edges = new Map(
        [...ahead.edges, ...behind.edges].map((edge) => [`${edge.waiting} ${edge.prerequisite}`, edge]),
      );
      const all = [...edges.values()];
      const circles = edgesOnCircles(all);
      return {
        ...observedAt(askedAt, [source]),
        plans: sidesOf(planId, ahead.distances, behind.distances).map((place) => toDependency(place, words)),
        edges: all.map((edge) => ({ ...edge, circle: circles.has(edge) })),
        cut: ahead.cut || behind.cut,
        failedStops:
          plan.head.state === "scheduled" && plan.delayed !== null ? plan.delayed.startBefore === null : null,
      };
    },

    async delayed(caller: Caller, input: WireIn<typeof wire.planPartInput>): WireOut<typeof wire.delayedOutput> {
      const source = sourceFor(caller, sources, input.source);
      const now = clock.now();
      const plan = await planOf(source, input.planId);
      const words = await planWords(source.store, plan.blockedBy);
      const prerequisites = plan.blockedBy.map((id) => toPrerequisite(id, words));
      const poller = pollerOf(source);
      const standing = Object.groupBy(prerequisites, prerequisiteStanding);
      return {
        ...observedAt(now, [source]),
        state: plan.head.state,
        readiness: toReadinessView(
          readinessOf({
            state: plan.head.state,
            delayed: delayOf(plan),
            prerequisites,
            planning: locksOf(source.fold(), plan.head.id).some((lock) => lockKindOf(lock.class) === "planning"),
            poller,
            // Worlds judge by clocks near the database's, not by ours.
            now: epochMs(now + Math.round(source.clockOffsetMs?.() ?? 0)),
          }),
        ),
        delayed: plan.delayed === null ? null : toDelayed(plan.delayed, caller, masks),
        prerequisites: {
          waits: standing.waits?.length ?? 0,
          satisfied: standing.satisfied?.length ?? 0,
          failed: standing.failed?.length ?? 0,
        },
        poller,
        pollEveryMs: DELAYED_POLL_EVERY_MS,
      };
    },

    async planPhase(caller: Caller, input: WireIn<typeof wire.planPartInput>): WireOut<typeof wire.planPhaseOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const row = await source.store.planRow(input.planId);
      if (row === null) throw new OpsError("not-found", `No plan ${input.planId} in ${source.id}`);
      const { steps, cut } = await planStepsOf(source.store, input.planId);
      return {
        ...observedAt(askedAt, [source]),
        rootStepId: row.head.rootPlanStepId,
        nodes: steps.map(({ id, children }) => [
          id,
          children.ok && children.value !== null ? [...children.value] : null,
        ]),
        unreadable: steps.flatMap(({ id, children }) => (children.ok ? [] : [{ stepId: id, reason: children.reason }])),
        cut,
      };
    },
  };
}

async function planOf(source: DynflowSource, planId: string): Promise<PlanRecord> {
  const outline = await source.store.outline(planId);
  if (outline === null) throw new OpsError("not-found", `No plan ${planId} in ${source.id}`);
  source.look(planId);
  return outline.plan;
}

interface Place {
  readonly id: string;
  readonly side: WireShape<typeof wire.dependencyPlan>["side"];
  readonly distance: number;
}

/** Itself first, then what it waits for, then what waits for it; nearest first. */
function sidesOf(
  planId: string,
  ahead: ReadonlyMap<string, number>,
  behind: ReadonlyMap<string, number>,
): readonly Place[] {
  const places: Place[] = [{ id: planId, side: "self", distance: 0 }];
  for (const [id, distance] of ahead)
    if (id !== planId) places.push({ id, side: behind.has(id) ? "both" : "waits-for", distance });
  for (const [id, distance] of behind)
    if (id !== planId && !ahead.has(id)) places.push({ id, side: "blocks", distance });
  return places;
}

function toDependency({ id, side, distance }: Place, words: ReadonlyMap<string, PlanWords>) {
  const { label = null, rootActionClass = null, state = null, result = null } = words.get(id) ?? {};
  const standing = prerequisiteStanding({ planId: id, state, result });
  return { id, label, rootActionClass, state, result, side, distance, standing };
}

const toPrerequisite = (planId: string, words: ReadonlyMap<string, PlanWords>): Prerequisite => ({
  planId,
  state: words.get(planId)?.state ?? null,
  result: words.get(planId)?.result ?? null,
});

function delayOf({ delayed }: PlanRecord) {
  if (delayed === null) return null;
  return { startAt: instantOf(delayed.startAt), startBefore: instantOf(delayed.startBefore), frozen: delayed.frozen };
}
const instantOf = (text: UtcMicros | null): EpochMs | null => (text === null ? null : epochMs(Date.parse(text)));

function toDelayed(delayed: NonNullable<PlanRecord["delayed"]>, caller: Caller, masks: MaskRules) {
  const { startAt, startBefore, frozen, serializer, args } = delayed;
  const value = args.ok ? { value: maskPayload(masks, args.value).value } : shownUnreadable(args);
  return { startAt, startBefore, frozen, serializer, args: maskedFor(audienceFor(caller), value) };
}
const shownUnreadable = ({ reason, bytes }: { readonly reason: string; readonly bytes: number }) => ({
  unreadable: reason,
  bytes,
});

/** Who holds the delayed executor's lock; `null` = nobody is seen to. */
function pollerOf(source: DynflowSource) {
  const fold = source.fold();
  const lock = Object.values(fold.locks).find(({ class: name }) => lockKindOf(name) === "delayed-executor");
  if (lock === undefined || lock.worldId === null) return null;
  const world = Object.hasOwn(fold.worlds, lock.worldId) ? fold.worlds[lock.worldId] : undefined;
  return { worldId: lock.worldId, hostname: world?.hostname ?? null, known: world !== undefined };
}

function toReadinessView(readiness: Readiness): WireShape<typeof wire.readinessView> {
  switch (readiness.kind) {
    case "waiting":
      return {
        kind: "waiting",
        obstacles: readiness.obstacles.map(toObstacleView),
        earliest: readiness.earliest === null ? null : toIso(readiness.earliest),
        outcome: toOutcomeView(readiness.outcome),
      };
    case "ready":
      return { kind: "ready", outcome: toOutcomeView(readiness.outcome), within: toIso(readiness.within) };
    default:
      return readiness;
  }
}

function toObstacleView(obstacle: Obstacle): WireShape<typeof wire.obstacleView> {
  if (obstacle.kind === "start-at") return { kind: "start-at", at: toIso(obstacle.at) };
  return obstacle.kind === "prerequisites" ? { kind: "prerequisites", planIds: [...obstacle.planIds] } : obstacle;
}

function toOutcomeView(outcome: Outcome): WireShape<typeof wire.outcomeView> {
  if (outcome.kind === "timeout") return { kind: "timeout", at: toIso(outcome.at) };
  return outcome.kind === "start" ? outcome : { kind: "failed-dependency", planIds: [...outcome.planIds] };
}

async function planStepsOf(store: DynflowStore, planId: string) {
  const steps: Awaited<ReturnType<DynflowStore["links"]["planSteps"]>>[number][] = [];
  while (steps.length < PLAN_STEPS_MAX) {
    const part = await store.links.planSteps(planId, steps.at(-1)?.id ?? null, PLAN_STEPS_PER_READ);
    for (const step of part) steps.push(step);
    if (part.length < PLAN_STEPS_PER_READ) return { steps, cut: false };
  }
  return { steps, cut: true };
}
