/** What a reader records: only what differs between the fold and what it has judged. Pure. */
import {
  type EventDraft,
  INCARNATION_FLAGS,
  INCARNATION_STATES,
  type IncarnationFlag,
  type SourceHealth,
} from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Flags } from "./domain/flags.ts";
import type { IncarnationId } from "./domain/identity.ts";
import { type Sighting, silenceOf } from "./domain/liveness.ts";
import type { ClusterWatch, SourceWatch } from "./source-watch.ts";

/** An incarnation that has been gone this long, and owns no counted key, is forgotten. */
export const FORGET_AFTER_MS = 24 * 3_600_000;
/** Most incarnations of one source in the fold; beyond it the longest gone are forgotten first. */
export const NODES_KEPT_MAX = 5_000;

export interface SourceVerdict {
  readonly state: SourceHealth;
  readonly reason: string | null;
}

/** The event that brings the fold's health to the verdict, if it differs. */
export function sourceChange(
  fold: DnaFold,
  sourceId: string,
  verdict: SourceVerdict,
  now: EpochMs,
): readonly EventDraft[] {
  const { state, since } = fold.source;
  const never = since === 0;
  if (state === verdict.state && !never) return [];
  return [
    {
      kind: "source.state_changed",
      subject: sourceId,
      occurredAt: now,
      synthetic: true,
      body: { from: never ? null : state, to: verdict.state, reason: verdict.reason },
    },
  ];
}

/** The events that bring the fold's incarnations and unreadable rows to what was judged. */
export function watchChanges(fold: DnaFold, watch: SourceWatch, now: EpochMs): readonly EventDraft[] {
  const drafts: EventDraft[] = [];
  for (const [name, cluster] of watch) {
    for (const [id, sighting] of cluster.sightings.sightings) {
      drafts.push(...incarnationChanges(fold.nodes[id], { id, name, cluster, sighting, now }));
    }
    drafts.push(...unreadableChanges(fold, name, cluster, now));
  }
  return drafts;
}

interface Judged {
  readonly id: IncarnationId;
  readonly name: string;
  readonly cluster: ClusterWatch;
  readonly sighting: Sighting;
  readonly now: EpochMs;
}

function incarnationChanges(known: NodeFold | undefined, judged: Judged): readonly EventDraft[] {
  const { id, name, cluster, sighting, now } = judged;
  const at = { subject: id, occurredAt: now };
  const drafts: EventDraft[] = [];
  if (known === undefined) {
    const { createdAt, id: nodeId } = sighting.incarnation;
    const body = { cluster: name, node: sighting.node, createdAt, nodeId: nodeId.toString() };
    drafts.push({ kind: "dna.node.seen", ...at, body });
  }
  const from = known?.state ?? INCARNATION_STATES[0];
  if (from !== sighting.state) {
    const silentMs = silenceOf(sighting, cluster.sightings);
    const body = { cluster: name, from, to: sighting.state, evidence: sighting.evidence, silentMs };
    drafts.push({ kind: "dna.incarnation.state_changed", ...at, synthetic: true, body });
  }
  const flags = cluster.flags.get(id) ?? {};
  for (const flag of INCARNATION_FLAGS) {
    const change = flagChange(flag, known?.flags ?? {}, flags);
    if (change === null) continue;
    drafts.push({
      kind: "dna.node.flag_changed",
      ...at,
      synthetic: true,
      body: { cluster: name, flag, ...change },
    });
  }
  return drafts;
}

/** A flag changes when it is set or taken away; its evidence alone grows all the time and is no change. */
function flagChange(flag: IncarnationFlag, before: Flags, after: Flags): { set: boolean; evidence: string } | null {
  const evidence = after[flag];
  if ((before[flag] === undefined) === (evidence === undefined)) return null;
  return evidence === undefined ? { set: false, evidence: "no longer so" } : { set: true, evidence };
}

const unreadablePrefix = (cluster: string): string => `nodes/${cluster}/`;

function unreadableChanges(fold: DnaFold, name: string, cluster: ClusterWatch, now: EpochMs): readonly EventDraft[] {
  const prefix = unreadablePrefix(name);
  const drafts: EventDraft[] = [];
  const draft = (key: string, reason: string | null): EventDraft => ({
    kind: "dna.row.unreadable",
    subject: prefix + key,
    occurredAt: now,
    body: { cluster: name, reason },
  });
  for (const [key, reason] of cluster.unreadable) {
    if (fold.unreadable[prefix + key]?.reason !== reason) drafts.push(draft(key, reason));
  }
  if (cluster.sightings.lastReadAt === null) return drafts;
  for (const [subject, entry] of Object.entries(fold.unreadable)) {
    if (entry.cluster !== name || !subject.startsWith(prefix)) continue;
    const key = subject.slice(prefix.length);
    if (!cluster.unreadable.has(key)) drafts.push(draft(key, null));
  }
  return drafts;
}

/**
 * The incarnations to forget: gone for a day and without a counted key; of clusters that are no longer followed; and,
 * above the bound, those that have been gone longest.
 *
 * @param goneSince since when each has been gone by our own memory, which outlasts gaps in the reads
 */
export function forgettable(
  fold: DnaFold,
  followed: (cluster: string) => boolean,
  goneSince: ReadonlyMap<IncarnationId, EpochMs>,
  now: EpochMs,
): readonly EventDraft[] {
  const gone: { id: IncarnationId; node: NodeFold; since: EpochMs }[] = [];
  const drafts: EventDraft[] = [];
  const forget = (id: IncarnationId, node: NodeFold, evidence: string) =>
    drafts.push({
      kind: "dna.node.forgotten",
      subject: id,
      occurredAt: now,
      synthetic: true,
      body: { cluster: node.cluster, evidence },
    });
  const nodes = Object.entries(fold.nodes);
  for (const [id, node] of nodes) {
    if (!followed(node.cluster)) forget(id, node, "its cluster is not followed any more");
    else if (node.state === "gone") gone.push({ id, node, since: goneSince.get(id) ?? node.since });
  }
  gone.sort((a, b) => a.since - b.since);
  let excess = nodes.length - drafts.length - NODES_KEPT_MAX;
  for (const { id, node, since } of gone) {
    const owns = (fold.owned[id]?.counts ?? []).some((count) => count.keys > 0);
    const old = now - since > FORGET_AFTER_MS && !owns;
    if (old) forget(id, node, "gone for a day, and no counted key is its own");
    else if (excess > 0) forget(id, node, `gone longest of over ${NODES_KEPT_MAX} incarnations`);
    else continue;
    excess -= 1;
  }
  return drafts;
}
