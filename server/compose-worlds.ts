import { ulid } from "ulid";
import type { JobKindName } from "#server/contract/event.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { createInvalidateKind, INVALIDATE_KIND } from "#server/dynflow/invalidation-job.ts";
import { createInvalidationService } from "#server/dynflow/invalidation-service.ts";
import type { DynflowSource } from "#server/dynflow/source-view.ts";
import { createWorldsService } from "#server/dynflow/worlds-service.ts";
import type { JobKind } from "#server/jobs/ports.ts";
import type { JobRunner } from "#server/jobs/runner.ts";
import type { RetryJob } from "#server/jobs/service.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";

interface WorldsDeps {
  readonly sources: readonly DynflowSource[];
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The kind of job that invalidates a dead world, for the runner. */
export function invalidateKind({ sources, operations, clock, log }: WorldsDeps): JobKind {
  return createInvalidateKind({
    sourceOf(id) {
      const source = sources.find((candidate) => candidate.id === id);
      const commands = source?.commands ?? null;
      if (source === undefined || commands === null) return null;
      return {
        store: source.store,
        worlds: () => commands.worlds(),
        refusal: () => commands.refusal(),
        took: (planId, causedBy) => commands.took(planId, causedBy),
      };
    },
    operations,
    clock,
    log,
  });
}

/** Queries over worlds, and the start of their invalidation, once there is a runner. */
export function composeWorlds(deps: WorldsDeps & { readonly runner: JobRunner; readonly masks: MaskRules }) {
  const { sources, operations, clock, log, runner } = deps;
  const invalidation = createInvalidationService({ clock, jobs: runner, operations, newId: ulid, log });
  const retry: RetryJob = async () => {
    throw new OpsError("refused", "A world is not invalidated by a retry: it has to fail two pings anew");
  };
  const retries: Readonly<Partial<Record<JobKindName, RetryJob>>> = { [INVALIDATE_KIND]: retry };
  return { service: createWorldsService({ sources, clock, invalidation, masks: deps.masks }), retries };
}
