/** What a census says of a source: live owners and how evenly they hold, orphans, types. Pure, over the fold. */
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export interface OwnerLine {
  readonly incarnation: string;
  /** `null` = never seen in the nodes table. */
  readonly node: string | null;
  /** State as judged now; `never seen` for a stranger. */
  readonly state: string;
  readonly keys: number;
  readonly countedAt: EpochMs;
  readonly types: readonly TypeLine[];
}

export interface TypeLine {
  readonly id: string;
  readonly namespace: string;
  readonly moduleId: number;
  /** Rows of the register, or keys of one owner. */
  readonly keys: number;
}

export interface CensusResult {
  readonly countedAt: EpochMs;
  readonly startedAt: EpochMs;
  readonly rows: number;
  readonly keys: number;
  readonly unreadableRows: number;
  readonly otherKeys: number;
  /** Owners that live, most keys first. */
  readonly live: readonly OwnerLine[];
  /** Owners that are gone, silent or were never seen, most keys first. */
  readonly orphans: readonly OwnerLine[];
  readonly orphanKeys: number;
  readonly types: readonly TypeLine[];
  /** `null` = fewer than two live nodes. */
  readonly skew: { readonly mean: number; readonly max: number; readonly ratio: number } | null;
}

export const NEVER_SEEN = "never seen";
const LIVING: ReadonlySet<string> = new Set(["alive", "returned", "late", "observing"]);

/** `null` = the keys of this source were never counted. */
export function censusResult(fold: DnaFold): CensusResult | null {
  const { census, owned, nodes } = fold;
  if (census === null) return null;
  const owners = Object.entries(owned).map(([incarnation, { asOf, counts }]): OwnerLine => {
    const node = Object.hasOwn(nodes, incarnation) ? nodes[incarnation] : undefined;
    const types = counts.map(toTypeLine).sort((a, b) => b.keys - a.keys);
    const keys = types.reduce((sum, type) => sum + type.keys, 0);
    return { incarnation, node: node?.node ?? null, state: node?.state ?? NEVER_SEEN, keys, countedAt: asOf, types };
  });
  // A live node that the census did not meet owns nothing: that is part of how even the load is.
  const idle = Object.entries(nodes)
    .filter(([id, { state }]) => LIVING.has(state) && !Object.hasOwn(owned, id))
    .map(([incarnation, { node, state }]): OwnerLine => {
      return { incarnation, node, state, keys: 0, countedAt: census.finishedAt, types: [] };
    });
  const sorted = [...owners.filter(({ keys }) => keys > 0), ...idle].sort(mostFirst);
  const live = sorted.filter(({ state }) => LIVING.has(state));
  const orphans = sorted.filter(({ state }) => !LIVING.has(state));
  const sum = (lines: readonly OwnerLine[]) => lines.reduce((total, { keys }) => total + keys, 0);
  return {
    countedAt: census.finishedAt,
    startedAt: census.startedAt,
    rows: census.rows,
    keys: sum(sorted) + census.otherKeys,
    unreadableRows: census.unreadableRows,
    otherKeys: census.otherKeys,
    live,
    orphans,
    orphanKeys: sum(orphans),
    types:
      census.types.length > 0
        ? census.types.map(({ rows, ...type }) => toTypeLine({ ...type, keys: rows })).sort((a, b) => b.keys - a.keys)
        : typesOf(sorted),
    skew: skewOf(live),
  };
}

const toTypeLine = ({ namespace, moduleId, keys }: Omit<TypeLine, "id">): TypeLine => ({
  id: `${moduleId}/${namespace}`,
  namespace,
  moduleId,
  keys,
});

const mostFirst = (a: OwnerLine, b: OwnerLine): number => b.keys - a.keys || (a.incarnation < b.incarnation ? -1 : 1);

/** What an older version of the console counted has no rows by type: they are those of its owners. */
function typesOf(owners: readonly OwnerLine[]): readonly TypeLine[] {
  const types = new Map<string, TypeLine>();
  for (const type of owners.flatMap((owner) => owner.types))
    types.set(type.id, { ...type, keys: type.keys + (types.get(type.id)?.keys ?? 0) });
  return [...types.values()].sort((a, b) => b.keys - a.keys);
}

function skewOf(live: readonly OwnerLine[]): CensusResult["skew"] {
  const total = live.reduce((sum, { keys }) => sum + keys, 0);
  if (live.length < 2 || total === 0) return null;
  const mean = total / live.length;
  const max = live[0]?.keys ?? 0;
  return { mean, max, ratio: max / mean };
}
