/** Everything that asks the nodes of one source by itself: samples, links, doubles. */
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { createDoubleWatch, type DoubleWatch } from "./beam-doubles.ts";
import type { BeamWitness } from "./beam-evidence.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type BeamWatch, createBeamWatch } from "./beam-watch.ts";

/** What is known of the nodes of a source from the nodes themselves. */
export interface NodeInsides {
  readonly witness: BeamWitness;
  readonly watch: Pick<BeamWatch, "sample" | "samples">;
  readonly doubles: Pick<DoubleWatch, "suspect" | "coverage">;
}

export interface NodeInsidesRun extends NodeInsides {
  /** Asks until aborted; survives every failure of nodes and journal. */
  run(signal: AbortSignal): Promise<void>;
}

export function createNodeInsides(deps: {
  readonly sourceId: string;
  readonly beam: DnaBeam;
  readonly witness: BeamWitness;
  readonly recorder: Recorder;
  readonly view: FoldView;
  readonly clock: Clock;
  readonly log: Logger;
}): NodeInsidesRun {
  const watch = createBeamWatch(deps);
  const doubles = createDoubleWatch({ ...deps, samples: watch.samples });
  return {
    witness: deps.witness,
    watch,
    doubles,
    async run(signal) {
      await Promise.all([watch.run(signal), doubles.run(signal)]);
    },
  };
}
