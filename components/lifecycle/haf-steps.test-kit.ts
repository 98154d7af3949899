import type { HafFold } from "#server/contract/fold/haf.ts";
import type { HafSample } from "#server/contract/haf.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { createHafReader } from "#server/haf/reader.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";

export interface ReadStep {
  /** From 1. */
  readonly step: number;
  readonly name: string;
  readonly fold: HafFold;
  readonly sample: HafSample | null;
}

/** What the real reader makes of each recorded step, one after the other, as far apart as they were recorded. */
export async function readSteps(): Promise<readonly ReadStep[]> {
  const clock = createManualClock();
  const steps = recordedSteps();
  const { recorder } = createMemoryRecorder(clock);
  let at = 0;
  const reader = createHafReader({
    ...{ sourceId: "hive", store: createRecordedStore({ steps, at: () => at, clock }), engine: null, apps: [] },
    ...{ recorder, view: recorder, clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
  });
  const read: ReadStep[] = [];
  for (const [index, { step, name, observed_at: observedAt }] of steps.entries()) {
    at = index;
    await clock.advance(observedAt - (steps[index - 1]?.observed_at ?? observedAt - 2_000));
    await reader.readNow();
    read.push({ step, name, fold: recorder.haf("hive"), sample: recorder.samples()["haf:hive"]?.haf ?? null });
  }
  return read;
}
