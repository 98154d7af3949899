import { dnaStream } from "#server/contract/event.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { ActorWatch } from "./actor-watch.ts";
import type { CountsChanged, KeyChanged } from "./failover-job.ts";

/** What a failover changed, as the journal is told: watched keys one by one, counts every few seconds. */
export function toldBy(
  recorder: Recorder & Pick<FoldView, "operator">,
  clock: Clock,
  actorsOf: (sourceId: string) => Pick<ActorWatch, "released" | "claimed"> | null,
) {
  const requestOf = (jobId: string): string | null => recorder.operator().jobs[jobId]?.requestId ?? null;
  return {
    onKey({ jobId, sourceId, incarnationId, key, to, claimedAt }: KeyChanged): void {
      const job = { id: jobId, requestId: requestOf(jobId) };
      const actors = actorsOf(sourceId);
      if (to === null || claimedAt === null) actors?.released(key, incarnationId, job);
      else actors?.claimed(key, incarnationId, { to, claimedAt }, job);
    },
    async onCounts({ id, jobId, sourceId, incarnationId, changes }: CountsChanged): Promise<void> {
      await recorder.record(dnaStream(sourceId), [
        {
          id,
          kind: "dna.census.adjusted",
          subject: incarnationId,
          occurredAt: clock.now(),
          causedBy: requestOf(jobId),
          body: { jobId, changes: changes.map((change) => ({ ...change })) },
        },
      ]);
    },
  };
}
