import type { JournalEvent } from "#server/contract/event.ts";

export interface RecentEvents {
  /** Newest first. */
  readonly events: readonly JournalEvent[];
  /** Before this instant nothing was asked for: not empty, not known. */
  readonly knownFrom: number;
}

const KEPT_MAX = 2_000;

/**
 * What was known, and what was read since. When the news do not reach back to what was known, there is a hole between
 * them: then only the news are known.
 */
export function joinRecent(before: RecentEvents | undefined, news: RecentEvents): RecentEvents {
  const newest = before?.events[0];
  if (before === undefined || (newest !== undefined && news.knownFrom > newest.observedAt)) return news;
  const known = new Set(before.events.map(({ id }) => id));
  const added = news.events.filter(({ id }) => !known.has(id));
  if (added.length === 0) return before;
  const events = [...added, ...before.events];
  if (events.length <= KEPT_MAX) return { events, knownFrom: before.knownFrom };
  const kept = events.slice(0, KEPT_MAX);
  return { events: kept, knownFrom: kept.at(-1)?.observedAt ?? before.knownFrom };
}

/** When the journal's very first event was written, if that is among these: before it nothing was recorded at all. */
export function journalBegan(events: readonly JournalEvent[]): number | null {
  return events.find(({ kind, seq }) => kind === "console.started" && seq === "1")?.observedAt ?? null;
}
