/**
 * Keeps the parts of the console running that act on their own. Each stands alone: one that throws is started again after
 * a moment, one that keeps throwing is parked, and no other hears of it.
 */
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import {
  type FailureRecord,
  isSpent,
  NO_FAILURES,
  STEADY_AFTER_MS,
  speaking,
  waitMsAfter,
  whenSteady,
  withFailure,
} from "./restart-budget.ts";

export interface SupervisedPart {
  /** Unique among those that run. */
  readonly name: string;
  /**
   * Runs until aborted. It is called anew after a failure, with a signal of its own: what is left of the run before has
   * been aborted by then.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** `stopped`: it was aborted, or had nothing more to do. */
export type PartState = "running" | "restarting" | "parked" | "stopped";

export interface PartStatus {
  readonly name: string;
  readonly state: PartState;
  /** When it came to this state. */
  readonly since: EpochMs;
  /** In a row, or those that parked it; 0 = it is well. */
  readonly failures: number;
  /** Of the last failure; `null` = it is well. */
  readonly reason: string | null;
  /** Starts after failures, since the console began. */
  readonly restarts: number;
}

export interface Supervisor {
  /** Runs each part until aborted; resolves when all have ended. Never rejects because of a part. */
  run(parts: readonly SupervisedPart[], signal: AbortSignal): Promise<void>;
  /** Every part that was given, in the order in which they came. */
  list(): readonly PartStatus[];
  /**
   * Starts a parked part again. `steady` resolves when it has run steadily (`true`), or has been parked again or ended
   * before (`false`).
   *
   * @throws OpsError `not-found`, or `conflict` when it is not parked
   */
  restart(name: string): { readonly steady: Promise<boolean> };
}

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** A part has come to another state; not told of a stop that was asked for. */
  readonly onChange: (status: PartStatus) => void;
}

interface Kept {
  readonly part: SupervisedPart;
  status: PartStatus;
  record: FailureRecord;
  /** Ends the wait of a parked one. */
  wake: (() => void) | null;
  /** Who waits to hear whether a restart has helped. */
  asked: ((steady: boolean) => void) | null;
}

export function createSupervisor({ clock, log, onChange }: SupervisorDeps): Supervisor {
  const kept = new Map<string, Kept>();

  function come(to: Kept, state: PartState, change: Partial<PartStatus> = {}): void {
    const since = to.status.state === state ? to.status.since : clock.now();
    const isNews = to.status.state !== state;
    to.status = { ...to.status, ...change, state, since };
    if (isNews && state !== "stopped") tell(to.status);
  }

  function tell(status: PartStatus): void {
    try {
      onChange(status);
    } catch (cause) {
      log.error("console.part.not_told", { part: status.name, cause });
    }
  }

  function answer(of: Kept, steady: boolean): void {
    of.asked?.(steady);
    of.asked = null;
  }

  /** One run of the part, under a signal of its own. Answers whether it failed. */
  async function runOnce(one: Kept, signal: AbortSignal): Promise<boolean> {
    const own = new AbortController();
    const onAbort = () => own.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    void steadily(one, own.signal);
    try {
      await one.part.run(own.signal);
      return false;
    } catch (cause) {
      if (signal.aborted) return false;
      one.record = withFailure(one.record, clock.monotonic());
      one.status = { ...one.status, failures: one.record.inRow, reason: messageOf(cause) };
      log.error("console.part.failed", { part: one.part.name, failures: one.record.inRow, cause });
      return true;
    } finally {
      signal.removeEventListener("abort", onAbort);
      own.abort(new OpsError("cancelled", "This run of the part is over"));
    }
  }

  /** Once it has run for a while it is well again. */
  async function steadily(one: Kept, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(STEADY_AFTER_MS, signal);
    } catch (cause) {
      if (!signal.aborted) log.error("console.part.not_watched", { part: one.part.name, cause });
      return;
    }
    one.record = whenSteady(one.record);
    come(one, "running", { failures: 0, reason: null });
    answer(one, true);
  }

  async function keep(one: Kept, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const failed = await runOnce(one, signal);
      if (!failed) break;
      come(one, "restarting");
      if (isSpent(one.record)) await park(one, signal);
      else await rest(one, signal);
      one.status = { ...one.status, restarts: one.status.restarts + 1 };
    }
    answer(one, false);
    come(one, "stopped");
  }

  async function park(one: Kept, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    one.wake = resolve;
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
    answer(one, false);
    come(one, "parked", { failures: speaking(one.record) });
    log.error("console.part.parked", { part: one.part.name, reason: one.status.reason });
    await promise;
    one.wake = null;
  }

  async function rest(one: Kept, signal: AbortSignal): Promise<void> {
    await clock.sleep(waitMsAfter(one.record), signal).catch((cause: unknown) => {
      if (!signal.aborted) log.error("console.part.not_waited", { part: one.part.name, cause });
    });
  }

  function begun(part: SupervisedPart): Kept {
    const status: PartStatus = {
      name: part.name,
      state: "running",
      since: clock.now(),
      failures: 0,
      reason: null,
      restarts: 0,
    };
    const one: Kept = { part, status, record: NO_FAILURES, wake: null, asked: null };
    kept.set(part.name, one);
    return one;
  }

  return {
    async run(parts, signal) {
      // One listener for all: a signal warns of many.
      const lives = parts.map((part) => ({ part, life: new AbortController() }));
      const onAbort = () => {
        for (const { life } of lives) life.abort(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      try {
        await Promise.all(lives.map(({ part, life }) => keep(begun(part), life.signal)));
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    list: () => [...kept.values()].map(({ status }) => status),
    restart(name) {
      const one = kept.get(name);
      if (one === undefined) throw new OpsError("not-found", `No part ${name}`);
      const { wake } = one;
      if (one.status.state !== "parked" || wake === null)
        throw new OpsError("conflict", `It is ${one.status.state}: only a parked one can be restarted`);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      one.asked = resolve;
      one.record = NO_FAILURES;
      come(one, "running");
      wake();
      return { steady: promise };
    },
  };
}
