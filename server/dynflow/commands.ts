import type { EventActor } from "#server/contract/event.ts";
import type { RequestType } from "./domain/protocol.ts";
import type { WorldCommands } from "./world-commands.ts";

/** What every command on a plan carries. */
interface PlanRequest {
  readonly planId: string;
  readonly expectedState: string;
  /** The operator's own id of this request: the same twice is one. */
  readonly requestId: string;
  readonly actor: EventActor;
}

/** A resume, as the operator gave it. */
export interface ResumeRequest extends PlanRequest {
  readonly expectedFailedStepId: number | null;
}

export interface SkipRequest extends PlanRequest {
  /** The failed steps to skip; what depends on them goes along. */
  readonly stepIds: readonly number[];
  /** Every step that the preview named, those that go along too. */
  readonly expectedStepIds: readonly number[];
}

export interface CancelRequest extends PlanRequest {
  /** The steps that the preview named; empty for a scheduled plan. */
  readonly expectedStepIds: readonly number[];
  /** Send it also to steps whose class nothing says is cancellable: a cancel may destroy them. */
  readonly force: boolean;
}

/** Cancel of one step. */
export interface CancelStepRequest extends PlanRequest {
  readonly stepId: number;
  /** In which state the step was seen. */
  readonly expectedStepState: string;
  /** Send it although nothing says that its class is cancellable: a cancel may destroy it. */
  readonly force: boolean;
}

/** The forced variant of a cancel, which falls back to one where an action has none of its own. */
export interface AbortRequest extends PlanRequest {
  /** `null` = every open step of the plan. */
  readonly stepId: number | null;
  readonly expectedStepIds: readonly number[];
  readonly force: boolean;
}

export interface HaltRequest extends PlanRequest {
  /** Who was seen to execute it; `null` = nobody. */
  readonly expectedExecutorId: string | null;
  /** Take over the inhibition lock of an earlier halt that has not ended. */
  readonly again: boolean;
}

export interface StartNowRequest extends PlanRequest {
  /** What was seen to keep it waiting, and is to be overridden. */
  readonly expectedOverrides: readonly string[];
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

/** What can be done to many plans at once. */
export const PLAN_VERBS = ["resume", "skip", "cancel", "abort", "halt"] as const;
export type PlanVerb = (typeof PLAN_VERBS)[number];

/** One plan of a bulk command, frozen with what was seen of it. */
export interface SeenPlan {
  readonly planId: string;
  readonly state: string;
  /** Resume and skip: its failed steps. Cancel and abort: the steps that would get it. Halt: none. Ascending. */
  readonly steps: readonly number[];
}

export interface BulkTarget {
  readonly jobId: string;
  readonly verb: PlanVerb;
  readonly seen: SeenPlan;
  readonly actor: EventActor;
  /** Id of the operator's request for the whole. */
  readonly causedBy: string;
}

/** What is known of one target. `moved` = changed since it was seen, and left alone. */
export interface TargetVerdict {
  readonly outcome: "applied" | "moved" | "failed" | "unknown";
  readonly note: string;
}

/** The same commands without an operation of their own each: their outcomes are those of a job's targets. */
export interface BulkCommands {
  /** Why no further target can be begun at present; `null` = one can. */
  waitingFor(verb: PlanVerb, causedBy: string): Promise<string | null>;
  /**
   * Re-reads one plan, compares it with what was seen and acts on it: at most one effect. `begin` is called once it is
   * certain that something will be sent, and before; what it throws ends the command with nothing sent. Answers as soon
   * as the evidence is in, or the wait for it is over. Every verdict on what may have been sent is told by `onVerdict`
   * too, before it is forgotten here, and so is what is found out later.
   *
   * @throws OpsError `upstream-unavailable` when the plan could not be read: nothing was sent
   */
  act(target: BulkTarget, begin: () => Promise<void>): Promise<TargetVerdict>;
  /** Something of this target may have been sent, and evidence for it is still looked for. */
  isOpen(jobId: string, planId: string): boolean;
}

/** Takes a verdict on a target, also on one of an earlier life of the console; durable when it resolves. */
export type OnVerdict = (jobId: string, planId: string, verdict: TargetVerdict) => Promise<void>;

/** What can be done to one Dynflow database, as a registered client world. */
export interface PlanCommands {
  /** Own world id; `null` until it is registered. */
  worldId(): string | null;
  /** Why nothing, or nothing that takes this message, can be done at present; `null` = it can. */
  refusal(needs?: RequestType): string | null;
  resume(request: ResumeRequest): Promise<CommandResult>;
  skip(request: SkipRequest): Promise<CommandResult>;
  cancel(request: CancelRequest): Promise<CommandResult>;
  cancelStep(request: CancelStepRequest): Promise<CommandResult>;
  abort(request: AbortRequest): Promise<CommandResult>;
  halt(request: HaltRequest): Promise<CommandResult>;
  startNow(request: StartNowRequest): Promise<CommandResult>;
  ping(request: {
    readonly worldId: string;
    readonly requestId: string;
    readonly actor: EventActor;
  }): Promise<PingResult>;
  /** `null` while our world is not open. */
  bulk(): BulkCommands | null;
  /** What worlds can be asked, and done to; `null` while our own is not open. */
  worlds(): WorldCommands | null;
  /** What is seen of this plan from now on follows from this request. */
  took(planId: string, causedBy: string): void;
  /** Who is told of verdicts that come late. */
  onVerdict(listener: OnVerdict): void;
}
