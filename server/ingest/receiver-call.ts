/** One call of a receiver with its time-out; a receiver that hangs is given up and opened anew. */
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError, type OpsErrorCode } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { AgentChange, Envelope, Receiver } from "./ports.ts";

/** `away`: it may take the same list later. `refused`: there is something about the list. */
export interface CallFailure {
  readonly kind: "away" | "refused";
  readonly reason: string;
}

export interface ReceiverCalls {
  /** @param stop from then on the call has only a little time left */
  receive(items: readonly Envelope[], stop: AbortSignal): Promise<CallFailure | null>;
  tell(change: AgentChange): Promise<CallFailure | null>;
  /** Never rejects. */
  close(): Promise<void>;
}

export interface ReceiverCallDeps {
  open(): Promise<Receiver>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const CLOSE_TIMEOUT_MS = 5_000;
/** What a call under way still gets when the gateway ends: what it has not done by then comes again. */
const STOP_TIMEOUT_MS = 800;
const REASON_CHARS_MAX = 300;
const AWAY_CODES: ReadonlySet<OpsErrorCode> = new Set<OpsErrorCode>([
  "upstream-unavailable",
  "journal-unavailable",
  "limit-exceeded",
  "cancelled",
]);

export function createReceiverCalls({ open, timeoutMs, clock, log }: ReceiverCallDeps): ReceiverCalls {
  let receiver: Receiver | null = null;

  async function attempt(
    act: (receiver: Receiver, signal: AbortSignal) => Promise<void>,
    stop: AbortSignal | null = null,
  ): Promise<CallFailure | null> {
    const calling = new AbortController();
    try {
      const result = await within(
        timeoutMs,
        clock,
        async () => {
          const given = receiver ?? (await opened());
          // It was given up meanwhile: whoever is opened late would be one too many.
          if (calling.signal.aborted) return closeOne(given);
          receiver = given;
          await act(given, calling.signal);
        },
        stop,
      );
      if (result === "done") return null;
      const reason = stop?.aborted === true ? "The gateway ends" : `It did not answer within ${timeoutMs} ms`;
      calling.abort(new OpsError("cancelled", reason));
      // What hangs may never come back: its successor begins anew.
      const given = receiver;
      receiver = null;
      if (given !== null) void closeOne(given);
      return { kind: "away", reason };
    } catch (cause) {
      return failureOf(cause);
    }
  }

  /** Nothing of the list is to blame when the receiver cannot be had at all. */
  async function opened(): Promise<Receiver> {
    try {
      return await open();
    } catch (cause) {
      throw new OpsError("upstream-unavailable", `It cannot be opened: ${messageOf(cause)}`, { cause });
    }
  }

  async function closeOne(given: Receiver): Promise<void> {
    try {
      await within(CLOSE_TIMEOUT_MS, clock, () => given.close());
    } catch (cause) {
      log.warn("ingest.receiver.close-failed", { cause: messageOf(cause) });
    }
  }

  return {
    receive: (items, stop) => attempt((given, signal) => given.receive(items, signal), stop),
    tell: (change) => attempt((given) => given.agentChanged(change)),
    async close() {
      const given = receiver;
      receiver = null;
      if (given === null) return;
      await attemptFlush(given);
      await closeOne(given);
    },
  };

  async function attemptFlush(given: Receiver): Promise<void> {
    try {
      await within(CLOSE_TIMEOUT_MS, clock, () => given.flush());
    } catch (cause) {
      log.warn("ingest.receiver.flush-failed", { cause: messageOf(cause) });
    }
  }
}

function failureOf(cause: unknown): CallFailure {
  const isAway = cause instanceof OpsError && AWAY_CODES.has(cause.code);
  return { kind: isAway ? "away" : "refused", reason: messageOf(cause).slice(0, REASON_CHARS_MAX) };
}

/** Whether it ended in time; what it does later is heard by nobody. */
async function within(
  limitMs: number,
  clock: Clock,
  act: () => Promise<void>,
  stop: AbortSignal | null = null,
): Promise<"done" | "late"> {
  const ended = new AbortController();
  const acting = act().then(() => "done" as const);
  const late = pauseOf(clock, limitMs, ended.signal);
  const waits = stop === null ? [late] : [late, lateAfter(stop, clock, ended.signal)];
  try {
    return await Promise.race([acting, ...waits]);
  } finally {
    ended.abort();
    acting.catch(() => undefined);
  }
}

const pauseOf = (clock: Clock, ms: number, ended: AbortSignal): Promise<"late"> =>
  clock.sleep(ms, ended).then(
    () => "late",
    () => "late",
  );

function lateAfter(stop: AbortSignal, clock: Clock, ended: AbortSignal): Promise<"late"> {
  return new Promise((resolve) => {
    const begin = () => void pauseOf(clock, STOP_TIMEOUT_MS, ended).then(resolve);
    if (stop.aborted) return begin();
    stop.addEventListener("abort", begin, { once: true, signal: ended });
  });
}
