import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import { EXECUTION_LOCK_CLASS, lockOf, planLockId } from "./domain/records.ts";
import type { DynflowStore, EnvelopeHandle } from "./ports.ts";
import { judgeExecution, type Observed, type SentExecution, type Verdict } from "./resume-evidence.ts";
import { awaitReplies } from "./resume-ping.ts";

/** More executions than this are not waited for at once: a bound on what each tick reads. */
const OPEN_MAX = 100;
const TICK_MS = 1_000;
/** An unknown outcome is looked after each second while it is young, then in longer steps, then only by replies. */
const YOUNG_MS = 60_000;
const OLD_TICK_MS = 15_000;
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** One execution as kept beside the journal, written before its message is sent. */
export interface TrackedExecution {
  readonly operation: OperationRequest;
  readonly planId: string;
  readonly requestId: string;
  readonly executorId: string;
  readonly startsBefore: number;
  readonly sentAt: EpochMs;
  /** Row of the message, as soon as it is known; `null` = it may never have been stored. */
  readonly rowId: number | null;
  /** It is known that the receiver took it. */
  readonly delivered: boolean;
}

/** Follows executions until evidence has settled them, also those of an earlier life of the console. */
export interface ExecutionTracker {
  /** Takes up what an earlier life left behind. Before our world empties its inbox for the first time. */
  load(): Promise<void>;
  /** Durable when it resolves; nothing may be sent before. Held until `release`: its owner looks after it. */
  track(execution: TrackedExecution): Promise<void>;
  stored(operationId: string, handle: EnvelopeHandle): Promise<void>;
  /** Resolves with the next reply to it, or after this time. */
  reply(operationId: string, timeoutMs: number): Promise<void>;
  hasReply(operationId: string): boolean;
  /** Takes the message back if nobody has read it yet; true = it is, and the operation is settled as failed. */
  withdraw(operationId: string): Promise<boolean>;
  /** Reads the evidence and journals what it says. Answers the phase it is in then. */
  settle(operationId: string): Promise<OperationPhase>;
  /** It turned out that nothing was sent. */
  drop(operationId: string): Promise<void>;
  release(operationId: string): void;
  isTracked(operationId: string): boolean;
  run(signal: AbortSignal): Promise<void>;
}

export interface ExecutionTrackerOptions {
  readonly sourceId: string;
  readonly store: Pick<DynflowStore, "plan" | "records">;
  readonly world: ClientWorld;
  readonly state: StateStore;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Open {
  execution: TrackedExecution;
  held: boolean;
  acceptedAt: EpochMs | null;
  done: boolean;
  failed: string | null;
  lookedAt: EpochMs | null;
  readonly replies: ReturnType<typeof awaitReplies>;
}

export function createExecutionTracker(options: ExecutionTrackerOptions): ExecutionTracker {
  const { sourceId, store, world, state, operations, clock, log } = options;
  const namespace = `dynflow-requests:${sourceId}`;
  const open = new Map<string, Open>();

  const openOf = (operationId: string): Open => {
    const found = open.get(operationId);
    if (found === undefined) throw new OpsError("not-found", `No execution is open for request ${operationId}`);
    return found;
  };

  function add(execution: TrackedExecution, held: boolean): void {
    const replies = awaitReplies(world, execution.requestId, clock);
    const entry: Open = { execution, held, acceptedAt: null, done: false, failed: null, lookedAt: null, replies };
    open.set(execution.operation.requestId, entry);
  }

  /** Takes in every reply that has arrived; waits for the first of them at most this long. */
  async function takeReplies(entry: Open, timeoutMs: number): Promise<void> {
    for (let reply = await entry.replies.next(timeoutMs); reply !== null; reply = entry.replies.takeArrived()) {
      if (reply.type === "Accepted") entry.acceptedAt ??= clock.now();
      else if (reply.type === "Done") entry.done = true;
      else if (reply.type === "Failed") entry.failed ??= reply.error;
    }
  }

  const save = (execution: TrackedExecution): Promise<void> =>
    state.put(namespace, execution.operation.requestId, JSON.stringify(execution));

  async function drop(operationId: string): Promise<void> {
    open.get(operationId)?.replies.end();
    open.delete(operationId);
    await state.putAll(namespace, [{ key: operationId, value: null }]);
  }

  /** `null` when it could not be read now: then only replies count. */
  async function observe(planId: string): Promise<Observed | null> {
    try {
      const key = { class: EXECUTION_LOCK_CLASS, id: planLockId(planId) };
      const [plan, records] = await Promise.all([store.plan(planId), store.records([key])]);
      return { plan, lock: records.flatMap((record) => lockOf(record) ?? [])[0] ?? null };
    } catch (cause) {
      log.info("dynflow.evidence.unread", { sourceId, planId, cause });
      return null;
    }
  }

  const phaseOf = (operationId: string): OperationPhase => operations.known(operationId)?.phase ?? "unknown";

  async function settle(operationId: string): Promise<OperationPhase> {
    const entry = openOf(operationId);
    const observed = await observe(entry.execution.planId);
    await takeReplies(entry, 0);
    entry.lookedAt = clock.now();
    for (;;) {
      const phase = phaseOf(operationId);
      const verdict = judgeExecution(phase, toSent(entry), observed, clock.now());
      if (verdict === null) return phase;
      await journal(entry, verdict);
      if (FINAL.has(verdict.phase)) {
        await drop(operationId);
        return verdict.phase;
      }
    }
  }

  async function journal(entry: Open, verdict: Verdict): Promise<void> {
    await operations.settle(entry.execution.operation, verdict.phase, verdict.found);
  }

  async function withdraw(operationId: string): Promise<boolean> {
    const entry = openOf(operationId);
    const { rowId, delivered, executorId } = entry.execution;
    if (rowId === null || delivered || answered(entry)) return false;
    const withdrawn = await world.withdraw({ rowId });
    if (!withdrawn) {
      entry.execution = { ...entry.execution, delivered: true };
      await save(entry.execution);
      return false;
    }
    await journal(entry, {
      phase: "failed",
      found: `Executor ${executorId} did not take the message: it was withdrawn, nothing was executed`,
    });
    await drop(operationId);
    return true;
  }

  async function lookAfter(operationId: string): Promise<void> {
    const entry = openOf(operationId);
    await takeReplies(entry, 0);
    const now = clock.now();
    const ageMs = now - entry.execution.sentAt;
    const intervalMs = ageMs <= YOUNG_MS ? 0 : OLD_TICK_MS;
    if (entry.lookedAt !== null && !answered(entry) && now - entry.lookedAt < intervalMs) return;
    if (ageMs > GIVE_UP_AFTER_MS) return drop(operationId);
    if (await withdraw(operationId)) return;
    await settle(operationId);
  }

  return {
    async load() {
      for (const { key, value } of await state.list(namespace)) {
        const execution = JSON.parse(value) as TrackedExecution;
        if (FINAL.has(phaseOf(key))) await drop(key);
        else add(execution, false);
      }
    },
    async track(execution) {
      if (open.size >= OPEN_MAX) {
        throw new OpsError("limit-exceeded", `${OPEN_MAX} executions are still unsettled: wait for some of them`);
      }
      await save(execution);
      add(execution, true);
    },
    async stored(operationId, handle) {
      const entry = openOf(operationId);
      entry.execution = { ...entry.execution, rowId: handle.rowId };
      await save(entry.execution);
    },
    reply: (operationId, timeoutMs) => takeReplies(openOf(operationId), timeoutMs),
    hasReply: (operationId) => answered(openOf(operationId)),
    withdraw,
    settle,
    drop,
    release(operationId) {
      const entry = open.get(operationId);
      if (entry !== undefined) entry.held = false;
    },
    isTracked: (operationId) => open.has(operationId),
    async run(signal) {
      while (!signal.aborted) {
        for (const [operationId, { held }] of [...open]) {
          if (held || !open.has(operationId)) continue;
          try {
            await lookAfter(operationId);
          } catch (cause) {
            log.warn("dynflow.execution.unsettled", { sourceId, operationId, cause });
          }
        }
        await clock.sleep(TICK_MS, signal).catch((cause: unknown) => {
          if (!signal.aborted) throw cause;
        });
      }
    },
  };
}

/** Nothing that comes later is waited for. */
const FINAL: ReadonlySet<OperationPhase> = new Set(["failed", "verified", "unverified", "denied"]);

const answered = (entry: Open): boolean => entry.acceptedAt !== null || entry.done || entry.failed !== null;

const toSent = ({ execution, acceptedAt, done, failed }: Open): SentExecution => ({
  requestId: execution.requestId,
  executorId: execution.executorId,
  startsBefore: execution.startsBefore,
  sentAt: execution.sentAt,
  acceptedAt,
  done,
  failed,
});
