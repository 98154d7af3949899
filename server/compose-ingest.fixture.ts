/**
 * A gateway as a process of its own, for tests that kill it and for measurements: its real doors, spool and receivers,
 * and a journal in memory. Writes a line of JSON with its port, then one of what waits, and when, each 100 ms. Ends on SIGTERM.
 */
import { writeSync } from "node:fs";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { createMemoryJournal } from "#server/journal/adapters/memory/journal.ts";
import { createMemoryNotes } from "#server/journal/adapters/memory/shared-notes.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { demoIngestSettings, openIngest } from "./compose-ingest.ts";

const STDOUT = 1;
const TELL_EVERY_MS = 100;

const [folder = "", overrides = "{}"] = process.argv.slice(2);
const clock = createSystemClock();
const recorder = await createRecorder({ journal: createMemoryJournal(clock), clock, log: silentLogger });
const settings = { ...demoIngestSettings(folder), ...(JSON.parse(overrides) as object) };
const gateway = await openIngest({
  ...{ settings, folder, notes: createMemoryNotes(), shared: false, recorder, clock, log: silentLogger },
  masks: DEFAULT_MASK_RULES,
  reread: () => settings,
});
const { port } = await gateway.start();
writeSync(STDOUT, `${JSON.stringify({ port })}\n`);
const telling = setInterval(() => {
  const told = gateway.pipeline.health().map(({ id, queued, delivered, lagMs, dropped, state }) => ({
    ...{ id, queued, delivered, lagMs, dropped, state },
  }));
  writeSync(STDOUT, `${JSON.stringify({ at: Date.now(), receivers: told })}\n`);
}, TELL_EVERY_MS);
process.once("SIGTERM", () => {
  clearInterval(telling);
  void gateway.stop().then(() => process.exit(0));
});
