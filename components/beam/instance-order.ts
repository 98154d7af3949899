/** Order of a list of instances. Pure. */
import type { BeamPartitionOutput } from "#server/contract/wire/dna-beam.ts";

export type InstanceLine = BeamPartitionOutput["instances"][number];

export interface InstanceOrder {
  readonly by: "name" | "type" | "mailbox" | "memory" | "status";
  readonly descending: boolean;
}

const VALUES: Readonly<Record<InstanceOrder["by"], (line: InstanceLine) => string | number>> = {
  name: ({ name }) => name,
  type: ({ moduleId, namespace }) => `${String(moduleId).padStart(12)} ${namespace}`,
  mailbox: ({ process }) => process?.mailbox ?? -1,
  memory: ({ process }) => process?.memoryBytes ?? -1,
  status: ({ process }) => process?.status ?? "",
};

/** Sorted by one column; equals stand by their names. */
export function sortInstances(
  lines: readonly InstanceLine[],
  { by, descending }: InstanceOrder,
): readonly InstanceLine[] {
  const value = VALUES[by];
  const sign = descending ? -1 : 1;
  return lines.toSorted((a, b) => sign * compare(value(a), value(b)) || compare(a.name, b.name));
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
