import type { JournalEvent, SourceHealth } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

/** Health of the source of a stream. While it is not `up`, everything else of the stream is as of `since` at best. */
export interface SourceFold {
  readonly state: SourceHealth;
  readonly since: EpochMs;
  readonly reason: string | null;
}

export const UNKNOWN_SOURCE: SourceFold = { state: "starting", since: 0 as EpochMs, reason: null };

export function reduceSource(source: SourceFold, event: JournalEvent): SourceFold {
  if (event.kind !== "source.state_changed") return source;
  return { state: event.body.to, since: event.observedAt, reason: event.body.reason };
}
