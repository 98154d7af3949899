/**
 * Liveness of incarnations, judged as a DNA peer judges them: by whether *this observer* has seen the heartbeat column
 * change lately, never by comparing it with a clock (it is the writer's own monotonic time, usually negative).
 *
 * Silence is counted only across successful reads of one unbroken series, each stamped at its start with our monotonic
 * clock. A series breaks when two such reads are more than 5 s apart, when the main loop was late by more than 1 s, and
 * when the console starts: then every silence is 0 and every state `observing`, until a fresh read.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/cluster.ex `ClusterNode.new_or_update/6`, `ClusterNode.expired?/1`.
 */
import {
  LATE_AFTER_MS,
  type LifecycleEvent,
  type LifecycleState,
  OLD_WRITE_MS,
  READ_GAP_MS,
  SILENT_AFTER_MS,
  STEADY_AFTER_MS,
  stepLifecycle,
  YOUNG_WRITE_MS,
} from "#server/contract/diagram/dna-lifecycle.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import type { Incarnation, IncarnationId } from "./identity.ts";

/** Most incarnations that are followed in one cluster; further rows are left alone and not judged. */
export const INCARNATIONS_MAX = 5_000;
/** Lateness of the main loop beyond which nothing read meanwhile is trusted as a measure of time. */
export const LOOP_LATE_MS = 1_000;

/** What this observer remembers of one incarnation. All instants are starts of reads. */
export interface Sighting {
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly state: LifecycleState;
  /** Why it is in this state, in words. */
  readonly evidence: string;
  /** Last value read in this series; `null` = none yet. */
  readonly heartbeat: bigint | null;
  /** The first read of this series that showed its row; `null` = none yet. */
  readonly presentSince: MonotonicMs | null;
  /** From when silence counts; `null` = nothing counted yet. */
  readonly quietSince: MonotonicMs | null;
  /** The last read of this series that showed a changed value; `null` = no change seen yet. */
  readonly lastBeatAt: MonotonicMs | null;
  /** A read of this process has shown its row, in whatever series: an old write may be an outage's doing since. */
  readonly seenBefore: boolean;
  /** When it entered `returned`. */
  readonly returnedAt: MonotonicMs | null;
  /** When it entered `alive`, and has been so since without a break; `null` = it is not. */
  readonly aliveSince: MonotonicMs | null;
  readonly load: number | null;
  readonly writeAgeMs: number | null;
}

/** What this observer remembers of one cluster: one partition of `nodes`, read as a whole. */
export interface ClusterSightings {
  readonly cluster: string;
  /** Start of the last successful read of the unbroken series; `null` = the series is broken. */
  readonly lastReadAt: MonotonicMs | null;
  /** Start of the first read of the series. */
  readonly seriesSince: MonotonicMs | null;
  readonly sightings: ReadonlyMap<IncarnationId, Sighting>;
  /** Incarnations whose row is there but could not be read (or is not followed), and when last in this series. */
  readonly unread: ReadonlyMap<IncarnationId, MonotonicMs>;
  /** Last read of this series that held a row whose identity could not be read either: absence proves nothing then. */
  readonly blurredAt: MonotonicMs | null;
}

/** One row of a read. */
export interface ReadRow {
  readonly id: IncarnationId;
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly heartbeat: bigint;
  readonly load: number | null;
  readonly writeAgeMs: number | null;
}

/** One successful read of a cluster's partition. */
export interface ClusterRead {
  readonly startedAt: MonotonicMs;
  readonly rows: readonly ReadRow[];
  /** Identities of rows that are there but could not be read. */
  readonly unreadIds: readonly IncarnationId[];
  /** Rows that could not be read, not even their identity. */
  readonly nameless: number;
  /** Largest lateness of the main loop since the read before, in ms. */
  readonly loopLateMs: number;
}

export const emptyCluster = (cluster: string): ClusterSightings => ({
  cluster,
  lastReadAt: null,
  seriesSince: null,
  sightings: new Map(),
  unread: new Map(),
  blurredAt: null,
});

/** An incarnation of which nothing is known but its name: at the start from the fold, or just seen. */
export const newSighting = (incarnation: Incarnation, node: string, evidence: string): Sighting => ({
  incarnation,
  node,
  state: "observing",
  evidence,
  heartbeat: null,
  presentSince: null,
  quietSince: null,
  lastBeatAt: null,
  seenBefore: false,
  returnedAt: null,
  aliveSince: null,
  load: null,
  writeAgeMs: null,
});

/** Silence counted by us: from the last change to the last successful read, in ms. 0 when nothing was counted. */
export function silenceOf(sighting: Sighting, cluster: ClusterSightings): number {
  if (sighting.quietSince === null || cluster.lastReadAt === null) return 0;
  return cluster.lastReadAt - sighting.quietSince;
}

/** Whether the series can no longer be continued by a read that starts at `now`. */
export const isBroken = (cluster: ClusterSightings, now: MonotonicMs): boolean =>
  cluster.lastReadAt !== null && now - cluster.lastReadAt > READ_GAP_MS;

/** Breaks the series: every silence is 0, every state `observing`. */
export function interrupt(cluster: ClusterSightings, why: string): ClusterSightings {
  const sightings = new Map<IncarnationId, Sighting>();
  for (const [id, sighting] of cluster.sightings) sightings.set(id, withoutHistory(sighting, why));
  return { ...cluster, lastReadAt: null, seriesSince: null, sightings, unread: new Map(), blurredAt: null };
}

/** Folds one successful read into what was known; breaks the series first when it must. Pure and total. */
export function observeRead(before: ClusterSightings, read: ClusterRead): ClusterSightings {
  const at = read.startedAt;
  const cluster = continued(before, read);
  const sightings = new Map(cluster.sightings);
  const unread = new Map(cluster.unread);
  for (const id of read.unreadIds) unread.set(id, at);
  const present = new Set<IncarnationId>();
  for (const row of read.rows) {
    const known = sightings.get(row.id);
    if (known === undefined && sightings.size >= INCARNATIONS_MAX) {
      unread.set(row.id, at);
      continue;
    }
    present.add(row.id);
    sightings.set(row.id, observePresent(known ?? newSighting(row.incarnation, row.node, "first seen"), row, at));
  }
  for (const [id, sighting] of cluster.sightings) {
    if (present.has(id)) continue;
    const doubtful = read.nameless > 0 || unread.get(id) === at;
    sightings.set(id, doubtful ? withoutHistory(sighting, "its row could not be read") : observeAbsent(sighting, at));
  }
  return {
    ...cluster,
    lastReadAt: at,
    seriesSince: cluster.seriesSince ?? at,
    sightings,
    unread,
    blurredAt: read.nameless > 0 ? at : cluster.blurredAt,
  };
}

function continued(cluster: ClusterSightings, read: ClusterRead): ClusterSightings {
  if (isBroken(cluster, read.startedAt)) {
    const gapMs = read.startedAt - (cluster.lastReadAt ?? read.startedAt);
    return interrupt(cluster, `no successful read for ${seconds(gapMs)}`);
  }
  if (read.loopLateMs > LOOP_LATE_MS) return interrupt(cluster, `this console was late by ${seconds(read.loopLateMs)}`);
  return cluster;
}

function withoutHistory(sighting: Sighting, why: string): Sighting {
  const clean = newSighting(sighting.incarnation, sighting.node, `not judged: ${why}`);
  return { ...clean, seenBefore: sighting.seenBefore, state: stepLifecycle(sighting.state, "gap") };
}

function observePresent(before: Sighting, row: ReadRow, at: MonotonicMs): Sighting {
  const first = before.heartbeat === null;
  const changed = !first && before.heartbeat !== row.heartbeat;
  const quietSince = first || changed ? at : (before.quietSince ?? at);
  const seen: Sighting = {
    ...before,
    node: row.node,
    heartbeat: row.heartbeat,
    presentSince: before.presentSince ?? at,
    seenBefore: true,
    quietSince,
    lastBeatAt: changed ? at : before.lastBeatAt,
    load: row.load,
    writeAgeMs: row.writeAgeMs,
  };
  let next = apply(seen, "present", "its row is back", at);
  if (changed) next = apply(next, "beat", "its heartbeat changed", at);
  next = applyWriteAge(next, row.writeAgeMs, !before.seenBefore, at);
  return applyTime(next, at - quietSince, at);
}

/**
 * The write time is a hint of the database's clock: it may speed up `alive` and start as `late`, never more. After a
 * gap it starts nothing: while the database was away nobody could write.
 */
function applyWriteAge(sighting: Sighting, writeAgeMs: number | null, firstSight: boolean, at: MonotonicMs): Sighting {
  if (writeAgeMs === null || sighting.state !== "observing") return sighting;
  const evidence = `written ${seconds(writeAgeMs)} ago by the database's clock`;
  if (writeAgeMs < YOUNG_WRITE_MS) return apply(sighting, "young_write", evidence, at);
  if (firstSight && writeAgeMs > OLD_WRITE_MS) return apply(sighting, "old_write", evidence, at);
  return sighting;
}

function applyTime(sighting: Sighting, silentMs: number, at: MonotonicMs): Sighting {
  let next = sighting;
  if (silentMs >= LATE_AFTER_MS) {
    const evidence = `no change for ${seconds(silentMs)}`;
    next = apply(next, "quiet_10s", evidence, at);
    if (silentMs >= SILENT_AFTER_MS) next = apply(next, "quiet_20s", evidence, at);
  }
  if (next.returnedAt !== null && at - next.returnedAt >= STEADY_AFTER_MS)
    next = apply(next, "steady_30s", "steady beats for 30 s since its return", at);
  return next;
}

function observeAbsent(before: Sighting, at: MonotonicMs): Sighting {
  const seen: Sighting = { ...before, quietSince: before.quietSince ?? at, load: null, writeAgeMs: null };
  return apply(seen, "absent", "its row is not in the table", at);
}

function apply(sighting: Sighting, event: LifecycleEvent, evidence: string, at: MonotonicMs): Sighting {
  const state = stepLifecycle(sighting.state, event);
  if (state === sighting.state) return sighting;
  const [returnedAt, aliveSince] = [state === "returned" ? at : null, state === "alive" ? at : null];
  return { ...sighting, state, evidence, returnedAt, aliveSince };
}

/** Milliseconds as seconds with one decimal, for people. */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
