import { type EventActor, type EventDraft, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "./ports.ts";

/** A phase as a mutation answers it: what is denied or unverified is told by the journal alone. */
export function toResultPhase(phase: OperationPhase): "requested" | "executed" | "failed" | "unknown" | "verified" {
  return phase === "executed" || phase === "failed" || phase === "unknown" || phase === "verified"
    ? phase
    : "requested";
}

/** Whoever asks, as the journal keeps it. */
export const toEventActor = (
  caller: { readonly principal: { readonly id: string; readonly role: EventActor["role"] }; readonly address: string },
  reason: string,
): EventActor => ({ user: caller.principal.id, role: caller.principal.role, address: caller.address, reason });

/** Whoever asks, among the parameters of a job: an address that is not told to this reader is none. */
export const toJobActor = (actor: EventActor): JsonObject => ({
  ...actor,
  address: typeof actor.address === "string" ? actor.address : "",
});

interface JobRequestEnd {
  readonly job: string;
  readonly requestId: string;
  /** Whether all that was asked for came about. */
  readonly verified: boolean;
  readonly found: string | null;
}

/**
 * Ends the request behind a job. That this could not be journalled changes nothing about the job: it is logged.
 *
 * @param failed event of the log that says so
 */
export async function settleJobRequest(
  deps: { readonly operations: Pick<Operations, "known" | "settle">; readonly log: Logger },
  { job, requestId, verified, found }: JobRequestEnd,
  failed: string,
): Promise<void> {
  const known = deps.operations.known(requestId);
  if (known === null || known.actor === null) return;
  const { action, stream, target, expected, actor } = known;
  try {
    const facts = { action, stream, target, expected };
    await deps.operations.settle({ requestId, actor, facts }, verified ? "verified" : "unverified", found);
  } catch (cause) {
    deps.log.error(failed, { job, cause });
  }
}

/** An action that is one event of the operator's stream: request, event, end. It is certain once it is journalled. */
export async function tellEvent(
  deps: { readonly operations: Operations; readonly recorder: Recorder },
  operation: OperationRequest,
  draft: EventDraft,
  found: string,
): Promise<void> {
  const { requestId, actor } = operation;
  await deps.operations.request(operation);
  await deps.recorder.record(OPERATOR_STREAM, [{ ...draft, causedBy: requestId, actor }]);
  await deps.operations.settle(operation, "verified", found);
}
