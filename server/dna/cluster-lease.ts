/** One job at a time that changes a cluster, under whatever source. */
import { dnaStream } from "#server/contract/event.ts";
import type { JobStarter } from "#server/jobs/ports.ts";
import type { DnaSource } from "./source-view.ts";

/** Whether a job that changes the cluster of the source has not ended, also where two sources are the same keyspace. */
export type ClusterBusy = (source: DnaSource) => boolean;

/** Two sources are one cluster's where they are the same keyspace of the same database. */
export function createClusterBusy(sources: readonly DnaSource[], jobs: Pick<JobStarter, "busy">): ClusterBusy {
  return (source) => {
    const database = source.fold().database?.name ?? null;
    return sources
      .filter(
        (other) =>
          other.id === source.id ||
          (database !== null && other.keyspace === source.keyspace && other.fold().database?.name === database),
      )
      .some((other) => jobs.busy(dnaStream(other.id)));
  };
}
