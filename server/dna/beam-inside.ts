/** Everything that asks the nodes of one source by itself: samples, links, doubles. */
import { dnaStream, type EventDraft } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
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

const FORGET_RETRY_MS = 5_000;

/** What an earlier life of the console knew of nodes that nobody asks any more, taken back. */
export function forgotten({ beam, doubled }: Pick<DnaFold, "beam" | "doubled">, now: EpochMs): readonly EventDraft[] {
  const reason = "access to the nodes is not configured any more";
  return [
    ...Object.entries(beam).map(([node, { cluster }]): EventDraft => {
      const body = { cluster, node, state: "none" as const, reason, identity: null };
      return { kind: "dna.beam.changed", subject: node, occurredAt: now, synthetic: true, body };
    }),
    ...Object.entries(doubled).map(([subject, { namespace, moduleId, name }]): EventDraft => {
      const body = { namespace, moduleId, name, reason: `not known any more: ${reason}` };
      return { kind: "dna.actor.undoubled", subject, occurredAt: now, synthetic: true, body };
    }),
  ];
}

/** Takes it back once, as soon as the journal can be written. */
export async function forgetInsides(
  deps: Pick<Parameters<typeof createNodeInsides>[0], "sourceId" | "recorder" | "view" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  const { sourceId, recorder, view, clock, log } = deps;
  while (!signal.aborted) {
    const drafts = forgotten(view.dna(sourceId), clock.now());
    if (drafts.length === 0) return;
    try {
      await recorder.record(dnaStream(sourceId), drafts);
    } catch (cause) {
      log.warn("dna.beam.not-recorded", { source: sourceId, cause });
      await clock.sleep(FORGET_RETRY_MS, signal).catch((aborted: unknown) => {
        if (!signal.aborted) throw aborted;
      });
    }
  }
}
