import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fuzzDistribution } from "#server/dna/codec/dist/dist-fuzz.test-kit.ts";

/** At least so many must take a decoder past its first bytes: else the others prove nothing. */
const PAST_MIN = 0.3;
/** Between a tenth of the way and the end, each after a collection. */
const GROWTH_MAX_BYTES = 16 * 1024 ** 2;
const TELL_EVERY = 100_000;
const SLICE = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Sends seeded mutated frames and terms of a real node through the distribution client's codecs. False when one did harm. */
export async function soakDistribution(count: number, seed: number): Promise<boolean> {
  say(`dist: ${count}, seed ${seed}`);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = process.cpuUsage();
  const faults: string[] = [];
  let past = 0;
  let slowestMs = 0;
  let earlyBytes = 0;
  for (let done = 0; done < count; done += SLICE) {
    if (done >= count / 10 && earlyBytes === 0) earlyBytes = heap();
    if (done > 0 && done % TELL_EVERY === 0) say(`${done} of ${count}`);
    const slice = fuzzDistribution(Math.min(SLICE, count - done), seed + done);
    faults.push(...slice.faults);
    past += slice.past;
    slowestMs = Math.max(slowestMs, slice.slowestMs);
    // What Node puts off until nobody is at work (the ends of inflaters) is done now, as it is in a server.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const growthBytes = heap() - earlyBytes;
  const { user, system } = process.cpuUsage(before);
  for (const fault of faults) say(`${fault}\n  replay: npm run soak -- dist 1 ${/seed (\d+)/.exec(fault)?.[1] ?? ""}`);
  say(
    `${count} frames and terms in ${Math.round((user + system) / 1_000_000)} s of CPU: ${((past / count) * 100).toFixed(1)} % decoded past 16 bytes, ` +
      `slowest ${slowestMs.toFixed(1)} ms, heap grown by ${(growthBytes / 1024 ** 2).toFixed(1)} MB, ${faults.length} faults`,
  );
  return faults.length === 0 && past / count >= PAST_MIN && growthBytes < GROWTH_MAX_BYTES;
}
