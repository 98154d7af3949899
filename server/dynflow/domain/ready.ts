/**
 * Whether a scheduled plan starts by itself: when, and if not, why not.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/persistence_adapters/sequel.rb `find_ready_delayed_plans`,
 * lib/dynflow/delayed_executors/abstract_core.rb `process`, lib/dynflow/delayed_plan.rb `timeout`,
 * `failed_dependencies`, delayed_executors/polling_core.rb (the interval).
 */
import type { EpochMs } from "#server/kernel/clock.ts";

/** The executor that holds the delayed executor's lock looks this often. */
export const DELAYED_POLL_EVERY_MS = 15_000;

/** What a plan that is waited for means to the one that waits. `null` = its row is gone. */
export interface Prerequisite {
  readonly planId: string;
  readonly state: string | null;
  readonly result: string | null;
}

/**
 * `waits` = not stopped yet; `satisfied` = stopped, and not in error (warning and cancelled count as fine), or gone;
 * `failed` = stopped in error.
 */
export type PrerequisiteStanding = "waits" | "satisfied" | "failed";

export interface DelayFacts {
  readonly state: string;
  /** `null` = the delayed row is gone. */
  readonly delayed: {
    /** `null` = as soon as allowed. */
    readonly startAt: EpochMs | null;
    readonly startBefore: EpochMs | null;
    readonly frozen: boolean;
  } | null;
  readonly prerequisites: readonly Prerequisite[];
  /** A world holds the plan's PlanningLock: it is being planned this moment. */
  readonly planning: boolean;
  /** Holder of the DelayedExecutorLock; `known` false = that world has no record (any more). */
  readonly poller: { readonly worldId: string; readonly known: boolean } | null;
  readonly now: EpochMs;
}

/** One thing that keeps the plan from being started. */
export type Obstacle =
  | { readonly kind: "frozen" }
  | { readonly kind: "start-at"; readonly at: EpochMs }
  | { readonly kind: "prerequisites"; readonly planIds: readonly string[] }
  | { readonly kind: "no-poller" }
  | { readonly kind: "poller-gone"; readonly worldId: string };

/** What comes of the plan the next time that the delayed executor looks and nothing is in the way. */
export type Outcome =
  | { readonly kind: "start" }
  /** `start_before` passed first: stopped with a step error, history `timeout`. */
  | { readonly kind: "timeout"; readonly at: EpochMs }
  /** A prerequisite failed and no `start_before` is set: stopped with a step error, history `failed-dependency`. */
  | { readonly kind: "failed-dependency"; readonly planIds: readonly string[] };

export type Readiness =
  /** It is not scheduled (any more): nothing of this applies. */
  | { readonly kind: "not-scheduled" }
  /** Scheduled without a delayed row: it can never start by itself. */
  | { readonly kind: "never" }
  /** A world is planning it. */
  | { readonly kind: "planning" }
  /** Something is in the way. `earliest` = the soonest instant at which it could start; `null` = no clock decides it. */
  | {
      readonly kind: "waiting";
      readonly obstacles: readonly Obstacle[];
      readonly earliest: EpochMs | null;
      readonly outcome: Outcome;
    }
  /** The next look of the poller brings the outcome, by `within` at the latest when it looks in time. */
  | { readonly kind: "ready"; readonly outcome: Outcome; readonly within: EpochMs };

export function prerequisiteStanding({ state, result }: Prerequisite): PrerequisiteStanding {
  if (state === null) return "satisfied";
  if (state !== "stopped") return "waits";
  return result === "error" ? "failed" : "satisfied";
}

/** Every rule of the delayed executor, applied to what is known now. */
export function readinessOf(facts: DelayFacts): Readiness {
  const { state, delayed, planning, now } = facts;
  if (state !== "scheduled") return { kind: "not-scheduled" };
  if (planning) return { kind: "planning" };
  if (delayed === null) return { kind: "never" };
  const obstacles = obstaclesOf(facts, delayed);
  const outcome = outcomeOf(facts, delayed);
  if (obstacles.length > 0) return { kind: "waiting", obstacles, earliest: earliestOf(delayed, obstacles), outcome };
  return { kind: "ready", outcome, within: (now + DELAYED_POLL_EVERY_MS) as EpochMs };
}

type Delayed = NonNullable<DelayFacts["delayed"]>;

/** In the order in which a person can do something about them; prerequisites hold it up also past `start_before`. */
function obstaclesOf({ prerequisites, poller, now }: DelayFacts, delayed: Delayed): readonly Obstacle[] {
  const { startAt, startBefore, frozen } = delayed;
  const due = startAt === null || startAt <= now || (startBefore !== null && startBefore <= now);
  const waiting = prerequisites.filter((one) => prerequisiteStanding(one) === "waits").map(({ planId }) => planId);
  return [
    ...(frozen ? [{ kind: "frozen" } as const] : []),
    ...(due || startAt === null ? [] : [{ kind: "start-at", at: startAt } as const]),
    ...(waiting.length === 0 ? [] : [{ kind: "prerequisites", planIds: waiting } as const]),
    ...(poller === null ? [{ kind: "no-poller" } as const] : []),
    ...(poller === null || poller.known ? [] : [{ kind: "poller-gone", worldId: poller.worldId } as const]),
  ];
}

/** Failed prerequisites are not looked at when `start_before` is set. */
function outcomeOf({ prerequisites, now }: DelayFacts, { startAt, startBefore }: Delayed): Outcome {
  const first = startAt === null || startAt < now ? now : startAt;
  if (startBefore !== null) return startBefore < first ? { kind: "timeout", at: startBefore } : { kind: "start" };
  const failed = prerequisites.filter((one) => prerequisiteStanding(one) === "failed").map(({ planId }) => planId);
  return failed.length === 0 ? { kind: "start" } : { kind: "failed-dependency", planIds: failed };
}

function earliestOf({ startAt, startBefore }: Delayed, obstacles: readonly Obstacle[]): EpochMs | null {
  if (startAt === null || obstacles.some(({ kind }) => kind !== "start-at")) return null;
  return startBefore !== null && startBefore < startAt ? startBefore : startAt;
}
