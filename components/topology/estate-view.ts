/** The estate as it is drawn: regions, clusters, places of nodes, all in a fixed order that no state changes. Pure. */
import type { DatabaseHostFacts } from "#server/contract/event.ts";
import type { DnaFold, NodeFold, OwnedFold } from "#server/contract/fold/dna.ts";
import type { SourceFold } from "#server/contract/fold/source.ts";
import { nodeWord } from "#server/contract/view/node-word.ts";
import type { EstateOutput } from "#server/contract/wire/estate.ts";

export { nodeWord };

export interface Incarnation {
  /** `created:id` */
  readonly id: string;
  readonly node: NodeFold;
}

/** One node name of a cluster. A restart puts a new incarnation into the same place. */
export interface NodePlace {
  readonly name: string;
  /** Newest first; never empty. */
  readonly incarnations: readonly [Incarnation, ...Incarnation[]];
}

export interface ClusterView {
  readonly source: string;
  readonly stream: string;
  readonly cluster: string;
  readonly title: string;
  readonly places: readonly NodePlace[];
  readonly health: SourceFold;
}

export interface DatabaseView {
  readonly source: string;
  readonly name: string;
  readonly product: string;
  readonly hosts: readonly DatabaseHostFacts[];
  readonly known: boolean;
}

export interface RegionView {
  readonly id: string;
  readonly title: string;
  readonly clusters: readonly ClusterView[];
  readonly databases: readonly DatabaseView[];
}

export interface Drill {
  readonly region: string | null;
  readonly source: string | null;
  readonly cluster: string | null;
}

const collator = new Intl.Collator("en", { numeric: true });
/** Nodes of no configured region are drawn under this one. */
const NO_REGION = "";

interface SourcedFold {
  readonly stream: string;
  readonly id: string;
  readonly fold: DnaFold;
}

type Configured = Pick<EstateOutput, "regions" | "dna">;

/** Regions in configured order, sources by id, clusters and nodes by name. */
export function estateView(sources: readonly SourcedFold[], estate: Configured, drill: Drill): readonly RegionView[] {
  const regionOf = (source: string) => estate.dna.find(({ id }) => id === source)?.region ?? NO_REGION;
  const regions = [...estate.regions, { id: NO_REGION, title: "No region" }];
  return regions
    .filter(({ id }) => drill.region === null || drill.region === id)
    .map(({ id, title }) => {
      const mine = sources.filter(
        (source) => regionOf(source.id) === id && (drill.source === null || drill.source === source.id),
      );
      return {
        id,
        title,
        clusters: mine.flatMap((source) => clustersOf(source, estate, drill.cluster)),
        databases: mine.flatMap(databaseOf),
      };
    })
    .filter(({ clusters, databases }) => clusters.length + databases.length > 0);
}

function clustersOf(
  { stream, id, fold }: SourcedFold,
  estate: Configured,
  only: string | null,
): readonly ClusterView[] {
  const byCluster = new Map<string, Map<string, Incarnation[]>>();
  for (const [incarnation, node] of Object.entries(fold.nodes)) {
    const names = byCluster.get(node.cluster) ?? new Map<string, Incarnation[]>();
    byCluster.set(node.cluster, names);
    const same = names.get(node.node);
    if (same === undefined) names.set(node.node, [{ id: incarnation, node }]);
    else same.push({ id: incarnation, node });
  }
  const title = estate.dna.find((dna) => dna.id === id)?.title ?? id;
  return [...byCluster]
    .filter(([cluster]) => only === null || only === cluster)
    .sort(([a], [b]) => collator.compare(a, b))
    .map(([cluster, names]) => ({
      source: id,
      stream,
      cluster,
      title,
      health: fold.source,
      places: inOrder(`${stream} ${cluster}`, [...names.keys()]).flatMap((name) =>
        placeOf(name, names.get(name) ?? []),
      ),
    }));
}

interface Ordered {
  readonly names: readonly string[];
  readonly sorted: readonly string[];
}

/** What was put in order last, by cluster: states change all the time, names hardly ever. */
const ordered = new Map<string, Ordered>();
const ORDERED_MAX = 256;

/**
 * Names as a person counts them: `node2` before `node10`.
 *
 * @param key tells one list from another, so that one whose names are the same is not sorted again
 */
export function inOrder(key: string, names: readonly string[]): readonly string[] {
  const known = ordered.get(key);
  if (known?.names.length === names.length && names.every((name, at) => name === known.names[at])) return known.sorted;
  const sorted = [...names].sort((a, b) => collator.compare(a, b) || (a < b ? -1 : 1));
  if (ordered.size >= ORDERED_MAX) ordered.clear();
  ordered.set(key, { names, sorted });
  return sorted;
}

function placeOf(name: string, all: readonly Incarnation[]): readonly NodePlace[] {
  const [only] = all;
  if (all.length === 1 && only !== undefined) return [{ name, incarnations: [only] }];
  const [newest, ...older] = [...all].sort((a, b) => b.node.createdAt - a.node.createdAt || (a.id < b.id ? -1 : 1));
  return newest === undefined ? [] : [{ name, incarnations: [newest, ...older] }];
}

function databaseOf({ id, fold }: SourcedFold): readonly DatabaseView[] {
  return fold.database === null ? [] : [{ source: id, ...fold.database, known: fold.source.state === "up" }];
}

export const keysOf = (owned: OwnedFold | undefined): number | null =>
  owned === undefined ? null : owned.counts.reduce((sum, { keys }) => sum + keys, 0);
