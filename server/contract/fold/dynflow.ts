import type { JournalEvent, LockFacts, PlanFacts, WorldFacts } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { own } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

/** An unfinished plan. A plan that stopped leaves the fold: finished plans are queried at the source. */
export interface PlanFold extends PlanFacts {
  /** When we saw it enter its present state. */
  readonly stateSince: EpochMs;
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
export function reduceDynflow(state: DynflowFold, event: JournalEvent): DynflowFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    case "dynflow.plan.created":
      return withPlan(state, event.subject, event.body, event.observedAt);
    case "dynflow.plan.state_changed":
      return withPlan(state, event.subject, event.body.plan, event.observedAt);
    case "dynflow.plan.result_changed":
    case "dynflow.plan.changed":
      return withPlan(
        state,
        event.subject,
        event.body.plan,
        own(state.plans, event.subject)?.stateSince ?? event.observedAt,
      );
    case "dynflow.plan.gone":
      return { ...state, plans: without(state.plans, event.subject) };
    case "dynflow.step.state_changed": {
      const plan = own(state.plans, event.body.planId);
      if (plan === undefined || plan.steps === null) return state;
      const steps = { ...plan.steps, [String(event.body.stepId)]: event.body.to };
      return { ...state, plans: { ...state.plans, [event.body.planId]: { ...plan, steps } } };
    }
    case "dynflow.world.registered":
      return withWorld(state, event.subject, { ...event.body, seenSince: event.observedAt, ping: null });
    case "dynflow.world.changed": {
      const known = own(state.worlds, event.subject);
      const seenSince = known?.seenSince ?? event.observedAt;
      return withWorld(state, event.subject, { ...event.body, seenSince, ping: known?.ping ?? null });
    }
    case "dynflow.world.pong":
      return withPing(state, event.subject, { at: event.observedAt, roundTripMs: event.body.roundTripMs });
    case "dynflow.world.ping_timeout":
      return withPing(state, event.subject, { at: event.observedAt, roundTripMs: null });
    case "dynflow.world.gone":
      return { ...state, worlds: without(state.worlds, event.subject) };
    case "dynflow.lock.acquired": {
      const lock = { ...event.body, seenSince: event.observedAt };
      return { ...state, locks: { ...state.locks, [lockKey(lock)]: lock } };
    }
    case "dynflow.lock.released":
      return { ...state, locks: without(state.locks, lockKey(event.body)) };
    default:
      return state;
  }
}

function withPlan(state: DynflowFold, id: string, facts: PlanFacts, stateSince: EpochMs): DynflowFold {
  if (facts.state === "stopped") return { ...state, plans: without(state.plans, id) };
  return { ...state, plans: { ...state.plans, [id]: { ...facts, stateSince } } };
}

function withWorld(state: DynflowFold, id: string, world: WorldFold): DynflowFold {
  return { ...state, worlds: { ...state.worlds, [id]: world } };
}

function withPing(state: DynflowFold, id: string, ping: WorldFold["ping"]): DynflowFold {
  const world = own(state.worlds, id);
  return world === undefined ? state : withWorld(state, id, { ...world, ping });
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  const { [key]: _, ...others } = record;
  return others;
}
