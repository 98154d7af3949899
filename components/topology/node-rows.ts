/** The nodes as a table: worst first, then the longest in its state. Pure. */
import type { OwnedFold } from "#server/contract/fold/dna.ts";
import { lookOf, TONES_WORST_FIRST } from "#server/kernel/states.ts";
import { type Incarnation, nodeWord, type RegionView } from "./estate-view.ts";

export interface NodeRow extends Incarnation {
  readonly source: string;
  readonly stream: string;
  readonly cluster: string;
  readonly word: string;
  readonly owned: OwnedFold | null;
  /** The source is not heard. */
  readonly old: boolean;
}

/** Gone is grey, but it comes before what is well: somebody may look for it. */
const rank = (word: string): number => (word === "gone" ? 1.5 : TONES_WORST_FIRST.indexOf(lookOf("node", word).tone));

export function nodeRows(
  regions: readonly RegionView[],
  owned: Readonly<Record<string, OwnedFold>>,
): readonly NodeRow[] {
  return regions
    .flatMap(({ clusters }) => clusters)
    .flatMap(({ source, stream, cluster, places, health }) =>
      places.flatMap(({ incarnations }) =>
        incarnations.map((one) => ({
          ...one,
          source,
          stream,
          cluster,
          word: nodeWord(one.node),
          owned: owned[one.id] ?? null,
          old: health.state !== "up",
        })),
      ),
    )
    .map((row, index) => ({ row, index, rank: rank(row.word) }))
    .sort((a, b) => a.rank - b.rank || (a.rank < 3 ? a.row.node.since - b.row.node.since : 0) || a.index - b.index)
    .map(({ row }) => row);
}
