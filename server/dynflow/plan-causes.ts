import { dynflowStream, type EventDraft } from "#server/contract/event.ts";
import { lockKey } from "#server/contract/fold/dynflow.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import { own } from "#server/contract/fold/record.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { EXECUTION_LOCK_CLASS, planLockId } from "./domain/records.ts";

const ACTIONS = "dynflow.plans.";
const SKIP = `${ACTIONS}skip`;
const HALT = `${ACTIONS}halt`;
/** Plans whose cause is remembered; beyond it the oldest are told without one. */
const REMEMBERED_MAX = 1_000;
/** A plan that comes to rest has done with the action that set it going. */
const RESTS: ReadonlySet<string> = new Set(["paused", "stopped"]);

/** Tells which changes of plans follow from an action of this console. */
export interface PlanCauses {
  /** The recorder that the changes of plans go through: what follows from an action is written down as caused by it. */
  readonly recorder: Recorder;
  /** Evidence says that the request `causeId` is at work on the plan: for what no operation of the journal names by plan. */
  took(planId: string, causeId: string): void;
  /**
   * The same of the request of an operator, which names its plan, as soon as evidence says so: the change may be seen
   * before that is journalled. Of a plan that has come to rest since it was asked nothing more follows from it.
   */
  evident(planId: string, operationId: string): void;
}

/**
 * A change of a plan follows from an action on it since the plan came into its state when evidence says that the action
 * was done: it was settled so (by a reply to its request, say), or the plan's lock is taken in the name of our own client
 * world. With another client's lock on the plan it does not. It ends with the change by which the plan comes to rest. What
 * evidence does not reach is told without a cause: never by a guess.
 */
export function createPlanCauses(deps: {
  readonly sourceId: string;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dynflow" | "operator">;
  /** Our own client world; `null` until it is registered. */
  readonly worldId: () => string | null;
}): PlanCauses {
  const { sourceId, recorder, view } = deps;
  const stream = dynflowStream(sourceId);
  const atWork = new Map<string, string>();

  function remember(planId: string, causeId: string): void {
    atWork.delete(planId);
    atWork.set(planId, causeId);
    const [oldest] = atWork.keys();
    if (atWork.size > REMEMBERED_MAX && oldest !== undefined) atWork.delete(oldest);
  }

  function evident(planId: string, operationId: string): void {
    const plan = own(view.dynflow(sourceId).plans, planId);
    const requestedAt = view.operator().operations.find(({ id }) => id === operationId)?.at.requested;
    if (plan === undefined || requestedAt === undefined) return;
    if (RESTS.has(plan.state) && plan.stateSince > requestedAt) return;
    remember(planId, operationId);
  }

  /** In whose name the plan's lock is taken. */
  function holderOf(planId: string): "ours" | "another" | "nobody" {
    const key = lockKey({ class: EXECUTION_LOCK_CLASS, id: planLockId(planId) });
    return clientOf(own(view.dynflow(sourceId).locks, key)?.clientWorldId ?? null);
  }
  function clientOf(worldId: string | null): "ours" | "another" | "nobody" {
    return worldId === null ? "nobody" : worldId === deps.worldId() ? "ours" : "another";
  }

  function causeOf(planId: string, isStep: boolean, holder = holderOf(planId)): string | null {
    if (holder === "another") {
      atWork.delete(planId);
      return null;
    }
    const remembered = atWork.get(planId);
    if (remembered !== undefined) return remembered;
    const since = own(view.dynflow(sourceId).plans, planId)?.stateSince;
    const operation = view
      .operator()
      .operations.findLast(
        (each) => each.stream === stream && each.target === planId && isDoneSince(each, since, holder === "ours"),
      );
    if (operation === undefined) return null;
    // A skip changes its steps; the plan itself goes on waiting for somebody else.
    if (operation.action === SKIP) return isStep ? operation.id : null;
    remember(planId, operation.id);
    return operation.id;
  }

  /** A halt that an executor took stops a plan whoever had asked for its execution. */
  function haltOf(planId: string): string | null {
    const since = own(view.dynflow(sourceId).plans, planId)?.stateSince;
    const halt = view
      .operator()
      .operations.findLast((each) => each.action === HALT && each.stream === stream && each.target === planId);
    return halt !== undefined && isDoneSince(halt, since, false) ? halt.id : null;
  }

  function attributed(draft: EventDraft): EventDraft {
    switch (draft.kind) {
      case "dynflow.step.state_changed":
        return withCause(draft, causeOf(draft.body.planId, true));
      case "dynflow.plan.result_changed":
      case "dynflow.plan.changed":
        return withCause(draft, causeOf(draft.subject, false));
      case "dynflow.plan.state_changed": {
        const halt = draft.body.plan.state === "stopped" ? haltOf(draft.subject) : null;
        const told = withCause(draft, halt ?? causeOf(draft.subject, false));
        if (RESTS.has(draft.body.plan.state)) atWork.delete(draft.subject);
        return told;
      }
      case "dynflow.lock.acquired": {
        const { planId, clientWorldId } = draft.body;
        const holder = clientOf(clientWorldId);
        return planId !== null && holder === "ours" ? withCause(draft, causeOf(planId, false, holder)) : draft;
      }
      default:
        return draft;
    }
  }

  return {
    recorder: {
      record: (to, drafts) => recorder.record(to, to === stream ? drafts.map(attributed) : drafts),
      sample: (of, sample) => recorder.sample(of, sample),
    },
    took: remember,
    evident,
  };
}

const withCause = (draft: EventDraft, causedBy: string | null): EventDraft =>
  causedBy === null || (draft.causedBy ?? null) !== null ? draft : { ...draft, causedBy };

/** @param locked the plan's lock is in our name: then an action that is not settled yet was done as well */
function isDoneSince({ action, phase, at }: OperationFold, since: EpochMs | undefined, locked: boolean): boolean {
  if (!action.startsWith(ACTIONS) || phase === "failed" || phase === "denied") return false;
  const isSettled = phase === "executed" || phase === "verified";
  if (!isSettled && !locked) return false;
  const doneAt = isSettled ? (at.executed ?? at.verified) : at.requested;
  return doneAt !== undefined && (since === undefined || doneAt >= since);
}
