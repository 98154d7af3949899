import { dynflowStream, type EventActor } from "#server/contract/event.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { createBulkCommands } from "./bulk-commands.ts";
import { BULK_START_ACTION } from "./bulk-service.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import { createCommandEngine } from "./command-engine.ts";
import {
  type Act,
  type Prepared,
  prepareCancel,
  prepareCancelStep,
  prepareEvent,
  prepareHalt,
  prepareResume,
  prepareSkip,
} from "./command-prepare.ts";
import { createCommandTracker } from "./command-tracker.ts";
import type {
  AbortRequest,
  BulkCommands,
  CancelRequest,
  CancelStepRequest,
  CommandResult,
  HaltRequest,
  OnVerdict,
  PingResult,
  PlanCommands,
  ResumeRequest,
  SkipRequest,
  StartNowRequest,
} from "./commands.ts";
import type { RequestType } from "./domain/protocol.ts";
import type { DynflowStore } from "./ports.ts";
import { createOnce } from "./resume-once.ts";
import { createPinger, PING_TIMEOUT_MS } from "./resume-ping.ts";
import { prepareStartNow } from "./start-now-prepare.ts";

const CLOSE_INTERVAL_MS = 10_000;
/** A job is begun within milliseconds of its request, or never. */
const START_SETTLED_AFTER_MS = 60_000;

export const RESUME_ACTION = "dynflow.plans.resume";
export const SKIP_ACTION = "dynflow.plans.skip";
export const CANCEL_ACTION = "dynflow.plans.cancel";
export const CANCEL_STEP_ACTION = "dynflow.plans.cancelStep";
export const ABORT_ACTION = "dynflow.plans.abort";
export const HALT_ACTION = "dynflow.plans.halt";
export const START_NOW_ACTION = "dynflow.plans.startNow";
export const PING_ACTION = "dynflow.worlds.ping";
const OWN_ACTIONS: ReadonlySet<string> = new Set([
  RESUME_ACTION,
  SKIP_ACTION,
  CANCEL_ACTION,
  CANCEL_STEP_ACTION,
  ABORT_ACTION,
  HALT_ACTION,
  START_NOW_ACTION,
  PING_ACTION,
]);
const VERBED: Readonly<Record<string, string>> = {
  [RESUME_ACTION]: "resumed",
  [SKIP_ACTION]: "skipped",
  [CANCEL_ACTION]: "cancelled",
  [CANCEL_STEP_ACTION]: "cancelled",
  [ABORT_ACTION]: "aborted",
  [HALT_ACTION]: "halted",
  [START_NOW_ACTION]: "started now",
};

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
  /** Classes, or their beginnings (`Actions::*`), whose steps can be cancelled. */
  readonly cancellable: readonly string[];
  /** Why nothing, or not this message, can be sent at present (`actingRefusal`). */
  readonly refusal: (needs?: RequestType) => string | null;
  /** Has the follower look at this plan. */
  readonly look: (planId: string) => void;
  /** Told as soon as evidence says that a request is at work on the plan (`PlanCauses.evident`). */
  readonly evident: (planId: string, operationId: string) => void;
  /** Told of what became of a job's target after its command has answered. */
  readonly onVerdict: OnVerdict;
}

export interface PlanActions extends Omit<PlanCommands, "bulk" | "onVerdict" | "worlds" | "took"> {
  readonly bulk: BulkCommands;
  /** Takes up what an earlier life of the console left unsettled. Call before the client world runs. */
  load(): Promise<void>;
  /** Settles by evidence what could not be settled at once, until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Commands on plans and worlds, each journalled before anything is sent, none ever sent again by itself.
 *
 * A command answers once it is known what became of it, or that it is not known yet.
 *
 * @throws OpsError `not-found`; `conflict` with what has moved; `refused` with the reasons, also when no executor answers
 * a ping; `journal-unavailable` (nothing was sent when it comes from the request itself)
 */
export function createPlanActions(options: PlanActionsOptions): PlanActions {
  const { sourceId, store, world, operations, view, clock, log } = options;
  const stream = dynflowStream(sourceId);
  const pinger = createPinger(options);
  const tracker = createCommandTracker({
    ...options,
    namespace: `dynflow-requests:${sourceId}`,
    // A skip changes steps; the plan goes on waiting for somebody.
    evident: ({ command: { kind }, planId, operation }) => {
      if (kind !== "skip") options.evident(planId, operation.requestId);
    },
  });
  const engine = createCommandEngine({ ...options, tracker, pinger });
  const once = createOnce(operations);
  const bulk = createBulkCommands({ ...options, pinger });

  function requireActing(needs?: RequestType): void {
    const refusal = options.refusal(needs);
    if (refusal !== null) throw new OpsError("refused", refusal, { reasons: [refusal] });
  }

  function readyOf(prepared: Prepared, action: string, planId: string): Act {
    switch (prepared.kind) {
      case "missing":
        throw new OpsError("not-found", `No plan ${planId} in ${sourceId}`);
      case "moved":
        throw new OpsError("conflict", `The plan has moved: ${prepared.reasons[0]}`, { reasons: prepared.reasons });
      case "refused": {
        const { reasons } = prepared;
        throw new OpsError("refused", `It cannot be ${VERBED[action]}: ${reasons[0]}`, { reasons });
      }
      case "ready":
        return prepared.act;
    }
  }

  /** Everything the action depends on is read now and compared; then it is journalled; only then it is sent. */
  async function command(
    operation: OperationRequest,
    planId: string,
    prepare: () => Promise<Prepared>,
  ): Promise<CommandResult> {
    requireActing();
    const act = readyOf(await prepare(), operation.facts.action, planId);
    const needs = NEEDS[act.kind];
    if (needs !== null) requireActing(needs);
    await operations.request(operation);
    await engine.perform(operation, act);
    options.look(planId);
    return resultOf(operations.known(operation.requestId), operation.requestId);
  }

  const onceOnly = async (
    operation: OperationRequest,
    planId: string,
    prepare: () => Promise<Prepared>,
  ): Promise<CommandResult> => {
    const { requestId, facts } = operation;
    return once.run(
      { requestId, action: facts.action, target: planId },
      () => command(operation, planId, prepare),
      (known) => resultOf(known, requestId),
    );
  };

  function resume(request: ResumeRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, expectedFailedStepId: failedStepId } = request;
    const facts = { action: RESUME_ACTION, stream, target, expected: { state, failedStepId } };
    return onceOnly({ requestId, actor, facts }, target, () => prepareResume(store, request));
  }

  function skip(request: SkipRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, stepIds, expectedStepIds } = request;
    const facts = {
      action: SKIP_ACTION,
      stream,
      target,
      expected: { state, steps: stepIds, touches: expectedStepIds },
    };
    return onceOnly({ requestId, actor, facts }, target, () => prepareSkip(store, request));
  }

  function cancel(request: CancelRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, expectedStepIds: steps, force } = request;
    const facts = { action: CANCEL_ACTION, stream, target, expected: { state, steps, force } };
    return onceOnly({ requestId, actor, facts }, target, () => prepareCancel(store, options.cancellable, request));
  }

  function cancelStep(request: CancelStepRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, stepId, expectedStepState: step, force } = request;
    const facts = { action: CANCEL_STEP_ACTION, stream, target, expected: { state, steps: [stepId], step, force } };
    return onceOnly({ requestId, actor, facts }, target, () => prepareCancelStep(store, options.cancellable, request));
  }

  function abort(request: AbortRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, expectedStepIds: steps, force } = request;
    const facts = { action: ABORT_ACTION, stream, target, expected: { state, steps, force } };
    return onceOnly({ requestId, actor, facts }, target, () =>
      prepareEvent(store, options.cancellable, "abort", request),
    );
  }

  function halt(request: HaltRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, expectedExecutorId: executor, again } = request;
    const facts = { action: HALT_ACTION, stream, target, expected: { state, executor, again } };
    return onceOnly({ requestId, actor, facts }, target, () => prepareHalt(store, request));
  }

  function startNow(request: StartNowRequest): Promise<CommandResult> {
    const { planId: target, requestId, actor, expectedState: state, expectedOverrides: overrides } = request;
    const facts = { action: START_NOW_ACTION, stream, target, expected: { state, overrides } };
    return onceOnly({ requestId, actor, facts }, target, () => prepareStartNow(store, clock.now(), request));
  }

  async function ping(request: Parameters<PlanCommands["ping"]>[0]): Promise<PingResult> {
    const { worldId, requestId, actor } = request;
    requireActing("Ping");
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
      if (operation.stream !== stream || operation.phase !== "requested" || operation.actor === null) continue;
      if (operation.action === BULK_START_ACTION) await closeStart(operation, operation.actor);
      if (!OWN_ACTIONS.has(operation.action)) continue;
      if (once.isUnderWay(operation.id) || tracker.isTracked(operation.id)) continue;
      const { id: requestId, actor, action, target, expected } = operation;
      const request = { requestId, actor, facts: { action, stream, target, expected } };
      await operations.settle(request, "failed", "It was never sent: nothing was executed");
    }
  }

  /** A start whose end was not written down: the job tells whether there was one. */
  async function closeStart(operation: OperationFold, actor: EventActor): Promise<void> {
    const { id: requestId, action, target, expected, at } = operation;
    if (clock.now() - (at.requested ?? clock.now()) < START_SETTLED_AFTER_MS) return;
    const job = Object.entries(view.operator().jobs).find(([, facts]) => facts.requestId === requestId);
    const request = { requestId, actor, facts: { action, stream, target, expected } };
    if (job === undefined) await operations.settle(request, "failed", "No job was begun: nothing was sent");
    else await operations.settle(request, "executed", `job ${job[0]}`);
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
    resume,
    skip,
    cancel,
    cancelStep,
    abort,
    halt,
    startNow,
    async ping(request) {
      const id = { requestId: request.requestId, action: PING_ACTION, target: request.worldId };
      return once.run(
        id,
        () => ping(request),
        (known) => pingResultOf(known, request.requestId),
      );
    },
    bulk: bulk.commands,
    async load() {
      await tracker.load();
      await bulk.load();
    },
    async run(signal) {
      await Promise.all([tracker.run(signal), bulk.run(signal), closeUnsentNowAndThen(signal)]);
    },
  };
}

/** The message that each act takes; a skip is only written. */
const NEEDS: Readonly<Record<Act["kind"], RequestType | null>> = {
  execution: "Execution",
  events: "Event",
  halt: "Halt",
  "hard-halt": "Halt",
  planning: "Planning",
  skip: null,
};

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
