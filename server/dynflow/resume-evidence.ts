import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import type { PlanRecord } from "./domain/model.ts";
import type { Lock } from "./domain/records.ts";
import { plainRefusal } from "./domain/refusal-words.ts";

/** Time in which an accepted execution has to show in the plan's row or lock. */
export const VERIFY_TIMEOUT_MS = 30_000;
/**
 * An executor that took the lock of a plan that had stopped meanwhile says Accepted, then Failed; one that is busy says
 * either late. Until so long a start in the history may be that of another request, and the reply still tells which: a
 * plan that nobody holds any more has been answered Done or Failed.
 */
export const SETTLED_AFTER_MS = 10_000;

/** What was sent, and all that is known of it. */
export interface SentExecution {
  /** Dynflow's request id: what a lock names. */
  readonly requestId: string;
  readonly executorId: string;
  /** Entries `start execution` in the plan's history before it was sent. */
  readonly startsBefore: number;
  readonly sentAt: EpochMs;
  readonly acceptedAt: EpochMs | null;
  readonly done: boolean;
  readonly failed: string | null;
}

/** The plan and its execution lock as just read. */
export interface Observed {
  readonly plan: PlanRecord | null;
  readonly lock: Lock | null;
  /** Its inhibition lock is there. */
  readonly inhibited?: boolean;
}

export type Verdict = {
  readonly phase: Extract<OperationPhase, "executed" | "failed" | "unknown" | "verified" | "unverified">;
  readonly found: string;
  /** What the executor itself said, whole, where `found` has it in plain words. */
  readonly upstream?: string;
};

/**
 * What the evidence says of an execution that was sent, as the next phase to journal; `null` = nothing new. Pure.
 *
 * Never concludes from silence: a message that was delivered and not answered is unknown until the lock, the plan's
 * history or a late reply tells.
 */
export function judgeExecution(
  phase: OperationPhase,
  sent: SentExecution,
  observed: Observed | null,
  now: EpochMs,
): Verdict | null {
  if (phase === "failed" || phase === "denied" || phase === "unverified") return null;
  if (sent.failed !== null) {
    return { phase: "failed", found: failedBecause(sent.failed, observed), upstream: sent.failed };
  }
  if (phase === "verified") return null;
  const ran = evidenceOfRun(phase, sent, observed, now);
  if (ran !== null) return { phase: "verified", found: ran };
  if (phase === "executed") {
    if (now - sent.sentAt <= VERIFY_TIMEOUT_MS) return null;
    return { phase: "unverified", found: `The plan showed no sign of it in ${VERIFY_TIMEOUT_MS / 1_000} s` };
  }
  if (sent.acceptedAt !== null) return { phase: "executed", found: acceptedBy(sent) };
  if (holdsLock(sent, observed)) {
    return { phase: "executed", found: `Executor ${sent.executorId} holds the plan's lock under our request` };
  }
  if (phase === "requested") return { phase: "unknown", found: UNKNOWN };
  return null;
}

export const acceptedBy = (sent: Pick<SentExecution, "executorId">): string =>
  `Executor ${sent.executorId} took the plan's lock and accepted`;

/** What the executor said, and what the database says: who holds the lock, or how the plan stands. */
function failedBecause(error: string, observed: Observed | null): string {
  const text = plainRefusal(error);
  const lock = observed?.lock ?? null;
  if (lock !== null) {
    return `The executor refused: ${text}. Executor ${lock.worldId} executes the plan under request ${lock.requestId}`;
  }
  const plan = observed?.plan ?? null;
  return plan === null
    ? `The executor refused: ${text}`
    : `The executor refused: ${text}. The plan is ${stateOf(plan)}`;
}

const UNKNOWN = "It is not known whether the message arrived: the plan's lock, its history or a late reply will tell";

const holdsLock = (sent: SentExecution, observed: Observed | null): boolean =>
  observed?.lock?.requestId === sent.requestId;

function evidenceOfRun(
  phase: OperationPhase,
  sent: SentExecution,
  observed: Observed | null,
  now: EpochMs,
): string | null {
  const outcome =
    observed?.plan === undefined || observed.plan === null ? "" : `; the plan is ${stateOf(observed.plan)}`;
  if (sent.done) return `The execution ended${outcome}`;
  if (observed === null) return null;
  if (holdsLock(sent, observed) && observed.plan?.head.state === "running") {
    return `The plan runs under our request, on executor ${observed.lock?.worldId ?? sent.executorId}`;
  }
  const start = newStart(sent, observed);
  if (start === null || (observed.lock !== null && !holdsLock(sent, observed))) return null;
  const takenAt = phase === "executed" ? (sent.acceptedAt ?? sent.sentAt) : sent.sentAt;
  if (now - takenAt < SETTLED_AFTER_MS) return null;
  return `Executor ${sent.executorId} started it at ${toIso(start)}${outcome}`;
}

const stateOf = (plan: PlanRecord): string => `${plan.head.state}, ${plan.head.result}`;

/** A start by the executor that was asked, later than those that were there before. */
function newStart(sent: SentExecution, { plan }: Observed): EpochMs | null {
  const start = starts(plan)
    .slice(sent.startsBefore)
    .find((entry) => entry.worldId === sent.executorId);
  return start === undefined ? null : epochMs(start.timeSec * 1_000);
}

const starts = (plan: PlanRecord | null) =>
  plan?.history.ok ? plan.history.value.filter((entry) => entry.name === "start execution") : [];

/** How often the plan was started so far. */
export const startCount = (plan: PlanRecord): number => starts(plan).length;
