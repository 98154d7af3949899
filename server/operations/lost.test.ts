import { expect, it } from "vitest";
import { createMemoryJournal } from "#server/journal/adapters/memory/journal.ts";
import { silentLogger as log } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { closeLost } from "./lost.ts";
import { createOperations } from "./operations.ts";

it("says of what an earlier life left open that it is unknown, once; what was settled or is a command to Dynflow stays", async () => {
  const clock = createManualClock();
  const recorder = await createRecorder({ journal: createMemoryJournal(clock), clock, log });
  const operations = createOperations({ recorder, view: recorder, clock });
  const asked = (requestId: string, action: string) => ({
    requestId,
    facts: { action, stream: "dna:eu-1", target: "1:2", expected: {} },
    actor: { user: "ann", role: "admin" as const, address: "", reason: "why" },
  });
  await operations.request(asked("open", "dna.failover.start"));
  await operations.request(asked("sent", "dynflow.plans.resume"));
  await operations.request(asked("shown", "dynflow.plans.reveal"));
  await operations.perform(
    asked("settled", "jobs.pause"),
    async () => null,
    () => null,
  );
  await closeLost({ view: recorder, operations, log });
  await closeLost({ view: recorder, operations, log });
  const phases = recorder.operator().operations.map(({ id, phase }) => [id, phase]);
  expect(phases).toEqual([
    ["open", "unknown"],
    ["sent", "requested"],
    ["shown", "unknown"],
    ["settled", "executed"],
  ]);
  expect(recorder.counts().recorded).toBe(7);
});
