/** Waits between tries that fail: 1, 2, 4 … 32 s, each with half of it left to chance, so that agents do not come together. */
export const BACK_OFF_MIN_MS = 1_000;
export const BACK_OFF_MAX_MS = 32_000;

export interface BackOff {
  /** The next wait. */
  failedMs(): number;
  succeeded(): void;
}

/** @param random from 0 to below 1 */
export function createBackOff(random: () => number): BackOff {
  let tries = 0;
  return {
    failedMs() {
      const whole = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** tries);
      tries = Math.min(tries + 1, 10);
      return Math.round(whole / 2 + (whole / 2) * random());
    },
    succeeded() {
      tries = 0;
    },
  };
}
