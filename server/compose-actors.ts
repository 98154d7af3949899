import { ulid } from "ulid";
import { dnaStream } from "#server/contract/event.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { createActorsService } from "#server/dna/actors-service.ts";
import type { DnaSource } from "#server/dna/source-view.ts";
import { createStopKind } from "#server/dna/stop-job.ts";
import { createStopService } from "#server/dna/stop-service.ts";
import { createStopVerifier } from "#server/dna/stop-verify.ts";
import type { JobKind, JobStarter } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView } from "#server/live/ports.ts";
import type { Operations } from "#server/operations/ports.ts";

interface ActorsDeps {
  readonly sources: readonly Omit<DnaSource, "census">[];
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The kind of job that stops many actors, for the runner. */
export function stopKind({ sources, operations, clock, log }: ActorsDeps): JobKind {
  return createStopKind({
    sourceOf: (id) => sources.find((source) => source.id === id) ?? null,
    operations,
    clock,
    log,
  });
}

/** What can be asked about one key and done to its instance, once there is a runner. */
export function composeActors(
  deps: Omit<ActorsDeps, "sources"> & {
    readonly sources: readonly DnaSource[];
    readonly view: Pick<FoldView, "operator">;
    readonly jobs: JobStarter;
    readonly masks: MaskRules;
  },
) {
  const { sources } = deps;
  const beamOf = (stream: string) => sources.find(({ id }) => dnaStream(id) === stream)?.beam ?? null;
  const verifier = createStopVerifier({ ...deps, beamOf });
  const reads = createActorsService(deps);
  const stops = createStopService({ ...deps, verifier, newId: ulid });
  return { verifier, service: Object.assign(reads, stops) };
}
