const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** A node that turned us away has noted it in its log: so the next attempt waits. */
export const REFUSED_MS = 300_000;

/**
 * Wait after so many failures in a row: 1 s, doubled each time up to 30 s, and of that between a half and the whole by
 * `chance` (0 to 1), so that many nodes that went at once are not all tried at once.
 */
export const jitteredBackOff = (failures: number, chance: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10)) * (0.5 + chance / 2);
