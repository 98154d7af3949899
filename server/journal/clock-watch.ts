/** Tells when the wall clock was set back: from then on events are stamped as late as those before them. */
import { CONSOLE_STREAM, type EventDraft } from "#server/contract/event.ts";
import { type Clock, type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import type { Journal } from "./ports.ts";
import { ANY } from "./sight.ts";

const EVERY_MS = 1_000;
/** Less is the work of a time service, which slews: no order of events is in question then. */
const STEP_MIN_MS = 1_000;

export interface ClockWatch {
  /** Looks at the clock until aborted. Never rejects but with the signal's reason. */
  run(signal: AbortSignal): Promise<void>;
}

export function createClockWatch(deps: {
  readonly journal: Pick<Journal, "range">;
  readonly recorder: Pick<Recorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}): ClockWatch {
  const { clock, log } = deps;

  async function tell(from: EpochMs, to: EpochMs): Promise<void> {
    log.warn("console.clock_stepped", { from: toIso(from), to: toIso(to) });
    const draft: EventDraft = {
      kind: "console.clock_stepped",
      subject: "clock",
      occurredAt: to,
      synthetic: true,
      body: { from, to },
    };
    try {
      await deps.recorder.record(CONSOLE_STREAM, [draft]);
    } catch (cause) {
      log.error("console.not-recorded", { kind: draft.kind, cause: messageOf(cause) });
    }
  }

  /** While no console was running the clock is compared with the last stamp that it has given. */
  async function compareWithJournal(): Promise<void> {
    try {
      const { events } = await deps.journal.range(ANY);
      const last = events[0]?.observedAt;
      if (last !== undefined && last - clock.now() >= STEP_MIN_MS) await tell(last, clock.now());
    } catch (cause) {
      log.warn("console.clock.not_compared", { cause: messageOf(cause) });
    }
  }

  return {
    async run(signal) {
      await compareWithJournal();
      for (;;) {
        const [now, monotonic] = [clock.now(), clock.monotonic()];
        await clock.sleep(EVERY_MS, signal);
        const expected = epochMs(Math.round(now + (clock.monotonic() - monotonic)));
        if (expected - clock.now() >= STEP_MIN_MS) await tell(expected, clock.now());
      }
    },
  };
}
