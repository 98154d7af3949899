import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-compare.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { alignRuns, type RunStep } from "./domain/align-runs.ts";
import type { PlanHead, PlanRecord } from "./domain/model.ts";
import { stepCountOf } from "./domain/plan-outline.ts";
import type { PlanFilter } from "./ports.ts";
import { type DynflowSource, observedAt } from "./source-view.ts";

const RUNS_MAX = 20;
/** As the wire says it. */
const STEPS_MAX = 5_000;
const ANY: PlanFilter = { ids: [], states: [], results: [], label: null, startedFrom: null, startedTo: null };

/** Runs of the same label, and two of them step by step. */
export function createCompareService(deps: { readonly sources: readonly DynflowSource[]; readonly clock: Clock }) {
  const { sources, clock } = deps;
  return {
    async runs(caller: Caller, input: WireIn<typeof wire.runsInput>): WireOut<typeof wire.runsOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const [head] = await source.store.heads([input.planId]);
      if (head === undefined) throw new OpsError("not-found", `No plan ${input.planId} in ${source.id}`);
      const { label } = head;
      if (label === null) return { ...observedAt(askedAt, [source]), label, runs: [], suggested: null };
      const latest = await runsOf(source, { ...ANY, label: { kind: "exact", text: label } }, head.id);
      const suggested = lastSuccess(latest, head) ?? (await olderSuccess(source, head, label));
      const runs = suggested === null || latest.includes(suggested) ? latest : [...latest, suggested];
      return { ...observedAt(askedAt, [source]), label, runs: runs.map(toRun), suggested: suggested?.id ?? null };
    },

    async compare(caller: Caller, input: WireIn<typeof wire.compareInput>): WireOut<typeof wire.compareOutput> {
      const source = sourceFor(caller, sources, input.source);
      const askedAt = clock.now();
      const [left, right] = await Promise.all([planOf(source, input.planId), planOf(source, input.otherId)]);
      const pairs = alignRuns(left, right).map(({ phase, actionClass, left: one, right: other, by }) => ({
        phase,
        actionClass,
        left: toStep(one),
        right: toStep(other),
        by,
      }));
      return { ...observedAt(askedAt, [source]), left: toRun(left.head), right: toRun(right.head), pairs };
    },
  };
}

async function planOf(source: DynflowSource, planId: string): Promise<PlanRecord> {
  const outline = await source.store.outline(planId);
  if (outline === null) throw new OpsError("not-found", `No plan ${planId} in ${source.id}`);
  const steps = stepCountOf(outline);
  if (outline.tally !== null || steps > STEPS_MAX) {
    throw new OpsError("limit-exceeded", `Plan ${planId} has ${steps} steps: runs of up to ${STEPS_MAX} are compared`);
  }
  return outline.plan;
}

/** Newest first, without the plan itself; those that never started are no runs. */
async function runsOf(source: DynflowSource, filter: PlanFilter, except: string): Promise<readonly PlanHead[]> {
  const page = await source.store.plans({
    filter,
    sort: "startedAt",
    descending: true,
    limit: RUNS_MAX + 1,
    from: null,
  });
  return page.rows.filter((row) => row.id !== except && row.startedAt !== null).slice(0, RUNS_MAX);
}

const isSuccess = ({ state, result }: PlanHead): boolean => state === "stopped" && result === "success";

/** Before this plan rather than after it. */
const lastSuccess = (runs: readonly PlanHead[], { startedAt }: PlanHead): PlanHead | null =>
  runs.find((run) => isSuccess(run) && (startedAt === null || (run.startedAt ?? "") < startedAt)) ??
  runs.find(isSuccess) ??
  null;

async function olderSuccess(source: DynflowSource, head: PlanHead, label: string): Promise<PlanHead | null> {
  const filter: PlanFilter = {
    ...ANY,
    label: { kind: "exact", text: label },
    states: ["stopped"],
    results: ["success"],
  };
  return lastSuccess(await runsOf(source, filter, head.id), head);
}

const toRun = (head: PlanHead): WireShape<typeof wire.runView> => ({
  id: head.id,
  label: head.label,
  state: head.state,
  result: head.result,
  startedAt: head.startedAt,
  endedAt: head.endedAt,
  realTimeSec: head.realTimeSec,
  executionTimeSec: head.executionTimeSec,
});

function toStep(run: RunStep | null): WireShape<typeof wire.comparedStep> | null {
  if (run === null) return null;
  const { step, waitedSec } = run;
  return {
    id: step.id,
    state: step.state,
    queue: step.queue,
    startedAt: step.startedAt,
    endedAt: step.endedAt,
    realTimeSec: step.realTimeSec,
    executionTimeSec: step.executionTimeSec,
    waitedSec,
  };
}
