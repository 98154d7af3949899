import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { actorSubject } from "#server/contract/actor-key.ts";
import { shownText } from "#server/contract/event.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-actors.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { Operations } from "#server/operations/ports.ts";
import { toActorKey } from "./actors-service.ts";
import { createClusterBusy } from "./cluster-lease.ts";
import type { DnaSource } from "./source-view.ts";
import { previewStop, stopActor } from "./stop-actor.ts";
import { createStopMany } from "./stop-many.ts";
import type { StopVerifier } from "./stop-verify.ts";
import { STOP_ACTION } from "./stop-words.ts";

type Stopped = WireShape<typeof wire.stopOutput>;

/** Stops actors: one at once, many as a job. */
export function createStopService(deps: {
  readonly sources: readonly DnaSource[];
  readonly clock: Clock;
  readonly operations: Operations;
  readonly jobs: JobStarter;
  readonly verifier: StopVerifier;
  readonly newId: () => string;
}) {
  const { sources, clock, operations } = deps;
  const starts = createOneStart<Stopped>("This actor is being stopped already.");
  const many = createStopMany({ ...deps, busy: createClusterBusy(sources, deps.jobs) });

  return {
    async stopPreview(
      caller: Caller,
      input: WireIn<typeof wire.stopPreviewInput>,
    ): WireOut<typeof wire.stopPreviewOutput> {
      return previewStop(sourceFor(caller, sources, input.source), input, clock);
    },

    /** The same request twice is one: the second is told what became of it. */
    async stop(caller: Caller, input: WireIn<typeof wire.stopInput>): WireOut<typeof wire.stopOutput> {
      const source = sourceFor(caller, sources, input.source);
      const target = actorSubject(toActorKey(input));
      const known = operations.known(input.requestId);
      return starts.run(`${source.id} ${target}`, input.requestId, async () =>
        known === null ? stopActor(deps, source, caller, input) : again(known, target),
      );
    },

    async stopManyPreview(
      caller: Caller,
      input: WireIn<typeof wire.stopManyPreviewInput>,
    ): WireOut<typeof wire.stopManyPreviewOutput> {
      return many.preview(caller, sourceFor(caller, sources, input.source), input);
    },

    async stopMany(caller: Caller, input: WireIn<typeof wire.stopManyInput>): WireOut<typeof wire.stopManyOutput> {
      return many.start(caller, sourceFor(caller, sources, input.source), input);
    },
  };
}

function again(known: OperationFold, target: string): Stopped {
  if (known.action !== STOP_ACTION || known.target !== target)
    throw new OpsError("invalid-input", "This request id was used for something else");
  const note = known.found === null ? null : shownText(known.found);
  const answer = { journalId: known.id, note };
  switch (known.phase) {
    case "executed":
    case "verified":
      return { ...answer, outcome: "stopped", phase: known.phase };
    case "failed":
      return { ...answer, outcome: "busy", phase: "failed" };
    case "requested":
    case "unknown":
    case "unverified":
    case "denied":
      return { ...answer, outcome: "unknown", phase: "unknown" };
    default:
      return known.phase satisfies never;
  }
}
