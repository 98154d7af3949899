/** Tells whether the journal can be written, and writes down the gap once it can again. */
import { CONSOLE_STREAM, type EventDraft, type StreamName } from "#server/contract/event.ts";
import type { JournalStatus } from "#server/contract/live.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

const RETRY_MS = 2_000;

export interface JournalWatch {
  status(): JournalStatus;
  succeeded(): void;
  /** Only `journal-unavailable` counts: an event that was refused says nothing of the journal. */
  failed(cause: unknown): void;
  /** Another console writes from now on: whether this one could is no news any more, and no gap of its to write down. */
  forget(): void;
  stop(): void;
}

/**
 * From the first failure on it tries every 2 s to record that the journal is back, in the console's own stream: the
 * event that gets through says from when to when nothing was remembered.
 */
export function watchJournal(
  record: (stream: StreamName, drafts: readonly EventDraft[]) => Promise<unknown>,
  clock: Clock,
  log: Logger,
): JournalWatch {
  const stopped = new AbortController();
  let status: JournalStatus = { ok: true, since: clock.now(), reason: null };
  let _recovery: Promise<void> | null = null;
  let forgotten = 0;

  async function recover(downSince: EpochMs, reason: string): Promise<void> {
    const back: EventDraft = {
      kind: "source.state_changed",
      subject: "journal",
      body: { from: "down", to: "up", reason },
      occurredAt: downSince,
      synthetic: true,
    };
    const turn = forgotten;
    while (!stopped.signal.aborted) {
      await clock.sleep(RETRY_MS, stopped.signal);
      if (forgotten !== turn) return;
      try {
        await record(CONSOLE_STREAM, [back]);
        return;
      } catch (cause) {
        log.debug("journal.still_down", { cause: messageOf(cause) });
      }
    }
  }

  return {
    status: () => status,
    succeeded() {
      if (status.ok) return;
      status = { ok: true, since: clock.now(), reason: null };
      log.info("journal.up");
    },
    failed(cause) {
      if (!(cause instanceof OpsError) || cause.code !== "journal-unavailable" || !status.ok) return;
      const reason = messageOf(cause);
      status = { ok: false, since: clock.now(), reason };
      log.error("journal.down", { reason });
      _recovery ??= recover(status.since, reason)
        .catch((end: unknown) => log.debug("journal.recovery.ended", { cause: messageOf(end) }))
        .finally(() => {
          _recovery = null;
        });
    },
    forget() {
      forgotten += 1;
      status = { ok: true, since: clock.now(), reason: null };
    },
    stop: () => stopped.abort(new OpsError("cancelled", "The recorder is stopped")),
  };
}
