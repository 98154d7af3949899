/** Time as a test can judge it on a machine that does other things, too: what they take does not count. */

const TRIES = 3;
const TICK_MS = 10;

/** CPU time that this thread needs to run it, in ms: the best of three, so that neither a compiler nor a collector counts. */
export function workMs(run: () => void): number {
  const tries = Array.from({ length: TRIES }, () => {
    const from = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(from);
    return (user + system) / 1_000;
  });
  return Math.min(...tries);
}

/**
 * Time as this process's event loop has it, in ms from now on: it stands while the loop does. Never ahead of the clock.
 */
export function startLoopTime(): { elapsedMs(): number; stop(): void } {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, TICK_MS);
  return { elapsedMs: () => ticks * TICK_MS, stop: () => clearInterval(timer) };
}
