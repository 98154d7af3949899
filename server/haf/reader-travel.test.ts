import { expect, it } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import { hafStream } from "#server/contract/event.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { createMemoryJournal, emptyMemory } from "#server/journal/adapters/memory/journal.ts";
import { createJournalService } from "#server/journal/service.ts";
import { toIso } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHafReader } from "./reader.ts";

const STREAM = hafStream("hive");
const CALLER = {
  principal: { id: "ann", role: "operator" as const, kind: "token" as const, sources: null, tokenId: "t" },
  address: "::1",
};

it("is shown as of each past step exactly as it was shown then", async () => {
  const clock = createManualClock();
  const journal = createMemoryJournal(clock, emptyMemory());
  const recorder = await createRecorder({ journal, clock, log: silentLogger });
  const service = createJournalService({ journal, log: silentLogger });
  const steps = recordedSteps();
  let at = 0;
  const reader = createHafReader({
    ...{ sourceId: "hive", store: createRecordedStore({ steps, at: () => at, clock }), engine: null, apps: [] },
    ...{ recorder, view: recorder, clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
  });
  const shown: { readonly at: string; readonly fold: string }[] = [];
  for (const [index] of steps.entries()) {
    at = index;
    await reader.readNow();
    await clock.advance(5_000);
    shown.push({ at: toIso(clock.now()), fold: canonicalJson(recorder.haf("hive")) });
    await clock.advance(5_000);
  }
  for (const then of shown) {
    const { folds } = await service.stateAt(CALLER, { at: then.at });
    expect(canonicalJson(folds[STREAM])).toBe(then.fold);
  }
});
