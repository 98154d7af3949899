import { dynflowStream } from "#server/contract/event.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import type { CommandResult, PingResult, PlanCommands, ResumeRequest } from "./commands.ts";
import type { PlanRecord } from "./domain/model.ts";
import {
  EXECUTION_INHIBITION_LOCK_CLASS,
  EXECUTION_LOCK_CLASS,
  lockOf,
  PLANNING_LOCK_CLASS,
  planLockId,
} from "./domain/records.ts";
import { resumeRefusals } from "./domain/resume.ts";
import type { DynflowStore } from "./ports.ts";
import { startCount } from "./resume-evidence.ts";
import { createOnce } from "./resume-once.ts";
import { createPinger, PING_TIMEOUT_MS } from "./resume-ping.ts";
import { movedSince } from "./resume-refusal.ts";
import { createExecutionTracker } from "./resume-tracker.ts";

/** An executor that has just answered a ping accepts in milliseconds (dynflow.md 7.3). */
const ACCEPTED_TIMEOUT_MS = 5_000;
/** After Accepted: time for a refusal that follows at once, and for the first sign of the run, before we answer. */
const GRACE_MS = 1_000;
const GRACE_LOOK_MS = 250;
const CLOSE_INTERVAL_MS = 10_000;

export const RESUME_ACTION = "dynflow.plans.resume";
export const PING_ACTION = "dynflow.worlds.ping";

export interface PlanActionsOptions {
  readonly sourceId: string;
  readonly store: DynflowStore;
  readonly world: ClientWorld;
  readonly state: StateStore;
  readonly operations: Operations;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "operator">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why nothing can be sent at present (`actingRefusal`). */
  readonly refusal: () => string | null;
  /** Has the follower look at this plan. */
  readonly look: (planId: string) => void;
}

export interface PlanActions extends PlanCommands {
  /** Takes up what an earlier life of the console left unsettled. Call before the client world runs. */
  load(): Promise<void>;
  /** Settles by evidence what could not be settled at once, until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Commands on plans and worlds, each journalled before anything is sent, none ever sent again by itself.
 *
 * `resume` answers once it is known what the plan's lock decided, or that it is not known yet.
 *
 * @throws OpsError of `resume`: `not-found`; `conflict` with what has moved; `refused` with the reasons, also when no
 * executor answers a ping; `journal-unavailable` (nothing was sent when it comes from the request itself)
 */
export function createPlanActions(options: PlanActionsOptions): PlanActions {
  const { sourceId, store, world, operations, view, clock, log } = options;
  const stream = dynflowStream(sourceId);
  const pinger = createPinger(options);
  const tracker = createExecutionTracker(options);
  const once = createOnce(operations);

  /** Everything the action depends on, read now and compared with what the operator saw. */
  async function reread(request: ResumeRequest): Promise<PlanRecord> {
    const refusal = options.refusal();
    if (refusal !== null) throw new OpsError("refused", refusal, { reasons: [refusal] });
    const { planId } = request;
    const keys = [EXECUTION_LOCK_CLASS, PLANNING_LOCK_CLASS, EXECUTION_INHIBITION_LOCK_CLASS];
    const [plan, records] = await Promise.all([
      store.plan(planId),
      store.records(keys.map((name) => ({ class: name, id: planLockId(planId) }))),
    ]);
    if (plan === null) throw new OpsError("not-found", `No plan ${planId} in ${sourceId}`);
    const expected = { state: request.expectedState, failedStepId: request.expectedFailedStepId };
    const moved = movedSince(plan, expected);
    if (moved.length > 0) throw new OpsError("conflict", `The plan has moved: ${moved[0]}`, { reasons: moved });
    const reasons = resumeRefusals(
      plan.head.state,
      records.flatMap((record) => lockOf(record) ?? []),
    );
    if (reasons.length > 0) throw new OpsError("refused", `It cannot be resumed: ${reasons[0]}`, { reasons });
    return plan;
  }

  async function resume(request: ResumeRequest): Promise<CommandResult> {
    const plan = await reread(request);
    const operation: OperationRequest = {
      requestId: request.requestId,
      actor: request.actor,
      facts: {
        action: RESUME_ACTION,
        stream,
        target: request.planId,
        expected: { state: request.expectedState, failedStepId: request.expectedFailedStepId },
      },
    };
    await operations.request(operation);
    const executorId = await executorFor(operation);
    await send(operation, plan, executorId);
    options.look(request.planId);
    return resultOf(operations.known(request.requestId), request.requestId);
  }

  /** Until here nothing was sent but pings: whatever goes wrong, the command failed cleanly. */
  async function executorFor(operation: OperationRequest): Promise<string> {
    try {
      const { executorId, asked } = await pinger.findExecutor(operation.requestId);
      if (executorId !== null) return executorId;
      const reason =
        asked === 0
          ? "no executor is registered and active"
          : `none of ${asked} active executors answered a ping within ${PING_TIMEOUT_MS / 1_000} s`;
      throw new OpsError("refused", `Nothing was sent: ${reason}`, { reasons: [reason] });
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
  }

  async function send(operation: OperationRequest, plan: PlanRecord, executorId: string): Promise<void> {
    const id = operation.requestId;
    const planId = plan.head.id;
    const requestId = await world.nextRequestId();
    await tracker.track({
      operation,
      planId,
      requestId,
      executorId,
      startsBefore: startCount(plan),
      sentAt: clock.now(),
      rowId: null,
      delivered: false,
    });
    try {
      await tracker.stored(id, await world.send(requestId, executorId, { type: "Execution", planId }));
    } catch (cause) {
      if (isUnsent(cause)) {
        await operations.settle(operation, "failed", messageOf(cause));
        await tracker.drop(id);
        throw cause;
      }
      log.warn("dynflow.resume.send_unanswered", { sourceId, planId, cause });
    }
    try {
      await conclude(id);
    } finally {
      tracker.release(id);
    }
  }

  /** Accepted, Failed, Done or silence, and what then shows in the plan and its lock. */
  async function conclude(id: string): Promise<void> {
    await tracker.reply(id, ACCEPTED_TIMEOUT_MS);
    if (!tracker.hasReply(id) && (await withdrawn(id))) return;
    const until = clock.monotonic() + GRACE_MS;
    let phase = await tracker.settle(id);
    while (phase === "executed" && clock.monotonic() < until) {
      await tracker.reply(id, GRACE_LOOK_MS);
      phase = await tracker.settle(id);
    }
  }

  /** A database that does not answer leaves it open whether the message was taken. */
  async function withdrawn(id: string): Promise<boolean> {
    try {
      return await tracker.withdraw(id);
    } catch (cause) {
      log.warn("dynflow.resume.not_withdrawn", { sourceId, id, cause });
      return false;
    }
  }

  async function ping(request: Parameters<PlanCommands["ping"]>[0]): Promise<PingResult> {
    const { worldId, requestId, actor } = request;
    const refusal = options.refusal();
    if (refusal !== null) throw new OpsError("refused", refusal, { reasons: [refusal] });
    const keys = await store.recordKeys();
    if (!keys.some((key) => key.id === worldId)) throw new OpsError("not-found", `No world ${worldId} in ${sourceId}`);
    const facts = { action: PING_ACTION, stream, target: worldId, expected: null };
    const operation: OperationRequest = { requestId, actor, facts };
    await operations.request(operation);
    try {
      const answer = await pinger.ping(worldId, requestId);
      const found = answer.answered
        ? `It answered in ${answer.roundTripMs} ms`
        : `No answer within ${PING_TIMEOUT_MS / 1_000} s`;
      await operations.settle(operation, answer.answered ? "verified" : "failed", found);
      return {
        journalId: requestId,
        answered: answer.answered,
        roundTripMs: answer.answered ? answer.roundTripMs : null,
      };
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
  }

  /** Requests that were journalled and never sent, because the console stopped or could not journal why. */
  async function closeUnsent(): Promise<void> {
    for (const operation of view.operator().operations) {
      const ours =
        operation.stream === stream && (operation.action === RESUME_ACTION || operation.action === PING_ACTION);
      if (!ours || operation.phase !== "requested" || operation.actor === null) continue;
      if (once.isUnderWay(operation.id) || tracker.isTracked(operation.id)) continue;
      const { id: requestId, actor, action, target, expected } = operation;
      const request = { requestId, actor, facts: { action, stream, target, expected } };
      await operations.settle(request, "failed", "It was never sent: nothing was executed");
    }
  }

  async function closeUnsentNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await closeUnsent().catch((cause: unknown) => log.error("dynflow.operations.not_closed", { sourceId, cause }));
      await clock.sleep(CLOSE_INTERVAL_MS, signal).catch((cause: unknown) => {
        if (!signal.aborted) throw cause;
      });
    }
  }

  return {
    worldId: () => world.worldId(),
    refusal: options.refusal,
    async resume(request) {
      const id = { requestId: request.requestId, action: RESUME_ACTION, target: request.planId };
      return once.run(
        id,
        () => resume(request),
        (known) => resultOf(known, request.requestId),
      );
    },
    async ping(request) {
      const id = { requestId: request.requestId, action: PING_ACTION, target: request.worldId };
      return once.run(
        id,
        () => ping(request),
        (known) => pingResultOf(known, request.requestId),
      );
    },
    async load() {
      await tracker.load();
    },
    async run(signal) {
      await Promise.all([tracker.run(signal), closeUnsentNowAndThen(signal)]);
    },
  };
}

/** Refused before the database was asked: certain not to be there. */
const isUnsent = (cause: unknown): boolean =>
  cause instanceof OpsError && (cause.code === "invalid-input" || cause.code === "refused");

function resultOf(known: OperationFold | null, journalId: string): CommandResult {
  const note = typeof known?.found === "string" ? known.found : null;
  switch (known?.phase) {
    case undefined:
      return { journalId, phase: "requested", note };
    case "denied":
      return { journalId, phase: "failed", note };
    case "unverified":
      return { journalId, phase: "executed", note };
    default:
      return { journalId, phase: known?.phase ?? "requested", note };
  }
}

/** A repeated request is told whether the world answered, not how fast: that is in the first answer. */
function pingResultOf(known: OperationFold | null, journalId: string): PingResult {
  return { journalId, answered: known?.phase === "verified", roundTripMs: null };
}
