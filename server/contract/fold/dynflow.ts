import type { JournalEvent, LockFacts, PlanFacts, WorldFacts } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { COPYING, own, type RecordEditor } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

/** An unfinished plan. A plan that stopped leaves the fold: finished plans are queried at the source. */
export interface PlanFold extends PlanFacts {
  /** When we saw it enter its present state. */
  readonly stateSince: EpochMs;
  /** When the plan, or a step of it, was last seen to change. */
  readonly movedAt: EpochMs;
  /** Since when no world is seen to hold it for planning or execution; `null` = one does. */
  readonly unlockedSince: EpochMs | null;
}

export interface WorldFold extends WorldFacts {
  readonly seenSince: EpochMs;
  /** Last answer to a ping of ours: `null` = not asked. */
  readonly ping: { readonly at: EpochMs; readonly roundTripMs: number | null } | null;
}

export interface LockFold extends LockFacts {
  readonly seenSince: EpochMs;
}

export interface DynflowFold {
  readonly family: "dynflow";
  readonly source: SourceFold;
  readonly plans: Readonly<Record<string, PlanFold>>;
  readonly worlds: Readonly<Record<string, WorldFold>>;
  /** By `lockKey`. */
  readonly locks: Readonly<Record<string, LockFold>>;
}

export const EMPTY_DYNFLOW: DynflowFold = {
  family: "dynflow",
  source: UNKNOWN_SOURCE,
  plans: {},
  worlds: {},
  locks: {},
};

/** The primary key of a coordinator record as one text: class and id together. */
export const lockKey = (lock: { readonly class: string; readonly id: string }): string => `${lock.class}|${lock.id}`;

/** Pure and total; an event of another kind changes nothing. */
export function reduceDynflow(state: DynflowFold, event: JournalEvent, edit: RecordEditor = COPYING): DynflowFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    case "dynflow.plan.created":
      return withPlan(edit, state, event, event.body, event.observedAt);
    case "dynflow.plan.state_changed":
      return withPlan(edit, state, event, event.body.plan, event.observedAt);
    case "dynflow.plan.result_changed":
    case "dynflow.plan.changed":
      return withPlan(edit, state, event, event.body.plan, own(state.plans, event.subject)?.stateSince);
    case "dynflow.plan.gone":
      return { ...state, plans: edit.drop(state.plans, event.subject) };
    case "dynflow.step.state_changed": {
      const plan = own(state.plans, event.body.planId);
      if (plan === undefined || plan.steps === null) return state;
      const steps = edit.put(plan.steps, String(event.body.stepId), event.body.to);
      const moved = { ...plan, steps, movedAt: event.observedAt };
      return { ...state, plans: edit.put(state.plans, event.body.planId, moved) };
    }
    case "dynflow.world.registered":
      return withWorld(edit, state, event.subject, { ...event.body, seenSince: event.observedAt, ping: null });
    case "dynflow.world.changed": {
      const known = own(state.worlds, event.subject);
      const seenSince = known?.seenSince ?? event.observedAt;
      return withWorld(edit, state, event.subject, { ...event.body, seenSince, ping: known?.ping ?? null });
    }
    case "dynflow.world.pong":
      return withPing(edit, state, event.subject, { at: event.observedAt, roundTripMs: event.body.roundTripMs });
    case "dynflow.world.ping_timeout":
      return withPing(edit, state, event.subject, { at: event.observedAt, roundTripMs: null });
    case "dynflow.world.gone":
      return { ...state, worlds: edit.drop(state.worlds, event.subject) };
    case "dynflow.lock.acquired": {
      const lock = { ...event.body, seenSince: event.observedAt };
      const locked = { ...state, locks: edit.put(state.locks, lockKey(lock), lock) };
      return isHolding(lock.class) ? withHolder(edit, locked, planOfLock(lock.id), event.observedAt) : locked;
    }
    case "dynflow.lock.released": {
      const freed = { ...state, locks: edit.drop(state.locks, lockKey(event.body)) };
      return isHolding(event.body.class) ? withHolder(edit, freed, planOfLock(event.body.id), event.observedAt) : freed;
    }
    default:
      return state;
  }
}

function withPlan(
  edit: RecordEditor,
  state: DynflowFold,
  { subject: id, observedAt }: JournalEvent,
  facts: PlanFacts,
  stateSince: EpochMs = observedAt,
): DynflowFold {
  if (facts.state === "stopped") return { ...state, plans: edit.drop(state.plans, id) };
  const known = own(state.plans, id);
  const unlockedSince = known === undefined ? (isHeld(state, id) ? null : observedAt) : known.unlockedSince;
  return { ...state, plans: edit.put(state.plans, id, { ...facts, stateSince, movedAt: observedAt, unlockedSince }) };
}

/** Somebody plans or executes the plan that such a lock is of. */
const HOLDING_LOCKS = ["Dynflow::Coordinator::ExecutionLock", "Dynflow::Coordinator::PlanningLock"] as const;
const isHolding = (lockClass: string): boolean => HOLDING_LOCKS.some((holding) => holding === lockClass);
const LOCK_ID_PREFIX = "execution-plan:";
const planOfLock = (lockId: string): string => lockId.slice(LOCK_ID_PREFIX.length);
const isHeld = ({ locks }: DynflowFold, planId: string): boolean =>
  HOLDING_LOCKS.some(
    (holding) => own(locks, lockKey({ class: holding, id: `${LOCK_ID_PREFIX}${planId}` })) !== undefined,
  );

function withHolder(edit: RecordEditor, state: DynflowFold, planId: string, at: EpochMs): DynflowFold {
  const plan = own(state.plans, planId);
  if (plan === undefined) return state;
  const unlockedSince = isHeld(state, planId) ? null : (plan.unlockedSince ?? at);
  if (unlockedSince === plan.unlockedSince) return state;
  return { ...state, plans: edit.put(state.plans, planId, { ...plan, unlockedSince }) };
}

function withWorld(edit: RecordEditor, state: DynflowFold, id: string, world: WorldFold): DynflowFold {
  return { ...state, worlds: edit.put(state.worlds, id, world) };
}

function withPing(edit: RecordEditor, state: DynflowFold, id: string, ping: WorldFold["ping"]): DynflowFold {
  const world = own(state.worlds, id);
  return world === undefined ? state : withWorld(edit, state, id, { ...world, ping });
}
