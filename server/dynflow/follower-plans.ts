import type { EventDraft } from "#server/contract/event.ts";
import type { PlanFold } from "#server/contract/fold/dynflow.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView } from "#server/live/ports.ts";
import { firstFailedStep } from "./domain/first-failure.ts";
import type { PlanHead } from "./domain/model.ts";
import { isFinished } from "./domain/plan-states.ts";
import { progressDoneOf } from "./domain/plan-verdict.ts";
import type { SourceMonitor } from "./follower-monitor.ts";
import { failedStepIds, headDiffers, planDrafts } from "./follower-plan-diff.ts";
import type { DynflowStore, FollowedPlan } from "./ports.ts";

/** More unfinished plans than this are not followed, and the source says so. */
export const FOLLOWED_PLANS_MAX = 5_000;
const HEADS_PER_READ = 500;
const PLANS_PER_READ = 100;
const STEPS_PER_READ = 5_000;
/** Assumed of a plan whose steps nobody has counted yet. */
const STEPS_GUESS = 50;
/** Found plans taken up in one look; the rest waits for the next. */
const FOUND_PER_LOOK = 500;
/** A plan of so many steps is read whole only when its row changed, and in turn. */
const LARGE_PLAN_STEPS = 500;
/** Of looks at what somebody looks at, one in so many reads plans of ten times that too. */
const LARGE_PLANS_PER_LOOK = 10;
/** Every known plan is read whole at least every so many looks, whether its row changed or not. */
const LOOKS_PER_TURN = 15;
/** So many ends of plans are remembered, so that a lock that is released after one does not make the plan new again. */
const ENDS_KEPT = 1_000;
/** In these states steps move while the plan's own row stands still. */
const MOVING: ReadonlySet<string> = new Set(["planning", "running"]);

/** Unfinished plans: heads of all in every look, steps of those that move, that changed, and of the rest in turn. */
export interface PlansLook {
  /** Takes plans up at the next look. `seenMoving` = there was a lock: tell of it even if it has stopped since. */
  found(planIds: readonly string[], seenMoving: boolean): void;
  /** As `found`, but only for those that are not known yet. */
  discovered(planIds: readonly string[]): void;
  hasFound(): boolean;
  /** Every known plan. */
  look(): Promise<void>;
  /** Only these, whole; for plans that somebody looks at. */
  lookAt(planIds: readonly string[]): Promise<void>;
  /** Plan id to progress 0..1, of plans under way. The same object while nothing changed. */
  progress(): Readonly<Record<string, number>>;
  /** What the source has to say about itself, or `null`. */
  note(): string | null;
}

export interface PlansLookOptions {
  readonly sourceId: string;
  readonly store: Pick<DynflowStore, "heads" | "follow" | "outline">;
  readonly view: Pick<FoldView, "dynflow">;
  readonly monitor: Pick<SourceMonitor, "read" | "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createPlansLook(options: PlansLookOptions): PlansLook {
  const { sourceId, store, view, monitor, clock } = options;
  const found = new Map<string, { readonly seenMoving: boolean }>();
  const firstFailures = createFirstFailures(options);
  const progress = createProgress();
  const ended = new Set<string>();
  let turn = 0;
  let lookedAt = 0;
  let overflow = false;

  const plansOfFold = () => view.dynflow(sourceId).plans;

  async function readHeads(ids: readonly string[]): Promise<ReadonlyMap<string, PlanHead>> {
    const heads = new Map<string, PlanHead>();
    for (let start = 0; start < ids.length; start += HEADS_PER_READ) {
      const read = await monitor.read(() => store.heads(ids.slice(start, start + HEADS_PER_READ)));
      for (const head of read) heads.set(head.id, head);
    }
    return heads;
  }

  /** Reads these plans whole and tells what changed, a bounded number at a time. */
  async function follow(ids: readonly string[], seenMoving: ReadonlySet<string> = new Set()): Promise<void> {
    for (const part of partsOf(ids, plansOfFold())) {
      const plans = await monitor.read(() => store.follow(part));
      const drafts: EventDraft[] = [];
      for (const plan of plans) {
        const known = plansOfFold()[plan.head.id];
        const finished = isFinished(plan.head.state);
        const told = ended.has(plan.head.id) || !seenMoving.has(plan.head.id);
        if (known === undefined && finished && told) continue;
        const firstFailedStepId = await firstFailures.of(plan);
        drafts.push(...planDrafts(known, plan, { now: clock.now(), firstFailedStepId }));
        if (finished) forget(plan.head.id);
        else progress.set(plan);
      }
      await monitor.record(drafts);
      for (const { head } of plans) if (isFinished(head.state)) rememberEnd(head.id);
    }
  }

  function rememberEnd(planId: string): void {
    ended.add(planId);
    const [oldest] = ended;
    if (ended.size > ENDS_KEPT && oldest !== undefined) ended.delete(oldest);
  }

  function forget(planId: string): void {
    progress.delete(planId);
    firstFailures.delete(planId);
  }

  async function takeUpFound(): Promise<void> {
    const known = plansOfFold();
    const room = FOLLOWED_PLANS_MAX - Object.keys(known).length;
    const all = [...found].filter(([id]) => known[id] === undefined);
    const taken = all.slice(0, Math.max(0, Math.min(FOUND_PER_LOOK, room)));
    overflow = room <= 0 && all.length > 0;
    for (const [id] of taken) found.delete(id);
    if (overflow || taken.length === all.length) found.clear();
    const moving = new Set(taken.filter(([, how]) => how.seenMoving).map(([id]) => id));
    try {
      await follow(
        taken.map(([id]) => id),
        moving,
      );
    } catch (cause) {
      for (const [id, how] of taken) found.set(id, how);
      throw cause;
    }
  }

  return {
    found(planIds, seenMoving) {
      for (const id of planIds) found.set(id, { seenMoving: seenMoving || found.get(id)?.seenMoving === true });
    },
    discovered(planIds) {
      const known = plansOfFold();
      for (const id of planIds) if (known[id] === undefined && !found.has(id)) found.set(id, { seenMoving: false });
    },
    hasFound: () => found.size > 0,
    async look() {
      const touched = new Set([...found.keys()].filter((id) => plansOfFold()[id] !== undefined));
      const before = plansOfFold();
      const ids = Object.keys(before);
      const heads = await readHeads(ids);
      const gone = ids.filter((id) => !heads.has(id));
      for (const id of gone) forget(id);
      await monitor.record(gone.map((id) => goneDraft(id, before[id], clock)));
      turn += 1;
      const due = ids.filter((id, index) => {
        const known = before[id];
        const head = heads.get(id);
        if (known === undefined || head === undefined) return false;
        if (touched.has(id) || headDiffers(known, head)) return true;
        if (MOVING.has(head.state) && known.stepCount <= LARGE_PLAN_STEPS) return true;
        return index % LOOKS_PER_TURN === turn % LOOKS_PER_TURN;
      });
      await follow(due);
      for (const id of touched) found.delete(id);
      await takeUpFound();
    },
    lookAt(planIds) {
      lookedAt += 1;
      const plans = plansOfFold();
      const isLarge = (id: string) => (plans[id]?.stepCount ?? 0) > LARGE_PLAN_STEPS * LARGE_PLANS_PER_LOOK;
      return follow(planIds.filter((id) => lookedAt % LARGE_PLANS_PER_LOOK === 0 || !isLarge(id)));
    },
    progress: () => progress.all(),
    note: () =>
      overflow ? `More than ${FOLLOWED_PLANS_MAX} plans are unfinished: the others are listed, but not followed` : null,
  };
}

const goneDraft = (id: string, known: PlanFold | undefined, clock: Clock): EventDraft => ({
  kind: "dynflow.plan.gone",
  subject: id,
  occurredAt: clock.now(),
  body: { from: known?.state ?? "" },
});

/** Parts of a bounded number of plans and, as far as they were counted, steps. */
function partsOf(ids: readonly string[], known: Readonly<Record<string, PlanFold>>): readonly (readonly string[])[] {
  const parts: string[][] = [];
  let steps = Number.POSITIVE_INFINITY;
  for (const id of ids) {
    const count = known[id]?.stepCount ?? STEPS_GUESS;
    const part = parts.at(-1);
    if (part === undefined || part.length >= PLANS_PER_READ || steps + count > STEPS_PER_READ) {
      parts.push([id]);
      steps = count;
    } else {
      part.push(id);
      steps += count;
    }
  }
  return parts;
}

/** Which of several failed steps failed first: read from the flows once for each set of failed steps. */
function createFirstFailures({ store, monitor, log, sourceId }: PlansLookOptions) {
  const known = new Map<string, { readonly failed: string; readonly stepId: number | null }>();
  return {
    delete: (planId: string) => known.delete(planId),
    async of(plan: FollowedPlan): Promise<number | null> {
      const ids = failedStepIds(plan);
      if (ids.length < 2) return ids[0] ?? null;
      const failed = ids.join();
      const before = known.get(plan.head.id);
      if (before?.failed === failed) return before.stepId;
      const outline = await monitor.read(() => store.outline(plan.head.id));
      const stepId = outline === null ? null : (firstFailedStep(outline.plan)?.stepId ?? null);
      if (stepId === null) log.debug("dynflow.first_failure.unknown", { sourceId, planId: plan.head.id });
      known.set(plan.head.id, { failed, stepId });
      return stepId;
    },
  };
}

function createProgress() {
  const values = new Map<string, number>();
  let told: Readonly<Record<string, number>> | null = null;
  return {
    delete(planId: string): void {
      if (values.delete(planId)) told = null;
    },
    set(plan: FollowedPlan): void {
      const value = progressOf(plan);
      if (values.get(plan.head.id) === value) return;
      values.set(plan.head.id, value);
      told = null;
    },
    all(): Readonly<Record<string, number>> {
      told ??= Object.fromEntries(values);
      return told;
    },
  };
}

const BEFORE_RUN: ReadonlySet<string> = new Set(["pending", "planning", "scheduled"]);
const PROGRESS_DIGITS = 1_000;

/** As `judgePlan`, from run and finalize steps without their flows; cut to a tenth of a percent. */
function progressOf(plan: FollowedPlan): number {
  if (plan.counted !== undefined) return Math.floor(plan.counted.progress * PROGRESS_DIGITS) / PROGRESS_DIGITS;
  if (BEFORE_RUN.has(plan.head.state)) return 0;
  let done = 0;
  let total = 0;
  for (const step of plan.steps) {
    if (step.phase === "plan") continue;
    const weight = step.progressWeight ?? 0;
    done += progressDoneOf(step) * weight;
    total += weight;
  }
  return total > 0 ? Math.floor((done / total) * PROGRESS_DIGITS) / PROGRESS_DIGITS : 1;
}
