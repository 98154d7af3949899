/** What services decide by: one incarnation as judged at a moment. Pure. */
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import type { BeamWitness } from "./beam-evidence.ts";
import type { BeamVerdict } from "./domain/beam-evidence.ts";
import { type CoordinatorSkew, skewOf } from "./domain/coordinator-skew.ts";
import type { Flags } from "./domain/flags.ts";
import { type Incarnation, type IncarnationId, parseIncarnationId } from "./domain/identity.ts";
import { type ClusterSightings, isBroken, LOOP_LATE_MS, type Sighting, silenceOf } from "./domain/liveness.ts";
import { judgeReleasable, type Releasable } from "./domain/releasable.ts";
import type { ClusterWatch, SourceWatch } from "./source-watch.ts";

/**
 * How much older than the last look for clusters an identity must be before its absence from all of them counts: a live
 * one would have written its row, and thereby its cluster, by then.
 */
const STRANGER_MIN_AGE_MS = 60_000;

export interface IncarnationLiveness {
  readonly incarnationId: IncarnationId;
  /** `null` = never seen in the `nodes` table while this console remembers. */
  readonly cluster: string | null;
  readonly node: string | null;
  readonly state: LifecycleState;
  readonly evidence: string;
  /** Silence counted by us, in ms, as of the last read. */
  readonly silentMs: number;
  /** For how long it has been alive without a break, in ms, as of the last read; `null` = it is not alive. */
  readonly aliveMs: number | null;
  /** Age of the last successful read it rests on, in ms; `null` = none in this series. */
  readonly readAgeMs: number | null;
  readonly writeAgeMs: number | null;
  readonly load: number | null;
  readonly flags: Flags;
  /** Whether it rests on reads that are fresh enough to judge by; `state` is `observing` when not. */
  readonly fresh: boolean;
  readonly releasable: Releasable;
}

/** Lateness of the main loop: while it stands still nothing is measured. */
export interface LoopDelay {
  /** Largest lateness since `since` (of the reader's clock), one that goes on included; in ms. */
  maxLateSince(since: MonotonicMs): number;
}

/** The last time the table was searched for clusters. */
export interface Discovery {
  readonly at: EpochMs;
  /** Clusters that were found and are not followed. */
  readonly unfollowed: readonly string[];
  /** Those of them that were written lately, or could not be read. */
  readonly unfollowedAlive: readonly string[];
}

export interface JudgeContext {
  readonly watch: SourceWatch;
  readonly discovery: Discovery | null;
  readonly now: MonotonicMs;
  readonly loop: LoopDelay;
  /** Who asks the nodes themselves; `null` or left out = nobody. */
  readonly witness?: Pick<BeamWitness, "judge"> | null;
}

/**
 * Judges one incarnation as of `now`, also one that was never seen: that is gone, and silent for as long as the reads
 * of this series have shown the whole table without it. Nothing is judged on reads that are too old.
 */
export function judgeIncarnation(id: IncarnationId, context: JudgeContext): IncarnationLiveness {
  for (const [name, cluster] of context.watch) {
    const sighting = cluster.sightings.sightings.get(id);
    if (sighting !== undefined) return ofSighting(id, name, sighting, cluster, context);
  }
  return ofStranger(id, context);
}

/** What is found at an address that two VMs have shared is no proof of the death of either. */
const SHARED_NAME: BeamVerdict = {
  kind: "unknown",
  detail: "another VM was seen to bear its name, so what is found at that address proves nothing of this one",
};

const isStale = (cluster: ClusterSightings, { now, loop }: JudgeContext): boolean =>
  cluster.lastReadAt === null || isBroken(cluster, now) || loop.maxLateSince(cluster.lastReadAt) > LOOP_LATE_MS;

const verdictOf = (node: string | null, incarnation: Incarnation | null, { witness }: JudgeContext): BeamVerdict =>
  witness == null || incarnation === null ? { kind: "not-configured" } : witness.judge(node, incarnation);

const skewIn = ({ watch, now }: JudgeContext): CoordinatorSkew =>
  skewOf(
    [...watch.values()].map((cluster) => cluster.skew),
    now,
  );

/** Clusters with a beating node beside this one; `null` = all that there are, if more than one. */
function otherClustersAlive(own: string | null, { watch, discovery }: JudgeContext): readonly string[] {
  const beats = ({ state }: Sighting): boolean => state === "alive" || state === "returned";
  const followed = [...watch]
    .filter(([name, cluster]) => name !== own && [...cluster.sightings.sightings.values()].some(beats))
    .map(([name]) => name);
  const all = [...followed, ...(discovery?.unfollowedAlive ?? [])];
  return own === null && all.length === 1 ? [] : all;
}

function ofSighting(
  id: IncarnationId,
  name: string,
  sighting: Sighting,
  cluster: ClusterWatch,
  context: JudgeContext,
): IncarnationLiveness {
  const { node, writeAgeMs, load } = sighting;
  const fresh = !isStale(cluster.sightings, context);
  const state = fresh ? sighting.state : "observing";
  const silentMs = fresh ? silenceOf(sighting, cluster.sightings) : 0;
  const flags = cluster.flags.get(id) ?? {};
  const verdict = verdictOf(node, sighting.incarnation, context);
  const beam = cluster.conflicted.has(id) && verdict.kind === "dead" ? SHARED_NAME : verdict;
  const otherClusters = otherClustersAlive(name, context);
  const { lastReadAt } = cluster.sightings;
  const { aliveSince } = sighting;
  return {
    incarnationId: id,
    cluster: name,
    node,
    state,
    evidence: fresh || sighting.state === "observing" ? sighting.evidence : "not judged: no fresh read",
    silentMs,
    aliveMs: state !== "alive" || aliveSince === null || lastReadAt === null ? null : lastReadAt - aliveSince,
    readAgeMs: lastReadAt === null ? null : context.now - lastReadAt,
    writeAgeMs,
    load,
    flags,
    fresh,
    releasable: judgeReleasable({ state, silentMs, flags, skew: skewIn(context), fresh, beam, otherClusters }),
  };
}

function ofStranger(id: IncarnationId, context: JudgeContext): IncarnationLiveness {
  const clusters = [...context.watch.values()].map((cluster) => cluster.sightings);
  const fresh = clusters.length > 0 && !clusters.some((cluster) => isStale(cluster, context));
  const doubt = fresh ? doubtOf(id, clusters, context.discovery) : "no fresh read of the whole nodes table";
  const state = doubt === null ? "gone" : "observing";
  const silentMs = doubt === null ? Math.min(...clusters.map((cluster) => absenceOf(cluster, id))) : 0;
  const beam = verdictOf(null, parseIncarnationId(id), context);
  const otherClusters = otherClustersAlive(null, context);
  const reads = clusters.flatMap((cluster) => cluster.lastReadAt ?? []);
  return {
    incarnationId: id,
    cluster: null,
    node: null,
    state,
    evidence: doubt === null ? "never seen in the nodes table" : `not judged: ${doubt}`,
    silentMs,
    aliveMs: null,
    readAgeMs: reads.length === 0 ? null : context.now - Math.min(...reads),
    writeAgeMs: null,
    load: null,
    flags: {},
    fresh,
    releasable: judgeReleasable({ state, silentMs, flags: {}, skew: skewIn(context), fresh, beam, otherClusters }),
  };
}

/** Why the absence of an identity from what was read does not yet prove that it is nowhere in the table. */
function doubtOf(id: IncarnationId, clusters: readonly ClusterSightings[], discovery: Discovery | null): string | null {
  const incarnation = parseIncarnationId(id);
  if (incarnation === null) return "its identity cannot be read";
  if (discovery === null) return "the table was not searched for clusters yet";
  if (discovery.unfollowed.length > 0) return "the table holds clusters that this console does not follow";
  if (incarnation.createdAt > discovery.at - STRANGER_MIN_AGE_MS) return "it may be too new to have been seen";
  const unread = clusters.some((cluster) => cluster.unread.get(id) === cluster.lastReadAt);
  return unread ? "its row could not be read" : null;
}

/** For how long the reads of this series have shown the cluster without this incarnation. */
function absenceOf(cluster: ClusterSightings, id: IncarnationId): number {
  const { lastReadAt, seriesSince } = cluster;
  if (lastReadAt === null || seriesSince === null) return 0;
  return lastReadAt - Math.max(seriesSince, cluster.unread.get(id) ?? seriesSince, cluster.blurredAt ?? seriesSince);
}
