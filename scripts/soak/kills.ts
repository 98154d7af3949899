import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startConsole } from "#e2e/fixtures/console.ts";
import { createConsoleKills } from "#e2e/fixtures/console-kills.test-kit.ts";
import { ensureBuilt } from "#scripts/process/build.mjs";
import { createRandom, type Random } from "#server/demo/dna/random.ts";
import { createStoreKills } from "#server/journal/adapters/sqlite/store-kills.test-kit.ts";

/** Of all kills, one in ten is of a whole console. */
const CONSOLE_SHARE = 0.1;
const STORE_LIFE_MS = 900;
const CONSOLE_LIFE_MS = 4_000;
/** One in five is killed while it opens the journal. */
const EARLY = 0.2;
/** Everything is walked anew, with the chain, after so many kills of the store. */
const WALK_EVERY = 25;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Kills the store's process, then a whole console on the demo, at seeded random points. False when anything was lost. */
export async function soakKills(rounds: number, seed: number): Promise<boolean> {
  say(`kills: ${rounds}, seed ${seed}`);
  const random = createRandom(seed);
  const ofConsole = Math.max(1, Math.round(rounds * CONSOLE_SHARE));
  const sound = await killStore(Math.max(1, rounds - ofConsole), random);
  return (await killConsole(ofConsole, random)) && sound;
}

async function killStore(rounds: number, random: Random): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "worldline-soak-"));
  const kills = createStoreKills(directory);
  let acknowledged = 0;
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const found = await kills.round({ early: random.chance(EARLY), afterMs: random.below(STORE_LIFE_MS) });
      acknowledged += found.acknowledged;
      const walked = round % WALK_EVERY === 0 || round === rounds ? await kills.judgeAll() : null;
      if (walked !== null) say(`store: ${round} of ${rounds}, ${acknowledged} acknowledged, ${walked.events} on disk`);
      if (!tell(`store, kill ${round}`, [...found.faults, ...(walked?.faults ?? [])])) return false;
    }
    return true;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function killConsole(rounds: number, random: Random): Promise<boolean> {
  const { failed } = await ensureBuilt(process.cwd());
  if (failed !== null) return tell("build", [failed]);
  const running = await startConsole({ configuration: "demo: { speed: 4 }" });
  try {
    const kills = createConsoleKills(running, "foreman");
    for (let round = 1; round <= rounds; round += 1) {
      if (!tell(`console, kill ${round}`, await kills.round(random.below(CONSOLE_LIFE_MS)))) return false;
      const { shown, acted } = kills.counts();
      say(`console: ${round} of ${rounds}, ${shown} events shown, ${acted} requests answered`);
    }
    const verdict = await running.worldline("verify-journal");
    return tell("console, chain", verdict.includes("The chain is sound.") ? [] : [verdict]);
  } finally {
    await running.close();
  }
}

/** False when there are faults. */
function tell(where: string, faults: readonly string[]): boolean {
  for (const fault of faults) say(`${where}: ${fault}`);
  return faults.length === 0;
}
