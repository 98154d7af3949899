import { dynflowStream, type EventDraft } from "#server/contract/event.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { type Health, STARTING, stepHealth } from "./follower-health.ts";
import type { DynflowStore } from "./ports.ts";

/** Half a second beside 3.2 s of trouble and a read each second: a server that was stopped is down within 5 s. */
const WATCH_INTERVAL_MS = 500;
/** A look that comes later than this says that our own loop stood still, not the source: it is not judged by. */
const LATE_LOOK_MS = 1_000;
/** The journal takes batches of at most this many events. */
const DRAFTS_PER_BATCH = 200;

/** What all parts of one follower share: reads that are judged by, and the way into the journal. */
export interface SourceMonitor {
  /** Runs one read of the source. Its failure is rethrown as it is; `roundFailed` has to be told. */
  read<T>(task: () => Promise<T>): Promise<T>;
  /** What all reads through here have cost the database until now, in milliseconds of its time; errs upwards. */
  spentMs(): number;
  /** Duration of the longest read of the present round so far. */
  readMs(): number;
  record(drafts: readonly EventDraft[]): Promise<void>;
  roundStarted(): void;
  roundCompleted(note: string | null): Promise<void>;
  roundFailed(cause: unknown): Promise<void>;
  isDown(): boolean;
  /** Journals that the source is not known yet, then watches for reads that hang until the signal is aborted. */
  watch(signal: AbortSignal): Promise<void>;
}

export interface SourceMonitorOptions {
  readonly sourceId: string;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dynflow">;
  readonly clock: Clock;
  /**
   * The clock on which reads are timed: that of the upstream's own time-outs, which is real time also where `clock` runs
   * faster. Default: `clock`.
   */
  readonly upstreamClock?: Clock;
  readonly log: Logger;
  /** What reads cost is told by its meter, where it has one, else by how long they took. */
  readonly store?: Pick<DynflowStore, "spentMs">;
}

export function createSourceMonitor(options: SourceMonitorOptions): SourceMonitor {
  const { sourceId, recorder, view, clock, log } = options;
  const upstreamClock = options.upstreamClock ?? clock;
  const metered = (): number | null => options.store?.spentMs?.() ?? null;
  const stream = dynflowStream(sourceId);
  let health: Health = STARTING;
  let longestReadMs = 0;
  let spentMs = 0;
  let journalling: Promise<void> = Promise.resolve();

  async function record(drafts: readonly EventDraft[]): Promise<void> {
    for (let start = 0; start < drafts.length; start += DRAFTS_PER_BATCH) {
      await recorder.record(stream, drafts.slice(start, start + DRAFTS_PER_BATCH));
    }
  }

  /**
   * One at a time, and against what the fold says then: the loop and the watch both end here. Never rejects: what the
   * journal did not take is tried again after the next round.
   */
  function journalHealth(note: string | null): Promise<void> {
    const run = async () => {
      const before = view.dynflow(sourceId).source;
      const reason = health.state === "up" ? note : health.reason;
      if (before.state === health.state && (health.state !== "up" || before.reason === reason)) return;
      log.info("dynflow.source", { sourceId, from: before.state, to: health.state, reason });
      const body = { from: before.state, to: health.state, reason };
      const at = clock.now();
      await record([{ kind: "source.state_changed", subject: sourceId, occurredAt: at, synthetic: true, body }]);
    };
    journalling = journalling
      .then(run)
      .catch((cause: unknown) => log.error("dynflow.source.not_journalled", { sourceId, cause }));
    return journalling;
  }

  return {
    async read(task) {
      const startedAt = upstreamClock.monotonic();
      health = stepHealth(health, { kind: "read-started", at: startedAt });
      const spentBefore = metered();
      try {
        const answer = await task();
        health = stepHealth(health, { kind: "read-answered" });
        return answer;
      } finally {
        const tookMs = upstreamClock.monotonic() - startedAt;
        longestReadMs = Math.max(longestReadMs, tookMs);
        // Others read through the same store meanwhile: that is theirs.
        spentMs += spentBefore === null ? tookMs : Math.min(tookMs, (metered() ?? 0) - spentBefore);
      }
    },
    spentMs: () => spentMs,
    readMs: () => longestReadMs,
    record,
    roundStarted() {
      longestReadMs = 0;
    },
    roundCompleted(note) {
      health = stepHealth(health, { kind: "round-completed" });
      return journalHealth(note);
    },
    async roundFailed(cause) {
      if (cause instanceof OpsError && cause.code === "journal-unavailable") {
        log.error("dynflow.round.not_journalled", { sourceId, cause });
        return;
      }
      log.warn("dynflow.round.failed", { sourceId, cause });
      health = stepHealth(health, { kind: "round-failed", reason: messageOf(cause) });
      await journalHealth(null);
    },
    isDown: () => health.state === "down",
    async watch(signal) {
      if (view.dynflow(sourceId).source.since !== 0) await journalHealth(null);
      let lookedAt: MonotonicMs = upstreamClock.monotonic();
      while (!signal.aborted) {
        await upstreamClock.sleep(WATCH_INTERVAL_MS, signal);
        const at = upstreamClock.monotonic();
        const late = at - lookedAt > WATCH_INTERVAL_MS + LATE_LOOK_MS;
        lookedAt = at;
        const before = health.state;
        if (!late) health = stepHealth(health, { kind: "looked", at });
        if (health.state !== before) await journalHealth(null);
      }
    },
  };
}
