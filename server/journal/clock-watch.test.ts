import { beforeEach, expect, it } from "vitest";
import { createMemoryJournal, emptyMemory } from "#server/journal/adapters/memory/journal.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { createClockWatch } from "./clock-watch.ts";

const HOUR_MS = 3_600_000;
const START = 1_795_300_000_000;

let manual: ManualClock;
let offsetMs: number;
let clock: Clock;
let content: ReturnType<typeof emptyMemory>;
beforeEach(() => {
  manual = createManualClock(START);
  offsetMs = 0;
  clock = { ...manual, now: () => epochMs(manual.now() + offsetMs) };
  content = emptyMemory();
});

async function watch(forMs: (advance: (ms: number) => Promise<void>) => Promise<void>) {
  const journal = createMemoryJournal(clock, content);
  const recorder = await createRecorder({ journal, clock, log: silentLogger });
  const abort = new AbortController();
  const running = createClockWatch({ journal, recorder, clock, log: silentLogger }).run(abort.signal);
  await forMs(manual.advance);
  abort.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  await recorder.stop();
  return (content.streams.get("console") ?? []).map(({ kind, body, observedAt }) => ({ kind, body, observedAt }));
}

it("says once that the clock went back an hour, in an event that is not stamped before those it follows", async () => {
  const told = await watch(async (advance) => {
    await advance(10_000);
    offsetMs = -HOUR_MS;
    await advance(10_000);
  });
  const [step] = told;
  expect(told).toHaveLength(1);
  expect(step).toMatchObject({ kind: "console.clock_stepped" });
  expect(step?.body).toEqual({ from: START + 11_000, to: START + 11_000 - HOUR_MS });
});

it("says nothing of a clock that runs, is slewed or is set forward", async () => {
  const told = await watch(async (advance) => {
    await advance(5_000);
    offsetMs = -400;
    await advance(5_000);
    offsetMs = HOUR_MS;
    await advance(5_000);
  });
  expect(told).toEqual([]);
});

it("says so at the start when the clock was set back while no console was running", async () => {
  const journal = createMemoryJournal(clock, content);
  await journal.append("dna:eu-1", [
    { kind: "dna.row.unreadable", body: { cluster: "c", reason: null }, subject: "r", occurredAt: epochMs(1) },
  ]);
  offsetMs = -HOUR_MS;
  const told = await watch((advance) => advance(3_000));
  expect(told.map(({ body }) => body)).toEqual([{ from: START, to: START - HOUR_MS }]);
});
