/**
 * The whole console killed (-9) at random points: on the demo, while it is looked at and acted upon. What anybody was
 * shown or answered is on record afterwards, once, and what was under way has an end or is said to be unknown.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { createConsoleKills } from "#e2e/fixtures/console-kills.test-kit.ts";
import { createRandom } from "#server/demo/dna/random.ts";

const KILLS = 5;
const LIFE_MS = 3_000;

let running: RunningConsole;

beforeAll(async () => {
  running = await startConsole({ configuration: "demo: { speed: 4 }" });
});

afterAll(async () => {
  await running?.close();
});

it("has lost nothing it had shown or answered over five kills: no hole, no duplicate, nothing left open", async () => {
  const seed = Date.now() % 1_000_000;
  process.stdout.write(`kills of the console: seed ${seed}\n`);
  const random = createRandom(seed);
  const kills = createConsoleKills(running, "foreman");
  for (let kill = 0; kill < KILLS; kill += 1) expect(await kills.round(random.below(LIFE_MS))).toEqual([]);
  const { shown, acted } = kills.counts();
  expect(shown).toBeGreaterThan(KILLS * 10);
  expect(acted).toBeGreaterThan(0);
  expect(await running.worldline("verify-journal")).toContain("The chain is sound.");
  process.stdout.write(`${shown} events shown, ${acted} requests answered over ${KILLS} kills; none lost\n`);
});
