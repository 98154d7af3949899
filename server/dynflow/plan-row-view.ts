/** Rows of a list as they are answered: what the database says, and what the fold and a look beside it know more. */
import type { Caller } from "#server/auth/caller.ts";
import { MASKED, type Maskable } from "#server/contract/event.ts";
import { maskFolds } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import { isFinished } from "./domain/plan-states.ts";
import { lockKindOf } from "./domain/records.ts";
import type { PlanCaller, PlanFailureRow, PlanListRow } from "./ports.ts";
import { audienceFor, type DynflowSource } from "./source-view.ts";

export type PlanRow = WireShape<typeof wire.planRow>;
export type Beside = "caller" | "failure";

/** Who looks at which source, and what is hidden from everybody. */
export interface Looker {
  readonly source: DynflowSource;
  readonly caller: Caller;
  readonly masks: MaskRules;
}

/** The fold as this caller may read it. */
export function maskedFold(source: DynflowSource, caller: Caller, masks: MaskRules) {
  const fold = maskFolds({ it: source.fold() }, audienceFor(caller), masks).it;
  return fold?.family === "dynflow" ? fold : source.fold();
}

/** Reads beside the rows what is asked for, by index, and puts it all together. */
export async function toPlanRows(
  { source, caller, masks }: Looker,
  rows: readonly PlanListRow[],
  beside: readonly Beside[],
): Promise<PlanRow[]> {
  const fold = maskedFold(source, caller, masks);
  const failed = rows.filter((row) => fold.plans[row.id] === undefined && mayHaveFailed(row)).map((row) => row.id);
  const [callers, failures] = await Promise.all([
    beside.includes("caller") ? source.store.callers(rows.map((row) => row.id)) : [],
    beside.includes("failure") ? source.store.failures(failed) : [],
  ]);
  const callerOf = new Map(callers.map((each) => [each.planId, each]));
  const failureOf = new Map(failures.map((each) => [each.planId, each]));
  const hide = (message: string) => (audienceFor(caller) === "public" ? MASKED : maskFreeText(masks, message));
  const locked = new Set(
    Object.values(fold.locks).flatMap((lock) => (lockKindOf(lock.class) === "execution" ? (lock.planId ?? []) : [])),
  );
  return rows.map((row) => {
    const { id, label, rootActionClass, state, result, startedAt, endedAt, realTimeSec, executionTimeSec } = row;
    return {
      id,
      label,
      rootActionClass,
      state,
      result,
      startedAt,
      endedAt,
      realTimeSec,
      executionTimeSec,
      progress: source.planProgress(id),
      failure: fold.plans[id]?.failure ?? toFailure(failureOf.get(id), hide),
      locked: locked.has(id),
      ...(beside.includes("caller") ? { caller: toCaller(callerOf.get(id)) } : {}),
    };
  });
}

/** A plan that ended well never had an error that stayed. */
const mayHaveFailed = ({ state, result }: PlanListRow): boolean =>
  result === "error" || result === "warning" || !isFinished(state);

const toCaller = (found: PlanCaller | undefined): PlanRow["caller"] =>
  found === undefined ? null : { planId: found.callerPlanId, actionId: found.callerActionId };

/** A page is no place for a whole message. */
const MESSAGE_CHARS = 500;

function toFailure(found: PlanFailureRow | undefined, hide: (message: string) => Maskable<string>): PlanRow["failure"] {
  if (found === undefined) return null;
  const { stepId, actionClass, exceptionClass } = found;
  const message = hide(found.message.slice(0, MESSAGE_CHARS));
  return { stepId, actionClass, exceptionClass, message };
}
