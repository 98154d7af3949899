import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { Clock, EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { withinDeadline } from "./deadline.ts";
import type { Discovery } from "./incarnation-liveness.ts";
import { type DatabaseCluster, type DnaStore, isMalformed } from "./ports.ts";

/** Period of the slow reads: which clusters the table holds, which hosts the database has. */
export const SURROUNDINGS_PERIOD_MS = 30_000;
const SURROUNDINGS_TIMEOUT_MS = 2_000;
/** Clusters of one keyspace that are followed at most; DNA expects one. */
export const CLUSTERS_MAX = 64;

/** A row of a cluster that is not followed was written by a living node if it is younger than this; beats are 5 s apart. */
const WRITTEN_LATELY_MS = 60_000;
/** Clusters that are not followed and looked at for life. */
const LOOKED_AT_MAX = 16;

/** What surrounds the nodes of a source and changes slowly. */
export interface Surroundings {
  /** Looks when it is due; rejects only while no look has ever succeeded. */
  discover(): Promise<void>;
  /** Followed clusters, sorted: those found last and those of which incarnations are remembered. */
  clusters(remembered: readonly string[]): readonly string[];
  follows(cluster: string): boolean;
  discovery(): Discovery | null;
  changes(fold: DnaFold, now: EpochMs): readonly EventDraft[];
}

export function createSurroundings(options: {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "clusters" | "nodes" | "databaseCluster">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clusterFilter?: string | null;
}): Surroundings {
  const { sourceId, store, clock, log } = options;
  const filter = options.clusterFilter ?? null;
  const follows = (cluster: string): boolean => filter === null || cluster === filter;
  let found: readonly string[] = filter === null ? [] : [filter];
  let discovery: Discovery | null = null;
  let database: DatabaseCluster | null = null;
  let clustersAt: MonotonicMs | null = null;
  let databaseAt: MonotonicMs | null = null;

  const isDue = (last: MonotonicMs | null): boolean =>
    last === null || clock.monotonic() - last >= SURROUNDINGS_PERIOD_MS;

  async function lookForClusters(): Promise<void> {
    if (!isDue(clustersAt)) return;
    const startedAt = clock.monotonic();
    const at = clock.now();
    const all = await withinDeadline(clock, SURROUNDINGS_TIMEOUT_MS, "The list of clusters", () => store.clusters());
    const unfollowed = all.filter((cluster) => !follows(cluster));
    const unfollowedAlive = await livingOf(unfollowed);
    clustersAt = startedAt;
    discovery = { at, unfollowed, unfollowedAlive };
    if (filter !== null) return;
    if (all.length > CLUSTERS_MAX) log.warn("dna.reader.too-many-clusters", { source: sourceId, clusters: all.length });
    found = all.slice(0, CLUSTERS_MAX);
  }

  /** By the write times of their rows alone; one that cannot be read may live, and so may those beyond the bound. */
  async function livingOf(unfollowed: readonly string[]): Promise<readonly string[]> {
    const looks = unfollowed.slice(0, LOOKED_AT_MAX).map(async (cluster) => {
      const rows = await withinDeadline(clock, SURROUNDINGS_TIMEOUT_MS, "The nodes table", () => store.nodes(cluster));
      return rows.some((row) => isMalformed(row) || row.writeAgeMs === null || row.writeAgeMs < WRITTEN_LATELY_MS);
    });
    const answers = await Promise.allSettled(looks);
    return unfollowed.filter((_, index) => {
      const answer = answers[index];
      return answer?.status !== "fulfilled" || answer.value;
    });
  }

  async function lookForHosts(): Promise<void> {
    if (!isDue(databaseAt)) return;
    const startedAt = clock.monotonic();
    database = await withinDeadline(clock, SURROUNDINGS_TIMEOUT_MS, "The list of hosts", () => store.databaseCluster());
    databaseAt = startedAt;
  }

  return {
    follows,
    async discover() {
      const [clusters, hosts] = await Promise.allSettled([lookForClusters(), lookForHosts()]);
      if (hosts.status === "rejected") log.debug("dna.reader.hosts-unread", { source: sourceId, cause: hosts.reason });
      if (clusters.status !== "rejected") return;
      if (discovery === null) throw clusters.reason;
      log.debug("dna.reader.clusters-unread", { source: sourceId, cause: clusters.reason });
    },
    clusters: (remembered) => [...new Set([...found, ...remembered.filter(follows)])].sort(),
    discovery: () => discovery,
    changes(fold, now) {
      if (database === null || canonicalJson(database) === canonicalJson(fold.database)) return [];
      return [{ kind: "dna.database.changed", subject: sourceId, occurredAt: now, body: database }];
    },
  };
}
