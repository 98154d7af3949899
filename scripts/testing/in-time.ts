import { expect } from "vitest";

const ATTEMPTS = 3;

/**
 * Holds what a promise names a time for against that time. A machine that others use may be late once; what is too slow
 * by itself is too slow each time: one attempt in time is enough, and none fails with what each has taken.
 *
 * @param attempt the same anew each time; answers what it took, in ms
 */
export async function expectInTime(limitMs: number, attempt: () => Promise<number>): Promise<void> {
  const tookMs: number[] = [];
  while (tookMs.length < ATTEMPTS) {
    const ms = await attempt();
    if (ms < limitMs) return;
    tookMs.push(Math.round(ms));
  }
  expect.fail(`not once within ${limitMs} ms: it took ${tookMs.join(", ")} ms`);
}

/** Milliseconds until it is settled. */
export async function msOf(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
