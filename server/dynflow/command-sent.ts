import type { EpochMs } from "#server/kernel/clock.ts";
import type { OperationRequest } from "#server/operations/ports.ts";
import type { SkipChange } from "./domain/skip.ts";

/** What was sent or written, with what its evidence is looked for by. */
export type SentCommand =
  | {
      readonly kind: "execution";
      readonly executorId: string;
      /** Entries `start execution` in the plan's history before it was sent. */
      readonly startsBefore: number;
    }
  | {
      readonly kind: "events";
      /** Absent, as the first releases kept it = a cancel. */
      readonly event?: "cancel" | "abort";
      readonly executorId: string;
      /** One message each, in this order. */
      readonly steps: readonly { readonly stepId: number; readonly state: string }[];
    }
  /** The cancel of a scheduled plan. */
  | {
      readonly kind: "halt";
      readonly executorId: string;
      readonly rootStepId: number;
      /** The delay was not frozen before: it is thawed when nothing came of the cancel. */
      readonly thaw: boolean;
    }
  /** A halt of a plan in any other state. */
  | {
      readonly kind: "hard-halt";
      readonly executorId: string;
      /** The inhibition lock is our own: it goes when the halt comes to nothing. */
      readonly releases: boolean;
    }
  | { readonly kind: "planning"; readonly executorId: string }
  | { readonly kind: "skip"; readonly changes: readonly SkipChange[] };

/** One message as kept beside the journal. */
export interface SentMessage {
  /** Dynflow's request id: what replies repeat and a lock names. */
  readonly requestId: string;
  /** Row of the message, as soon as it is known; `null` = it may never have been stored. */
  readonly rowId: number | null;
}

/** One command as kept beside the journal, written before anything of it is sent. */
export interface TrackedCommand {
  readonly operation: OperationRequest;
  readonly planId: string;
  readonly sentAt: EpochMs;
  readonly command: SentCommand;
  readonly messages: readonly SentMessage[];
  /** It is known that the receiver took it. */
  readonly delivered: boolean;
}

/** As the first releases kept an execution. */
interface OldExecution {
  readonly operation: OperationRequest;
  readonly planId: string;
  readonly requestId: string;
  readonly executorId: string;
  readonly startsBefore: number;
  readonly sentAt: EpochMs;
  readonly rowId: number | null;
  readonly delivered: boolean;
}

/** What an earlier life wrote down, also of an earlier release. */
export function parseTracked(text: string): TrackedCommand {
  const value = JSON.parse(text) as TrackedCommand | OldExecution;
  if ("command" in value) return value;
  const { operation, planId, sentAt, delivered, executorId, startsBefore, requestId, rowId } = value;
  const command = { kind: "execution", executorId, startsBefore } as const;
  return { operation, planId, sentAt, delivered, command, messages: [{ requestId, rowId }] };
}

/** All that has come back for one message. */
export interface MessageReplies {
  acceptedAt: EpochMs | null;
  done: boolean;
  failed: string | null;
}

export const isAnswered = (replies: Readonly<MessageReplies>): boolean =>
  replies.acceptedAt !== null || replies.done || replies.failed !== null;
