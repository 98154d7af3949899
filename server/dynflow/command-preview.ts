/** What a skip or a cancel of one plan would touch, and why it cannot be done. Reads; changes nothing. */
import type { EventActor } from "#server/contract/event.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { cancelAllRefusals, type PlanReading, readCancel, readPlan, readSkip } from "./command-prepare.ts";
import type { CommandResult, PlanCommands } from "./commands.ts";
import type { RequestType } from "./domain/protocol.ts";
import { failedSteps } from "./domain/skip.ts";
import { actRefusal, type DynflowSource } from "./source-view.ts";

type Preview<T extends { asOf?: unknown; faults?: unknown }> = Omit<T, "asOf" | "faults">;

async function read(source: DynflowSource, planId: string): Promise<PlanReading> {
  const reading = await readPlan(source.store, planId);
  if (reading === null) throw new OpsError("not-found", `No plan ${planId} in ${source.id}`);
  return reading;
}

const acting = (source: DynflowSource, needs?: RequestType): readonly string[] => {
  const refusal = actRefusal(source, needs);
  return refusal === null ? [] : [refusal];
};

/** Of these failed steps, or of all that failed. */
export async function previewSkip(
  source: DynflowSource,
  planId: string,
  asked: readonly number[],
): Promise<Preview<WireShape<typeof wire.skipPreviewOutput>>> {
  const reading = await read(source, planId);
  const { plan } = reading;
  const stepIds = asked.length > 0 ? [...asked] : failedSteps(plan).map((step) => step.id);
  const { changes, refusals } = await readSkip(source.store, reading, stepIds);
  const classes = new Map(plan.steps.map((step) => [step.id, step.actionClass]));
  return {
    state: plan.head.state,
    stepIds,
    changes: changes.map((change) => ({ ...change, actionClass: classes.get(change.stepId) ?? "" })),
    refusals: [...acting(source), ...refusals, ...(stepIds.length === 0 ? ["no step of it has failed"] : [])],
  };
}

/** Every step that could take a cancel, also those of classes that may be destroyed by it. */
export async function previewCancel(
  source: DynflowSource,
  planId: string,
): Promise<Preview<WireShape<typeof wire.cancelPreviewOutput>>> {
  const reading = await read(source, planId);
  const steps = await readCancel(source.store, reading, source.cancellable);
  const { state } = reading.plan.head;
  return {
    state,
    steps: [...steps],
    executorId: reading.locks.find((lock) => lock.kind === "execution")?.worldId ?? null,
    scheduled: state === "scheduled",
    // What is only scheduled is marked and halted.
    refusals: [...acting(source, state === "scheduled" ? "Halt" : "Event"), ...cancelAllRefusals(reading, steps)],
  };
}

/** The resume that was asked for along with a skip: refused, it leaves the skip as it is. */
export async function resumeAfter(
  commands: Pick<PlanCommands, "resume">,
  request: { readonly planId: string; readonly requestId: string; readonly actor: EventActor },
): Promise<CommandResult> {
  try {
    return await commands.resume({ ...request, expectedState: "paused", expectedFailedStepId: null });
  } catch (cause) {
    return { journalId: request.requestId, phase: "failed", note: messageOf(cause) };
  }
}
