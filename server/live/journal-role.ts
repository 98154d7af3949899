/** Which part this console has in its journal: it writes, or follows another that does. */
import type { JournalStatus } from "#server/contract/live.ts";
import { followerText } from "#server/contract/view/journal-status.ts";
import type { WriterRole } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";

/** A journal of one's own: nobody else writes it. */
export const SOLE_WRITER: WriterRole = { state: () => ({ role: "writer" }), onChange: () => () => undefined };

export interface JournalRole {
  /** It writes, and has folded everything there was before. */
  leads(): boolean;
  /** It may write, and has caught up with what was there. No effect while it follows. */
  lead(): void;
  /**
   * Why nothing may be recorded now.
   *
   * @throws OpsError `refused`, naming who writes
   */
  demand(): void;
  /** What a follower says of the journal; the same object until it changes. `null` while this console writes. */
  status(): JournalStatus | null;
  /** Whether what others wrote could be read. */
  read(failure: { readonly cause: unknown } | null): void;
  stop(): void;
}

/**
 * @param knowsAll nobody has written since everything was read
 * @param onFollow called at once when this console must not write any more
 */
export function createJournalRole(
  role: WriterRole,
  clock: Clock,
  knowsAll: boolean,
  onFollow: () => void,
): JournalRole {
  let leading = knowsAll && role.state().role === "writer";
  let failure: string | null = null;
  let status = statusNow();

  function statusNow(): JournalStatus | null {
    if (leading) return null;
    const state = role.state();
    const follows = { holder: state.role === "follower" ? state.holder : null };
    return { ok: failure === null, since: clock.now(), reason: failure, follows };
  }

  const stop = role.onChange(({ role: part }) => {
    if (part === "follower" && leading) {
      leading = false;
      failure = null;
      status = statusNow();
      onFollow();
    } else if (!leading) status = statusNow();
  });

  return {
    leads: () => leading,
    lead() {
      leading = role.state().role === "writer";
      status = statusNow();
    },
    demand() {
      const state = role.state();
      if (state.role === "follower") throw new OpsError("refused", followerText(state.holder));
      if (!leading)
        throw new OpsError("refused", "This console is just taking over the journal: try again in a moment");
    },
    status: () => status,
    read(failed) {
      const reason = failed === null ? null : messageOf(failed.cause);
      if (leading || (reason === null) === (failure === null)) return;
      failure = reason;
      status = statusNow();
    },
    stop,
  };
}
