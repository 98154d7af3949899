/** What stopping an actor means and loses, in words; the same in preview, dialog, journal and job. */
import { formatCount } from "#server/contract/view/words.ts";
import type { ActorLiveView } from "./actor-live.ts";
import type { BeamStopOutcome } from "./beam-ports.ts";

/** As the journal names it, and the job over many. */
export const STOP_ACTION = "dna.actors.stop";
/** Stopping the many of a partition, a type or a node: it takes a second person where that is set. */
export const STOP_MANY_ACTION = "dna.actors.stopMany";

/** How long a safe stop waits on the node for a moment in which the actor is idle and empty. */
export const SAFE_STOP_DEADLINE_MS = 5_000;

export const NO_EVALUATE =
  "A safe stop looks and ends in one call on the node, which needs beam.evaluate; it is off for this source.";
export const ACT_OFF = "Acting on this source is switched off (act: false).";

/** What is lost when the process ends at once, by the numbers that were read. */
export function lossOf(live: ActorLiveView): string {
  if (live.kind !== "running") return "It does not run: there is nothing to lose.";
  const { buffered, mailbox, phase } = live;
  const accepted =
    buffered === null
      ? "an unknown number of buffered events"
      : buffered === 1
        ? "1 buffered event"
        : `${formatCount(buffered)} buffered events`;
  const queued = mailbox === 1 ? "1 queued message" : `${formatCount(mailbox)} queued messages`;
  const inFlight =
    phase === "pending_storage"
      ? " The batch that is being written normally still lands, but its callers get no reply."
      : phase === "busy"
        ? " What its callback is doing now is cut off."
        : "";
  return `Lost at once: ${accepted} and ${queued}; whoever waits for an answer gets an error. State that is in memory only is gone.${inFlight}`;
}

/** What became of it, for people. */
export function outcomeWords(outcome: BeamStopOutcome): string {
  switch (outcome.kind) {
    case "stopped":
      return "The node ended it";
    case "busy": {
      const numbers = [
        ...(outcome.buffered === null ? [] : [`${formatCount(outcome.buffered)} buffered`]),
        ...(outcome.mailbox === null ? [] : [`${formatCount(outcome.mailbox)} queued`]),
      ];
      const behind = numbers.length === 0 ? "" : ` (${numbers.join(", ")})`;
      return `It was never idle within ${SAFE_STOP_DEADLINE_MS / 1_000} s${behind}: it runs on, nothing was ended`;
    }
    case "moved":
      return `It was not stopped: ${outcome.detail}`;
    case "unknown":
      return `Not known whether it was ended: ${outcome.reason}`;
    default:
      return outcome satisfies never;
  }
}
