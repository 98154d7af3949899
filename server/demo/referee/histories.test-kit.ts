import { expect, it } from "vitest";
import { historyOf, judgeHistory, noFigures } from "./random-history.test-kit.ts";

/** Histories of one file; all files together play 20,000. */
const HISTORIES = 5_000;
/** Of the process's own CPU, whoever else uses the machine: 3.0 ms each alone on it, 3.8 at ten times its load. */
const CPU_MAX_MS = 5;
const TIMEOUT_MS = 180_000;
const SHOWN_MAX = 5;

/**
 * Plays one part of the 20,000 histories. A failing one is told by its number, and is played again by
 * `npm run soak -- dna --seed <number>`.
 *
 * @param part 0 to 3
 */
export function itHoldsOver(part: number): void {
  const [from, to] = [part * HISTORIES + 1, (part + 1) * HISTORIES];
  it(
    `histories ${from} to ${to}: the console tells what is so, judges nothing across a gap, and doubles no owner`,
    async () => {
      const figures = noFigures();
      const failed: string[] = [];
      const before = process.cpuUsage();
      for (let seed = from; seed <= to; seed += 1) {
        const faults = await judgeHistory(historyOf(seed), figures);
        if (faults.length > 0 && failed.length < SHOWN_MAX) failed.push(`seed ${seed}: ${faults[0] ?? ""}`);
      }
      const { user, system } = process.cpuUsage(before);
      const cpuMsPerHistory = Math.round((user + system) / HISTORIES) / 1_000;
      process.stdout.write(`histories ${from}..${to}: ${JSON.stringify({ cpuMsPerHistory, ...figures })}\n`);
      expect(failed).toEqual([]);
      expect(figures.released).toBeGreaterThan(1_000);
      expect(figures.claimed).toBeGreaterThan(1_000);
      expect(figures.resumed).toBeGreaterThan(50);
      expect(figures.takenOver).toBeGreaterThan(100);
      expect(figures.reported).toBeGreaterThan(100);
      expect(cpuMsPerHistory).toBeLessThan(CPU_MAX_MS);
    },
    TIMEOUT_MS,
  );
}
