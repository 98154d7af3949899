/**
 * What an envelope that waits says, and whether anybody will take it. Pure.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher.rb; world.rb `perform_validity_checks` (pruning).
 */
import type { Decoded } from "./model.ts";

/** Why an envelope waits, or that nobody will ever take it. */
export function receiverNote(receiver: {
  readonly registered: boolean;
  readonly executor: boolean;
  readonly ours: boolean;
  /** Whether it answered our last ping; `null` = not asked. */
  readonly answered: boolean | null;
}): string | null {
  if (!receiver.registered) {
    return "This world has no record: nobody will take these. The next executor that starts deletes them.";
  }
  if (receiver.ours) return "Addressed to this console: it takes them within a second.";
  if (receiver.answered === false) {
    return "It did not answer our last ping: they wait until it does, or until somebody invalidates it.";
  }
  return null;
}

/** A world takes what waits within milliseconds when it is notified, else within 30 s. */
export const WAITS_LONG_MS = 35_000;

/** What an envelope says, in plain parts. */
export interface EnvelopeSaid {
  readonly requestId: string;
  readonly senderId: string;
  /** `Execution`, `Event`, `Done`, …; the upstream's name when it is none that we know. */
  readonly type: string;
  readonly planId: string | null;
  readonly stepId: number | null;
  /** An event, an error, the state of queues: what may hold data of the application, so not for viewers. */
  readonly detail: string | null;
  /** Why a world of 2.0 could not decode it, and would lose everything that waits with it. */
  readonly deviations: readonly string[];
}

/** A row of `dynflow_envelopes`. It has no time: only its id tells what came first. */
export interface WaitingEnvelope {
  readonly rowId: number;
  readonly receiverId: string;
  readonly bytes: number;
  /** Its first 64 bytes in hex: what is shown of one that cannot be decoded. */
  readonly head: string;
  readonly said: Decoded<EnvelopeSaid>;
}

export interface WaitingEnvelopes {
  /** In order of the first that waits. */
  readonly receivers: readonly { readonly receiverId: string; readonly count: number }[];
  /** False = there are more than were counted. */
  readonly countedAll: boolean;
  readonly envelopes: readonly WaitingEnvelope[];
}
