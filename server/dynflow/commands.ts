import type { EventActor } from "#server/contract/event.ts";

/** A command on a plan, as the operator gave it. */
export interface ResumeRequest {
  readonly planId: string;
  readonly expectedState: string;
  readonly expectedFailedStepId: number | null;
  /** The operator's own id of this request: the same twice is one. */
  readonly requestId: string;
  readonly actor: EventActor;
}

export interface CommandResult {
  readonly journalId: string;
  readonly phase: "requested" | "executed" | "failed" | "unknown" | "verified";
  readonly note: string | null;
}

export interface PingResult {
  readonly journalId: string;
  readonly answered: boolean;
  readonly roundTripMs: number | null;
}

/** What can be done to one Dynflow database, as a registered client world. */
export interface PlanCommands {
  /** Own world id; `null` until it is registered. */
  worldId(): string | null;
  /** Why nothing can be done at present; `null` = it can. */
  refusal(): string | null;
  resume(request: ResumeRequest): Promise<CommandResult>;
  ping(request: {
    readonly worldId: string;
    readonly requestId: string;
    readonly actor: EventActor;
  }): Promise<PingResult>;
}
