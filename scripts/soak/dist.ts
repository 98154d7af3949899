import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fuzzDistribution } from "#server/dna/codec/dist/dist-fuzz.test-kit.ts";

/** At least so many must take a decoder past its first bytes: else the others prove nothing. */
const PAST_MIN = 0.3;
/** Between a tenth of the way and the end, each after a collection. */
const GROWTH_MAX_BYTES = 16 * 1024 ** 2;
const TELL_EVERY = 100_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Sends seeded mutated frames and terms of a real node through the distribution client's codecs. False when one did harm. */
export function soakDistribution(count: number, seed: number): boolean {
  say(`dist: ${count}, seed ${seed}`);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = process.cpuUsage();
  const early = Math.floor(count / 10);
  let earlyBytes = 0;
  const { past, slowestMs, faults } = fuzzDistribution(count, seed, (done) => {
    if (done === early) earlyBytes = heap();
    if (done > 0 && done % TELL_EVERY === 0) say(`${done} of ${count}`);
  });
  const growthBytes = heap() - earlyBytes;
  const { user, system } = process.cpuUsage(before);
  for (const fault of faults) say(`${fault}\n  replay: npm run soak -- dist 1 ${/seed (\d+)/.exec(fault)?.[1] ?? ""}`);
  say(
    `${count} frames and terms in ${Math.round((user + system) / 1_000_000)} s of CPU: ${((past / count) * 100).toFixed(1)} % decoded past 16 bytes, ` +
      `slowest ${slowestMs.toFixed(1)} ms, heap grown by ${(growthBytes / 1024 ** 2).toFixed(1)} MB, ${faults.length} faults`,
  );
  return faults.length === 0 && past / count >= PAST_MIN && growthBytes < GROWTH_MAX_BYTES;
}
