import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** Ends the wait; one for all, as making an error costs more than the call it ends. */
const ANSWERED = new Error("it was answered");

/**
 * Bounds one call to an upstream in time, by the given clock; a call that is late is told to stop.
 *
 * @throws OpsError `upstream-unavailable` when it did not answer in time; a later answer is dropped
 */
export async function withinDeadline<T>(
  clock: Clock,
  limitMs: number,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timer = new AbortController();
  const late = new AbortController();
  const deadline = clock.sleep(limitMs, timer.signal).then((): never => {
    const error = new OpsError("upstream-unavailable", `${what} did not answer within ${limitMs / 1_000} s`);
    late.abort(error);
    throw error;
  });
  try {
    return await Promise.race([(async () => call(late.signal))(), deadline]);
  } finally {
    timer.abort(ANSWERED);
  }
}
