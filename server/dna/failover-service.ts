import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { dnaStream } from "#server/contract/event.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as dna from "#server/contract/wire/dna.ts";
import type * as wire from "#server/contract/wire/dna-failover.ts";
import type { JobRecord, JobStarter } from "#server/jobs/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Operations } from "#server/operations/ports.ts";
import { createClusterBusy } from "./cluster-lease.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { createFailoverStarts, startFailover, startKeyFailover } from "./failover.ts";
import { readBookmark } from "./failover-bookmark.ts";
import { readFailoverParams } from "./failover-params.ts";
import { notMovedOf, previewFailover, refusalsOf, targetsOf } from "./failover-preview.ts";
import { toActorView, toReleasableView } from "./node-view.ts";
import { isMalformed } from "./ports.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";

/** Failover of dead nodes: what it would touch, its start, and whom it gave what. */
export function createFailoverService(deps: {
  readonly sources: readonly DnaSource[];
  readonly clock: Clock;
  readonly jobs: JobStarter;
  /** A job as it is on disk; `null` = there is none. */
  readonly jobOf: (jobId: string) => JobRecord | null;
  readonly operations: Operations;
  readonly newId: () => string;
}) {
  const { sources, clock, jobs } = deps;
  const starts = createFailoverStarts();

  const busy = createClusterBusy(sources, jobs);
  const starting = { ...deps, starts, busy, now: () => clock.now() };

  return {
    async preview(caller: Caller, input: WireIn<typeof dna.nodeInput>): WireOut<typeof wire.failoverPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      return previewFailover(source, input.incarnation, busy(source));
    },

    start(caller: Caller, input: WireIn<typeof wire.failoverStartInput>): WireOut<typeof wire.failoverStartOutput> {
      return startFailover(starting, sourceFor(caller, sources, input.source), caller, input);
    },

    async previewKey(
      caller: Caller,
      input: WireIn<typeof dna.actorInput>,
    ): WireOut<typeof wire.failoverKeyPreviewOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { namespace, moduleId, name } = input;
      const row = await source.store.actor({ namespace, moduleId, name }, "serial");
      const observed = asOfNow(clock, source);
      const view = row === null ? null : toActorView(source, row);
      if (row === null || isMalformed(row) || row.owner === null || view === null || "unreadable" in view) {
        const why =
          row === null
            ? "Nobody owns it: the next message to it claims it."
            : isMalformed(row)
              ? `Its row cannot be read: ${row.reason}`
              : "Its row has no owner: the next message to it claims it.";
        const none = { targets: [], targetsLeftOut: 0, claimRefusal: null };
        return {
          ...observed,
          ...{ owner: null, claimedAt: null, releasable: null, refusals: [why], notMoved: null },
          ...none,
        };
      }
      const owner = toIncarnationId(row.owner);
      const judged = source.liveness.releasable(owner);
      const unread = ["This console has not read the nodes table since it started"];
      return {
        ...observed,
        owner: view.owner,
        claimedAt: view.claimedAt,
        releasable: judged === null ? null : toReleasableView(judged),
        refusals: judged === null ? unread : refusalsOf(source, judged.reasons, busy(source)),
        notMoved: notMovedOf(view.owner?.state ?? ""),
        ...targetsOf(source, owner),
      };
    },

    startKey(
      caller: Caller,
      input: WireIn<typeof wire.failoverKeyStartInput>,
    ): WireOut<typeof wire.failoverStartOutput> {
      return startKeyFailover(starting, sourceFor(caller, sources, input.source), caller, input);
    },

    async job(caller: Caller, input: WireIn<typeof wire.failoverJobInput>): WireOut<typeof wire.failoverJobOutput> {
      const source = sourceFor(caller, sources, input.source);
      const record = deps.jobOf(input.jobId);
      if (record === null || record.facts.kind !== "dna.failover" || record.facts.stream !== dnaStream(source.id))
        throw new OpsError("not-found", `No failover ${input.jobId} in ${source.id}`);
      // A console that follows knows a job by what the journal tells of it.
      if (Object.keys(record.params).length === 0) return { plan: null };
      const { key, targets } = readFailoverParams(record.params);
      const { given } = readBookmark(record.bookmark);
      return {
        plan: {
          key: key === null ? null : key.name,
          targets:
            targets?.map(({ incarnationId, node, weight }) => ({
              incarnation: incarnationId,
              node,
              weight,
              given: given[incarnationId] ?? 0,
            })) ?? null,
        },
      };
    },
  };
}
