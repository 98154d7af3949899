import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

/** The end of one call's time, or the wish of its caller, whichever comes first. */
export interface Deadline {
  /** Aborted when it is over. */
  readonly signal: AbortSignal;
  /** Why it is over, as an error of the call. `sent` = something of it may have been carried out. */
  error(node: string, doing: string, sent: boolean): OpsError;
  /** It is not needed any more. */
  clear(): void;
}

export function startDeadline(clock: Clock, timeoutMs: number, caller?: AbortSignal): Deadline {
  const over = new AbortController();
  const stop = new AbortController();
  let timedOut = false;
  const cancelled = (): void => over.abort();
  if (caller?.aborted) over.abort();
  caller?.addEventListener("abort", cancelled, { once: true });
  clock.sleep(timeoutMs, stop.signal).then(
    () => {
      timedOut = true;
      over.abort();
    },
    () => undefined, // it was cleared
  );
  return {
    signal: over.signal,
    error: (node, doing, sent) =>
      timedOut
        ? new OpsError("upstream-unavailable", `${node}: no answer within ${timeoutMs} ms (${doing})`, {
            details: { sent },
          })
        : new OpsError("cancelled", `${node}: given up by the caller (${doing})`, {
            cause: caller?.reason,
            details: { sent, reason: messageOf(caller?.reason) },
          }),
    clear() {
      stop.abort();
      caller?.removeEventListener("abort", cancelled);
    },
  };
}
