/** Keeps the journal within what was configured: at the start and every hour, and writes down what went. */
import { CONSOLE_STREAM, type EventDraft, type StreamName } from "#server/contract/event.ts";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import { type ChainName, chainOf } from "./domain/chains.ts";
import type { RetentionRules } from "./domain/retention.ts";
import type { DroppedSegments, Journal, JournalRetention, RetentionOutcome, StreamHead } from "./ports.ts";
import { createTimeTravel, type TimeTravel, type TravelJournal } from "./time-travel.ts";

const EVERY_MS = 3_600_000;
/** Each drops a bounded number of segments; what is left then waits for the next hour. */
const CALLS_MAX = 100;

export interface RetentionDeps {
  readonly journal: JournalRetention & TravelJournal & Pick<Journal, "heads">;
  readonly recorder: Pick<Recorder, "record"> & {
    /** Writes a snapshot of each of these streams now. Never rejects. */
    writeSnapshots(streams: readonly StreamName[]): Promise<void>;
  };
  readonly rules: RetentionRules;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Retention {
  /** Works until aborted. A failure is logged and tried again after an hour. */
  run(signal: AbortSignal): Promise<void>;
  /** Once: asks for the snapshots it needs, drops what may go, records each drop. */
  apply(): Promise<void>;
}

export function createRetention({ journal, recorder, rules, clock, log }: RetentionDeps): Retention {
  async function apply(): Promise<void> {
    let hasSnapshots = false;
    await keepBeginnings();
    for (let call = 0; call < CALLS_MAX; call += 1) {
      const outcome = await journal.retain(rules, FOLD_VERSION);
      await tell(outcome.dropped);
      if (outcome.more) continue;
      if (outcome.waiting.length === 0 || hasSnapshots) return conclude(outcome);
      await recorder.writeSnapshots(outcome.waiting);
      await keepBeginnings();
      hasSnapshots = true;
    }
  }

  /**
   * A snapshot of each stream as it stood when what is to be kept began: without what came before that is told from it,
   * however seldom something happens in the stream.
   */
  async function keepBeginnings(): Promise<void> {
    try {
      const heads = await journal.heads();
      // Made anew each time: it holds on to the states that it has told.
      const travel = createTimeTravel({ journal, log });
      await keepBeginning(travel, { heads, chain: "observed", keepMs: rules.keepMs });
      await keepBeginning(travel, { heads, chain: "operator", keepMs: rules.keepOperatorMs });
    } catch (cause) {
      log.warn("journal.retention.no_beginning", { cause: messageOf(cause) });
    }
  }

  async function keepBeginning(
    travel: TimeTravel,
    {
      heads,
      chain,
      keepMs,
    }: { readonly heads: readonly StreamHead[]; readonly chain: ChainName; readonly keepMs: number },
  ): Promise<void> {
    const own = heads.filter(({ stream }) => chainOf(stream) === chain);
    const { folds, positions } = await travel.stateAt(own, epochMs(clock.now() - keepMs));
    for (const [stream, { seq }] of Object.entries(positions)) {
      const state = folds[stream];
      if (state !== undefined) await journal.writeSnapshot({ stream, seq, foldVersion: FOLD_VERSION, state });
    }
  }

  /** An event of this id is appended once, however often a crash comes before the acknowledgement. */
  async function tell(dropped: readonly DroppedSegments[]): Promise<void> {
    if (dropped.length === 0) return;
    await recorder.record(CONSOLE_STREAM, dropped.map(draftOf));
    await journal.acknowledge(dropped.map(({ id }) => id));
    for (const { id: _id, at: _at, streams, ...facts } of dropped)
      log.info("journal.retention.dropped", { ...facts, streams: streams.join(" ") });
  }

  function conclude({ waiting, bytes, overBytes }: RetentionOutcome): void {
    if (waiting.length > 0) log.warn("journal.retention.waits", { withoutSnapshot: waiting.join(" ") });
    if (overBytes === 0) return;
    log.warn("journal.retention.too_large", {
      bytes,
      maxBytes: rules.maxBytes,
      why: "what operators did is kept for journal.keepOperatorDays whatever its size, and so is what is written today",
    });
  }

  return {
    apply,
    async run(signal) {
      while (!signal.aborted) {
        await apply().catch((cause: unknown) => log.error("journal.retention.failed", { cause: messageOf(cause) }));
        await clock.sleep(EVERY_MS, signal).catch((end: unknown) => {
          log.debug("journal.retention.ended", { cause: messageOf(end) });
        });
      }
    },
  };
}

const draftOf = ({ id, at, chain, streams, droppedBefore, events, bytes, why }: DroppedSegments): EventDraft => ({
  id,
  kind: "console.retention_applied",
  subject: "journal",
  occurredAt: at,
  body: { chain, streams, droppedBefore, events, bytes, why },
});
