import { type EventActor, type EventDraft, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
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
