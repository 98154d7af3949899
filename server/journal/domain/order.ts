/** The one order of events over all streams: by time of observation, then stream, then number. */
import type { JournalEvent } from "#server/contract/event.ts";

export function oldestFirst(a: JournalEvent, b: JournalEvent): number {
  if (a.observedAt !== b.observedAt) return a.observedAt - b.observedAt;
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return Number(BigInt(a.seq) - BigInt(b.seq));
}

export const newestFirst = (a: JournalEvent, b: JournalEvent): number => oldestFirst(b, a);
