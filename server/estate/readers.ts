/** The parts of the console that act on their own: what they are called, and how it is told how they fare. */
import { CONSOLE_STREAM, type EventDraft, type StreamName } from "#server/contract/event.ts";
import type { ReaderState } from "#server/contract/readers.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";

export interface ConsolePart {
  /** Unique, and the same after a restart of the console: `<stream>/<part>`, or `console/<part>`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** The stream it writes; `null` = it is the console's own affair. */
  readonly stream: StreamName | null;
  /** Runs until aborted. It may be run anew after a failure. */
  run(signal: AbortSignal): Promise<void>;
}

/** How a part fares, as its supervisor tells it. */
export interface PartFacts {
  readonly name: string;
  readonly state: ReaderState;
  readonly since: EpochMs;
  readonly failures: number;
  readonly reason: string | null;
  readonly restarts: number;
}

/** Who keeps the parts running. */
export interface PartKeeper {
  list(): readonly PartFacts[];
  /**
   * Starts a parked part again; `steady` resolves with whether it has run steadily since.
   *
   * @throws OpsError `not-found`, or `conflict` when it is not parked
   */
  restart(name: string): { readonly steady: Promise<boolean> };
}

/** Writes down what becomes of a part. While the journal cannot be written the list alone tells it. */
export function createPartTeller(deps: {
  readonly recorder: Pick<Recorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly streamOf: (name: string) => StreamName | null;
}): (facts: PartFacts) => void {
  const { recorder, clock, log, streamOf } = deps;
  return ({ name, state, failures, reason }) => {
    const body = { state, failures, reason, stream: streamOf(name) };
    const draft: EventDraft = { kind: "console.reader.changed", subject: name, occurredAt: clock.now(), body };
    recorder.record(CONSOLE_STREAM, [draft]).catch((cause: unknown) => {
      log.error("console.part.not_recorded", { part: name, state, cause });
    });
  };
}
