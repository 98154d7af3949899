import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

/** Within what is kept and what has come: there is nothing to be seen elsewhere. */
export const clampInstant = (at: number, first: EpochMs | null, now: EpochMs): EpochMs =>
  epochMs(Math.round(Math.min(now, Math.max(first ?? 0, at))));
