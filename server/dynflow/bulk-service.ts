import type { Caller } from "#server/auth/caller.ts";
import { can } from "#server/auth/permissions.ts";
import { dynflowStream, type EventActor } from "#server/contract/event.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import type { JobRecord, JobStarter } from "#server/jobs/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { JsonValue } from "#server/kernel/json.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { type BulkParams, bulkParams } from "./bulk-job.ts";
import { BULK_PLANS_MAX, type BulkSelection, selectPlans } from "./bulk-preview.ts";
import type { PlanVerb } from "./commands.ts";
import type { RequestType } from "./domain/protocol.ts";
import type { PlanFilter } from "./ports.ts";
import { actRefusal, type DynflowSource, observedAt } from "./source-view.ts";

/** A preview is an intention of now: later the plans are looked at anew. */
export const PREVIEW_KEPT_MS = 10 * 60_000;
/** Previews kept at once, of at most 10,000 plans each: the oldest gives way. */
const PREVIEWS_MAX = 20;
export const BULK_START_ACTION = "dynflow.plans.bulkStart";
const PLANS_PER_SECOND = { default: 2, min: 0.1, max: 20 } as const;

interface Kept {
  readonly principalId: string;
  readonly sourceId: string;
  readonly verb: PlanVerb;
  readonly selection: BulkSelection;
  readonly at: MonotonicMs;
}

interface Start {
  readonly caller: Caller;
  readonly source: DynflowSource;
  readonly verb: PlanVerb;
  readonly selection: BulkSelection;
  readonly plansPerSecond: number;
  readonly reason: string;
  readonly requestId: string;
  readonly retryOf?: string;
}

/** Previews of bulk commands, and the jobs that are started of them. */
export function createBulkService(deps: {
  readonly clock: Clock;
  readonly jobs: JobStarter;
  readonly operations: Operations;
  readonly newId: () => string;
  /** Plans an operator may act on in one job. */
  readonly operatorLimit: number;
}) {
  const { clock, jobs, operations } = deps;
  const kept = new Map<string, Kept>();

  const limitOf = ({ principal }: Caller): number =>
    can(principal, "plans:bulk-large") ? BULK_PLANS_MAX : Math.min(BULK_PLANS_MAX, deps.operatorLimit);

  function refusalsOf(caller: Caller, source: DynflowSource, verb: PlanVerb, total: number): string[] {
    const acting = actRefusal(source, NEEDS[verb]);
    const limit = limitOf(caller);
    return [
      ...(acting === null ? [] : [acting]),
      ...(total === 0 ? ["None of these plans can be acted on now."] : []),
      ...(total > limit ? [`${total} plans are more than the ${limit} that your role may act on in one job.`] : []),
      ...(jobs.busy(dynflowStream(source.id)) ? ["Another job of this source is not finished."] : []),
    ];
  }

  function keep(entry: Kept): string {
    for (const [token, { at }] of kept) if (clock.monotonic() - at > PREVIEW_KEPT_MS) kept.delete(token);
    const oldest = kept.keys().next().value;
    if (kept.size >= PREVIEWS_MAX && oldest !== undefined) kept.delete(oldest);
    const token = deps.newId();
    kept.set(token, entry);
    return token;
  }

  /** The preview that this person was shown, no other's. */
  function takeKept(caller: Caller, source: DynflowSource, verb: PlanVerb, token: string): BulkSelection {
    const found = kept.get(token);
    const theirs = found?.principalId === caller.principal.id && found.sourceId === source.id && found.verb === verb;
    if (found === undefined || !theirs || clock.monotonic() - found.at > PREVIEW_KEPT_MS) {
      throw new OpsError("conflict", "The preview is older than 10 minutes or not yours: look again");
    }
    return found.selection;
  }

  /** The start that is under way on each source: pressed twice it is one, and no other slips in beside it. */
  const starts = createOneStart<Started>("Another job of this source is being started.");
  const begin = (start: Start) => starts.run(start.source.id, start.requestId, () => beginAlone(start));

  async function beginAlone(start: Start): Promise<Started> {
    const { caller, source, verb, selection, requestId, retryOf } = start;
    const started = jobs.startedBy(requestId);
    if (started !== null) return { journalId: requestId, jobId: started };
    const refusals = refusalsOf(caller, source, verb, selection.targets.length);
    if (refusals.length > 0) throw new OpsError("refused", refusals[0] ?? "Refused", { reasons: refusals });
    const stream = dynflowStream(source.id);
    const count = selection.targets.length;
    const { principal, address } = caller;
    const actor: EventActor = { user: principal.id, role: principal.role, address, reason: start.reason };
    const states = Object.fromEntries(countStates(selection));
    const { plansPerSecond } = start;
    const expected = { verb, plans: count, states, plansPerSecond, ...(retryOf === undefined ? {} : { retryOf }) };
    const operation: OperationRequest = {
      requestId,
      actor,
      facts: { action: retryOf === undefined ? BULK_START_ACTION : "jobs.retry", stream, target: source.id, expected },
    };
    const jobId = deps.newId();
    await operations.perform(
      operation,
      () =>
        jobs.start({
          id: jobId,
          facts: {
            kind: `dynflow.plans.${verb}`,
            title: `${TITLES[verb]} ${count} ${count === 1 ? "plan" : "plans"} of ${source.title}`,
            stream,
            target: source.id,
            requestedBy: principal.id,
            requestId,
            ...(retryOf === undefined ? {} : { retryOf }),
          },
          total: count,
          params: bulkParams({ sourceId: source.id, verb, plansPerSecond, actor }),
          bookmark: null,
          frozen: selection.targets as unknown as readonly JsonValue[],
        }),
      () => `job ${jobId}`,
    );
    return { journalId: requestId, jobId };
  }

  return {
    async preview(
      caller: Caller,
      source: DynflowSource,
      verb: PlanVerb,
      target: { readonly ids: readonly string[] } | { readonly filter: PlanFilter },
    ): WireOut<typeof wire.bulkPreviewOutput> {
      const askedAt = clock.now();
      const at = clock.monotonic();
      const selection = await selectPlans(source, verb, target);
      const { targets, groups, refused, oldestStartedAt } = selection;
      const token = keep({ principalId: caller.principal.id, sourceId: source.id, verb, selection, at });
      return {
        ...observedAt(askedAt, [source]),
        token,
        keptMs: PREVIEW_KEPT_MS,
        total: targets.length,
        limit: limitOf(caller),
        groups: [...groups],
        refused: refused.map((group) => ({ ...group, examples: [...group.examples] })),
        seen: targets.map(({ planId, state }) => [planId, state]),
        oldestStartedAt,
        refusals: refusalsOf(caller, source, verb, targets.length),
        plansPerSecond: PLANS_PER_SECOND,
      };
    },

    async start(
      caller: Caller,
      source: DynflowSource,
      input: WireIn<typeof wire.bulkStartInput>,
    ): WireOut<typeof wire.bulkStartOutput> {
      const { verb, token, expectedTotal, plansPerSecond, reason, requestId } = input;
      const started = jobs.startedBy(requestId);
      if (started !== null) return { journalId: requestId, jobId: started };
      const selection = takeKept(caller, source, verb, token);
      if (selection.targets.length !== expectedTotal) {
        throw new OpsError("conflict", `The preview names ${selection.targets.length} plans, not ${expectedTotal}`);
      }
      const answer = await begin({ caller, source, verb, selection, plansPerSecond, reason, requestId });
      kept.delete(token);
      return answer;
    },

    /** A new job of plans on which an ended one had failed, looked at anew: what has moved since is left out. */
    async retry(
      caller: Caller,
      source: DynflowSource,
      record: JobRecord,
      keys: readonly string[],
      input: { readonly reason: string; readonly requestId: string },
    ): Promise<{ readonly journalId: string; readonly jobId: string; readonly leftOut: number }> {
      const { verb, plansPerSecond } = record.params as unknown as BulkParams;
      const selection = await selectPlans(source, verb, { ids: keys });
      const answer = await begin({ caller, source, verb, selection, plansPerSecond, ...input, retryOf: record.id });
      return { ...answer, leftOut: keys.length - selection.targets.length };
    },
  };
}

interface Started {
  readonly journalId: string;
  readonly jobId: string;
}

/** The message that most of its plans take. A cancel halts those that are only scheduled. */
const NEEDS: Readonly<Partial<Record<PlanVerb, RequestType>>> = {
  resume: "Execution",
  abort: "Event",
  halt: "Halt",
};

const TITLES: Readonly<Record<PlanVerb, string>> = {
  resume: "Resume",
  skip: "Skip the failed steps of",
  cancel: "Cancel",
  abort: "Abort",
  halt: "Halt",
};

function countStates({ targets }: BulkSelection): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of targets) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
