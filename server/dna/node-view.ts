import type { CensusCount } from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna.ts";
import { toIso } from "#server/kernel/clock.ts";
import type { Census } from "./census.ts";
import { toIncarnationId } from "./domain/identity.ts";
import type { Releasable } from "./domain/releasable.ts";
import { type ActorRow, isMalformed, type MalformedRow } from "./ports.ts";
import type { DnaSource } from "./source-view.ts";

export function toNodeView(source: DnaSource, incarnation: string, node: NodeFold): WireShape<typeof wire.nodeView> {
  const sample = source.sample()?.nodes?.[incarnation];
  return {
    source: source.id,
    cluster: node.cluster,
    incarnation,
    node: node.node,
    createdAt: toIso(node.createdAt),
    nodeId: node.nodeId,
    state: node.state,
    since: toIso(node.since),
    evidence: node.evidence,
    flags: { ...node.flags },
    silentMs: sample?.silentMs ?? null,
    load: sample?.load ?? null,
    writeAgeMs: sample?.writeAgeMs ?? null,
    owned: ownedOf(source.fold(), incarnation),
  };
}

/** Keys by type as last counted: by a walk of its own, or by a walk over everybody that found none of it. */
export function ownedOf(fold: DnaFold, incarnation: string): WireShape<typeof wire.nodeView>["owned"] {
  const owned = fold.owned[incarnation];
  if (owned !== undefined)
    return { asOf: toIso(owned.asOf), keys: sumKeys(owned.counts), types: owned.counts.map(toTypeCount) };
  return fold.census === null ? null : { asOf: toIso(fold.census.finishedAt), keys: 0, types: [] };
}

export const sumKeys = (counts: readonly { readonly keys: number }[]): number =>
  counts.reduce((sum, count) => sum + count.keys, 0);
const toTypeCount = ({ namespace, moduleId, keys }: CensusCount) => ({ namespace, moduleId, keys });

export function toReleasableView(judged: Releasable): WireShape<typeof wire.releasable> {
  return { ...judged, reasons: judged.reasons.map((reason) => ({ ...reason })) };
}

/** A row of the register with its owner as the fold knows it. */
export function toActorView(source: DnaSource, row: ActorRow | MalformedRow): WireShape<typeof wire.actorView> {
  if (isMalformed(row)) return { unreadable: true, key: row.key, reason: row.reason };
  const { name, owner, claimedAt } = row;
  if (owner === null) return { name, owner: null, claimedAt: claimedAt === null ? null : toIso(claimedAt) };
  const incarnation = toIncarnationId(owner);
  const known = source.fold().nodes[incarnation];
  return {
    name,
    owner: { incarnation, node: known?.node ?? null, state: known?.state ?? null },
    claimedAt: claimedAt === null ? null : toIso(claimedAt),
  };
}

export function toCensusView(census: Census): Omit<WireShape<typeof wire.censusOutput>, "asOf" | "faults"> {
  return {
    censusId: census.id,
    state: census.state,
    note: census.note,
    startedAt: toIso(census.startedAt),
    finishedAt: census.finishedAt === null ? null : toIso(census.finishedAt),
    rows: census.rows,
    unreadableRows: census.unreadableRows,
    typesDone: census.typesDone,
    typesTotal: census.typesTotal,
    keys: sumKeys(census.types),
    types: census.types.map(({ namespace, moduleId, rows, keys }) => ({ namespace, moduleId, rows, keys })),
  };
}
