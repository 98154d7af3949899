import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import type { Act } from "./command-prepare.ts";
import type { SentCommand } from "./command-sent.ts";
import type { CommandTracker } from "./command-tracker.ts";
import type { EnvelopeHandle, SendOutcome } from "./ports.ts";
import { startCount } from "./resume-evidence.ts";
import { PING_TIMEOUT_MS, type Pinger } from "./resume-ping.ts";

/** An executor that has just answered a ping accepts in milliseconds. */
const ANSWER_TIMEOUT_MS = 5_000;
/** After the answer: time for a refusal that follows at once, and for the first sign of the effect, before we answer. */
const GRACE_MS = 1_000;
const GRACE_LOOK_MS = 250;

/** Sends what was prepared, once, and tells what came of it. */
export interface CommandEngine {
  /**
   * Finds an executor where one is needed, writes down what will be sent, sends it, and settles the operation as far as
   * the evidence goes. `begin` is called after the executor was found and before anything is written down or sent.
   *
   * @throws OpsError when it is certain that nothing was sent; the operation is settled as failed then
   */
  perform(operation: OperationRequest, act: Act, begin?: () => Promise<void>): Promise<void>;
}

export function createCommandEngine(options: {
  readonly sourceId: string;
  readonly world: ClientWorld;
  readonly tracker: CommandTracker;
  readonly operations: Pick<Operations, "settle">;
  readonly pinger: Pick<Pinger, "findExecutor">;
  readonly clock: Clock;
  readonly log: Logger;
}): CommandEngine {
  const { sourceId, world, tracker, operations, clock, log } = options;

  /** Until here nothing was sent but pings: whatever goes wrong, the command failed cleanly. */
  async function executorFor(operation: OperationRequest): Promise<string> {
    const { executorId, asked } = await options.pinger.findExecutor(operation.requestId);
    if (executorId !== null) return executorId;
    const reason = noExecutor(asked);
    throw new OpsError("refused", `Nothing was sent: ${reason}`, { reasons: [reason] });
  }

  async function commandOf(operation: OperationRequest, act: Act): Promise<SentCommand> {
    switch (act.kind) {
      case "execution":
        return { kind: "execution", executorId: await executorFor(operation), startsBefore: startCount(act.plan) };
      case "events":
        return { kind: "events", event: act.event, executorId: act.executorId, steps: act.steps };
      case "halt": {
        const thaw = act.plan.delayed?.frozen === false;
        return { kind: "halt", executorId: await executorFor(operation), rootStepId: act.rootStepId, thaw };
      }
      case "hard-halt": {
        const executorId = act.lockedBy ?? (await executorFor(operation));
        return { kind: "hard-halt", executorId, releases: !act.again };
      }
      case "planning":
        return { kind: "planning", executorId: await executorFor(operation) };
      case "skip":
        return { kind: "skip", changes: act.changes };
    }
  }

  /** The plan as it was read, to be found so again where the message is stored. */
  const guardOf = ({ head }: Act["plan"]) => ({
    planId: head.id,
    state: head.state,
    executorId: null,
    openStepIds: [],
  });

  async function transmit(
    act: Act,
    command: SentCommand,
    requestIds: readonly string[],
  ): Promise<readonly EnvelopeHandle[]> {
    const planId = act.plan.head.id;
    const [requestId = ""] = requestIds;
    switch (command.kind) {
      case "execution":
      case "planning": {
        const type = command.kind === "execution" ? "Execution" : "Planning";
        const messages = [{ requestId, message: { type, planId } }] as const;
        return storedOf(await world.sendGuarded(guardOf(act.plan), command.executorId, messages));
      }
      case "events": {
        const { executorId, steps, event = "cancel" } = command;
        const guard = { ...guardOf(act.plan), executorId, openStepIds: steps.map(({ stepId }) => stepId) };
        const messages = steps.map(({ stepId }, index) => ({
          requestId: requestIds[index] ?? "",
          message: { type: "Event", planId, stepId, event: ATOMS[event], time: null, optional: false } as const,
        }));
        return storedOf(await world.sendGuarded(guard, executorId, messages));
      }
      case "hard-halt": {
        const lockedBy = act.kind === "hard-halt" ? act.lockedBy : null;
        const guard = { ...guardOf(act.plan), executorId: lockedBy };
        const { executorId: receiverId, releases } = command;
        return storedOf(await world.halt({ guard, receiverId, requestId, takeOver: !releases }));
      }
      case "halt": {
        await world.freeze(planId, true);
        const { executorId, rootStepId } = command;
        const written = await world.cancelScheduled({ planId, rootStepId, executorId, requestId });
        if (written.applied) return [written.handle];
        throw planMoved(written.reason);
      }
      case "skip": {
        const { changes } = command;
        const { stepIds } = act.plan;
        const written = await world.skip({ planId, changes, listedStepIds: stepIds.ok ? stepIds.value : [] });
        if (written.applied) return [];
        throw planMoved(written.reason);
      }
    }
  }

  async function requestIdsFor(act: Act): Promise<readonly string[]> {
    const count = act.kind === "skip" ? 0 : act.kind === "events" ? act.steps.length : 1;
    const ids: string[] = [];
    while (ids.length < count) ids.push(await world.nextRequestId());
    return ids;
  }

  /** What is to be kept of it is on disk when this resolves; a failure until then has sent nothing. */
  async function prepare(operation: OperationRequest, act: Act, begin: () => Promise<void>) {
    try {
      const command = await commandOf(operation, act);
      const requestIds = await requestIdsFor(act);
      await begin();
      const messages = requestIds.map((requestId) => ({ requestId, rowId: null }));
      const planId = act.plan.head.id;
      await tracker.track({ operation, planId, sentAt: clock.now(), command, messages, delivered: false });
      return { command, requestIds };
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
  }

  async function transmitOnce(operation: OperationRequest, act: Act, begin: () => Promise<void>): Promise<void> {
    const { command, requestIds } = await prepare(operation, act, begin);
    const id = operation.requestId;
    try {
      const handles = await transmit(act, command, requestIds);
      if (handles.length > 0) await tracker.stored(id, handles);
      else await operations.settle(operation, "executed", `${act.kind === "skip" ? "Written" : "Sent"}`);
    } catch (cause) {
      if (isUnsent(cause)) {
        if (command.kind === "halt" && command.thaw) await thaw(act.plan.head.id);
        await operations.settle(operation, "failed", messageOf(cause));
        await tracker.drop(id);
        throw cause;
      }
      log.warn("dynflow.command.send_unanswered", { sourceId, planId: act.plan.head.id, cause });
    }
  }

  /** Nothing was written but the freeze, which is taken back; where that fails, the plan waits for somebody to see it. */
  async function thaw(planId: string): Promise<void> {
    try {
      await world.freeze(planId, false);
    } catch (cause) {
      log.error("dynflow.command.not_thawed", { sourceId, planId, cause });
    }
  }

  /** An answer or silence, and what then shows in the plan and its lock. */
  async function conclude(id: string, act: Act): Promise<void> {
    if (act.kind !== "skip") {
      const until = clock.monotonic() + ANSWER_TIMEOUT_MS;
      do await tracker.reply(id, until - clock.monotonic());
      while (!tracker.hasReplies(id) && clock.monotonic() < until);
      if (!tracker.hasReplies(id) && (await withdrawn(id))) return;
    }
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
      log.warn("dynflow.command.not_withdrawn", { sourceId, id, cause });
      return false;
    }
  }

  return {
    async perform(operation, act, begin = async () => undefined) {
      await transmitOnce(operation, act, begin);
      try {
        await conclude(operation.requestId, act);
      } finally {
        tracker.release(operation.requestId);
      }
    },
  };
}

const ATOMS = {
  cancel: { kind: "atom", atom: "cancel" },
  abort: { kind: "atom", atom: "abort" },
} as const;

const planMoved = (reason: string): OpsError =>
  new OpsError("conflict", `The plan has moved: ${reason}`, { reasons: [reason] });

function storedOf(outcome: SendOutcome): readonly EnvelopeHandle[] {
  if (outcome.applied) return outcome.handles;
  throw planMoved(outcome.reason);
}

export const noExecutor = (asked: number): string =>
  asked === 0
    ? "no executor is registered and active"
    : `none of ${asked} active executors answered a ping within ${PING_TIMEOUT_MS / 1_000} s`;

/** Refused before the database was asked, or by it in a transaction that left nothing: certain not to be there. */
const isUnsent = (cause: unknown): boolean =>
  cause instanceof OpsError &&
  (cause.code === "invalid-input" || cause.code === "refused" || cause.code === "conflict");
