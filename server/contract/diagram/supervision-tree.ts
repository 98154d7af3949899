/**
 * The processes of a DNA node by who supervises whom. Frozen; partitions are told apart up to a bound, above it they are
 * one.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/supervisor.ex, lib/dna/server.ex, lib/dna/server/partition.ex.
 */

/** More partitions than this are drawn as one. */
export const PARTITIONS_DRAWN_MAX = 8;

export interface TreePart {
  readonly key: string;
  readonly label: string;
  /** Who starts it again; `null` = the application. */
  readonly under: string | null;
  /** What it is and what its end takes with it, for people. */
  readonly does: string;
  /** Which partition it belongs to; `all` = it stands for every one; `null` = none. */
  readonly partition: number | "all" | null;
}

const FIXED: readonly TreePart[] = Object.freeze([
  {
    key: "root",
    label: "Dna.Supervisor",
    under: null,
    does: "one for all: when one child ends, all are started again; over 3 in 5 s end the application",
    partition: null,
  },
  {
    key: "cache",
    label: "cache of owners",
    under: "root",
    does: "key to owner, for 60 s from insertion",
    partition: null,
  },
  { key: "database", label: "Dna.DB", under: "root", does: "the database session and its statements", partition: null },
  {
    key: "worker",
    label: "cluster worker",
    under: "root",
    does: "beats and judges its peers; started again it is a new incarnation",
    partition: null,
  },
  {
    key: "server",
    label: "Dna.Server",
    under: "root",
    does: "one for all: when one partition ends, every instance of the node ends with it",
    partition: null,
  },
]);

function partsOf(name: string, partition: number | "all"): readonly TreePart[] {
  const key = `partition ${partition}`;
  return [
    {
      key,
      label: partition === "all" ? name : `Partition ${name}`,
      under: "server",
      does: "starts and finds instances of its share of the keys",
      partition,
    },
    {
      key: `registry ${partition}`,
      label: partition === "all" ? "their registries" : `ObjectRegistry ${name}`,
      under: key,
      does: "key to process; linked: its end is the end of the partition",
      partition,
    },
    {
      key: `actors ${partition}`,
      label: partition === "all" ? "their supervisors" : `ObjectSupervisor ${name}`,
      under: key,
      does: "restarts instances; over 3 crashes of any of them in 5 s end it, and the partition with it",
      partition,
    },
  ];
}

/** The parts of a node with so many partitions, parents before children. */
export function supervisionTree(partitions: number): readonly TreePart[] {
  if (partitions === 0) return FIXED;
  if (partitions > PARTITIONS_DRAWN_MAX) return [...FIXED, ...partsOf(`Partitions 0 to ${partitions - 1}`, "all")];
  return [...FIXED, ...Array.from({ length: partitions }, (_, index) => partsOf(String(index), index)).flat()];
}
