import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createRandom } from "#server/demo/dna/random.ts";
import { createStoreKills } from "./store-kills.test-kit.ts";

const KILLS = 25;
/** One in five is killed while it opens the journal, before it has appended anything. */
const EARLY_EVERY = 5;
/** At least, taken together. */
const EVENTS_PER_KILL = 100;
const EARLY_MS = 400;
const LATE_MS = 900;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-kill-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

it("keeps every acknowledged event over 25 times kill -9 under load: no hole, no duplicate, a sound chain", async () => {
  const seed = Date.now() % 1_000_000;
  process.stdout.write(`kills of the store: seed ${seed}\n`);
  const random = createRandom(seed);
  const kills = createStoreKills(directory);
  let acknowledged = 0;
  // On a slow machine it takes more kills until there was enough to be lost.
  for (let round = 1; round <= KILLS || acknowledged <= KILLS * EVENTS_PER_KILL; round += 1) {
    const early = round % EARLY_EVERY === 0;
    const found = await kills.round({ early, afterMs: random.below(early ? EARLY_MS : LATE_MS) });
    expect(found.faults).toEqual([]);
    acknowledged += found.acknowledged;
  }
  const { events, faults } = await kills.judgeAll();
  expect(faults).toEqual([]);
  expect(events).toBeGreaterThanOrEqual(acknowledged);
  process.stdout.write(`${acknowledged} events acknowledged over ${KILLS} kills, ${events} on disk; none lost\n`);
}, 300_000);
