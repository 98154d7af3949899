import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import type { EventActor, OperationFacts } from "#server/contract/event.ts";
import type { OperationFold, OperationPhase } from "#server/contract/fold/operator.ts";

export interface OperationRequest {
  /** The operator's own id: becomes the id of `op.requested`, so that the same request twice is one. */
  readonly requestId: string;
  readonly facts: Omit<OperationFacts, "found">;
  readonly actor: EventActor;
  /** Every parameter of it. A whole-node action without them is never agreed to. */
  readonly terms?: ApprovalTerms;
}

/** The operator's stream, as commands write it: nothing is sent before `request` has resolved. */
export interface Operations {
  /** The operation that already has this id, as far as it is remembered. */
  known(requestId: string): OperationFold | null;
  /**
   * Appends `op.requested`. Rejects with `journal-unavailable`, or `refused` while the console is read-only or a second
   * person is missing: then nothing may be sent.
   */
  request(request: OperationRequest): Promise<void>;
  /** Appends what became of it. */
  settle(
    request: OperationRequest,
    phase: Exclude<OperationPhase, "requested" | "denied">,
    found: string | null,
    /** What an upstream itself said, whole, where `found` has only the gist. */
    upstream?: string,
  ): Promise<void>;
  /** Request, act, settle: for an action whose outcome is known when it returns. Journals a failure and throws it on. */
  perform<T>(request: OperationRequest, act: () => Promise<T>, found: (result: T) => string | null): Promise<T>;
  /** Appends `op.denied` for an action that was refused by permission. */
  deny(facts: OperationFacts, actor: EventActor): Promise<void>;
}
