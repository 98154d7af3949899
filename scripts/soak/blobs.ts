import { fuzzBlobs } from "#server/dynflow/codec/blob-fuzz.test-kit.ts";

/** At least so many of the blobs must take a decoder past its first bytes: else the others prove nothing. */
const PAST_MIN = 0.3;
const HEAP_MAX_BYTES = 1024 ** 3;
const TELL_EVERY = 100_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Sends seeded mutated blobs of real databases through every decoder of Dynflow's formats. False when one did harm. */
export function soakBlobs(count: number, seed: number): boolean {
  say(`blobs: ${count}, seed ${seed}`);
  const before = process.cpuUsage();
  const { past, slowestMs, heapMaxBytes, faults } = fuzzBlobs(count, seed, (done) => {
    if (done > 0 && done % TELL_EVERY === 0) say(`${done} of ${count}`);
  });
  const { user, system } = process.cpuUsage(before);
  for (const fault of faults) say(fault);
  say(
    `${count} blobs in ${Math.round((user + system) / 1_000_000)} s of CPU: ${((past / count) * 100).toFixed(1)} % decoded past 16 bytes, ` +
      `slowest ${Math.round(slowestMs)} ms, heap at most ${Math.round(heapMaxBytes / 1024 ** 2)} MB, ${faults.length} faults`,
  );
  return faults.length === 0 && past / count >= PAST_MIN && heapMaxBytes < HEAP_MAX_BYTES;
}
