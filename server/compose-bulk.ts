import { ulid } from "ulid";
import type { Caller } from "#server/auth/caller.ts";
import type { JobKindName } from "#server/contract/event.ts";
import { createBulkKind } from "#server/dynflow/bulk-job.ts";
import { createBulkService } from "#server/dynflow/bulk-service.ts";
import { PLAN_VERBS } from "#server/dynflow/commands.ts";
import type { DynflowSource } from "#server/dynflow/source-view.ts";
import type { JobKind } from "#server/jobs/ports.ts";
import type { JobRunner } from "#server/jobs/runner.ts";
import type { RetryJob } from "#server/jobs/service.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";

interface BulkDeps {
  readonly sources: readonly DynflowSource[];
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The kinds of bulk work on plans, for the runner. */
export function bulkKinds({ sources, operations, clock, log }: BulkDeps): readonly JobKind[] {
  const sourceOf = (id: string) => sources.find((source) => source.id === id)?.commands ?? null;
  return PLAN_VERBS.map((verb) => createBulkKind(verb, { sourceOf, operations, clock, log }));
}

/** Previews and starts of bulk work on plans, once there is a runner; verdicts that come late reach their jobs. */
export function composeBulk(deps: BulkDeps & { readonly runner: JobRunner; readonly operatorLimit: number }) {
  const { sources, runner, operations, clock, operatorLimit } = deps;
  for (const { commands } of sources) {
    commands?.onVerdict((jobId, key, { outcome, note }) =>
      runner.settle(jobId, { key, outcome, note, at: clock.now() }),
    );
  }
  const service = createBulkService({ clock, jobs: runner, operations, newId: ulid, operatorLimit });
  const retry: RetryJob = (caller: Caller, record, keys, input) => {
    const source = sources.find(({ id }) => id === record.facts.target);
    if (source === undefined)
      throw new OpsError("refused", `The source ${record.facts.target} is not configured any more`);
    return service.retry(caller, source, record, keys, input);
  };
  const retries: Readonly<Partial<Record<JobKindName, RetryJob>>> = {
    "dynflow.plans.resume": retry,
    "dynflow.plans.skip": retry,
    "dynflow.plans.cancel": retry,
    "dynflow.plans.abort": retry,
    "dynflow.plans.halt": retry,
  };
  return { service, retries };
}
