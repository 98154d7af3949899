/**
 * What an envelope that waits says, and whether anybody will take it. Pure.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher.rb; world.rb `perform_validity_checks` (pruning); `dynflow.md` 7, 8.
 */

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

/** A world takes what waits within milliseconds when it is notified, else within 30 s (`dynflow.md` 7.2). */
export const WAITS_LONG_MS = 35_000;
