/**
 * Flags beside the state: what other incarnations under the same node name tell about this one, and what its own machine
 * does. A node name is only an address (two VMs may share one, e.g. `nonode@nohost`), so a flag never shortens any
 * waiting.
 */

import { LATE_AFTER_MS, type LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { type BeamEvidence, judgeBeam } from "./beam-evidence.ts";
import { type IncarnationId, toIncarnationId } from "./identity.ts";
import { type ClusterSightings, type Sighting, seconds, silenceOf } from "./liveness.ts";

/**
 * Flag to its evidence. `superseded`: a later one of this name is alive; `name_conflict`: both beat; `zombie`: dead by
 * the database, and its machine answers under this very identity.
 */
export interface Flags {
  readonly zombie?: string;
  readonly superseded?: string;
  readonly name_conflict?: string;
}

const NO_FLAGS: Flags = {};

/** The flags of every incarnation of one cluster that has any. */
export function judgeFlags(cluster: ClusterSightings): ReadonlyMap<IncarnationId, Flags> {
  const byNode = new Map<string, Sighting[]>();
  for (const sighting of cluster.sightings.values()) {
    const same = byNode.get(sighting.node);
    if (same === undefined) byNode.set(sighting.node, [sighting]);
    else same.push(sighting);
  }
  const flags = new Map<IncarnationId, Flags>();
  for (const same of byNode.values()) {
    if (same.length < 2 || !same.some(isBeating)) continue;
    for (const sighting of same) {
      const judged = flagsOf(sighting, same, cluster);
      if (judged !== NO_FLAGS) flags.set(toIncarnationId(sighting.incarnation), judged);
    }
  }
  return flags;
}

const BEATING: ReadonlySet<LifecycleState> = new Set(["alive", "returned"]);
const isBeating = (sighting: Sighting): boolean => BEATING.has(sighting.state);

function flagsOf(one: Sighting, same: readonly Sighting[], cluster: ClusterSightings): Flags {
  const rival = same.find((other) => other !== one && bothBeat(one, other));
  if (rival !== undefined) {
    return { name_conflict: `${toIncarnationId(rival.incarnation)} beats under the same node name` };
  }
  const silentMs = silenceOf(one, cluster);
  if (silentMs <= LATE_AFTER_MS) return NO_FLAGS;
  const heir = same.find((other) => isBeating(other) && other.incarnation.createdAt > one.incarnation.createdAt);
  if (heir === undefined) return NO_FLAGS;
  return {
    superseded: `${toIncarnationId(heir.incarnation)}, created later, beats under the same node name; this one has been silent for ${seconds(silentMs)}`,
  };
}

/** Both beat when each was seen to beat after the other was there: a restart alone never looks so. */
function bothBeat(a: Sighting, b: Sighting): boolean {
  return isBeating(a) && isBeating(b) && beatAfter(a, b) && beatAfter(b, a);
}

const beatAfter = (a: Sighting, b: Sighting): boolean =>
  a.lastBeatAt !== null && b.presentSince !== null && a.lastBeatAt > b.presentSince;

/** What was found at the address of a node; `null` = it was never asked. */
export type EvidenceOf = (node: string) => BeamEvidence | null;

const DYING: ReadonlySet<LifecycleState> = new Set(["late", "silent", "gone"]);

/**
 * Adds `zombie` to those that are late, silent or gone by the database while their machine answers under their identity.
 * Only an answer after 10 s of silence says so: an earlier one may be from before its death.
 */
export function withZombies(
  flags: ReadonlyMap<IncarnationId, Flags>,
  cluster: ClusterSightings,
  evidenceOf: EvidenceOf,
  now: MonotonicMs,
): ReadonlyMap<IncarnationId, Flags> {
  const all = new Map(flags);
  for (const [id, sighting] of cluster.sightings) {
    if (!DYING.has(sighting.state) || sighting.quietSince === null) continue;
    const evidence = evidenceOf(sighting.node);
    if (evidence?.identity == null || evidence.identity.at - sighting.quietSince <= LATE_AFTER_MS) continue;
    const verdict = judgeBeam(sighting.incarnation, evidence, now);
    if (verdict.kind !== "alive" || !verdict.fresh) continue;
    all.set(id, { ...all.get(id), zombie: `${sighting.state} by the database, but ${verdict.detail}` });
  }
  return all;
}
