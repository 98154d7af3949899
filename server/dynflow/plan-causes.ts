import { dynflowStream, type EventDraft } from "#server/contract/event.ts";
import { lockKey } from "#server/contract/fold/dynflow.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import { own } from "#server/contract/fold/record.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { EXECUTION_LOCK_CLASS, planLockId } from "./domain/records.ts";

const ACTIONS = "dynflow.plans.";
const SKIP = `${ACTIONS}skipStep`;
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
}

/**
 * A change of a plan follows from an action when evidence had settled the action as done (a reply to its request, or the
 * plan's lock under it) since the plan came into its state, and no other client's lock is on the plan. It ends with the
 * change by which the plan comes to rest. What evidence does not reach is told without a cause: never by a guess.
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

  /** Another client has the plan's lock: what happens now is of its making. */
  function isOthers(planId: string): boolean {
    const key = lockKey({ class: EXECUTION_LOCK_CLASS, id: planLockId(planId) });
    const client = own(view.dynflow(sourceId).locks, key)?.clientWorldId ?? null;
    return client !== null && client !== deps.worldId();
  }

  function causeOf(planId: string, isStep: boolean): string | null {
    if (isOthers(planId)) {
      atWork.delete(planId);
      return null;
    }
    const remembered = atWork.get(planId);
    if (remembered !== undefined) return remembered;
    const since = own(view.dynflow(sourceId).plans, planId)?.stateSince;
    const operation = view
      .operator()
      .operations.findLast((each) => each.stream === stream && each.target === planId && isSettledSince(each, since));
    if (operation === undefined) return null;
    // A skip changes its steps; the plan itself goes on waiting for somebody else.
    if (operation.action === SKIP) return isStep ? operation.id : null;
    remember(planId, operation.id);
    return operation.id;
  }

  function attributed(draft: EventDraft): EventDraft {
    switch (draft.kind) {
      case "dynflow.step.state_changed":
        return withCause(draft, causeOf(draft.body.planId, true));
      case "dynflow.plan.result_changed":
      case "dynflow.plan.changed":
        return withCause(draft, causeOf(draft.subject, false));
      case "dynflow.plan.state_changed": {
        const told = withCause(draft, causeOf(draft.subject, false));
        if (RESTS.has(draft.body.plan.state)) atWork.delete(draft.subject);
        return told;
      }
      case "dynflow.lock.acquired": {
        const { planId, clientWorldId } = draft.body;
        const isOurs = planId !== null && clientWorldId !== null && clientWorldId === deps.worldId();
        return isOurs ? withCause(draft, causeOf(planId, false)) : draft;
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
  };
}

const withCause = (draft: EventDraft, causedBy: string | null): EventDraft =>
  causedBy === null || (draft.causedBy ?? null) !== null ? draft : { ...draft, causedBy };

function isSettledSince({ action, phase, at }: OperationFold, since: EpochMs | undefined): boolean {
  if (!action.startsWith(ACTIONS) || (phase !== "executed" && phase !== "verified")) return false;
  const settledAt = at.executed ?? at.verified;
  return settledAt !== undefined && (since === undefined || settledAt >= since);
}
