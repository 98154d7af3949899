/** What the machines of the nodes told of themselves, as the map draws it. Pure. */
import type { Samples } from "#server/contract/live.ts";
import type { NodeGlanceOutput } from "#server/contract/wire/dna-node-beats.ts";

/** What is known of the inside of a node, with its instant. */
export interface NodeInside {
  readonly running: number;
  /** Running instances of each partition, `null` = its registry is not there; `null` = not asked for yet. */
  readonly partitions: readonly (number | null)[] | null;
  readonly asOf: number;
}

export type Glances = ReadonlyMap<string, NodeGlanceOutput["nodes"][number]>;

/** `null` = not asked: no access to the nodes is configured, or it was not its turn yet. */
export function insideOf(samples: Samples, glances: Glances, stream: string, incarnation: string): NodeInside | null {
  const told = glances.get(incarnation)?.partitions ?? null;
  const beam = samples[stream]?.beam?.[incarnation];
  if (told !== null)
    return {
      running: told.running.reduce<number>((sum, running) => sum + (running ?? 0), 0),
      partitions: told.running,
      asOf: Date.parse(told.at),
    };
  return beam?.running == null ? null : { running: beam.running, partitions: null, asOf: beam.asOf };
}
